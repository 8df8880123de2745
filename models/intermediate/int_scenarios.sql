{#
    One scenario that is planned. An example is planned where each of its effects finds something on
    sale, and left out elsewhere: it speaks of the sample, not of every retailer.
#}
with

scenarios as (

    select * from {{ ref('scenarios') }}

),

effects as (

    select * from {{ ref('int_scenario_effects') }}

),

least_matched as (

    select
        scenario_id,
        min(matched_series_count) as least_matched_count
    from effects
    group by scenario_id

)

select
    scenarios.scenario_id,
    scenarios.scenario_name,
    scenarios.description
from scenarios
left join least_matched on scenarios.scenario_id = least_matched.scenario_id
where
    not coalesce(scenarios.is_example, false)
    or coalesce(least_matched.least_matched_count, 1) > 0
