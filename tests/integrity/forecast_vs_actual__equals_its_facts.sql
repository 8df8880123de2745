-- The line that dashboards plot holds the units of the facts that it is drawn from, per region: all
-- days ahead, and the last 91 days, because to sum every day of a long history takes minutes.
with

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

plotted as (

    select
        lines.region,
        sum(lines.sales_quantity) as sales_quantity,
        sum(lines.demand_quantity) as demand_quantity,
        sum(lines.forecast_quantity) as forecast_quantity
    from {{ ref('forecast_vs_actual') }} as lines
    inner join as_of on lines.day_on > {{ add_days('as_of.as_of_date', -91) }}
    group by lines.region

),

facts as (

    select
        daily_demand.location_id,
        daily_demand.sales_quantity,
        daily_demand.demand_quantity,
        cast(null as {{ type_quantity() }}) as forecast_quantity
    from {{ ref('fct_daily_demand') }} as daily_demand
    inner join as_of on daily_demand.demand_on > {{ add_days('as_of.as_of_date', -91) }}

    union all

    select
        location_id,
        cast(null as {{ type_quantity() }}) as sales_quantity,
        cast(null as {{ type_quantity() }}) as demand_quantity,
        forecast_quantity
    from {{ ref('fct_demand_forecasts') }}
    where scenario_id = 'baseline'

),

by_region as (

    select
        locations.region,
        sum(facts.sales_quantity) as sales_quantity,
        sum(facts.demand_quantity) as demand_quantity,
        sum(facts.forecast_quantity) as forecast_quantity
    from facts
    left join locations on facts.location_id = locations.location_id
    group by locations.region

)

select
    coalesce(plotted.region, by_region.region) as region,
    by_region.demand_quantity,
    plotted.demand_quantity as plotted_demand_quantity,
    by_region.forecast_quantity,
    plotted.forecast_quantity as plotted_forecast_quantity
from plotted
full outer join by_region on plotted.region = by_region.region
where
    coalesce(plotted.sales_quantity, 0) <> coalesce(by_region.sales_quantity, 0)
    or coalesce(plotted.demand_quantity, 0) <> coalesce(by_region.demand_quantity, 0)
    or coalesce(plotted.forecast_quantity, 0) <> coalesce(by_region.forecast_quantity, 0)
