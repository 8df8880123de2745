{{ config(group='forecasting') }}
-- What gold holds as demand and damped demand of stocked-out and odd days is what was estimated for
-- them, per SKU, to half of the last place of a day. On every other day both are the sales; an
-- expression test sees to that.
with

gold as (

    select
        sku_id,
        count(*) as days,
        sum(demand_quantity) as demand_quantity,
        sum(damped_demand_quantity) as damped_demand_quantity,
        sum(case when is_outlier then 1 else 0 end) as outliers
    from {{ ref('fct_daily_demand') }}
    where is_censored or is_outlier
    group by sku_id

),

estimates as (

    select
        sku_id,
        count(*) as days,
        sum(demand_quantity) as demand_quantity,
        sum(damped_demand_quantity) as damped_demand_quantity,
        sum(case when is_outlier then 1 else 0 end) as outliers
    from {{ ref('py_demand_completions') }}
    group by sku_id

)

select
    coalesce(gold.sku_id, estimates.sku_id) as sku_id,
    gold.demand_quantity as gold_quantity,
    estimates.demand_quantity as estimated_quantity,
    gold.damped_demand_quantity as gold_damped_quantity,
    estimates.damped_demand_quantity as estimated_damped_quantity
from gold
full outer join estimates on gold.sku_id = estimates.sku_id
where
    coalesce(gold.days, 0) <> coalesce(estimates.days, 0)
    or abs(coalesce(gold.demand_quantity, 0) - coalesce(estimates.demand_quantity, 0))
    > 0.0000500001 * estimates.days
    or abs(
        coalesce(gold.damped_demand_quantity, 0) - coalesce(estimates.damped_demand_quantity, 0)
    )
    > 0.0000500001 * estimates.days
    or coalesce(gold.outliers, 0) <> coalesce(estimates.outliers, 0)
