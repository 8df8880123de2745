{{ config(materialized='view') }}
{# One scenario × SKU × location × day ahead: its projected stock, and what tagging risk needs. #}
with

projections as (

    select * from {{ ref('py_inventory_projections') }}

),

series as (

    select * from {{ ref('int_scenario_series') }}

)

select
    projections.*,
    series.stock_on_hand,
    series.lead_time_days,
    series.lead_time_sd_days,
    series.days_to_review,
    series.high_probability,
    series.medium_probability,
    series.unit_price,
    series.unit_cost
from projections
inner join series
    on
        projections.scenario_id = series.scenario_id
        and projections.sku_id = series.sku_id
        and projections.location_id = series.location_id
