{#
    On which weekdays, and in which months, does a category sell more than usual?

    One category × weekday or month of the year. demand_index is the mean demand of a SKU at a
    location on such a day against that of all days: 1.20 is 20 % more. Demand counts what stock-outs
    hid, and leaves closed days out. With less than two years of history the months hold the growth of
    the business too, and a month with few day_count is an anecdote.

    The mean is over the series on sale that day, so months hold changes of the range too: where a
    slow seller joins in July, the mean falls from July on without any season. Weekdays do not suffer:
    a range hardly changes within a week.
#}
with

daily_demand as (

    select * from {{ ref('fct_daily_demand') }}

),

skus as (

    select * from {{ ref('dim_skus') }}

),

category_days as (

    select
        skus.category,
        daily_demand.demand_on,
        sum(daily_demand.demand_quantity) as demand_quantity,
        count(daily_demand.demand_quantity) as series_count
    from daily_demand
    inner join skus on daily_demand.sku_id = skus.sku_id
    where daily_demand.is_open
    group by skus.category, daily_demand.demand_on

),

cycle_days as (

    select
        category,
        'weekday' as season_cycle,
        {{ iso_weekday('demand_on') }} as season_number,
        demand_quantity,
        series_count
    from category_days

    union all

    select
        category,
        'month' as season_cycle,
        cast(extract(month from demand_on) as integer) as season_number,
        demand_quantity,
        series_count
    from category_days

),

seasons as (

    select
        category,
        season_cycle,
        season_number,
        count(*) as day_count,
        sum(demand_quantity) as demand_quantity,
        sum(series_count) as series_count
    from cycle_days
    group by category, season_cycle, season_number

),

means as (

    select
        category,
        season_cycle,
        season_number,
        day_count,
        cast(demand_quantity as {{ type_double() }}) / nullif(series_count, 0) as season_mean,
        cast(sum(demand_quantity) over whole_cycle as {{ type_double() }})
        / nullif(sum(series_count) over whole_cycle, 0) as cycle_mean
    from seasons
    window whole_cycle as (partition by category, season_cycle)

)

select
    category,
    season_cycle,
    season_number,
    {{ ratio('season_mean', 'cycle_mean') }} as demand_index,
    {{ cast_double('season_mean', 'score') }} as mean_demand_quantity,
    day_count
from means
order by {{ text_order('category') }} asc, season_cycle desc, season_number asc
