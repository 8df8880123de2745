{#
    One open order line, with the units still to come and the day on which they are expected. An
    overdue line is expected after the median of the days that the supplier's received lines still
    took when they were as late, or else after a standard deviation of the lead time; a line later
    than the policy's order_is_lost_days counts as lost and is not expected at all.
#}
with

orders as (

    select * from {{ ref('int_purchase_orders') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

lead_times as (

    select * from {{ ref('int_lead_times') }}

),

policies as (

    select * from {{ ref('int_replenishment_policies') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

dated as (

    select
        orders.purchase_order_id,
        orders.sku_id,
        orders.location_id,
        skus.supplier_id,
        orders.ordered_on,
        orders.received_on,
        coalesce(
            orders.expected_on,
            {{ add_days('orders.ordered_on', 'ceiling(lead_times.lead_time_days)') }}
        ) as promised_on,
        orders.ordered_quantity,
        orders.received_quantity,
        lead_times.lead_time_sd_days,
        policies.order_is_lost_days,
        as_of.as_of_date
    from orders
    inner join skus on orders.sku_id = skus.sku_id
    inner join lead_times on orders.sku_id = lead_times.sku_id
    inner join policies on orders.sku_id = policies.sku_id
    inner join as_of on orders.ordered_on <= as_of.as_of_date

),

open_orders as (

    select
        *,
        {{ days_between('promised_on', 'as_of_date') }} as days_overdue
    from dated
    where
        received_on > as_of_date
        or (received_on is null and ordered_quantity > coalesce(received_quantity, 0))

),

lateness as (

    select
        supplier_id,
        {{ days_between('promised_on', 'received_on') }} as days_late
    from dated
    where received_on <= as_of_date

),

overdue as (

    select distinct
        supplier_id,
        days_overdue
    from open_orders
    where days_overdue >= 0

),

remaining as (

    select
        overdue.supplier_id,
        overdue.days_overdue,
        percentile_cont(0.5) within group (
            order by lateness.days_late - overdue.days_overdue
        ) as remaining_days
    from overdue
    inner join lateness
        on
            overdue.supplier_id = lateness.supplier_id
            and overdue.days_overdue < lateness.days_late
    group by overdue.supplier_id, overdue.days_overdue

)

select
    open_orders.purchase_order_id,
    open_orders.sku_id,
    open_orders.location_id,
    open_orders.ordered_on,
    open_orders.promised_on,
    open_orders.days_overdue > open_orders.order_is_lost_days as is_lost,
    case
        when open_orders.days_overdue > open_orders.order_is_lost_days then null
        when open_orders.days_overdue < 0 then open_orders.promised_on
        else
            {{ add_days(
                'open_orders.as_of_date',
                'ceiling(coalesce(remaining.remaining_days, greatest(lead_time_sd_days, 1)))'
            ) }}
    end as expected_on,
    -- what a line received after the as-of date brought is not known on that date
    open_orders.ordered_quantity
    - case
        when open_orders.received_on is null then coalesce(open_orders.received_quantity, 0)
        else 0
    end as open_quantity
from open_orders
left join remaining
    on
        open_orders.supplier_id = remaining.supplier_id
        and open_orders.days_overdue = remaining.days_overdue
