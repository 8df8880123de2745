{{ config(materialized='view') }}
{#
    One active SKU × location: what it is forecast from, its fit as of the day of the last fit, or its
    mean as of today where it has none.
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

registered_fits as (

    select fits.*
    from fits
    inner join series
        on fits.sku_id = series.sku_id and fits.location_id = series.location_id

)

select * from registered_fits
union all
select * from fallback_fits
