-- Revenue in gold is that of the daily sales, per SKU: every day with sales is in the grid, once.
with

gold as (

    select
        sku_id,
        sum(revenue_amount) as revenue_amount
    from {{ ref('fct_daily_demand') }}
    group by sku_id

),

daily_sales as (

    select
        sku_id,
        sum(revenue_amount) as revenue_amount
    from {{ ref('int_daily_sales') }}
    group by sku_id

)

select
    coalesce(gold.sku_id, daily_sales.sku_id) as sku_id,
    gold.revenue_amount as gold_amount,
    daily_sales.revenue_amount as daily_amount
from gold
full outer join daily_sales on gold.sku_id = daily_sales.sku_id
where coalesce(gold.revenue_amount, 0) <> coalesce(daily_sales.revenue_amount, 0)
