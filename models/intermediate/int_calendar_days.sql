{# One day, from the first on record to the last that may be forecast. #}
with

daily_sales as (

    select * from {{ ref('int_daily_sales') }}

),

snapshots as (

    select * from {{ ref('int_inventory_snapshots') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

first_days as (

    select min(sold_on) as first_on from daily_sales
    union all
    select min(counted_on) as first_on from snapshots

),

bounds as (

    select
        min(first_days.first_on) as first_on,
        max({{ add_days('as_of.as_of_date', 180) }}) as last_on
    from first_days
    cross join as_of

)

select {{ date_series('first_on', 'last_on') }} as calendar_on
from bounds
