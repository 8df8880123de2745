{#
    One scenario × SKU × location × day ahead: expected demand and its quantiles. A scenario's factor
    scales the mean and every quantile alike. Daily quantiles do not add up to quantiles of a sum.
#}
with

days as (

    select * from {{ ref('int_scenario_days') }}

),

forecasts as (

    select * from {{ ref('int_reconciled_forecasts') }}

)

select
    cast(days.scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(days.sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(days.location_id as {{ dbt.type_string() }}) as location_id,
    days.forecast_on,
    cast(days.lead_day as {{ dbt.type_bigint() }}) as lead_day,
    cast(days.demand_factor as {{ type_rate() }}) as demand_factor,
    {{ cast_double(
        'days.base_forecast_quantity * (days.demand_factor * days.reconciliation_factor)', 'quantity'
    ) }} as forecast_quantity,
    {% for level in ['p05', 'p10', 'p25', 'p50', 'p75', 'p90', 'p95', 'p99'] -%}
    {{ cast_double('forecasts.forecast_' ~ level ~ '_quantity * days.demand_factor', 'quantity') }}
        as forecast_{{ level }}_quantity,
    {% endfor -%}
    cast(forecasts.method as {{ dbt.type_string() }}) as method,
    {{ cast_double('forecasts.method_weight', 'rate') }} as method_weight,
    cast(forecasts.fallback_reason as {{ dbt.type_string() }}) as fallback_reason
from days
inner join forecasts
    on
        days.sku_id = forecasts.sku_id
        and days.location_id = forecasts.location_id
        and days.lead_day = forecasts.lead_day
