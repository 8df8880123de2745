{#
    Which part of the range brings the money, and how hard is it to forecast?

    One ABC class × demand class of the SKUs still sold. revenue_share is that of the last 365 days of
    history, stock_amount the counted stock at cost. Both are null where they are unknown: a class
    whose revenue is not known leaves none of the others a share. Smooth A SKUs can run on the plan as
    it is; lumpy C SKUs with much stock_amount are the first to look at for delisting or ordering on
    demand.
#}
with

daily_demand as (

    select * from {{ ref('fct_daily_demand') }}

),

plan as (

    select * from {{ ref('fct_replenishment_plan') }}
    where scenario_id = 'baseline'

),

risks as (

    select * from {{ ref('fct_stockout_risks') }}
    where scenario_id = 'baseline'

),

skus as (

    select * from {{ ref('dim_skus') }}
    where is_active

),

history as (

    select max(demand_on) as last_on from {{ ref('fct_daily_demand') }}

),

revenues as (

    select
        daily_demand.sku_id,
        case
            when count(daily_demand.revenue_amount) = count(*)
                then sum(daily_demand.revenue_amount)
        end as revenue_amount
    from daily_demand
    cross join history
    where daily_demand.demand_on > {{ add_days('history.last_on', -365) }}
    group by daily_demand.sku_id

),

stocks as (

    select
        sku_id,
        -- null where no location ever counted it
        sum(case when stock_on_hand < 0 then 0 else stock_on_hand end) as stock_quantity
    from plan
    group by sku_id

),

high_risks as (

    select
        sku_id,
        count(*) as high_risk_count
    from risks
    where risk_level = 'High'
    group by sku_id

),

valued as (

    select
        skus.abc_class,
        skus.demand_class,
        case when revenues.sku_id is null then 0 else revenues.revenue_amount end
            as revenue_amount,
        stocks.stock_quantity,
        case
            when stocks.stock_quantity = 0 then 0
            else {{ exact_product('stocks.stock_quantity', 'skus.unit_cost') }}
        end as stock_amount,
        coalesce(high_risks.high_risk_count, 0) as high_risk_count
    from skus
    left join revenues on skus.sku_id = revenues.sku_id
    left join stocks on skus.sku_id = stocks.sku_id
    left join high_risks on skus.sku_id = high_risks.sku_id

),

classes as (

    select
        abc_class,
        demand_class,
        count(*) as sku_count,
        -- unknown as a whole where it is unknown for one SKU
        case when count(revenue_amount) = count(*) then sum(revenue_amount) end as revenue_amount,
        case when count(stock_amount) = count(stock_quantity) then sum(stock_amount) end
            as stock_amount,
        sum(high_risk_count) as high_risk_count
    from valued
    group by abc_class, demand_class

),

compared as (

    select
        *,
        case
            when count(revenue_amount) over () = count(*) over ()
                then sum(revenue_amount) over ()
        end as total_revenue_amount
    from classes

)

select
    abc_class,
    demand_class,
    sku_count,
    {{ ratio('revenue_amount', 'total_revenue_amount') }} as revenue_share,
    stock_amount,
    high_risk_count,
    revenue_amount
from compared
order by {{ text_order('abc_class') }} asc nulls last, {{ text_order('demand_class') }} asc
