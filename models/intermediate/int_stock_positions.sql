{#
    One SKU × location with a stock record: its latest count up to the as-of date, carried forward
    by what was sold, returned, received and moved since.
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
        stock_on_hand,
        is_simulated
    from snapshots
    where snapshot_number = 1

),

changes as (

    select * from {{ ref('int_stock_changes') }}

),

changes_since as (

    select
        counts.sku_id,
        counts.location_id,
        sum(changes.change_quantity) as change_quantity
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
    counts.is_simulated,
    cast(
        case
            when changes_since.change_quantity is null then counts.stock_on_hand
            else greatest(counts.stock_on_hand + changes_since.change_quantity, 0)
        end as {{ type_quantity() }}
    ) as stock_on_hand
from counts
left join changes_since
    on
        counts.sku_id = changes_since.sku_id
        and counts.location_id = changes_since.location_id
