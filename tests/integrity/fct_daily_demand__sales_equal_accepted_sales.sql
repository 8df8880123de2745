-- Gold loses and doubles nothing: what was sold and cancelled is the accepted lines' positive
-- quantities per SKU, and what was returned and cancelled the negative ones.
with

gold as (

    select
        sku_id,
        sum(coalesce(sales_quantity, 0) + cancelled_quantity) as sales_quantity,
        sum(returned_quantity + cancelled_quantity) as returned_quantity
    from {{ ref('fct_daily_demand') }}
    group by sku_id

),

accepted as (

    select
        sales.sku_id,
        sum(case when sales.quantity > 0 then sales.quantity else 0 end) as sales_quantity,
        sum(case when sales.quantity < 0 then -sales.quantity else 0 end) as returned_quantity
    from {{ ref('int_sales') }} as sales
    inner join {{ ref('int_as_of') }} as as_of on sales.sold_on <= as_of.as_of_date
    group by sales.sku_id

)

select
    coalesce(gold.sku_id, accepted.sku_id) as sku_id,
    gold.sales_quantity as gold_quantity,
    accepted.sales_quantity as accepted_quantity
from gold
full outer join accepted on gold.sku_id = accepted.sku_id
where
    coalesce(gold.sales_quantity, 0) <> coalesce(accepted.sales_quantity, 0)
    or coalesce(gold.returned_quantity, 0) <> coalesce(accepted.returned_quantity, 0)
