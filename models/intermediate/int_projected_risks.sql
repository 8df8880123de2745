{{ config(materialized='view') }}
{# One scenario × SKU × location × day ahead: its projected stock, and what tagging risk needs. #}
with

projections as (

    select * from {{ ref('py_inventory_projections') }}

),

plans as (

    select * from {{ ref('py_replenishment_plans') }}

),

series as (

    select * from {{ ref('int_scenario_series') }}

)

select
    projections.*,
    series.stock_on_hand,
    plans.expected_protection_demand_quantity,
    plans.probability_before_order,
    plans.probability_before_next_order,
    plans.units_at_risk,
    series.days_to_order,
    series.days_to_review,
    series.high_probability,
    series.medium_probability,
    series.unit_price,
    series.unit_cost
from projections
inner join plans
    on
        projections.scenario_id = plans.scenario_id
        and projections.sku_id = plans.sku_id
        and projections.location_id = plans.location_id
inner join series
    on
        projections.scenario_id = series.scenario_id
        and projections.sku_id = series.sku_id
        and projections.location_id = series.location_id
