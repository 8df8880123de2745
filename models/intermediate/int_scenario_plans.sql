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
    days.scenario_id,
    days.sku_id,
    days.location_id,
    days.forecast_on,
    days.lead_day,
    days.base_forecast_quantity as forecast_quantity,
    days.demand_factor * days.reconciliation_factor as demand_factor,
    days.receipts_quantity,
    days.open_order_id,
    days.is_order_day,
    days.error_scale,
    days.calibration_group,
    days.level_variation,
    days.selling_days,
    series.stock_on_hand,
    series.lead_time_days,
    series.lead_time_sd_days,
    series.days_to_order,
    series.review_period_days,
    series.cycle_service_level,
    series.high_probability,
    series.pack_size,
    series.min_order_quantity,
    series.shelf_life_days,
    series.last_sale_day,
    series.is_whole_unit,
    series.unit_cost,
    series.supplier_name
from days
inner join series
    on
        days.scenario_id = series.scenario_id
        and days.sku_id = series.sku_id
        and days.location_id = series.location_id
