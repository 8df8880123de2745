{#
    One customer × SKU × location × day on which the customer took back what was bought on that day:
    a purchase and a later return of the same quantity cancel each other. Neither is demand.
#}
with

sales as (

    select * from {{ ref('int_sales') }}
    where customer_id is not null

),

returns as (

    select * from sales
    where quantity < 0

),

-- only lines that a return may cancel are numbered
purchases as (

    select * from sales
    where
        quantity > 0
        and exists (
            select 1 from returns
            where
                sales.customer_id = returns.customer_id
                and sales.sku_id = returns.sku_id
                and sales.location_id = returns.location_id
                and sales.sold_on = returns.sold_on
                and sales.quantity = -returns.quantity
        )

),

numbered_returns as (

    select
        *,
        row_number() over (
            partition by customer_id, sku_id, location_id, sold_on, quantity
            order by sold_at, transaction_id nulls first, line_number nulls first
        ) as line
    from returns

),

numbered_purchases as (

    select
        *,
        row_number() over (
            partition by customer_id, sku_id, location_id, sold_on, quantity
            order by sold_at, transaction_id nulls first, line_number nulls first
        ) as line
    from purchases

)

select
    purchases.customer_id,
    purchases.sku_id,
    purchases.location_id,
    purchases.sold_on,
    sum(purchases.quantity) as cancelled_quantity
from numbered_purchases as purchases
inner join numbered_returns as returns
    on
        purchases.customer_id = returns.customer_id
        and purchases.sku_id = returns.sku_id
        and purchases.location_id = returns.location_id
        and purchases.sold_on = returns.sold_on
        and purchases.quantity = -returns.quantity
        and purchases.line = returns.line
        and purchases.sold_at <= returns.sold_at
group by
    purchases.customer_id,
    purchases.sku_id,
    purchases.location_id,
    purchases.sold_on
