{{ config(group='forecasting') }}
-- What gold holds as demand of stocked-out days is what was estimated for them, per SKU, to half of
-- the last place of a day. On every other day demand is the sales; an expression test sees to that.
with

gold as (

    select
        sku_id,
        count(*) as days,
        sum(demand_quantity) as demand_quantity
    from {{ ref('fct_daily_demand') }}
    where is_censored
    group by sku_id

),

estimates as (

    select
        sku_id,
        count(*) as days,
        sum(demand_quantity) as demand_quantity
    from {{ ref('py_demand_completions') }}
    group by sku_id

)

select
    coalesce(gold.sku_id, estimates.sku_id) as sku_id,
    gold.demand_quantity as gold_quantity,
    estimates.demand_quantity as estimated_quantity
from gold
full outer join estimates on gold.sku_id = estimates.sku_id
where
    coalesce(gold.days, 0) <> coalesce(estimates.days, 0)
    or abs(coalesce(gold.demand_quantity, 0) - coalesce(estimates.demand_quantity, 0))
    > 0.0000500001 * estimates.days
