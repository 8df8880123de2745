{{ config(materialized='view') }}
{# One fitted SKU × location of the sample from which the law of forecast errors is learnt. #}
with

fits as (

    select * from {{ ref('py_forecast_fits') }}

),

series as (

    select * from {{ ref('int_series') }}

)

select fits.*
from fits
inner join series
    on fits.sku_id = series.sku_id and fits.location_id = series.location_id
where series.pilot_rank <= {{ var('pool_series') }}
