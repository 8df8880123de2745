{#
    One SKU × location × day on which stock changed, as the records have it: sales, returns, receipts
    and other movements. Receipts are those of the movements from the first one that is recorded of the
    SKU at the location, and those of its purchase orders before, or where none is recorded. Receipts
    with an estimated day count only where none is recorded.
#}
with

daily_sales as (

    select * from {{ ref('int_daily_sales') }}

),

movements as (

    select * from {{ ref('int_inventory_movements') }}

),

receipts as (

    select * from {{ ref('int_purchase_receipts') }}

),

first_receipts as (

    select
        sku_id,
        location_id,
        min(moved_on) as first_received_on
    from movements
    where movement_type = 'receipt'
    group by sku_id, location_id

),

changes as (

    select
        sku_id,
        location_id,
        sold_on as changed_on,
        returned_quantity - sales_quantity as net_sales_quantity,
        cast(0 as {{ type_quantity() }}) as received_quantity,
        cast(0 as {{ type_quantity() }}) as moved_quantity
    from daily_sales

    union all

    select
        sku_id,
        location_id,
        moved_on as changed_on,
        cast(0 as {{ type_quantity() }}) as net_sales_quantity,
        case when movement_type = 'receipt' then quantity else 0 end as received_quantity,
        case when movement_type = 'receipt' then 0 else quantity end as moved_quantity
    from movements

    union all

    select
        receipts.sku_id,
        receipts.location_id,
        receipts.received_on as changed_on,
        cast(0 as {{ type_quantity() }}) as net_sales_quantity,
        receipts.received_quantity,
        cast(0 as {{ type_quantity() }}) as moved_quantity
    from receipts
    left join first_receipts
        on
            receipts.sku_id = first_receipts.sku_id
            and receipts.location_id = first_receipts.location_id
    -- the day of an estimated one does not tell on which side of the first recorded one it lies
    where
        first_receipts.first_received_on is null
        or (receipts.received_on < first_receipts.first_received_on and not receipts.is_estimated)

)

select
    sku_id,
    location_id,
    changed_on,
    sum(net_sales_quantity) as net_sales_quantity,
    sum(received_quantity) as received_quantity,
    sum(moved_quantity) as moved_quantity,
    sum(net_sales_quantity + received_quantity + moved_quantity) as change_quantity
from changes
group by sku_id, location_id, changed_on
