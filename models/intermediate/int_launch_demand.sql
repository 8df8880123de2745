{{ config(tags=['fit']) }}
{#
    One SKU × location that has sold for some days: its demand in the four weeks after the first day
    on which a sale was possible, and whether the location sold others before. The first day is left
    out, since without stock records a series begins with the day on which it sold. Odd days are damped.
#}
with

completed_demand as (

    select * from {{ ref('int_completed_demand') }}

),

series as (

    select * from {{ ref('int_series') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

location_starts as (

    select
        location_id,
        min(starts_on) as first_on
    from series
    group by location_id

),

first_weeks as (

    select
        series.pilot_rank,
        count(*) as known_days,
        sum(completed_demand.damped_demand_quantity) as known_units,
        sum({{ exact_product(
            'completed_demand.damped_demand_quantity', 'completed_demand.damped_demand_quantity'
        ) }}) as squares,
        sum(case when completed_demand.damped_demand_quantity > 0 then 1 else 0 end) as selling_days
    from series
    inner join completed_demand
        on
            series.pilot_rank = completed_demand.pilot_rank
            and series.starts_on < completed_demand.demand_on
            and {{ add_days('series.starts_on', 28) }} >= completed_demand.demand_on
    where completed_demand.damped_demand_quantity is not null
    group by series.pilot_rank

)

select
    series.sku_id,
    series.location_id,
    skus.category,
    series.starts_on > {{ add_days('location_starts.first_on', 28) }} as is_new,
    first_weeks.known_days,
    first_weeks.known_units,
    first_weeks.squares,
    first_weeks.selling_days
from first_weeks
inner join series on first_weeks.pilot_rank = series.pilot_rank
inner join skus on series.sku_id = skus.sku_id
inner join location_starts on series.location_id = location_starts.location_id
