{#
    One scenario × SKU × location × day ahead: baseline forecast, the factor that the scenario puts
    on it, the units that arrive in time for the day, and whether an order can be placed on it. The
    factor scales mean and error alike; it is 0 on days on which the location is closed and once the
    sale has ended.
#}
with

scenario_series as (

    select * from {{ ref('int_scenario_series') }}

),

effects as (

    select * from {{ ref('scenario_effects') }}
    where effect = 'demand_factor'

),

forecasts as (

    select * from {{ ref('int_reconciled_forecasts') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

location_days as (

    select * from {{ ref('int_location_days') }}

),

open_orders as (

    select * from {{ ref('int_open_orders') }}
    where not is_lost

),

order_days as (

    select * from {{ ref('int_order_days') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

-- effects may multiply to any factor: a rate holds none above 999, and below exp(-20) it is 0
demand_factors as (

    select
        effects.scenario_id,
        forecasts.sku_id,
        forecasts.location_id,
        forecasts.lead_day,
        case
            when min(effects.effect_value) = 0 then 0
            else exp(least(greatest(
                sum(ln(cast(nullif(effects.effect_value, 0) as {{ type_double() }}))), -20
            ), 6.8))
        end as demand_factor
    from effects
    cross join forecasts
    inner join skus on forecasts.sku_id = skus.sku_id
    inner join locations on forecasts.location_id = locations.location_id
    where
        {{ in_scope('effects', 'skus', 'locations') }}
        and forecasts.lead_day >= coalesce(effects.first_day, 1)
        and forecasts.lead_day <= coalesce(effects.last_day, 180)
        and (effects.starts_on is null or forecasts.forecast_on >= effects.starts_on)
        and (effects.ends_on is null or forecasts.forecast_on <= effects.ends_on)
    group by effects.scenario_id, forecasts.sku_id, forecasts.location_id, forecasts.lead_day

),

-- received at close of a day, so on the shelf the next morning; not before tomorrow
arrivals as (

    select
        scenario_series.scenario_id,
        open_orders.sku_id,
        open_orders.location_id,
        open_orders.purchase_order_id,
        open_orders.open_quantity,
        greatest(
            1,
            {{ days_between('as_of.as_of_date', 'open_orders.expected_on') }}
            + 1
            + cast(ceiling(scenario_series.delay_days) as integer)
        ) as lead_day
    from open_orders
    inner join scenario_series
        on
            open_orders.sku_id = scenario_series.sku_id
            and open_orders.location_id = scenario_series.location_id
    cross join as_of

),

receipts as (

    select
        scenario_id,
        sku_id,
        location_id,
        lead_day,
        min({{ text_order('purchase_order_id') }}) as open_order_id,
        sum(open_quantity) as receipts_quantity
    from arrivals
    group by scenario_id, sku_id, location_id, lead_day

)

select
    scenario_series.scenario_id,
    scenario_series.sku_id,
    scenario_series.location_id,
    forecasts.forecast_on,
    forecasts.lead_day,
    forecasts.base_forecast_quantity,
    forecasts.reconciliation_factor,
    case
        when not location_days.is_open then 0
        when scenario_series.sale_ends_on <= forecasts.forecast_on then 0
        else {{ cast_double('coalesce(demand_factors.demand_factor, 1)', 'rate') }}
    end as demand_factor,
    cast(coalesce(receipts.receipts_quantity, 0) as {{ type_quantity() }}) as receipts_quantity,
    receipts.open_order_id,
    order_days.order_day_on is not null as is_order_day,
    forecasts.error_scale,
    forecasts.calibration_group,
    forecasts.level_variation,
    forecasts.selling_days
from scenario_series
inner join forecasts
    on
        scenario_series.sku_id = forecasts.sku_id
        and scenario_series.location_id = forecasts.location_id
inner join location_days
    on
        forecasts.location_id = location_days.location_id
        and forecasts.forecast_on = location_days.calendar_on
left join order_days
    on
        scenario_series.order_calendar_id = order_days.order_calendar_id
        and forecasts.forecast_on = order_days.order_day_on
left join demand_factors
    on
        scenario_series.scenario_id = demand_factors.scenario_id
        and forecasts.sku_id = demand_factors.sku_id
        and forecasts.location_id = demand_factors.location_id
        and forecasts.lead_day = demand_factors.lead_day
left join receipts
    on
        scenario_series.scenario_id = receipts.scenario_id
        and forecasts.sku_id = receipts.sku_id
        and forecasts.location_id = receipts.location_id
        and forecasts.lead_day = receipts.lead_day
