-- The baseline is the forecast itself, to half of its last place, on every day on which the SKU is
-- sold.
with

baseline as (

    select * from {{ ref('fct_demand_forecasts') }}
    where scenario_id = 'baseline'

),

forecasts as (

    select * from {{ ref('int_reconciled_forecasts') }}

)

select
    forecasts.sku_id,
    forecasts.location_id,
    forecasts.forecast_on
from forecasts
left join baseline
    on
        forecasts.sku_id = baseline.sku_id
        and forecasts.location_id = baseline.location_id
        and forecasts.forecast_on = baseline.forecast_on
where
    baseline.sku_id is null
    or baseline.demand_factor not in (0, 1)
    or abs(
        baseline.forecast_quantity - baseline.demand_factor * forecasts.forecast_quantity
    ) > 0.0000500001
