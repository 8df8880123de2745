{#
    One scenario × category × region: demand, stock-out risk and orders over the horizon, and their
    difference from the baseline.
#}
with

projections as (

    select * from {{ ref('fct_inventory_projections') }}

),

risks as (

    select * from {{ ref('fct_stockout_risks') }}

),

orders as (

    select * from {{ ref('fct_replenishment_plan') }}

),

scenarios as (

    select * from {{ ref('dim_scenarios') }}

),

demand as (

    select
        scenario_id,
        sku_id,
        location_id,
        sum(demand_quantity) as forecast_quantity
    from projections
    group by scenario_id, sku_id, location_id

),

baseline_risks as (

    select * from risks
    where scenario_id = 'baseline'

),

series as (

    select
        risks.scenario_id,
        risks.sku_id,
        risks.location_id,
        risks.category,
        risks.region,
        demand.forecast_quantity,
        risks.units_at_risk,
        risks.revenue_at_risk_amount,
        risks.margin_at_risk_amount,
        orders.recommended_order_quantity,
        orders.order_cost_amount,
        case when risks.risk_level = 'High' then 1 else 0 end as is_high,
        case
            when risks.risk_level = 'High' and baseline_risks.risk_level <> 'High' then 1
            else 0
        end as is_newly_high
    from risks
    inner join demand
        on
            risks.scenario_id = demand.scenario_id
            and risks.sku_id = demand.sku_id
            and risks.location_id = demand.location_id
    inner join orders
        on
            risks.scenario_id = orders.scenario_id
            and risks.sku_id = orders.sku_id
            and risks.location_id = orders.location_id
    inner join baseline_risks
        on risks.sku_id = baseline_risks.sku_id and risks.location_id = baseline_risks.location_id

),

totals as (

    select
        scenario_id,
        category,
        region,
        sum(forecast_quantity) as forecast_quantity,
        sum(units_at_risk) as units_at_risk,
        sum(revenue_at_risk_amount) as revenue_at_risk_amount,
        sum(margin_at_risk_amount) as margin_at_risk_amount,
        sum(recommended_order_quantity) as recommended_order_quantity,
        sum(order_cost_amount) as order_cost_amount,
        sum(is_high) as high_risk_count,
        sum(is_newly_high) as newly_high_risk_count
    from series
    group by scenario_id, category, region

)

select
    cast(totals.scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(totals.category as {{ dbt.type_string() }}) as category,
    cast(totals.region as {{ dbt.type_string() }}) as region,
    {%- for measure in [
        'forecast_quantity', 'units_at_risk', 'revenue_at_risk_amount', 'margin_at_risk_amount',
        'recommended_order_quantity', 'order_cost_amount',
    ] %}
    {%- set type = type_amount() if measure.endswith('_amount') else type_quantity() %}
    cast(totals.{{ measure }} as {{ type }}) as {{ measure }},
    cast(totals.{{ measure }} - baseline.{{ measure }} as {{ type }}) as {{ measure }}_change,
    {%- endfor %}
    cast(totals.high_risk_count as {{ dbt.type_bigint() }}) as high_risk_count,
    cast(totals.high_risk_count - baseline.high_risk_count as {{ dbt.type_bigint() }})
        as high_risk_count_change,
    cast(totals.newly_high_risk_count as {{ dbt.type_bigint() }}) as newly_high_risk_count,
    cast(scenarios.inputs_hash as {{ dbt.type_string() }}) as inputs_hash
from totals
inner join scenarios on totals.scenario_id = scenarios.scenario_id
inner join totals as baseline
    on
        totals.category = baseline.category
        and totals.region = baseline.region
        and baseline.scenario_id = 'baseline'
