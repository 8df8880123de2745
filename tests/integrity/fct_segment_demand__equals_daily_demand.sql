-- Over all segments, units are those of the daily facts, per category and region.
with

by_segment as (

    select
        category,
        region,
        sum(sales_quantity) as sales_quantity,
        sum(returned_quantity) as returned_quantity
    from {{ ref('fct_segment_demand') }}
    group by category, region

),

by_day as (

    select
        skus.category,
        locations.region,
        sum(daily_demand.sales_quantity) as sales_quantity,
        sum(daily_demand.returned_quantity) as returned_quantity
    from {{ ref('fct_daily_demand') }} as daily_demand
    inner join {{ ref('dim_skus') }} as skus on daily_demand.sku_id = skus.sku_id
    inner join {{ ref('dim_locations') }} as locations
        on daily_demand.location_id = locations.location_id
    group by skus.category, locations.region

)

select
    coalesce(by_segment.category, by_day.category) as category,
    coalesce(by_segment.region, by_day.region) as region,
    by_segment.sales_quantity as segment_quantity,
    by_day.sales_quantity as daily_quantity
from by_segment
full outer join by_day
    on by_segment.category = by_day.category and by_segment.region = by_day.region
where
    coalesce(by_segment.sales_quantity, 0) <> coalesce(by_day.sales_quantity, 0)
    or coalesce(by_segment.returned_quantity, 0) <> coalesce(by_day.returned_quantity, 0)
