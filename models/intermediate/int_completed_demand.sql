{#
    One SKU × location × day: sales, demand with what stock-outs hid added, and the demand that is
    learnt from, in which odd days are damped.
#}
with

daily_demand as (

    select * from {{ ref('int_daily_demand') }}

),

completions as (

    select * from {{ ref('py_demand_completions') }}

),

series as (

    select * from {{ ref('int_series') }}

)

select
    daily_demand.sku_id,
    daily_demand.location_id,
    daily_demand.demand_on,
    daily_demand.is_open,
    daily_demand.sales_quantity,
    daily_demand.returned_quantity,
    daily_demand.cancelled_quantity,
    daily_demand.revenue_amount,
    daily_demand.stock_on_hand,
    daily_demand.is_stock_simulated,
    daily_demand.is_censored,
    daily_demand.promotion_id,
    daily_demand.is_special_day,
    coalesce(
        {{ cast_double('completions.demand_quantity', 'quantity') }}, daily_demand.sales_quantity
    ) as demand_quantity,
    coalesce(completions.is_outlier, false) as is_outlier,
    coalesce(
        {{ cast_double('completions.damped_demand_quantity', 'quantity') }},
        daily_demand.sales_quantity
    ) as damped_demand_quantity,
    series.is_active,
    series.pilot_rank
from daily_demand
inner join series
    on daily_demand.sku_id = series.sku_id and daily_demand.location_id = series.location_id
left join completions
    on
        daily_demand.sku_id = completions.sku_id
        and daily_demand.location_id = completions.location_id
        and daily_demand.demand_on = completions.demand_on
