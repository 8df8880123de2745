{#
    One order calendar × day on which an order can be placed, from the as-of date on. The only home
    of order days. Weekdays of every second, third … week are counted from the week of the last
    order that was placed on one of them, or else from the next one; a calendar without weekdays has
    the as-of date and each review period after it.
#}
{% set weekday_is_taken = "calendars.order_weekdays like " ~ dbt.concat([
    "'%'", dbt.cast('days.weekday', dbt.type_string()), "'%'"
]) %}
with

policies as (

    select * from {{ ref('int_replenishment_policies') }}

),

orders as (

    select * from {{ ref('int_purchase_orders') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

calendars as (

    select distinct
        order_calendar_id,
        order_weekdays,
        order_every_weeks,
        order_every_days
    from policies

),

-- long enough for two orders of a supplier who takes one a year
dates_ahead as (

    select {{ date_series('as_of_date', add_days('as_of_date', 742)) }} as order_day_on
    from as_of

),

days_ahead as (

    select
        dates_ahead.order_day_on,
        {{ days_between('as_of.as_of_date', 'dates_ahead.order_day_on') }} as days_ahead,
        {{ iso_weekday('dates_ahead.order_day_on') }} as weekday,
        {{ week_number('dates_ahead.order_day_on') }} as week_number
    from dates_ahead
    cross join as_of

),

past_days as (

    select
        policies.order_calendar_id,
        {{ iso_weekday('orders.ordered_on') }} as weekday,
        {{ week_number('orders.ordered_on') }} as week_number
    from orders
    inner join policies on orders.sku_id = policies.sku_id
    inner join as_of on orders.ordered_on <= as_of.as_of_date

),

anchors as (

    select
        calendars.order_calendar_id,
        max(days.week_number) as week_number
    from calendars
    inner join past_days as days on calendars.order_calendar_id = days.order_calendar_id
    where {{ weekday_is_taken }}
    group by calendars.order_calendar_id

),

weekdays_ahead as (

    select
        calendars.order_calendar_id,
        calendars.order_every_weeks,
        days.order_day_on,
        days.days_ahead,
        days.week_number
        - coalesce(
            anchors.week_number,
            min(days.week_number) over (partition by calendars.order_calendar_id)
        ) as weeks_since_anchor
    from calendars
    cross join days_ahead as days
    left join anchors on calendars.order_calendar_id = anchors.order_calendar_id
    where {{ weekday_is_taken }}

),

periods_ahead as (

    select
        calendars.order_calendar_id,
        days.order_day_on,
        days.days_ahead
    from calendars
    cross join days_ahead as days
    where mod(days.days_ahead, calendars.order_every_days) = 0

)

select
    order_calendar_id,
    order_day_on,
    days_ahead
from weekdays_ahead
where mod(weeks_since_anchor, order_every_weeks) = 0
union all
select
    order_calendar_id,
    order_day_on,
    days_ahead
from periods_ahead
