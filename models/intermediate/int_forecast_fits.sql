{{ config(materialized='view') }}
{#
    One active SKU × location: what it is forecast from, the later of its fit and its fallback, and
    what new series of its category sell. After the selector fit, fallbacks of an earlier night are
    still there: the fit counts. A category without new series takes what all of them sell.
#}
with

fits as (

    select * from {{ ref('py_forecast_fits') }}

),

fallback_fits as (

    select * from {{ ref('py_fallback_fits') }}

),

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

),

registered_fits as (

    select fits.*
    from fits
    inner join series
        on fits.sku_id = series.sku_id and fits.location_id = series.location_id
    left join fallback_fits
        on
            fits.sku_id = fallback_fits.sku_id
            and fits.location_id = fallback_fits.location_id
            and fits.last_on < fallback_fits.last_on
    where fallback_fits.sku_id is null

),

stand_ins as (

    select fallback_fits.*
    from fallback_fits
    left join fits
        on
            fallback_fits.sku_id = fits.sku_id
            and fallback_fits.location_id = fits.location_id
            and fallback_fits.last_on <= fits.last_on
    where fits.sku_id is null

),

current_fits as (

    select * from registered_fits
    union all
    select * from stand_ins

)

select
    current_fits.*,
    series.is_begun_by_sale,
    coalesce(levels.level_mean, levels_of_all.level_mean) as level_mean,
    coalesce(levels.level_shape, levels_of_all.level_shape) as level_shape,
    coalesce(levels.level_dispersion, levels_of_all.level_dispersion) as level_dispersion,
    coalesce(levels.dispersion_slope, levels_of_all.dispersion_slope) as dispersion_slope,
    coalesce(levels.selling_share, levels_of_all.selling_share) as selling_share
from current_fits
inner join series
    on
        current_fits.sku_id = series.sku_id
        and current_fits.location_id = series.location_id
inner join skus on current_fits.sku_id = skus.sku_id
left join levels on skus.category = levels.category
left join levels_of_all on true
