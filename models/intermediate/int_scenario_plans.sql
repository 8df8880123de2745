{{ config(materialized='view') }}
{# One scenario × SKU × location × day ahead, with what its projection and its order need. #}
with

days as (

    select * from {{ ref('int_scenario_days') }}

),

series as (

    select * from {{ ref('int_scenario_series') }}

)

select
    days.*,
    series.stock_on_hand,
    series.lead_time_days,
    series.lead_time_sd_days,
    series.review_period_days,
    series.cycle_service_level,
    series.pack_size,
    series.min_order_quantity,
    series.shelf_life_days,
    series.is_whole_unit,
    series.unit_cost
from days
inner join series
    on
        days.scenario_id = series.scenario_id
        and days.sku_id = series.sku_id
        and days.location_id = series.location_id
