{# One scenario: its definition, and a hash of all that its figures rest on. #}
with

scenarios as (

    select * from {{ ref('int_scenarios') }}

),

inputs as (

    select * from {{ ref('int_scenario_inputs') }}

)

select
    cast(scenarios.scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(scenarios.scenario_name as {{ dbt.type_string() }}) as scenario_name,
    cast(scenarios.description as {{ dbt.type_string() }}) as description,
    cast(inputs.effect_count as {{ dbt.type_bigint() }}) as effect_count,
    cast(inputs.inputs_hash as {{ dbt.type_string() }}) as inputs_hash
from scenarios
inner join inputs on scenarios.scenario_id = inputs.scenario_id
