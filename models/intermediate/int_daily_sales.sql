{# One SKU × location × day with sales or returns. #}
with

sales as (

    select * from {{ ref('int_sales') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

)

select
    sales.sku_id,
    sales.location_id,
    sales.sold_on,
    sum(case when sales.quantity > 0 then sales.quantity else 0 end) as sales_quantity,
    sum(case when sales.quantity < 0 then -sales.quantity else 0 end) as returned_quantity,
    cast(sum(sales.quantity * sales.unit_price) as {{ type_quantity() }}) as revenue_amount,
    count(*) as sales_lines
from sales
inner join as_of on sales.sold_on <= as_of.as_of_date
group by sales.sku_id, sales.location_id, sales.sold_on
