{# One scenario × SKU × location: what to order on the next order day, and how it comes about. #}
with

plans as (

    select * from {{ ref('py_replenishment_plans') }}

),

series as (

    select * from {{ ref('int_scenario_series') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

)

select
    cast(plans.scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(plans.sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(plans.location_id as {{ dbt.type_string() }}) as location_id,
    cast(skus.category as {{ dbt.type_string() }}) as category,
    cast(locations.region as {{ dbt.type_string() }}) as region,
    cast(skus.supplier_id as {{ dbt.type_string() }}) as supplier_id,
    {{ cast_double('plans.recommended_order_quantity', 'quantity') }} as recommended_order_quantity,
    {{ cast_double('plans.order_cost_amount', 'amount') }} as order_cost_amount,
    plans.order_on,
    plans.order_by_on,
    plans.order_due_on,
    {{ cast_double('plans.safety_stock_quantity', 'quantity') }} as safety_stock_quantity,
    {{ cast_double('plans.reorder_point_quantity', 'quantity') }} as reorder_point_quantity,
    {{ cast_double('plans.order_up_to_quantity', 'quantity') }} as order_up_to_quantity,
    {{ cast_double('plans.net_requirement_quantity', 'quantity') }} as net_requirement_quantity,
    {{ cast_double('plans.stock_on_hand', 'quantity') }} as stock_on_hand,
    series.is_stock_simulated,
    {{ cast_double('plans.on_order_quantity', 'quantity') }} as on_order_quantity,
    {{ cast_double('plans.inventory_position_quantity', 'quantity') }}
        as inventory_position_quantity,
    {{ cast_double('plans.protection_days', 'quantity') }} as protection_days,
    {{ cast_double('plans.expected_protection_demand_quantity', 'quantity') }}
        as expected_protection_demand_quantity,
    cast(series.cycle_service_level as {{ type_rate() }}) as cycle_service_level,
    cast(series.lead_time_days as {{ type_quantity() }}) as lead_time_days,
    cast(series.lead_time_sd_days as {{ type_quantity() }}) as lead_time_sd_days,
    cast(series.lead_time_source as {{ dbt.type_string() }}) as lead_time_source,
    cast(series.review_period_days as {{ dbt.type_bigint() }}) as review_period_days,
    series.days_to_order = 0 as is_review_day,
    cast({{ add_days('as_of.as_of_date', 'series.days_to_review') }} as date) as next_review_on,
    cast(plans.constraint_reason as {{ dbt.type_string() }}) as constraint_reason,
    cast(plans.explanation as {{ dbt.type_string() }}) as explanation
from plans
cross join as_of
inner join series
    on
        plans.scenario_id = series.scenario_id
        and plans.sku_id = series.sku_id
        and plans.location_id = series.location_id
inner join skus on plans.sku_id = skus.sku_id
inner join locations on plans.location_id = locations.location_id
