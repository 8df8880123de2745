{#
    One order calendar: the next order day on or after the as-of date, t0, and the one after it; R is
    the gap between them. An order of t0 covers demand until that of t0 + R is on the shelf.
#}
with

order_days as (

    select * from {{ ref('int_order_days') }}

),

numbered as (

    select
        order_calendar_id,
        days_ahead,
        row_number() over (
            partition by order_calendar_id
            order by days_ahead
        ) as order_number
    from order_days

),

next_two as (

    select
        order_calendar_id,
        min(days_ahead) as days_to_order,
        max(days_ahead) as days_to_review
    from numbered
    where order_number <= 2
    group by order_calendar_id

)

select
    order_calendar_id,
    days_to_order,
    days_to_review,
    days_to_review - days_to_order as review_period_days
from next_two
