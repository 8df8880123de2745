{#
    One scenario × SKU × region × day ahead, as the dashboards read it: demand and stock summed over
    the region's locations, and the risk of the worst of them.
#}
with

projections as (

    select * from {{ ref('fct_inventory_projections') }}

),

risks as (

    select * from {{ ref('fct_stockout_risks') }}

),

skus as (

    select * from {{ ref('dim_skus') }}

),

locations as (

    select * from {{ ref('dim_locations') }}

),

by_region as (

    select
        projections.scenario_id,
        projections.sku_id,
        locations.region,
        projections.forecast_on,
        sum(projections.demand_quantity) as forecast_demand,
        -- unknown for the region where it is unknown for one of its locations
        case
            when count(projections.stock_mean_quantity) = count(*)
                then sum(projections.stock_mean_quantity)
        end as stock_on_hand,
        case
            when count(projections.stock_mean_quantity) = count(*)
                then sum(projections.cumulative_lost_sales_quantity)
        end as cumulative_lost_sales_quantity,
        count(*) as location_count
    from projections
    inner join locations on projections.location_id = locations.location_id
    group by
        projections.scenario_id, projections.sku_id, locations.region, projections.forecast_on

),

ranked_risks as (

    select
        *,
        row_number() over (
            partition by scenario_id, sku_id, region
            order by
                case risk_level
                    when 'High' then 1 when 'Medium' then 2 when 'Low' then 3 else 4
                end asc,
                stockout_probability_before_order desc nulls last,
                stockout_probability desc nulls last,
                {{ text_order('location_id') }} asc
        ) as risk_rank
    from risks

)

select
    cast(by_region.sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(by_region.region as {{ dbt.type_string() }}) as region,
    by_region.forecast_on as date,
    cast(by_region.forecast_demand as {{ type_quantity() }}) as forecast_demand,
    cast(by_region.stock_on_hand as {{ type_quantity() }}) as stock_on_hand,
    cast(ranked_risks.risk_level as {{ dbt.type_string() }}) as risk_level,
    cast(by_region.scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(skus.sku_name as {{ dbt.type_string() }}) as sku_name,
    cast(skus.category as {{ dbt.type_string() }}) as category,
    cast(ranked_risks.location_id as {{ dbt.type_string() }}) as worst_location_id,
    cast(ranked_risks.stockout_probability as {{ type_rate() }}) as stockout_probability,
    cast(ranked_risks.stockout_probability_before_order as {{ type_rate() }})
        as stockout_probability_before_order,
    ranked_risks.stockout_on,
    cast(by_region.cumulative_lost_sales_quantity as {{ type_quantity() }})
        as cumulative_lost_sales_quantity,
    cast(by_region.location_count as {{ dbt.type_bigint() }}) as location_count,
    ranked_risks.is_stock_simulated
from by_region
inner join skus on by_region.sku_id = skus.sku_id
inner join ranked_risks
    on
        by_region.scenario_id = ranked_risks.scenario_id
        and by_region.sku_id = ranked_risks.sku_id
        and by_region.region = ranked_risks.region
        and ranked_risks.risk_rank = 1
