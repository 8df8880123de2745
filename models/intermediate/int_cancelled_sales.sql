{#
    One customer × SKU × location × day on which the customer took back what was bought on that day: a
    purchase and a later return of the same quantity cancel each other. Neither is demand.

    Of the lines of one quantity, in order of time, as many returns have no purchase left to cancel
    as the count of purchases less returns falls below zero.
#}
with

sales as (

    select * from {{ ref('int_sales') }}
    where customer_id is not null

),

taken_back as (

    select distinct
        customer_id,
        sku_id,
        location_id,
        sold_on,
        -quantity as quantity
    from sales
    where quantity < 0

),

lines as (

    select
        sales.customer_id,
        sales.sku_id,
        sales.location_id,
        sales.sold_on,
        taken_back.quantity,
        case when sales.quantity < 0 then 1 else 0 end as is_return,
        sum(case when sales.quantity < 0 then -1 else 1 end) over (
            partition by
                sales.customer_id,
                sales.sku_id,
                sales.location_id,
                sales.sold_on,
                taken_back.quantity
            order by
                sales.sold_at,
                case when sales.quantity < 0 then 1 else 0 end,
                sales.transaction_id nulls first,
                sales.line_number nulls first
            rows between unbounded preceding and current row
        ) as purchases_left
    from sales
    inner join taken_back
        on
            sales.customer_id = taken_back.customer_id
            and sales.sku_id = taken_back.sku_id
            and sales.location_id = taken_back.location_id
            and sales.sold_on = taken_back.sold_on
            and abs(sales.quantity) = taken_back.quantity

),

quantities as (

    select
        customer_id,
        sku_id,
        location_id,
        sold_on,
        quantity,
        sum(is_return) - greatest(-min(purchases_left), 0) as cancelled_lines
    from lines
    group by customer_id, sku_id, location_id, sold_on, quantity

)

select
    customer_id,
    sku_id,
    location_id,
    sold_on,
    sum(cancelled_lines) as cancelled_lines,
    cast(
        sum({{ exact_product('quantity', 'cancelled_lines') }}) as {{ type_quantity() }}
    ) as cancelled_quantity
from quantities
where cancelled_lines > 0
group by customer_id, sku_id, location_id, sold_on
