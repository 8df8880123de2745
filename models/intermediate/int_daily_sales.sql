{#
    One SKU × location × day with sales or returns. A line without a price is valued at the SKU's
    list price less its discount; revenue is null where neither price is known.
#}
with

sales as (

    select * from {{ ref('int_sales') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

priced as (

    select
        sales.sku_id,
        sales.location_id,
        sales.sold_on,
        sales.quantity,
        sales.quantity * coalesce(
            sales.unit_price, skus.unit_price * (1 - coalesce(sales.discount_rate, 0))
        ) as revenue_amount
    from sales
    inner join as_of on sales.sold_on <= as_of.as_of_date
    inner join skus on sales.sku_id = skus.sku_id

)

select
    sku_id,
    location_id,
    sold_on,
    sum(case when quantity > 0 then quantity else 0 end) as sales_quantity,
    sum(case when quantity < 0 then -quantity else 0 end) as returned_quantity,
    cast(sum(revenue_amount) as {{ type_quantity() }}) as revenue_amount,
    count(*) as sales_lines,
    min(case when quantity = floor(quantity) then 1 else 0 end) = 1 as is_whole_unit
from priced
group by sku_id, location_id, sold_on
