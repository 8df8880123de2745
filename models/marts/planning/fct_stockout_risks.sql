{#
    One scenario × SKU × location: how likely it is to run out before an order can help, when, and
    what is at stake; all before any recommended order.
#}
with

risks as (

    select * from {{ ref('py_stockout_risks') }}

),

series as (

    select * from {{ ref('int_scenario_series') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

)

select
    cast(risks.scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(risks.sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(risks.location_id as {{ dbt.type_string() }}) as location_id,
    cast(skus.category as {{ dbt.type_string() }}) as category,
    cast(locations.region as {{ dbt.type_string() }}) as region,
    cast(risks.risk_level as {{ dbt.type_string() }}) as risk_level,
    cast(risks.risk_reason as {{ dbt.type_string() }}) as risk_reason,
    {{ cast_double('risks.stockout_probability', 'rate') }} as stockout_probability,
    {{ cast_double('risks.stockout_probability_before_order', 'rate') }}
        as stockout_probability_before_order,
    risks.stockout_on,
    risks.stockout_on_p10,
    {{ cast_double('risks.units_at_risk', 'quantity') }} as units_at_risk,
    {{ cast_double('risks.revenue_at_risk', 'amount') }} as revenue_at_risk_amount,
    {{ cast_double('risks.margin_at_risk', 'amount') }} as margin_at_risk_amount,
    {{ cast_double('risks.stock_on_hand', 'quantity') }} as stock_on_hand,
    series.counted_on as stock_counted_on,
    series.is_stock_simulated,
    cast(risks.days_of_cover as {{ type_quantity() }}) as days_of_cover,
    {{ cast_double('risks.expected_demand_quantity', 'quantity') }} as expected_demand_quantity,
    cast(series.lead_time_days as {{ type_quantity() }}) as lead_time_days,
    cast(series.days_to_order as {{ dbt.type_bigint() }}) as days_to_order,
    cast(series.days_to_review as {{ dbt.type_bigint() }}) as days_to_review
from risks
inner join series
    on
        risks.scenario_id = series.scenario_id
        and risks.sku_id = series.sku_id
        and risks.location_id = series.location_id
inner join skus on risks.sku_id = skus.sku_id
inner join locations on risks.location_id = locations.location_id
