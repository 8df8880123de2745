{#
    One count that the books do not explain: opening count, less sales, plus returns, receipts and
    other movements since, is not the count. Checked from the first receipt that the location records. A
    count below zero is no count to check.
#}
with

snapshots as (

    select * from {{ ref('int_inventory_snapshots') }}
    where is_below_zero is not true

),

changes as (

    select * from {{ ref('int_stock_changes') }}

),

recording_locations as (

    select
        location_id,
        min(moved_on) as recorded_from
    from {{ ref('int_inventory_movements') }}
    where movement_type = 'receipt'
    group by location_id

),

entries as (

    select
        sku_id,
        location_id,
        counted_on as entered_on,
        stock_on_hand,
        cast(0 as {{ type_quantity() }}) as change_quantity
    from snapshots

    union all

    select
        sku_id,
        location_id,
        changed_on as entered_on,
        cast(null as {{ type_quantity() }}) as stock_on_hand,
        change_quantity
    from changes

),

days as (

    select
        entries.sku_id,
        entries.location_id,
        entries.entered_on,
        min(recording_locations.recorded_from) as recorded_from,
        max(entries.stock_on_hand) as stock_on_hand,
        sum(entries.change_quantity) as change_quantity
    from entries
    inner join recording_locations on entries.location_id = recording_locations.location_id
    group by entries.sku_id, entries.location_id, entries.entered_on

),

running as (

    select
        *,
        sum(change_quantity) over (
            partition by sku_id, location_id
            order by entered_on
            rows between unbounded preceding and current row
        ) as changed_quantity
    from days

),

counts as (

    select
        *,
        lag(entered_on) over (partition by sku_id, location_id order by entered_on)
            as opening_counted_on,
        lag(stock_on_hand) over (partition by sku_id, location_id order by entered_on)
            as opening_quantity,
        lag(changed_quantity) over (partition by sku_id, location_id order by entered_on)
            as opening_changed_quantity
    from running
    where stock_on_hand is not null

)

select
    sku_id,
    location_id,
    opening_counted_on,
    entered_on as counted_on,
    opening_quantity,
    changed_quantity - opening_changed_quantity as change_quantity,
    stock_on_hand as counted_quantity,
    stock_on_hand - opening_quantity - (changed_quantity - opening_changed_quantity)
        as break_quantity
from counts
where
    opening_counted_on >= recorded_from
    and stock_on_hand <> opening_quantity + changed_quantity - opening_changed_quantity
