{# One SKU: the policy that applies to it, its category's own or the one for every category (*). #}
with

skus as (

    select * from {{ ref('int_skus') }}

),

suppliers as (

    select * from {{ ref('int_suppliers') }}

),

policies as (

    select * from {{ ref('replenishment_policy') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

next_reviews as (

    select
        suppliers.supplier_id,
        min({{ days_between('as_of.as_of_date', 'calendar_days.calendar_on') }}) as days_to_review
    from suppliers
    cross join as_of
    inner join calendar_days
        on
            as_of.as_of_date < calendar_days.calendar_on
            and {{ add_days('as_of.as_of_date', 7) }} >= calendar_days.calendar_on
            and suppliers.order_weekdays like {{ dbt.concat([
                "'%'",
                dbt.cast(iso_weekday('calendar_days.calendar_on'), dbt.type_string()),
                "'%'",
            ]) }}
    group by suppliers.supplier_id

),

review_days as (

    select
        suppliers.supplier_id,
        coalesce(
            suppliers.order_weekdays like {{ dbt.concat([
                "'%'",
                dbt.cast(iso_weekday('as_of.as_of_date'), dbt.type_string()),
                "'%'",
            ]) }},
            true
        ) as is_review_day
    from suppliers
    cross join as_of

),

everywhere as (

    select * from policies
    where category = '*'

)

select
    skus.sku_id,
    cast(coalesce(own.cycle_service_level, everywhere.cycle_service_level) as {{ type_rate() }})
        as cycle_service_level,
    coalesce(
        suppliers.review_period_days, own.review_period_days, everywhere.review_period_days
    ) as review_period_days,
    coalesce(
        next_reviews.days_to_review,
        suppliers.review_period_days,
        own.review_period_days,
        everywhere.review_period_days
    ) as days_to_review,
    coalesce(review_days.is_review_day, true) as is_review_day,
    coalesce(own.lead_time_days, everywhere.lead_time_days) as lead_time_days,
    coalesce(own.lead_time_sd_days, everywhere.lead_time_sd_days) as lead_time_sd_days,
    coalesce(own.order_is_lost_days, everywhere.order_is_lost_days) as order_is_lost_days
from skus
cross join everywhere
left join policies as own on skus.category = own.category
left join suppliers on skus.supplier_id = suppliers.supplier_id
left join next_reviews on skus.supplier_id = next_reviews.supplier_id
left join review_days on skus.supplier_id = review_days.supplier_id
