{#
    One SKU × location × day on which stock changed, as the records have it: sales, returns, receipts
    and other movements. Receipts are those of the movements where a location records any there, and
    those of its purchase orders otherwise.
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

recording_locations as (

    select distinct location_id
    from movements
    where movement_type = 'receipt'

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
    left join recording_locations on orders.location_id = recording_locations.location_id
    where recording_locations.location_id is null

)

select
    changes.sku_id,
    changes.location_id,
    changes.changed_on,
    max(case when recording_locations.location_id is null then 0 else 1 end) = 1
        as is_recorded_in_full,
    sum(changes.net_sales_quantity) as net_sales_quantity,
    sum(changes.received_quantity) as received_quantity,
    sum(changes.moved_quantity) as moved_quantity,
    sum(changes.net_sales_quantity + changes.received_quantity + changes.moved_quantity)
        as change_quantity
from changes
left join recording_locations on changes.location_id = recording_locations.location_id
group by changes.sku_id, changes.location_id, changes.changed_on
