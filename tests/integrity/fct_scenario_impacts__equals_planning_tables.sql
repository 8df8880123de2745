-- Impacts are the sums of the planning tables, per scenario, category and region: demand of the
-- projections, units, money and High risks of the risks, orders and their cost of the plan.
{%- set measures = [
    'forecast_quantity', 'units_at_risk', 'revenue_at_risk_amount', 'margin_at_risk_amount',
    'high_risk_count', 'recommended_order_quantity', 'order_cost_amount',
] %}
with

impacts as (

    select * from {{ ref('fct_scenario_impacts') }}

),

skus as (

    select * from {{ ref('dim_skus') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

demand as (

    select
        projections.scenario_id,
        skus.category,
        locations.region,
        sum(projections.demand_quantity) as forecast_quantity
    from {{ ref('fct_inventory_projections') }} as projections
    inner join skus on projections.sku_id = skus.sku_id
    inner join locations on projections.location_id = locations.location_id
    group by projections.scenario_id, skus.category, locations.region

),

risks as (

    select
        scenario_id,
        category,
        region,
        sum(units_at_risk) as units_at_risk,
        sum(revenue_at_risk_amount) as revenue_at_risk_amount,
        sum(margin_at_risk_amount) as margin_at_risk_amount,
        sum(case when risk_level = 'High' then 1 else 0 end) as high_risk_count
    from {{ ref('fct_stockout_risks') }}
    group by scenario_id, category, region

),

orders as (

    select
        scenario_id,
        category,
        region,
        sum(recommended_order_quantity) as recommended_order_quantity,
        sum(order_cost_amount) as order_cost_amount
    from {{ ref('fct_replenishment_plan') }}
    group by scenario_id, category, region

),

totals as (

    select
        demand.*,
        risks.units_at_risk,
        risks.revenue_at_risk_amount,
        risks.margin_at_risk_amount,
        risks.high_risk_count,
        orders.recommended_order_quantity,
        orders.order_cost_amount
    from demand
    left join risks
        on
            demand.scenario_id = risks.scenario_id
            and demand.category = risks.category
            and demand.region = risks.region
    left join orders
        on
            demand.scenario_id = orders.scenario_id
            and demand.category = orders.category
            and demand.region = orders.region

)

select
    coalesce(impacts.scenario_id, totals.scenario_id) as scenario_id,
    coalesce(impacts.category, totals.category) as category,
    coalesce(impacts.region, totals.region) as region
from impacts
full outer join totals
    on
        impacts.scenario_id = totals.scenario_id
        and impacts.category = totals.category
        and impacts.region = totals.region
where
    impacts.scenario_id is null
    or totals.scenario_id is null
    {%- for measure in measures %}
    or impacts.{{ measure }} is distinct from totals.{{ measure }}
    {%- endfor %}
