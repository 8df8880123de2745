-- Stock is projected against the demand that is forecast: the same days and units per scenario and
-- SKU.
with

projections as (

    select
        scenario_id,
        sku_id,
        count(*) as days,
        sum(demand_quantity) as demand_quantity
    from {{ ref('fct_inventory_projections') }}
    group by scenario_id, sku_id

),

forecasts as (

    select
        scenario_id,
        sku_id,
        count(*) as days,
        sum(forecast_quantity) as demand_quantity
    from {{ ref('fct_demand_forecasts') }}
    group by scenario_id, sku_id

)

select
    coalesce(projections.scenario_id, forecasts.scenario_id) as scenario_id,
    coalesce(projections.sku_id, forecasts.sku_id) as sku_id,
    projections.demand_quantity as projected_quantity,
    forecasts.demand_quantity as forecast_quantity
from projections
full outer join forecasts
    on projections.scenario_id = forecasts.scenario_id and projections.sku_id = forecasts.sku_id
where
    coalesce(projections.days, 0) <> coalesce(forecasts.days, 0)
    or coalesce(projections.demand_quantity, 0) <> coalesce(forecasts.demand_quantity, 0)
