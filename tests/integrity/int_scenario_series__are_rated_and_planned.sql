-- Every series of every scenario has its risk and its order, and nothing else has.
with

series as (

    select
        scenario_id,
        sku_id,
        location_id
    from {{ ref('int_scenario_series') }}

),

risks as (

    select
        scenario_id,
        sku_id,
        location_id
    from {{ ref('fct_stockout_risks') }}

),

orders as (

    select
        scenario_id,
        sku_id,
        location_id
    from {{ ref('fct_replenishment_plan') }}

)

select
    'risk' as figure,
    coalesce(series.scenario_id, risks.scenario_id) as scenario_id,
    coalesce(series.sku_id, risks.sku_id) as sku_id,
    coalesce(series.location_id, risks.location_id) as location_id
from series
full outer join risks
    on
        series.scenario_id = risks.scenario_id
        and series.sku_id = risks.sku_id
        and series.location_id = risks.location_id
where series.sku_id is null or risks.sku_id is null
union all
select
    'order' as figure,
    coalesce(series.scenario_id, orders.scenario_id) as scenario_id,
    coalesce(series.sku_id, orders.sku_id) as sku_id,
    coalesce(series.location_id, orders.location_id) as location_id
from series
full outer join orders
    on
        series.scenario_id = orders.scenario_id
        and series.sku_id = orders.sku_id
        and series.location_id = orders.location_id
where series.sku_id is null or orders.sku_id is null
