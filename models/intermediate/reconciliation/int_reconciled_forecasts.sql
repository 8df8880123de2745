{#
    One SKU × location × day ahead: the forecast, reconciled with those of the totals of its SKU and of
    its category and region. The factor scales mean, quantiles and error alike, as a scenario's does.
    Totals are always sums of these rows, so that they agree whatever the weights; a series that came
    after the last fit stays as it is.
#}
with

forecasts as (

    select
        *,
        {{ add_days('forecast_on', '-lead_day') }} as origin_on
    from {{ ref('py_demand_forecasts') }}

),

aggregate_forecasts as (

    select
        *,
        {{ add_days('forecast_on', '-lead_day') }} as origin_on
    from {{ ref('py_aggregate_forecasts') }}

),

members as (

    select * from {{ ref('int_aggregate_members') }}

),

weights as (

    select * from {{ ref('int_reconciliation_weights') }}

),

location_days as (

    select * from {{ ref('int_location_days') }}

),

-- a closed location is not there, as in the history of a total
open_forecasts as (

    select forecasts.*
    from forecasts
    inner join location_days
        on
            forecasts.location_id = location_days.location_id
            and forecasts.forecast_on = location_days.calendar_on
    where location_days.is_open

),

factors as (

    {{ top_down_factors('members', 'open_forecasts', 'aggregate_forecasts') }}

),

weighted_series as (

    select
        members.sku_id,
        members.location_id,
        weights.bottom_up_weight,
        weights.sku_weight,
        weights.category_region_weight
    from members
    inner join weights on members.aggregate_id = weights.aggregate_id
    where members.aggregate_level = 'category_region'

),

reconciled_forecasts as (

    select
        forecasts.*,
        coalesce(
            weighted_series.bottom_up_weight
            + weighted_series.sku_weight * coalesce(factors.sku_factor, 1)
            + weighted_series.category_region_weight * coalesce(factors.category_region_factor, 1),
            1
        ) as reconciliation_factor
    from forecasts
    left join weighted_series
        on
            forecasts.sku_id = weighted_series.sku_id
            and forecasts.location_id = weighted_series.location_id
    left join factors
        on
            forecasts.sku_id = factors.sku_id
            and forecasts.location_id = factors.location_id
            and forecasts.lead_day = factors.lead_day

)

select
    sku_id,
    location_id,
    forecast_on,
    lead_day,
    forecast_quantity as base_forecast_quantity,
    reconciliation_factor,
    forecast_quantity * reconciliation_factor as forecast_quantity,
    {% for level in ['p05', 'p10', 'p25', 'p50', 'p75', 'p90', 'p95', 'p99'] -%}
    forecast_{{ level }}_quantity * reconciliation_factor as forecast_{{ level }}_quantity,
    {% endfor -%}
    error_scale,
    calibration_group,
    level_variation,
    selling_days,
    method,
    method_weight,
    fallback_reason
from reconciled_forecasts
