{#
    One SKU × location × day from its first day on sale to the as-of date: what was sold, returned
    and in stock. On a day on which the location was closed sales are unknown, not zero. A day is
    censored when the stock ran out: then demand was at least the sales.
#}
with

series as (

    select * from {{ ref('int_series') }}

),

location_days as (

    select * from {{ ref('int_location_days') }}

),

daily_sales as (

    select * from {{ ref('int_daily_sales') }}

),

snapshots as (

    select * from {{ ref('int_inventory_snapshots') }}

),

promoted_days as (

    select * from {{ ref('int_promoted_days') }}

),

grid as (

    select
        series.sku_id,
        series.location_id,
        location_days.calendar_on as demand_on,
        location_days.is_open
    from series
    inner join location_days
        on
            series.location_id = location_days.location_id
            and location_days.calendar_on between series.starts_on and series.ends_on

)

select
    grid.sku_id,
    grid.location_id,
    grid.demand_on,
    grid.is_open,
    case
        when grid.is_open
            then cast(coalesce(daily_sales.sales_quantity, 0) as {{ type_quantity() }})
    end as sales_quantity,
    cast(coalesce(daily_sales.returned_quantity, 0) as {{ type_quantity() }}) as returned_quantity,
    cast(coalesce(daily_sales.cancelled_quantity, 0) as {{ type_quantity() }})
        as cancelled_quantity,
    case
        when daily_sales.sku_id is null then cast(0 as {{ type_quantity() }})
        else daily_sales.revenue_amount
    end as revenue_amount,
    snapshots.stock_on_hand,
    snapshots.stockout_hours,
    snapshots.is_simulated as is_stock_simulated,
    coalesce(
        grid.is_open and (snapshots.stock_on_hand <= 0 or snapshots.stockout_hours > 0), false
    ) as is_censored,
    promoted_days.promotion_id
from grid
left join daily_sales
    on
        grid.sku_id = daily_sales.sku_id
        and grid.location_id = daily_sales.location_id
        and grid.demand_on = daily_sales.sold_on
left join snapshots
    on
        grid.sku_id = snapshots.sku_id
        and grid.location_id = snapshots.location_id
        and grid.demand_on = snapshots.counted_on
left join promoted_days
    on
        grid.sku_id = promoted_days.sku_id
        and grid.location_id = promoted_days.location_id
        and grid.demand_on = promoted_days.promoted_on
