{#
    Which suppliers deliver late or short, and what do they still owe?

    One supplier of the supplier file or of a SKU, the most often late first. Lead times are those of
    the order lines received in the 365 days up to the as-of date; what is owed is as of that day.
    late_rate counts both: a line still open after its promised day is late already, while one that
    is not due yet says nothing. Compare stated_lead_time_days, what the supplier file says, with
    mean_lead_time_days, and read late_rate beside received_lines and overdue_lines: of three lines it
    says nothing.

    It reads silver: no gold table holds purchase orders yet.
#}
with

orders as (

    select * from {{ ref('int_purchase_orders') }}

),

open_orders as (

    select * from {{ ref('int_open_orders') }}

),

suppliers as (

    select * from {{ ref('int_suppliers') }}

),

skus as (

    select * from {{ ref('dim_skus') }}

),

supplier_ids as (

    select supplier_id from suppliers
    union
    select supplier_id from skus
    where supplier_id is not null

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

received as (

    select
        skus.supplier_id,
        orders.is_simulated,
        orders.ordered_quantity,
        orders.received_quantity,
        cast({{ days_between('orders.ordered_on', 'orders.expected_on') }} as {{ type_double() }})
            as promised_days,
        cast({{ days_between('orders.ordered_on', 'orders.received_on') }} as {{ type_double() }})
            as lead_time_days,
        {{ days_between('orders.expected_on', 'orders.received_on') }} as days_late
    from orders
    cross join as_of
    inner join skus on orders.sku_id = skus.sku_id
    where
        orders.received_on <= as_of.as_of_date
        and orders.received_on > {{ add_days('as_of.as_of_date', -365) }}

),

deliveries as (

    select
        supplier_id,
        max(case when is_simulated then 1 else 0 end) = 1 as is_simulated,
        count(*) as received_lines,
        avg(promised_days) as promised_lead_time_days,
        avg(lead_time_days) as mean_lead_time_days,
        stddev_samp(lead_time_days) as lead_time_sd_days,
        count(days_late) as promised_lines,
        sum(case when days_late > 0 then 1 else 0 end) as late_lines,
        percentile_cont(0.9) within group (order by days_late) as days_late_p90,
        sum(case when received_quantity is not null then ordered_quantity end)
            as settled_quantity,
        sum(received_quantity) as received_quantity
    from received
    group by supplier_id

),

owed as (

    select
        skus.supplier_id,
        count(*) as open_lines,
        sum(case when open_orders.promised_on < as_of.as_of_date then 1 else 0 end)
            as overdue_lines,
        -- promised_on may be our own guess, for which nobody is late
        sum(case when orders.expected_on < as_of.as_of_date then 1 else 0 end) as late_lines,
        sum(case when open_orders.is_lost then 1 else 0 end) as lost_lines,
        sum(open_orders.open_quantity) as open_quantity
    from open_orders
    cross join as_of
    inner join orders
        on
            open_orders.purchase_order_id = orders.purchase_order_id
            and open_orders.sku_id = orders.sku_id
            and open_orders.location_id = orders.location_id
    inner join skus on open_orders.sku_id = skus.sku_id
    group by skus.supplier_id

)

select
    supplier_ids.supplier_id,
    {{ ratio(
        '(coalesce(deliveries.late_lines, 0) + coalesce(owed.late_lines, 0))',
        '(coalesce(deliveries.promised_lines, 0) + coalesce(owed.late_lines, 0))'
    ) }} as late_rate,
    {{ cast_double('deliveries.days_late_p90', 'score') }} as days_late_p90,
    {{ cast_double('deliveries.mean_lead_time_days', 'score') }} as mean_lead_time_days,
    suppliers.lead_time_days as stated_lead_time_days,
    coalesce(owed.overdue_lines, 0) as overdue_lines,
    suppliers.supplier_name,
    coalesce(deliveries.received_lines, 0) as received_lines,
    {{ cast_double('deliveries.promised_lead_time_days', 'score') }} as promised_lead_time_days,
    {{ cast_double('deliveries.lead_time_sd_days', 'score') }} as lead_time_sd_days,
    {{ ratio('deliveries.received_quantity', 'deliveries.settled_quantity') }} as received_rate,
    coalesce(owed.open_lines, 0) as open_lines,
    coalesce(owed.lost_lines, 0) as lost_lines,
    coalesce(owed.open_quantity, 0) as open_quantity,
    deliveries.is_simulated
from supplier_ids
left join suppliers on supplier_ids.supplier_id = suppliers.supplier_id
left join deliveries on supplier_ids.supplier_id = deliveries.supplier_id
left join owed on supplier_ids.supplier_id = owed.supplier_id
order by
    late_rate desc nulls last,
    coalesce(owed.overdue_lines, 0) desc,
    {{ text_order('supplier_ids.supplier_id') }} asc
