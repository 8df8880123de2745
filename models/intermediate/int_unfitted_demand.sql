{{ config(materialized='view') }}
{#
    One SKU × location × day of a series that is on sale and has no fit: it came after the last one, or
    had too little demand by then to be fitted and has had more days since. A full build fits all, and
    leaves none here.
#}
with

completed_demand as (

    select * from {{ ref('int_completed_demand') }}

),

series as (

    select * from {{ ref('int_series') }}
    where is_active

),

fits as (

    select * from {{ ref('py_forecast_fits') }}

),

unfitted_series as (

    select
        series.sku_id,
        series.location_id
    from series
    left join fits
        on series.sku_id = fits.sku_id and series.location_id = fits.location_id
    where
        fits.sku_id is null
        or (
            fits.fallback_reason in ('NO_OBSERVATIONS', 'NO_DEMAND', 'TOO_FEW_OBSERVATIONS')
            and fits.last_on < series.ends_on
        )

)

select
    completed_demand.sku_id,
    completed_demand.location_id,
    completed_demand.demand_on,
    completed_demand.damped_demand_quantity as demand_quantity
from completed_demand
inner join unfitted_series
    on
        completed_demand.sku_id = unfitted_series.sku_id
        and completed_demand.location_id = unfitted_series.location_id
