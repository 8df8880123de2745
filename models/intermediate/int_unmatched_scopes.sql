{#
    One name or window in a seed of the planners that matches nothing: the row that holds it changes
    no figure. The summary lists them. Examples are left out, because they speak of other data.
#}
{%- set scopes = ['category', 'sku_id', 'supplier_id', 'region'] -%}
with

scenarios as (

    select * from {{ ref('int_scenarios') }}

),

effects as (

    select effects.*
    from {{ ref('int_scenario_effects') }} as effects
    inner join scenarios on effects.scenario_id = scenarios.scenario_id

),

policies as (

    select * from {{ ref('replenishment_policy') }}
    where category <> '*' and not coalesce(is_example, false)

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

windows as (

    select
        effects.*,
        planning_horizon.horizon_days,
        {{ days_between('as_of.as_of_date', 'effects.starts_on') }} as starts_after_days,
        {{ days_between('as_of.as_of_date', 'effects.ends_on') }} as ends_after_days
    from effects
    cross join {{ ref('int_as_of') }} as as_of
    cross join {{ ref('int_planning_horizon') }} as planning_horizon
    where effects.effect = 'demand_factor'

),

unknown_names as (

    {% for scope in scopes %}
    {%- set known = 'locations' if scope == 'region' else 'skus' %}
    select distinct
        effects.scenario_id,
        effects.effect_number,
        '{{ scope }}' as scope_name,
        effects.{{ scope }} as scope_value
    from effects
    left join {{ known }} on effects.{{ scope }} = {{ known }}.{{ scope }}
    where effects.{{ scope }} is not null and {{ known }}.{{ scope }} is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- each name is known, and nothing on sale has all of them
unmet_effects as (

    select
        effects.scenario_id,
        effects.effect_number,
        {{ dbt.concat([
            "coalesce(" ~ dbt.concat(["'category '", "effects.category", "', '"]) ~ ", '')",
            "coalesce(" ~ dbt.concat(["'sku_id '", "effects.sku_id", "', '"]) ~ ", '')",
            "coalesce(" ~ dbt.concat(["'supplier_id '", "effects.supplier_id", "', '"]) ~ ", '')",
            "coalesce(" ~ dbt.concat(["'region '", "effects.region", "', '"]) ~ ", '')",
        ]) }} as names
    from effects
    left join unknown_names
        on
            effects.scenario_id = unknown_names.scenario_id
            and effects.effect_number = unknown_names.effect_number
    where effects.matched_series_count = 0 and unknown_names.scenario_id is null

),

unmatched as (

    select
        'scenario_effects' as seed_name,
        scenario_id as seed_row,
        scope_name,
        scope_value
    from unknown_names

    union

    select
        'scenario_effects' as seed_name,
        scenario_id as seed_row,
        'combination' as scope_name,
        substring(names, 1, length(names) - 2) as scope_value
    from unmet_effects
    where names <> ''

    union

    select
        'scenario_effects' as seed_name,
        scenario_id as seed_row,
        'days' as scope_name,
        {{ dbt.concat([
            "'effect '", dbt.cast('effect_number', dbt.type_string()),
        ]) }} as scope_value
    from windows
    where
        greatest(coalesce(first_day, 1), coalesce(starts_after_days, 1))
        > least(
            coalesce(last_day, horizon_days),
            coalesce(ends_after_days, horizon_days),
            horizon_days
        )

    union

    select
        'replenishment_policy' as seed_name,
        policies.category as seed_row,
        'category' as scope_name,
        policies.category as scope_value
    from policies
    left join skus on policies.category = skus.category
    where skus.category is null

)

select
    cast(seed_name as {{ dbt.type_string() }}) as seed_name,
    cast(seed_row as {{ dbt.type_string() }}) as seed_row,
    cast(scope_name as {{ dbt.type_string() }}) as scope_name,
    cast(scope_value as {{ dbt.type_string() }}) as scope_value
from unmatched
