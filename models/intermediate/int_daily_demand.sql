{#
    One SKU × location × day from its first day on sale to the as-of date: what was sold, returned
    and in stock. On a day on which no sale was possible, because the location was closed or the SKU not
    on sale yet, sales are unknown, not zero. A day is
    censored when the stock ran out: then demand was at least the sales.

    Days are matched by the number of their series: at 33 million rows the texts of its key would
    take most of the memory.
#}
with

series as (

    select * from {{ ref('int_series') }}

),

location_days as (

    select * from {{ ref('int_location_days') }}

),

daily_sales as (

    select
        series.pilot_rank,
        sales.sold_on,
        sales.sales_quantity,
        sales.returned_quantity,
        sales.cancelled_quantity,
        sales.revenue_amount
    from {{ ref('int_daily_sales') }} as sales
    inner join series
        on sales.sku_id = series.sku_id and sales.location_id = series.location_id

),

snapshots as (

    select
        series.pilot_rank,
        counts.counted_on,
        counts.stock_on_hand,
        counts.stockout_hours,
        counts.is_simulated
    from {{ ref('int_inventory_snapshots') }} as counts
    inner join series
        on counts.sku_id = series.sku_id and counts.location_id = series.location_id

),

promoted_days as (

    select
        series.pilot_rank,
        days.promoted_on,
        days.promotion_id
    from {{ ref('int_promoted_days') }} as days
    inner join series
        on days.sku_id = series.sku_id and days.location_id = series.location_id

),

holiday_days as (

    select * from {{ ref('int_holiday_days') }}

),

grid as (

    select
        series.pilot_rank,
        location_days.calendar_on as demand_on,
        location_days.is_open,
        location_days.is_open
        and coalesce(location_days.calendar_on >= series.first_sellable_on, false) as is_sellable,
        holiday_days.location_id is not null as is_holiday
    from series
    inner join location_days
        on
            series.location_id = location_days.location_id
            and location_days.calendar_on between series.starts_on and series.ends_on
    left join holiday_days
        on
            location_days.location_id = holiday_days.location_id
            and location_days.calendar_on = holiday_days.holiday_on

)

select
    series.sku_id,
    series.location_id,
    grid.demand_on,
    grid.is_open,
    case
        when grid.is_sellable
            then cast(coalesce(daily_sales.sales_quantity, 0) as {{ type_quantity() }})
    end as sales_quantity,
    cast(coalesce(daily_sales.returned_quantity, 0) as {{ type_quantity() }}) as returned_quantity,
    cast(coalesce(daily_sales.cancelled_quantity, 0) as {{ type_quantity() }})
        as cancelled_quantity,
    case
        when daily_sales.pilot_rank is null then cast(0 as {{ type_amount() }})
        else daily_sales.revenue_amount
    end as revenue_amount,
    snapshots.stock_on_hand,
    snapshots.stockout_hours,
    snapshots.is_simulated as is_stock_simulated,
    coalesce(
        grid.is_sellable and (snapshots.stock_on_hand <= 0 or snapshots.stockout_hours > 0), false
    ) as is_censored,
    promoted_days.promotion_id,
    grid.is_holiday or promoted_days.promotion_id is not null as is_special_day
from grid
inner join series on grid.pilot_rank = series.pilot_rank
left join daily_sales
    on
        grid.pilot_rank = daily_sales.pilot_rank
        and grid.demand_on = daily_sales.sold_on
left join snapshots
    on
        grid.pilot_rank = snapshots.pilot_rank
        and grid.demand_on = snapshots.counted_on
left join promoted_days
    on
        grid.pilot_rank = promoted_days.pilot_rank
        and grid.demand_on = promoted_days.promoted_on
