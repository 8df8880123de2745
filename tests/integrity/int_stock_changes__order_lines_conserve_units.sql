-- What was ordered is on hand or on order: where no movement records a receipt, the units of the
-- order lines are those that changed stock and those still to come. A line that was closed short
-- has only what it brought; one received after the as-of date is still to come as a whole.
with

orders as (

    select orders.*
    from {{ ref('int_purchase_orders') }} as orders
    inner join {{ ref('int_as_of') }} as as_of on orders.ordered_on <= as_of.as_of_date

),

recorded as (

    select distinct
        sku_id,
        location_id
    from {{ ref('int_inventory_movements') }}
    where movement_type = 'receipt'

),

units as (

    select
        orders.sku_id,
        orders.location_id,
        case
            when orders.received_on <= as_of.as_of_date
                then coalesce(orders.received_quantity, orders.ordered_quantity)
            when orders.received_on is null
                then greatest(orders.ordered_quantity, coalesce(orders.received_quantity, 0))
            else orders.ordered_quantity
        end as line_quantity,
        0 as planned_quantity
    from orders
    cross join {{ ref('int_as_of') }} as as_of

    union all

    select
        sku_id,
        location_id,
        0 as line_quantity,
        received_quantity as planned_quantity
    from {{ ref('int_stock_changes') }}

    union all

    select
        sku_id,
        location_id,
        0 as line_quantity,
        open_quantity as planned_quantity
    from {{ ref('int_open_orders') }}

)

select
    units.sku_id,
    units.location_id,
    sum(units.line_quantity) as line_quantity,
    sum(units.planned_quantity) as planned_quantity
from units
left join recorded
    on units.sku_id = recorded.sku_id and units.location_id = recorded.location_id
where recorded.sku_id is null
group by units.sku_id, units.location_id
having sum(units.line_quantity) <> sum(units.planned_quantity)
