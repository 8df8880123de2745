{{ config(materialized='view') }}
{#
    One active SKU × location: what it is forecast from, the later of its fit and its fallback, and
    what new series of its category sell. After the selector fit, fallbacks of an earlier night are
    still there: the fit counts.
#}
with

fits as (

    select * from {{ ref('py_forecast_fits') }}

),

fallback_fits as (

    select * from {{ ref('py_fallback_fits') }}

),

series_levels as (

    select * from {{ ref('int_series_levels') }}

),

registered_fits as (

    select fits.*
    from fits
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
    series_levels.is_begun_by_sale,
    series_levels.level_mean,
    series_levels.level_shape,
    series_levels.level_dispersion,
    series_levels.dispersion_slope,
    series_levels.selling_share
from current_fits
inner join series_levels
    on
        current_fits.sku_id = series_levels.sku_id
        and current_fits.location_id = series_levels.location_id
