{#
    One SKU × location with sales or stock: the span of its history, whether it is still sold, which
    ends when the SKU is discontinued or the location closes, and
    its place in a fixed random order, from which pilots are drawn. The order comes from a hash of
    the key, so that it is the same on every engine and does not change as days are added.

    History begins on the first day on which a sale was possible: that of the first sale, or the
    first with stock on hand at which the SKU was launched and the location open. Before, zero
    sales say nothing about demand. A series that could not be sold so far has today alone.
#}
with

daily_sales as (

    select * from {{ ref('int_daily_sales') }}

),

snapshots as (

    select * from {{ ref('int_inventory_snapshots') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

closures as (

    select * from {{ ref('int_location_closures') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

first_days as (

    select
        sku_id,
        location_id,
        min(sold_on) as first_sold_on,
        max(sold_on) as last_sold_on,
        cast(null as date) as first_stocked_on
    from daily_sales
    group by sku_id, location_id

    union all

    select
        sku_id,
        location_id,
        cast(null as date) as first_sold_on,
        cast(null as date) as last_sold_on,
        min(case when stock_on_hand > 0 then counted_on end) as first_stocked_on
    from snapshots
    group by sku_id, location_id

),

events as (

    select
        sku_id,
        location_id,
        max(first_sold_on) as first_sold_on,
        max(last_sold_on) as last_sold_on,
        max(first_stocked_on) as first_stocked_on
    from first_days
    group by sku_id, location_id

),

spans as (

    select
        events.sku_id,
        events.location_id,
        events.first_sold_on,
        events.last_sold_on,
        case
            when events.first_stocked_on is not null
                then greatest(
                    events.first_stocked_on,
                    coalesce(skus.launched_on, events.first_stocked_on),
                    coalesce(locations.opened_on, events.first_stocked_on)
                )
        end as first_ready_on,
        skus.launched_on,
        locations.opened_on,
        least(skus.discontinued_on, closures.trading_ends_on) as sale_ends_on
    from events
    inner join skus on events.sku_id = skus.sku_id
    inner join locations on events.location_id = locations.location_id
    left join closures on events.location_id = closures.location_id

),

series as (

    select
        spans.sku_id,
        spans.location_id,
        case
            when spans.first_sold_on <= coalesce(spans.first_ready_on, spans.first_sold_on)
                then spans.first_sold_on
            else spans.first_ready_on
        end as first_sellable_on,
        -- such a series would not be on record yet, had it not sold
        coalesce(
            spans.first_sold_on <= coalesce(spans.first_ready_on, spans.first_sold_on)
            and spans.first_sold_on is distinct from spans.launched_on
            and spans.first_sold_on is distinct from spans.opened_on,
            false
        ) as is_begun_by_sale,
        spans.sale_ends_on,
        case
            when spans.sale_ends_on <= as_of.as_of_date
                -- the last pieces may sell after the date that is stated
                then greatest({{ add_days('spans.sale_ends_on', -1) }}, spans.last_sold_on)
            else as_of.as_of_date
        end as ends_on,
        as_of.as_of_date,
        coalesce(spans.sale_ends_on > as_of.as_of_date, true) as is_active,
        {{ dbt.hash(dbt.concat(['spans.sku_id', "'|'", 'spans.location_id'])) }} as series_hash
    from spans
    cross join as_of

),

spanned_series as (

    select
        *,
        least(coalesce(first_sellable_on, as_of_date), as_of_date) as starts_on
    from series

)

select
    sku_id,
    location_id,
    starts_on,
    ends_on,
    first_sellable_on,
    is_begun_by_sale,
    sale_ends_on,
    is_active,
    row_number() over (
        order by
            case when is_active then 0 else 1 end,
            series_hash,
            {{ text_order('sku_id') }},
            {{ text_order('location_id') }}
    ) as pilot_rank
from spanned_series
where ends_on >= starts_on
