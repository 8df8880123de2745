{#
    Does the forecast of the next four weeks look like the past?

    One category × region, of the SKUs that are forecast. change_rate holds the next 28 days against
    the last 28 of history, year_change_rate against the same weekdays 52 weeks before; null where the
    history of the category in the region does not reach back so far. A change that nobody can explain is a question to ask before
    ordering by it. Demand counts what stock-outs hid.
#}
with

days as (

    select * from {{ ref('forecast_vs_actual') }}

),

skus as (

    select * from {{ ref('dim_skus') }}

),

history as (

    select max(demand_on) as last_on from {{ ref('fct_daily_demand') }}

),

forecast_series as (

    select distinct
        sku_id,
        region
    from days
    where forecast_quantity is not null

),

totals as (

    select
        skus.category,
        days.region,
        min(days.day_on) <= {{ add_days('history.last_on', 1 - 364) }} as has_year_before,
        sum(
            case
                when days.day_on <= {{ add_days('history.last_on', 28) }}
                    then days.forecast_quantity
            end
        ) as forecast_quantity,
        sum(
            case
                when days.day_on > {{ add_days('history.last_on', -28) }}
                    then days.demand_quantity
            end
        ) as demand_quantity,
        sum(
            case
                when
                    days.day_on > {{ add_days('history.last_on', -364) }}
                    and days.day_on <= {{ add_days('history.last_on', 28 - 364) }}
                    then days.demand_quantity
            end
        ) as demand_quantity_year_before
    from days
    cross join history
    inner join forecast_series
        on days.sku_id = forecast_series.sku_id and days.region = forecast_series.region
    inner join skus on days.sku_id = skus.sku_id
    group by skus.category, days.region, history.last_on

)

select
    category,
    region,
    forecast_quantity,
    {{ ratio('forecast_quantity - demand_quantity', 'demand_quantity') }} as change_rate,
    case
        when has_year_before
            then
                {{ ratio(
                    'forecast_quantity - demand_quantity_year_before', 'demand_quantity_year_before'
                ) }}
    end as year_change_rate,
    demand_quantity,
    case when has_year_before then demand_quantity_year_before end as demand_quantity_year_before
from totals
order by {{ text_order('category') }} asc, {{ text_order('region') }} asc
