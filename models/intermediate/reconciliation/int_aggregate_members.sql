{{ config(tags=['fit']) }}
{#
    One total × active SKU × location below it. Totals are those of a SKU over its locations and of a
    category in a region; a SKU that one location sells is its own total. A series counts by its mean
    demand, and one without any does not.
#}
with

completed_demand as (

    select * from {{ ref('int_completed_demand') }}
    where is_active

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

series as (

    select
        sku_id,
        location_id,
        {{ ratio('sum(damped_demand_quantity)', 'count(damped_demand_quantity)') }}
            as mean_demand_quantity
    from completed_demand
    group by sku_id, location_id

),

placed_series as (

    select
        series.*,
        skus.category,
        locations.region,
        count(*) over (partition by series.sku_id) as locations_of_sku
    from series
    inner join skus on series.sku_id = skus.sku_id
    inner join locations on series.location_id = locations.location_id
    where series.mean_demand_quantity > 0

),

members as (

    select
        'sku' as aggregate_level,
        sku_id as aggregate_id,
        cast(null as {{ dbt.type_string() }}) as category,
        cast(null as {{ dbt.type_string() }}) as region,
        sku_id,
        location_id,
        mean_demand_quantity
    from placed_series
    where locations_of_sku > 1

    union all

    select
        'category_region' as aggregate_level,
        {{ dbt_utils.generate_surrogate_key(['category', 'region']) }} as aggregate_id,
        category,
        region,
        sku_id,
        location_id,
        mean_demand_quantity
    from placed_series

)

select
    aggregate_level,
    aggregate_id,
    category,
    region,
    sku_id,
    location_id,
    mean_demand_quantity,
    sum(mean_demand_quantity) over (partition by aggregate_level, aggregate_id)
        as aggregate_mean_demand_quantity
from members
