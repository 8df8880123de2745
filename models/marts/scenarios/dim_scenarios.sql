{# One scenario: its definition, and a hash of all that defines it. #}
with

scenarios as (

    select * from {{ ref('scenarios') }}

),

effects as (

    select * from {{ ref('scenario_effects') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

effect_texts as (

    select
        scenario_id,
        effect_number,
        {{ dbt_utils.generate_surrogate_key([
            'effect', 'effect_value', 'category', 'sku_id', 'region', 'supplier_id',
            'first_day', 'last_day', 'starts_on', 'ends_on',
        ]) }} as effect_key
    from effects

),

definitions as (

    select
        scenario_id,
        count(*) as effect_count,
        {{ dbt.listagg('effect_key', "'-'", 'order by effect_number') }} as effect_keys
    from effect_texts
    group by scenario_id

)

select
    cast(scenarios.scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(scenarios.scenario_name as {{ dbt.type_string() }}) as scenario_name,
    cast(scenarios.description as {{ dbt.type_string() }}) as description,
    cast(coalesce(definitions.effect_count, 0) as {{ dbt.type_bigint() }}) as effect_count,
    cast(
        {{ dbt_utils.generate_surrogate_key([
            'scenarios.scenario_id', 'definitions.effect_keys', 'as_of.as_of_date',
        ]) }} as {{ dbt.type_string() }}
    ) as inputs_hash
from scenarios
cross join as_of
left join definitions on scenarios.scenario_id = definitions.scenario_id
