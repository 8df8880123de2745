{#
    One SKU × location that was ever on sale: the span of its history, whether it is still sold, which
    ends when the SKU is discontinued or the location closes, and
    its place in a fixed random order, from which pilots are drawn. The order comes from a hash of
    the key, so that it is the same on every engine and does not change as days are added.
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
        min(sold_on) as first_on,
        max(sold_on) as last_sold_on
    from daily_sales
    group by sku_id, location_id

    union all

    select
        sku_id,
        location_id,
        min(counted_on) as first_on,
        cast(null as date) as last_sold_on
    from snapshots
    group by sku_id, location_id

),

spans as (

    select
        first_days.sku_id,
        first_days.location_id,
        min(first_days.first_on) as starts_on,
        max(first_days.last_sold_on) as last_sold_on
    from first_days
    group by first_days.sku_id, first_days.location_id

),

sales_ends as (

    select
        spans.*,
        least(skus.discontinued_on, closures.trading_ends_on) as sale_ends_on
    from spans
    inner join skus on spans.sku_id = skus.sku_id
    left join closures on spans.location_id = closures.location_id

),

series as (

    select
        spans.sku_id,
        spans.location_id,
        spans.starts_on,
        spans.sale_ends_on,
        case
            when spans.sale_ends_on <= as_of.as_of_date
                -- the last pieces may sell after the date that is stated
                then greatest({{ add_days('spans.sale_ends_on', -1) }}, spans.last_sold_on)
            else as_of.as_of_date
        end as ends_on,
        coalesce(spans.sale_ends_on > as_of.as_of_date, true) as is_active,
        {{ dbt.hash(dbt.concat(['spans.sku_id', "'|'", 'spans.location_id'])) }} as series_hash
    from sales_ends as spans
    cross join as_of

)

select
    sku_id,
    location_id,
    starts_on,
    ends_on,
    sale_ends_on,
    is_active,
    row_number() over (
        order by
            case when is_active then 0 else 1 end,
            series_hash,
            {{ text_order('sku_id') }},
            {{ text_order('location_id') }}
    ) as pilot_rank
from series
where ends_on >= starts_on
