{#
    One SKU × location with a stock record: its latest count up to the as-of date, carried forward
    by what was sold, returned and received since.
#}
with

snapshots as (

    select
        *,
        row_number() over (
            partition by sku_id, location_id
            order by counted_on desc
        ) as snapshot_number
    from {{ ref('int_inventory_snapshots') }}

),

counts as (

    select
        sku_id,
        location_id,
        counted_on,
        stock_on_hand
    from snapshots
    where snapshot_number = 1

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

changes as (

    select
        sku_id,
        location_id,
        sold_on as changed_on,
        returned_quantity - sales_quantity as quantity
    from {{ ref('int_daily_sales') }}

    union all

    select
        orders.sku_id,
        orders.location_id,
        orders.received_on as changed_on,
        coalesce(orders.received_quantity, orders.ordered_quantity) as quantity
    from {{ ref('int_purchase_orders') }} as orders
    inner join as_of on orders.received_on <= as_of.as_of_date

),

changes_since as (

    select
        counts.sku_id,
        counts.location_id,
        sum(changes.quantity) as quantity
    from counts
    inner join changes
        on
            counts.sku_id = changes.sku_id
            and counts.location_id = changes.location_id
            and counts.counted_on < changes.changed_on
    group by counts.sku_id, counts.location_id

)

select
    counts.sku_id,
    counts.location_id,
    counts.counted_on,
    cast(
        case
            when changes_since.quantity is null then counts.stock_on_hand
            else greatest(counts.stock_on_hand + changes_since.quantity, 0)
        end as {{ type_quantity() }}
    ) as stock_on_hand
from counts
left join changes_since
    on
        counts.sku_id = changes_since.sku_id
        and counts.location_id = changes_since.location_id
