{# One SKU × location × day on promotion, past or planned: the one with the deepest discount. #}
with

promotions as (

    {{ current_versions(
        ref('int_promotions_judged'), ['promotion_id', 'category', 'sku_id', 'region']
    ) }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

calendar_days as (

    select * from {{ ref('int_calendar_days') }}

),

promoted as (

    select
        skus.sku_id,
        locations.location_id,
        calendar_days.calendar_on as promoted_on,
        promotions.promotion_id,
        promotions.discount_rate,
        row_number() over (
            partition by skus.sku_id, locations.location_id, calendar_days.calendar_on
            order by
                promotions.discount_rate desc nulls last,
                {{ text_order('promotions.promotion_id') }} asc
        ) as promotion_number
    from promotions
    inner join skus
        on
            (promotions.sku_id is null or promotions.sku_id = skus.sku_id)
            and (promotions.category is null or promotions.category = skus.category)
    inner join locations
        on (promotions.region is null or promotions.region = locations.region)
    inner join calendar_days
        on calendar_days.calendar_on between promotions.starts_on and promotions.ends_on

)

select
    sku_id,
    location_id,
    promoted_on,
    promotion_id,
    discount_rate
from promoted
where promotion_number = 1
