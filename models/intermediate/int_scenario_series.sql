{#
    One scenario × SKU × location that is forecast: stock, lead time and policy under the scenario.
    A scenario's effect on the lead time holds for new orders and for those under way. The next
    order day and the one after it come from the order calendar.
#}
with

scenarios as (

    select * from {{ ref('int_scenarios') }}

),

effects as (

    select * from {{ ref('scenario_effects') }}
    where effect = 'lead_time_days'

),

series as (

    select * from {{ ref('int_series') }}
    where is_active

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

lead_times as (

    select * from {{ ref('int_lead_times') }}

),

policies as (

    select * from {{ ref('int_replenishment_policies') }}

),

calendars as (

    select * from {{ ref('int_order_calendars') }}

),

suppliers as (

    select * from {{ ref('int_suppliers') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

stock_positions as (

    select * from {{ ref('int_stock_positions') }}

),

classes as (

    select * from {{ ref('int_sku_classes') }}

),

thresholds as (

    select
        max(case when risk_level = 'High' then minimum_probability end) as high_probability,
        max(case when risk_level = 'Medium' then minimum_probability end) as medium_probability
    from {{ ref('risk_policy') }}

),

delays as (

    select
        effects.scenario_id,
        series.sku_id,
        series.location_id,
        sum(effects.effect_value) as delay_days
    from effects
    cross join series
    inner join skus on series.sku_id = skus.sku_id
    inner join locations on series.location_id = locations.location_id
    where {{ in_scope('effects', 'skus', 'locations') }}
    group by effects.scenario_id, series.sku_id, series.location_id

)

select
    scenarios.scenario_id,
    series.sku_id,
    series.location_id,
    stock_positions.stock_on_hand,
    stock_positions.counted_on,
    stock_positions.is_simulated as is_stock_simulated,
    greatest(lead_times.lead_time_days + coalesce(delays.delay_days, 0), 0) as lead_time_days,
    lead_times.lead_time_sd_days,
    lead_times.lead_time_source,
    coalesce(delays.delay_days, 0) as delay_days,
    policies.order_calendar_id,
    calendars.days_to_order,
    calendars.days_to_review,
    calendars.review_period_days,
    policies.cycle_service_level,
    thresholds.high_probability,
    thresholds.medium_probability,
    skus.unit_price,
    skus.unit_cost,
    skus.pack_size,
    skus.min_order_quantity,
    skus.shelf_life_days,
    series.sale_ends_on,
    {{ days_between('as_of.as_of_date', 'series.sale_ends_on') }} - 1 as last_sale_day,
    coalesce(suppliers.supplier_name, skus.supplier_id) as supplier_name,
    coalesce(classes.is_whole_unit, true) as is_whole_unit
from scenarios
cross join series
cross join thresholds
cross join as_of
inner join skus on series.sku_id = skus.sku_id
inner join lead_times on series.sku_id = lead_times.sku_id
inner join policies on series.sku_id = policies.sku_id
inner join calendars on policies.order_calendar_id = calendars.order_calendar_id
left join suppliers on skus.supplier_id = suppliers.supplier_id
left join classes on series.sku_id = classes.sku_id
left join stock_positions
    on
        series.sku_id = stock_positions.sku_id
        and series.location_id = stock_positions.location_id
left join delays
    on
        scenarios.scenario_id = delays.scenario_id
        and series.sku_id = delays.sku_id
        and series.location_id = delays.location_id
