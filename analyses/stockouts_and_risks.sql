{#
    Where did the shelves run empty in the last 90 days of history, what did it cost, and where is it
    next?

    One region, one category or one SKU, as scope says, the costliest first. stockout_rate is the share of
    the counted days of a SKU at a location on which its stock ran out. Lost sales are an estimate that
    errs low, in money at the list price of today. The risk is that of the baseline plan before any
    recommended order: how many SKU × locations are at high risk, the first day by which one of them
    has probably run out, and the revenue at stake. Both amounts are unknown as a whole where units
    are lost or at risk of a SKU without a price.
#}
with

daily_demand as (

    select * from {{ ref('fct_daily_demand') }}

),

risks as (

    select * from {{ ref('fct_stockout_risks') }}
    where scenario_id = 'baseline'

),

skus as (

    select * from {{ ref('dim_skus') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

history as (

    select max(demand_on) as last_on from {{ ref('fct_daily_demand') }}

),

series as (

    select
        daily_demand.sku_id,
        daily_demand.location_id,
        sum(
            case
                when daily_demand.is_open and daily_demand.stock_on_hand is not null then 1
                else 0
            end
        ) as counted_days,
        sum(case when daily_demand.is_censored then 1 else 0 end) as stockout_days,
        sum(coalesce(daily_demand.lost_sales_quantity, 0)) as lost_sales_quantity
    from daily_demand
    cross join history
    where daily_demand.demand_on > {{ add_days('history.last_on', -90) }}
    group by daily_demand.sku_id, daily_demand.location_id

),

valued as (

    select
        locations.region,
        skus.category,
        skus.sku_id,
        series.counted_days,
        series.stockout_days,
        series.lost_sales_quantity,
        case
            when series.lost_sales_quantity = 0 then 0
            else {{ exact_product('series.lost_sales_quantity', 'skus.unit_price') }}
        end as lost_revenue_amount,
        case when risks.risk_level = 'High' then 1 else 0 end as is_high,
        case when risks.risk_level = 'High' then risks.stockout_on end as stockout_on,
        risks.revenue_at_risk_amount,
        coalesce(risks.units_at_risk > 0 and risks.revenue_at_risk_amount is null, false)
            as is_risk_unpriced
    from series
    inner join skus on series.sku_id = skus.sku_id
    inner join locations on series.location_id = locations.location_id
    left join risks
        on series.sku_id = risks.sku_id and series.location_id = risks.location_id

),

scopes as (

    select 'region' as scope
    union all
    select 'category' as scope
    union all
    select 'SKU' as scope

),

scoped as (

    select
        scopes.scope,
        case scopes.scope
            when 'region' then valued.region
            when 'category' then valued.category
            else valued.sku_id
        end as scope_id,
        valued.counted_days,
        valued.stockout_days,
        valued.lost_sales_quantity,
        valued.lost_revenue_amount,
        valued.is_high,
        valued.stockout_on,
        valued.revenue_at_risk_amount,
        valued.is_risk_unpriced
    from valued
    cross join scopes

),

totals as (

    select
        scope,
        scope_id,
        sum(counted_days) as counted_days,
        sum(stockout_days) as stockout_days,
        sum(lost_sales_quantity) as lost_sales_quantity,
        -- unknown as a whole where the price of one SKU is unknown
        case
            when count(lost_revenue_amount) = count(*) then sum(lost_revenue_amount)
        end as lost_revenue_amount,
        sum(is_high) as high_risk_count,
        min(stockout_on) as next_stockout_on,
        case
            when sum(case when is_risk_unpriced then 1 else 0 end) = 0
                then sum(revenue_at_risk_amount)
        end as revenue_at_risk_amount
    from scoped
    group by scope, scope_id

)

select
    scope,
    scope_id,
    {{ ratio('stockout_days', 'counted_days') }} as stockout_rate,
    lost_revenue_amount,
    high_risk_count,
    next_stockout_on,
    revenue_at_risk_amount,
    lost_sales_quantity,
    stockout_days,
    counted_days
from totals
order by
    case scope when 'region' then 1 when 'category' then 2 else 3 end asc,
    lost_revenue_amount desc nulls last,
    lost_sales_quantity desc,
    {{ text_order('scope_id') }} asc
