{#
    One location × day, past and future, and whether it traded. A past day is closed when the
    location sold nothing at all, though it usually sells or because it had not opened yet; a future
    day, when it is a weekday that the last eight weeks have seen since the location opened, and on
    which it never traded.
#}
with

locations as (

    select * from {{ ref('int_locations') }}

),

calendar_days as (

    select calendar_on from {{ ref('int_calendar_days') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

sales_by_day as (

    select
        location_id,
        sold_on,
        sum(sales_lines) as sales_lines
    from {{ ref('int_daily_sales') }}
    group by location_id, sold_on

),

first_days as (

    select
        location_id,
        min(sold_on) as first_sold_on,
        cast(null as date) as first_counted_on
    from sales_by_day
    group by location_id

    union all

    select
        location_id,
        cast(null as date) as first_sold_on,
        min(counted_on) as first_counted_on
    from {{ ref('int_inventory_snapshots') }}
    group by location_id

),

spans as (

    select
        location_id,
        coalesce(max(first_sold_on), max(first_counted_on)) as first_on
    from first_days
    group by location_id

),

trading as (

    select
        sales_by_day.location_id,
        sum(sales_by_day.sales_lines) * 1.0
        / ({{ days_between('min(sales_by_day.sold_on)', 'max(as_of.as_of_date)') }} + 1)
            as lines_per_day
    from sales_by_day
    cross join as_of
    group by sales_by_day.location_id

),

past_days as (

    select
        locations.location_id,
        calendar_days.calendar_on,
        coalesce(
            sales_by_day.sales_lines > 0
            or (
                coalesce(trading.lines_per_day, 0) < {{ var('closed_day_minimum_lines') }}
                and coalesce(calendar_days.calendar_on >= locations.opened_on, true)
            ),
            false
        ) as is_open
    from locations
    inner join spans on locations.location_id = spans.location_id
    cross join as_of
    inner join calendar_days
        on
            spans.first_on <= calendar_days.calendar_on
            and as_of.as_of_date >= calendar_days.calendar_on
    left join trading on locations.location_id = trading.location_id
    left join sales_by_day
        on
            locations.location_id = sales_by_day.location_id
            and calendar_days.calendar_on = sales_by_day.sold_on

),

trading_weekdays as (

    select
        past_days.location_id,
        {{ iso_weekday('past_days.calendar_on') }} as weekday,
        max(case when past_days.is_open then 1 else 0 end) as has_traded
    from past_days
    inner join locations on past_days.location_id = locations.location_id
    cross join as_of
    where
        past_days.calendar_on > {{ add_days('as_of.as_of_date', -56) }}
        and coalesce(past_days.calendar_on >= locations.opened_on, true)
    group by past_days.location_id, {{ iso_weekday('past_days.calendar_on') }}

),

future_days as (

    select
        spans.location_id,
        calendar_days.calendar_on,
        coalesce(trading_weekdays.has_traded = 1, true) as is_open
    from spans
    cross join as_of
    inner join calendar_days on as_of.as_of_date < calendar_days.calendar_on
    left join trading_weekdays
        on
            spans.location_id = trading_weekdays.location_id
            and trading_weekdays.weekday = {{ iso_weekday('calendar_days.calendar_on') }}

)

select * from past_days
union all
select * from future_days
