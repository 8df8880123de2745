{{ config(group='forecasting') }}
-- Every series on sale that had begun by an origin has each day of its fold, with the demand of
-- that day. Only backtests of today are looked at: what lands later may change days before.
with

completed_demand as (

    select * from {{ ref('int_completed_demand') }}
    where is_active

),

series as (

    select * from {{ ref('int_series') }}
    where is_active

),

backtests as (

    select
        sku_id,
        location_id,
        fold_number,
        origin_on,
        forecast_on,
        lead_day,
        {{ cast_double('demand_quantity', 'quantity') }} as demand_quantity
    from {{ ref('py_forecast_backtests') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

latest_days as (

    select max(forecast_on) as last_on
    from backtests

),

folds as (

    select
        backtests.fold_number,
        backtests.origin_on,
        max(backtests.lead_day) as days
    from backtests
    cross join latest_days
    inner join as_of on latest_days.last_on = as_of.as_of_date
    group by backtests.fold_number, backtests.origin_on

),

expected as (

    select
        series.sku_id,
        series.location_id,
        folds.fold_number,
        completed_demand.demand_on,
        {{ days_between('folds.origin_on', 'completed_demand.demand_on') }} as lead_day,
        completed_demand.demand_quantity
    from folds
    inner join series on folds.origin_on >= series.starts_on
    inner join completed_demand
        on
            series.sku_id = completed_demand.sku_id
            and series.location_id = completed_demand.location_id
            and folds.origin_on < completed_demand.demand_on
            and {{ add_days('folds.origin_on', 'folds.days') }} >= completed_demand.demand_on

),

found as (

    select backtests.*
    from backtests
    inner join folds on backtests.fold_number = folds.fold_number

)

select
    coalesce(found.sku_id, expected.sku_id) as sku_id,
    coalesce(found.location_id, expected.location_id) as location_id,
    coalesce(found.fold_number, expected.fold_number) as fold_number,
    coalesce(found.forecast_on, expected.demand_on) as forecast_on,
    found.demand_quantity as backtested_quantity,
    expected.demand_quantity as expected_quantity
from found
full outer join expected
    on
        found.sku_id = expected.sku_id
        and found.location_id = expected.location_id
        and found.fold_number = expected.fold_number
        and found.forecast_on = expected.demand_on
where
    found.sku_id is null
    or expected.sku_id is null
    or found.lead_day is distinct from expected.lead_day
    or found.demand_quantity is distinct from expected.demand_quantity
