-- Every scenario holds every day of every forecast: none lacks a SKU, a location or a day.
with

scenarios as (

    select * from {{ ref('int_scenarios') }}

),

by_scenario as (

    select
        scenario_id,
        count(*) as days
    from {{ ref('fct_demand_forecasts') }}
    group by scenario_id

),

forecasts as (

    select count(*) as days
    from {{ ref('int_reconciled_forecasts') }}

)

select
    scenarios.scenario_id,
    by_scenario.days as scenario_days,
    forecasts.days as forecast_days
from scenarios
cross join forecasts
left join by_scenario on scenarios.scenario_id = by_scenario.scenario_id
where coalesce(by_scenario.days, 0) <> forecasts.days
