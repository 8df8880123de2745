{{ config(materialized='view') }}
{#
    One run × check: what the gate found on arriving files, and dbt's data tests on its own tables. A
    view, so that a run that has just ended is in it.
#}
with

checks as (

    select * from {{ ref('int_quality_checks') }}

),

latest_results as (

    select
        checked_by,
        check_name,
        max(run_at) as run_at
    from checks
    group by checked_by, check_name

)

select
    cast(checks.checked_by as {{ dbt.type_string() }}) as checked_by,
    cast(checks.run_id as {{ dbt.type_string() }}) as run_id,
    checks.run_at,
    checks.run_at = latest_results.run_at as is_latest,
    cast(checks.suite as {{ dbt.type_string() }}) as suite,
    cast(checks.check_name as {{ dbt.type_string() }}) as check_name,
    cast(checks.column_name as {{ dbt.type_string() }}) as column_name,
    cast(checks.severity as {{ dbt.type_string() }}) as severity,
    cast(checks.outcome as {{ dbt.type_string() }}) as outcome,
    cast(checks.failing_rows as {{ dbt.type_bigint() }}) as failing_rows,
    cast(checks.observed_value as {{ dbt.type_string() }}) as observed_value,
    cast(checks.description as {{ dbt.type_string() }}) as description
from checks
inner join latest_results
    on
        checks.checked_by = latest_results.checked_by
        and checks.check_name = latest_results.check_name
