{#
    What a total would be with all of its members: the sum over those that are there, times the mean
    demand of all / that of those. Null where they make up less than half of it.

    A member is not there before its launch, on an unknown day, in a fold that it is too young for, and
    once it is discontinued. A plain sum would take the coming of members for growth.

    quantity: SQL of the sum over the members that are there; present, whole: SQL of the mean demand of
    these, and of all members.
#}
{% macro like_for_like(quantity, present, whole) -%}
    case
        when 2 * {{ present }} >= {{ whole }}
            then {{ cast_double(
                'cast(' ~ quantity ~ ' as ' ~ type_double() ~ ') * cast(' ~ whole ~ ' as '
                ~ type_double() ~ ') / cast(' ~ present ~ ' as ' ~ type_double() ~ ')',
                'quantity'
            ) }}
    end
{%- endmacro %}


{#
    The query of the factors by which the totals that a series belongs to change its forecast, one row
    per series × origin × day ahead: a total's own forecast / the sum of the forecasts below it. 1 where
    nothing is forecast below, and at most 2: on a day on which next to nothing is expected of each,
    the sum is no measure of the total.

    members: name of a CTE with the rows of int_aggregate_members; forecasts, aggregate_forecasts:
    names of CTEs that hold the key, origin_on, lead_day and forecast_quantity.
#}
{% macro top_down_factors(members, forecasts, aggregate_forecasts) -%}
    with

    terms as (

        select
            members.aggregate_level,
            members.aggregate_id,
            forecasts.origin_on,
            forecasts.lead_day,
            {{ cast_double('forecasts.forecast_quantity', 'quantity') }} as forecast_quantity,
            members.mean_demand_quantity,
            members.aggregate_mean_demand_quantity
        from {{ members }} as members
        inner join {{ forecasts }} as forecasts
            on
                members.sku_id = forecasts.sku_id
                and members.location_id = forecasts.location_id

    ),

    sums as (

        select
            aggregate_level,
            aggregate_id,
            origin_on,
            lead_day,
            {{ like_for_like(
                'sum(forecast_quantity)',
                'sum(mean_demand_quantity)',
                'max(aggregate_mean_demand_quantity)'
            ) }} as forecast_quantity
        from terms
        group by aggregate_level, aggregate_id, origin_on, lead_day

    ),

    factors as (

        select
            sums.aggregate_level,
            sums.aggregate_id,
            sums.origin_on,
            sums.lead_day,
            case
                when sums.forecast_quantity > 0 and totals.forecast_quantity >= 0
                    then least(
                        totals.forecast_quantity
                        / cast(sums.forecast_quantity as {{ type_double() }}),
                        2
                    )
                else 1
            end as factor
        from sums
        inner join {{ aggregate_forecasts }} as totals
            on
                sums.aggregate_level = totals.aggregate_level
                and sums.aggregate_id = totals.aggregate_id
                and sums.origin_on = totals.origin_on
                and sums.lead_day = totals.lead_day

    )

    select
        members.sku_id,
        members.location_id,
        factors.origin_on,
        factors.lead_day,
        max(case when members.aggregate_level = 'sku' then factors.factor end) as sku_factor,
        max(case when members.aggregate_level = 'category_region' then factors.factor end)
            as category_region_factor
    from {{ members }} as members
    inner join factors
        on
            members.aggregate_level = factors.aggregate_level
            and members.aggregate_id = factors.aggregate_id
    group by members.sku_id, members.location_id, factors.origin_on, factors.lead_day
{%- endmacro %}
