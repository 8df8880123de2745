{#
    One order line of which units have been received by the as-of date, with the day on which they were.
    A line that is still open, or was never closed, states units and no day: they are dated by the
    promised day, but no later than the day before the landing of the first file that told of them, and
    after the day of the order. So what was ordered after a count is received after it.
#}
with

orders as (

    select * from {{ ref('int_purchase_orders') }}

),

judged as (

    select * from {{ ref('int_purchase_orders_judged') }}
    where reject_codes is null

),

lead_times as (

    select * from {{ ref('int_lead_times') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

undated as (

    select
        orders.purchase_order_id,
        orders.sku_id,
        orders.location_id,
        orders.ordered_on,
        coalesce(
            orders.expected_on,
            {{ add_days('orders.ordered_on', 'ceiling(lead_times.lead_time_days)') }}
        ) as promised_on,
        orders.received_quantity,
        as_of.as_of_date
    from orders
    inner join as_of on orders.ordered_on <= as_of.as_of_date
    left join lead_times on orders.sku_id = lead_times.sku_id
    where orders.received_on is null and orders.received_quantity > 0

),

first_told as (

    select
        undated.purchase_order_id,
        undated.sku_id,
        undated.location_id,
        {{ add_days('min(cast(judged._landed_at as date))', -1) }} as told_on
    from undated
    inner join judged
        on
            undated.purchase_order_id = judged.purchase_order_id
            and undated.sku_id = judged.sku_id
            and undated.location_id = judged.location_id
            and undated.received_quantity <= judged.received_quantity
    group by undated.purchase_order_id, undated.sku_id, undated.location_id

),

dated as (

    select
        undated.purchase_order_id,
        undated.sku_id,
        undated.location_id,
        least(
            undated.as_of_date,
            greatest(
                {{ add_days('undated.ordered_on', 1) }},
                least(undated.promised_on, coalesce(first_told.told_on, undated.promised_on))
            )
        ) as received_on,
        undated.received_quantity,
        true as is_estimated
    from undated
    left join first_told
        on
            undated.purchase_order_id = first_told.purchase_order_id
            and undated.sku_id = first_told.sku_id
            and undated.location_id = first_told.location_id

)

select
    orders.purchase_order_id,
    orders.sku_id,
    orders.location_id,
    orders.received_on,
    coalesce(orders.received_quantity, orders.ordered_quantity) as received_quantity,
    false as is_estimated
from orders
inner join as_of on orders.received_on <= as_of.as_of_date
union all
select
    purchase_order_id,
    sku_id,
    location_id,
    received_on,
    received_quantity,
    is_estimated
from dated
