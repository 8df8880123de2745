{{ config(tags=['backtest']) }}
{#
    One category × region: how forecasts of its series are reconciled. They stay as they are (bottom-up),
    or are averaged with those that the totals of their SKU and of their category and region give them
    (top-down), where that had the lower RMSSE in the backtests. A category speaks for itself as far as
    its series outnumber 100 that are like the mean of all: what few series prefer is mostly chance.
#}
{% set pooled_series = 100 %}
{# What an RMSSE counts at most, so that no series outweighs a category. #}
{% set largest_rmsse = 10 %}
with

members as (

    select * from {{ ref('int_aggregate_members') }}

),

backtests as (

    select * from {{ ref('py_forecast_backtests') }}
    where demand_quantity is not null

),

aggregate_backtests as (

    select * from {{ ref('py_aggregate_backtests') }}

),

factors as (

    {{ top_down_factors('members', 'backtests', 'aggregate_backtests') }}

),

errors as (

    select
        backtests.sku_id,
        backtests.location_id,
        backtests.origin_on,
        backtests.mean_squared_step,
        {{ cast_double('(backtests.demand_quantity - backtests.forecast_quantity)', 'quantity') }}
            as bottom_up_error,
        {{ cast_double(
            '(backtests.demand_quantity - backtests.forecast_quantity * (1'
            ~ ' + coalesce(factors.sku_factor, 1)'
            ~ ' + coalesce(factors.category_region_factor, 1)) / 3)',
            'quantity'
        ) }} as averaged_error
    from backtests
    inner join factors
        on
            backtests.sku_id = factors.sku_id
            and backtests.location_id = factors.location_id
            and backtests.origin_on = factors.origin_on
            and backtests.lead_day = factors.lead_day
    where backtests.mean_squared_step > 0

),

fold_errors as (

    select
        sku_id,
        location_id,
        origin_on,
        sqrt(
            cast(
                sum({{ exact_product('bottom_up_error', 'bottom_up_error') }})
                as {{ type_double() }}
            )
            / count(*)
            / max(mean_squared_step)
        ) as bottom_up_rmsse,
        sqrt(
            cast(
                sum({{ exact_product('averaged_error', 'averaged_error') }})
                as {{ type_double() }}
            )
            / count(*)
            / max(mean_squared_step)
        ) as averaged_rmsse
    from errors
    group by sku_id, location_id, origin_on

),

capped_errors as (

    select
        sku_id,
        location_id,
        {{ cast_double('least(bottom_up_rmsse, ' ~ largest_rmsse ~ ')', 'score') }}
            as bottom_up_rmsse,
        {{ cast_double('least(averaged_rmsse, ' ~ largest_rmsse ~ ')', 'score') }}
            as averaged_rmsse
    from fold_errors

),

series_errors as (

    select
        sku_id,
        location_id,
        {{ ratio('sum(bottom_up_rmsse)', 'count(*)') }} as bottom_up_rmsse,
        {{ ratio('sum(averaged_rmsse)', 'count(*)') }} as averaged_rmsse
    from capped_errors
    group by sku_id, location_id

),

pool as (

    select
        {{ ratio('sum(bottom_up_rmsse)', 'count(*)') }} as bottom_up_rmsse,
        {{ ratio('sum(averaged_rmsse)', 'count(*)') }} as averaged_rmsse
    from series_errors

),

segments as (

    select
        members.aggregate_id,
        members.category,
        members.region,
        count(series_errors.sku_id) as series_count,
        coalesce(sum(series_errors.bottom_up_rmsse), 0) as bottom_up_rmsse,
        coalesce(sum(series_errors.averaged_rmsse), 0) as averaged_rmsse
    from members
    left join series_errors
        on
            members.sku_id = series_errors.sku_id
            and members.location_id = series_errors.location_id
    where members.aggregate_level = 'category_region'
    group by members.aggregate_id, members.category, members.region

),

judged_segments as (

    select
        segments.aggregate_id,
        segments.category,
        segments.region,
        segments.series_count,
        {{ ratio('segments.bottom_up_rmsse', 'segments.series_count') }} as bottom_up_rmsse,
        {{ ratio('segments.averaged_rmsse', 'segments.series_count') }} as averaged_rmsse,
        coalesce(
            segments.averaged_rmsse + {{ pooled_series }} * pool.averaged_rmsse
            < segments.bottom_up_rmsse + {{ pooled_series }} * pool.bottom_up_rmsse,
            false
        ) as is_averaged
    from segments
    cross join pool

)

select
    aggregate_id,
    category,
    region,
    series_count,
    bottom_up_rmsse,
    averaged_rmsse,
    is_averaged,
    case when is_averaged then cast(1 as {{ type_double() }}) / 3 else 1 end as bottom_up_weight,
    case when is_averaged then cast(1 as {{ type_double() }}) / 3 else 0 end as sku_weight,
    case when is_averaged then cast(1 as {{ type_double() }}) / 3 else 0 end
        as category_region_weight
from judged_segments
