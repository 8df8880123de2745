{{ config(materialized='view') }}
{# One SKU × region × day, history and baseline forecast in one line for plotting. #}
with

daily_demand as (

    select * from {{ ref('fct_daily_demand') }}

),

forecasts as (

    select * from {{ ref('fct_demand_forecasts') }}
    where scenario_id = 'baseline'

),

locations as (

    select * from {{ ref('dim_locations') }}

),

history as (

    select
        daily_demand.sku_id,
        locations.region,
        daily_demand.demand_on as day_on,
        sum(daily_demand.sales_quantity) as sales_quantity,
        sum(daily_demand.demand_quantity) as demand_quantity,
        cast(null as {{ type_quantity() }}) as forecast_quantity
    from daily_demand
    inner join locations on daily_demand.location_id = locations.location_id
    group by daily_demand.sku_id, locations.region, daily_demand.demand_on

),

outlook as (

    select
        forecasts.sku_id,
        locations.region,
        forecasts.forecast_on as day_on,
        cast(null as {{ type_quantity() }}) as sales_quantity,
        cast(null as {{ type_quantity() }}) as demand_quantity,
        sum(forecasts.forecast_quantity) as forecast_quantity
    from forecasts
    inner join locations on forecasts.location_id = locations.location_id
    group by forecasts.sku_id, locations.region, forecasts.forecast_on

),

united as (

    select * from history
    union all
    select * from outlook

)

select
    cast(sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(region as {{ dbt.type_string() }}) as region,
    day_on,
    cast(sales_quantity as {{ type_quantity() }}) as sales_quantity,
    cast(demand_quantity as {{ type_quantity() }}) as demand_quantity,
    cast(forecast_quantity as {{ type_quantity() }}) as forecast_quantity
from united
