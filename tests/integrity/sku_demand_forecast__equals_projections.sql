-- The regions hold what their locations do: the same days and units, per scenario × SKU.
with

by_region as (

    select
        scenario_id,
        sku_id,
        sum(location_count) as days,
        sum(forecast_demand) as demand_quantity
    from {{ ref('sku_demand_forecast') }}
    group by scenario_id, sku_id

),

by_location as (

    select
        scenario_id,
        sku_id,
        count(*) as days,
        sum(demand_quantity) as demand_quantity
    from {{ ref('fct_inventory_projections') }}
    group by scenario_id, sku_id

)

select
    coalesce(by_region.scenario_id, by_location.scenario_id) as scenario_id,
    coalesce(by_region.sku_id, by_location.sku_id) as sku_id,
    by_region.demand_quantity as region_quantity,
    by_location.demand_quantity as location_quantity
from by_region
full outer join by_location
    on by_region.scenario_id = by_location.scenario_id and by_region.sku_id = by_location.sku_id
where
    coalesce(by_region.days, 0) <> coalesce(by_location.days, 0)
    or coalesce(by_region.demand_quantity, 0) <> coalesce(by_location.demand_quantity, 0)
