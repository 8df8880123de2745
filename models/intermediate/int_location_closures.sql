{#
    One location: until when it trades. It has a stated end, or it is silent: it sold nothing on the
    last silent_location_days and more on which others sold, and at its usual rate would have sold on
    at least 5 of them. Its usual rate is the share of the days on which anyone sold, over the eight
    weeks up to its last sale, of which at least 14 days count: one open on Saturdays is not closed
    before five Saturdays are missed.
#}
{% set missed_days = 5 %}
with

locations as (

    select * from {{ ref('int_locations') }}

),

selling_days as (

    select distinct
        location_id,
        sold_on
    from {{ ref('int_daily_sales') }}
    where sales_lines > 0

),

trading_days as (

    select distinct sold_on from selling_days

),

spans as (

    select
        location_id,
        min(sold_on) as first_sold_on,
        max(sold_on) as last_sold_on
    from selling_days
    group by location_id

),

own_days as (

    select
        spans.location_id,
        count(*) as own_days
    from spans
    inner join selling_days
        on
            spans.location_id = selling_days.location_id
            and {{ add_days('spans.last_sold_on', -55) }} <= selling_days.sold_on
    group by spans.location_id

),

shared_days as (

    select
        spans.location_id,
        sum(
            case
                when
                    trading_days.sold_on <= spans.last_sold_on
                    and {{ add_days('spans.last_sold_on', -55) }} <= trading_days.sold_on
                    then 1
                else 0
            end
        ) as days_before,
        sum(case when trading_days.sold_on > spans.last_sold_on then 1 else 0 end) as days_since
    from spans
    inner join trading_days on spans.first_sold_on <= trading_days.sold_on
    group by spans.location_id

),

silences as (

    select
        spans.location_id,
        spans.last_sold_on,
        case
            when
                shared_days.days_since >= {{ var('silent_location_days') }}
                and shared_days.days_since * own_days.own_days
                >= {{ missed_days }} * greatest(shared_days.days_before, 14)
                then {{ add_days('spans.last_sold_on', 1) }}
        end as silent_since_on
    from spans
    inner join own_days on spans.location_id = own_days.location_id
    inner join shared_days on spans.location_id = shared_days.location_id

)

select
    locations.location_id,
    locations.closed_on,
    silences.last_sold_on,
    silences.silent_since_on,
    least(locations.closed_on, silences.silent_since_on) as trading_ends_on
from locations
left join silences on locations.location_id = silences.location_id
