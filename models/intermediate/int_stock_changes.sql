{#
    One SKU × location × day on which stock changed, as the records have it: sales, returns, receipts
    and other movements. Receipts are those of the movements from the first one that is recorded of the
    SKU at the location, and those of its purchase orders before, or where none is recorded.
#}
with

daily_sales as (

    select * from {{ ref('int_daily_sales') }}

),

movements as (

    select * from {{ ref('int_inventory_movements') }}

),

orders as (

    select * from {{ ref('int_purchase_orders') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

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
        orders.sku_id,
        orders.location_id,
        orders.received_on as changed_on,
        cast(0 as {{ type_quantity() }}) as net_sales_quantity,
        coalesce(orders.received_quantity, orders.ordered_quantity) as received_quantity,
        cast(0 as {{ type_quantity() }}) as moved_quantity
    from orders
    inner join as_of on orders.received_on <= as_of.as_of_date
    left join first_receipts
        on
            orders.sku_id = first_receipts.sku_id
            and orders.location_id = first_receipts.location_id
    where coalesce(orders.received_on < first_receipts.first_received_on, true)

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
