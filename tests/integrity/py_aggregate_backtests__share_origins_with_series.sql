{{ config(group='forecasting') }}
-- Totals are backtested from the origins of the series below them: otherwise reconciliation would
-- find nothing to compare.
with

backtests as (

    select * from {{ ref('py_forecast_backtests') }}

),

aggregate_backtests as (

    select * from {{ ref('py_aggregate_backtests') }}

),

folds as (

    select distinct
        fold_number,
        origin_on
    from backtests

),

aggregate_folds as (

    select distinct
        fold_number,
        origin_on
    from aggregate_backtests

)

select
    aggregate_folds.fold_number,
    aggregate_folds.origin_on
from aggregate_folds
left join folds
    on
        aggregate_folds.fold_number = folds.fold_number
        and aggregate_folds.origin_on = folds.origin_on
where folds.origin_on is null
