{{ config(materialized='view') }}
{#
    One active SKU × location: what new series of its category sell, by which a young one is
    forecast, today and in backtests. A category without new series takes what all of them sell.
#}
with

series as (

    select * from {{ ref('int_series') }}
    where is_active

),

skus as (

    select * from {{ ref('int_skus') }}

),

levels as (

    select * from {{ ref('py_launch_levels') }}

),

levels_of_all as (

    select * from levels
    where category is null

)

select
    series.sku_id,
    series.location_id,
    series.is_begun_by_sale,
    coalesce(levels.level_mean, levels_of_all.level_mean) as level_mean,
    coalesce(levels.level_shape, levels_of_all.level_shape) as level_shape,
    coalesce(levels.level_dispersion, levels_of_all.level_dispersion) as level_dispersion,
    coalesce(levels.dispersion_slope, levels_of_all.dispersion_slope) as dispersion_slope,
    coalesce(levels.selling_share, levels_of_all.selling_share) as selling_share
from series
inner join skus on series.sku_id = skus.sku_id
left join levels on skus.category = levels.category
left join levels_of_all on true
