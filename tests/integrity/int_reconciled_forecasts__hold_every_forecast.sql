-- Reconciliation keeps every forecast, and multiplies it by its factor: what it was, bit for bit,
-- where that is 1.
with

forecasts as (

    select * from {{ ref('py_demand_forecasts') }}

),

reconciled_forecasts as (

    select * from {{ ref('int_reconciled_forecasts') }}

)

select
    coalesce(forecasts.sku_id, reconciled_forecasts.sku_id) as sku_id,
    coalesce(forecasts.location_id, reconciled_forecasts.location_id) as location_id,
    coalesce(forecasts.forecast_on, reconciled_forecasts.forecast_on) as forecast_on
from forecasts
full outer join reconciled_forecasts
    on
        forecasts.sku_id = reconciled_forecasts.sku_id
        and forecasts.location_id = reconciled_forecasts.location_id
        and forecasts.forecast_on = reconciled_forecasts.forecast_on
where
    forecasts.sku_id is null
    or reconciled_forecasts.sku_id is null
    or reconciled_forecasts.base_forecast_quantity <> forecasts.forecast_quantity
    or reconciled_forecasts.forecast_quantity
    <> forecasts.forecast_quantity * reconciled_forecasts.reconciliation_factor
