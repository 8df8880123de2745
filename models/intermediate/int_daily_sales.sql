{#
    One SKU × location × day with sales or returns. What was bought and taken back on the same day is
    neither; it is counted as cancelled. A line without a price is valued at the SKU's list price less
    its discount; revenue is null where neither price is known.
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

cancelled as (

    select
        sku_id,
        location_id,
        sold_on,
        cast(sum(cancelled_quantity) as {{ type_quantity() }}) as cancelled_quantity
    from {{ ref('int_cancelled_sales') }}
    group by sku_id, location_id, sold_on

),

priced as (

    select
        sales.sku_id,
        sales.location_id,
        sales.sold_on,
        sales.quantity,
        {{ line_revenue('sales', 'skus') }} as revenue_amount
    from sales
    inner join as_of on sales.sold_on <= as_of.as_of_date
    inner join skus on sales.sku_id = skus.sku_id
    where sales.quantity <> 0

),

totals as (

    select
        sku_id,
        location_id,
        sold_on,
        cast(sum(case when quantity > 0 then quantity else 0 end) as {{ type_quantity() }})
            as positive_quantity,
        cast(sum(case when quantity < 0 then -quantity else 0 end) as {{ type_quantity() }})
            as negative_quantity,
        -- rounded first: DuckDB casts a wide decimal to a narrow one digit by digit
        cast(round(sum(revenue_amount), 4) as {{ type_amount() }}) as revenue_amount,
        count(*) as sales_lines,
        min(case when quantity = floor(quantity) then 1 else 0 end) = 1 as is_whole_unit
    from priced
    group by sku_id, location_id, sold_on

)

select
    totals.sku_id,
    totals.location_id,
    totals.sold_on,
    totals.positive_quantity - coalesce(cancelled.cancelled_quantity, 0) as sales_quantity,
    totals.negative_quantity - coalesce(cancelled.cancelled_quantity, 0) as returned_quantity,
    coalesce(cancelled.cancelled_quantity, 0) as cancelled_quantity,
    totals.revenue_amount,
    totals.sales_lines,
    totals.is_whole_unit
from totals
left join cancelled
    on
        totals.sku_id = cancelled.sku_id
        and totals.location_id = cancelled.location_id
        and totals.sold_on = cancelled.sold_on
