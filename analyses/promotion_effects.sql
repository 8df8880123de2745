{#
    What did each promotion add in units and in margin?

    One promotion × category, the latest first. A promoted day of a SKU at a location is compared with
    the mean of the days like it: same SKU, location and weekday, no promotion, in stock, at most four
    weeks away. uplift_rate 0.35 is 35 % more than on those days; the changes are totals over the
    compared_days. Few compared_days make an anecdote.

    Days on which the stock ran out are left out, since what they would have sold is unknown. They
    tend to be the best days of a promotion, so where censored_days are many, the uplift errs low. What
    customers bought ahead is missing from the days after, which are among those compared with.
    Margins are at the cost of today.
#}
with

daily_demand as (

    select * from {{ ref('fct_daily_demand') }}

),

skus as (

    select * from {{ ref('dim_skus') }}

),

open_days as (

    select
        daily_demand.sku_id,
        daily_demand.location_id,
        daily_demand.demand_on,
        {{ iso_weekday('daily_demand.demand_on') }} as weekday,
        skus.category,
        daily_demand.promotion_id,
        daily_demand.is_censored,
        daily_demand.sales_quantity,
        daily_demand.revenue_amount,
        daily_demand.revenue_amount
        - {{ exact_product(
            '(daily_demand.sales_quantity - daily_demand.returned_quantity)', 'skus.unit_cost'
        ) }} as margin_amount
    from daily_demand
    inner join skus on daily_demand.sku_id = skus.sku_id
    where daily_demand.is_open

),

promoted_days as (

    select * from open_days
    where promotion_id is not null

),

usual_days as (

    select * from open_days
    where promotion_id is null and not is_censored

),

expected_days as (

    select
        promoted_days.sku_id,
        promoted_days.location_id,
        promoted_days.demand_on,
        {{ ratio('sum(usual_days.sales_quantity)', 'count(usual_days.sales_quantity)') }}
            as sales_quantity,
        {{ ratio(
            'sum(usual_days.revenue_amount)', 'count(usual_days.revenue_amount)', 'amount'
        ) }} as revenue_amount,
        {{ ratio('sum(usual_days.margin_amount)', 'count(usual_days.margin_amount)', 'amount') }}
            as margin_amount
    from promoted_days
    inner join usual_days
        on
            promoted_days.sku_id = usual_days.sku_id
            and promoted_days.location_id = usual_days.location_id
            and promoted_days.weekday = usual_days.weekday
            and usual_days.demand_on
            between {{ add_days('promoted_days.demand_on', -28) }}
            and {{ add_days('promoted_days.demand_on', 28) }}
    where not promoted_days.is_censored
    group by promoted_days.sku_id, promoted_days.location_id, promoted_days.demand_on

),

compared_days as (

    select
        promoted_days.promotion_id,
        promoted_days.category,
        promoted_days.demand_on,
        promoted_days.is_censored,
        expected_days.sku_id is not null as is_compared,
        promoted_days.sales_quantity,
        expected_days.sales_quantity as usual_sales_quantity,
        promoted_days.revenue_amount - expected_days.revenue_amount as revenue_change_amount,
        promoted_days.margin_amount - expected_days.margin_amount as margin_change_amount
    from promoted_days
    left join expected_days
        on
            promoted_days.sku_id = expected_days.sku_id
            and promoted_days.location_id = expected_days.location_id
            and promoted_days.demand_on = expected_days.demand_on

),

effects as (

    select
        promotion_id,
        category,
        min(demand_on) as first_on,
        max(demand_on) as last_on,
        count(*) as promoted_days,
        sum(case when is_censored then 1 else 0 end) as censored_days,
        sum(case when is_compared then 1 else 0 end) as compared_days,
        sum(case when is_compared then sales_quantity end) as sales_quantity,
        sum(usual_sales_quantity) as usual_sales_quantity,
        count(revenue_change_amount) as known_revenue_days,
        sum(revenue_change_amount) as revenue_change_amount,
        count(margin_change_amount) as known_margin_days,
        sum(margin_change_amount) as margin_change_amount
    from compared_days
    group by promotion_id, category

)

select
    promotion_id,
    category,
    {{ ratio('sales_quantity - usual_sales_quantity', 'usual_sales_quantity') }} as uplift_rate,
    case
        when known_margin_days = compared_days
            then cast(margin_change_amount as {{ type_amount() }})
    end as margin_change_amount,
    compared_days,
    censored_days,
    promoted_days,
    first_on,
    last_on,
    sales_quantity,
    cast(usual_sales_quantity as {{ type_quantity() }}) as usual_sales_quantity,
    case
        when known_revenue_days = compared_days
            then cast(revenue_change_amount as {{ type_amount() }})
    end as revenue_change_amount
from effects
order by first_on desc, {{ text_order('promotion_id') }} asc, {{ text_order('category') }} asc
