{#
    One SKU on sale in the last year: how its daily demand behaves, and what it is worth.

    ADI is days per day with demand, CV² the squared coefficient of variation of the demand on those
    days (sample standard deviation), both of the SKU's total over locations, in daily buckets. The
    cut-offs 1.32 and 0.49 are those of Syntetos, Boylan and Croston (2005); they are held against the
    figures as shown, since the last bits of a standard deviation differ between engines. Odd days are
    damped: one of them would make a smooth SKU erratic.
#}
with

completed_demand as (

    select * from {{ ref('int_completed_demand') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

units as (

    select
        sku_id,
        min(case when is_whole_unit then 1 else 0 end) = 1 as is_whole_unit
    from {{ ref('int_daily_sales') }}
    group by sku_id

),

daily_totals as (

    select
        completed_demand.sku_id,
        completed_demand.demand_on,
        sum(completed_demand.damped_demand_quantity) as demand_quantity,
        sum(completed_demand.revenue_amount) as revenue_amount
    from completed_demand
    cross join as_of
    where completed_demand.demand_on > {{ add_days('as_of.as_of_date', -365) }}
    group by completed_demand.sku_id, completed_demand.demand_on

),

sizes as (

    select
        *,
        cast(case when demand_quantity > 0 then demand_quantity end as {{ type_double() }}) as size
    from daily_totals

),

behaviour as (

    select
        sku_id,
        sum(revenue_amount) as revenue_amount,
        {{ cast_double(
            'count(demand_quantity) / cast(nullif(count(size), 0) as ' ~ type_double() ~ ')',
            'score'
        ) }} as average_demand_interval,
        {{ cast_double('power(stddev_samp(size) / avg(size), 2)', 'score') }}
            as squared_coefficient_of_variation
    from sizes
    group by sku_id

),

valued as (

    select
        behaviour.*,
        coalesce(units.is_whole_unit, true) as is_whole_unit,
        sum(behaviour.revenue_amount) over (
            order by
                behaviour.revenue_amount desc nulls last,
                {{ text_order('behaviour.sku_id') }} asc
            rows between unbounded preceding and 1 preceding
        ) as revenue_before,
        sum(behaviour.revenue_amount) over () as total_revenue
    from behaviour
    left join units on behaviour.sku_id = units.sku_id

)

select
    sku_id,
    is_whole_unit,
    average_demand_interval,
    squared_coefficient_of_variation,
    case
        when average_demand_interval is null then 'no demand'
        when average_demand_interval < 1.32 and coalesce(squared_coefficient_of_variation, 0) < 0.49
            then 'smooth'
        when average_demand_interval < 1.32 then 'erratic'
        when coalesce(squared_coefficient_of_variation, 0) < 0.49 then 'intermittent'
        else 'lumpy'
    end as demand_class,
    case
        when coalesce(total_revenue, 0) <= 0 then null
        when coalesce(revenue_before, 0) < 0.80 * total_revenue then 'A'
        when coalesce(revenue_before, 0) < 0.95 * total_revenue then 'B'
        else 'C'
    end as abc_class
from valued
