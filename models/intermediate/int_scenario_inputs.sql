{#
    One scenario: a hash of all that its figures rest on, which are its effects, the landed files in
    the order of their landings, the policies, the variables, the as-of date, and the day and horizon
    of the fits. Of a file its name counts too: by that it replaces an earlier version. Of tables of
    your own it knows the as-of date alone.
#}
with

scenarios as (

    select * from {{ ref('int_scenarios') }}

),

effects as (

    select
        scenario_id,
        count(*) as effect_count,
        {{ dbt.listagg(
            dbt_utils.generate_surrogate_key([
                'effect', 'effect_value', 'category', 'sku_id', 'region', 'supplier_id',
                'first_day', 'last_day', 'starts_on', 'ends_on',
            ]),
            "'-'",
            'order by effect_number'
        ) }} as effect_keys
    from {{ ref('scenario_effects') }}
    group by scenario_id

),

landed as (

    select
        {{ dbt.listagg(
            dbt_utils.generate_surrogate_key(['entity', 'file', 'sha256', 'equal_lines']),
            "'-'",
            'order by ' ~ text_order('entity') ~ ', landing_number, ' ~ text_order('file')
            ~ ', ' ~ text_order('sha256')
        ) }} as file_hashes
    from {{ ref('stg_landing__files') }}

),

replenishment as (

    select
        {{ dbt.listagg(
            dbt_utils.generate_surrogate_key([
                'category', 'cycle_service_level', 'review_period_days', 'lead_time_days',
                'lead_time_sd_days', 'order_is_lost_days',
            ]),
            "'-'",
            'order by ' ~ text_order('category')
        ) }} as policy_keys
    from {{ ref('replenishment_policy') }}

),

risk as (

    select
        {{ dbt.listagg(
            dbt_utils.generate_surrogate_key(['risk_level', 'minimum_probability']),
            "'-'",
            'order by ' ~ text_order('risk_level')
        ) }} as threshold_keys
    from {{ ref('risk_policy') }}

),

horizon as (

    select
        as_of.as_of_date,
        planning_horizon.horizon_days,
        planning_horizon.fitted_on,
        {{ var('season_length') }} as season_length,
        {{ var('pilot_series') }} as pilot_series,
        {{ var('pool_series') }} as pool_series,
        {{ var('closed_day_minimum_lines') }} as closed_day_minimum_lines,
        {{ var('silent_location_days') }} as silent_location_days
    from {{ ref('int_as_of') }} as as_of
    cross join {{ ref('int_planning_horizon') }} as planning_horizon

)

select
    scenarios.scenario_id,
    coalesce(effects.effect_count, 0) as effect_count,
    {{ dbt_utils.generate_surrogate_key([
        'scenarios.scenario_id', 'effects.effect_keys', 'landed.file_hashes',
        'replenishment.policy_keys', 'risk.threshold_keys', 'horizon.as_of_date',
        'horizon.horizon_days', 'horizon.fitted_on', 'horizon.season_length',
        'horizon.pilot_series', 'horizon.pool_series', 'horizon.closed_day_minimum_lines',
        'horizon.silent_location_days',
    ]) }} as inputs_hash
from scenarios
cross join landed
cross join replenishment
cross join risk
cross join horizon
left join effects on scenarios.scenario_id = effects.scenario_id
