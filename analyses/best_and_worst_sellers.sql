{#
    What sells best and what worst, in the last 90 days of history and in the 90 before?

    One SKU of the ten that brought the most revenue, or of the ten that brought the least, among
    those still sold. Look at lost_sales_quantity before you delist a bad seller: it may have been out
    of stock. sales_change_rate is null for a SKU that was not on sale in all of the 90 days before:
    its sales of half of them would look like growth.
    Margins are at the cost of today; an amount is null where a price or the cost is unknown.
#}
{% set sellers = 10 %}
with

daily_demand as (

    select * from {{ ref('fct_daily_demand') }}

),

skus as (

    select * from {{ ref('dim_skus') }}
    where is_active

),

history as (

    select max(demand_on) as last_on from {{ ref('fct_daily_demand') }}

),

sku_days as (

    select
        skus.sku_id,
        daily_demand.demand_on,
        daily_demand.demand_on > {{ add_days('history.last_on', -90) }} as is_recent,
        coalesce(daily_demand.sales_quantity, 0) as sales_quantity,
        coalesce(daily_demand.lost_sales_quantity, 0) as lost_sales_quantity,
        daily_demand.revenue_amount,
        (coalesce(daily_demand.sales_quantity, 0) - daily_demand.returned_quantity)
        * skus.unit_cost as cost_amount
    from daily_demand
    cross join history
    inner join skus on daily_demand.sku_id = skus.sku_id
    where daily_demand.demand_on > {{ add_days('history.last_on', -180) }}

),

totals as (

    select
        sku_id,
        is_recent,
        count(distinct demand_on) as days_on_sale,
        sum(sales_quantity) as sales_quantity,
        sum(lost_sales_quantity) as lost_sales_quantity,
        case when count(revenue_amount) = count(*) then sum(revenue_amount) end as revenue_amount,
        case
            when count(revenue_amount) = count(*) then sum(revenue_amount) - sum(cost_amount)
        end as margin_amount
    from sku_days
    group by sku_id, is_recent

),

ranked as (

    select
        *,
        row_number() over (
            order by
                revenue_amount desc nulls last,
                sales_quantity desc,
                {{ text_order('sku_id') }} asc
        ) as best_rank,
        row_number() over (
            order by
                revenue_amount asc nulls last,
                sales_quantity asc,
                {{ text_order('sku_id') }} asc
        ) as worst_rank
    from totals
    where is_recent

)

select
    case when ranked.best_rank <= {{ sellers }} then 'best' else 'worst' end as standing,
    case when ranked.best_rank <= {{ sellers }} then ranked.best_rank else ranked.worst_rank end
        as standing_rank,
    skus.sku_id,
    ranked.revenue_amount,
    case
        when earlier.days_on_sale = 90
            then
                {{ ratio(
                    'ranked.sales_quantity - earlier.sales_quantity', 'earlier.sales_quantity'
                ) }}
    end as sales_change_rate,
    {{ ratio('ranked.margin_amount', 'ranked.revenue_amount') }} as margin_rate,
    skus.sku_name,
    skus.category,
    skus.abc_class,
    ranked.days_on_sale,
    ranked.sales_quantity,
    ranked.lost_sales_quantity,
    ranked.margin_amount,
    earlier.sales_quantity as sales_quantity_before,
    earlier.revenue_amount as revenue_amount_before,
    earlier.margin_amount as margin_amount_before
from ranked
inner join skus on ranked.sku_id = skus.sku_id
left join totals as earlier on ranked.sku_id = earlier.sku_id and not earlier.is_recent
where ranked.best_rank <= {{ sellers }} or ranked.worst_rank <= {{ sellers }}
order by standing asc, standing_rank asc
