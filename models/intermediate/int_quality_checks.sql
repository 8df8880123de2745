{{ config(materialized='view') }}
{# One run × check, of the gate and of dbt's data tests. #}
select
    'gate' as checked_by,
    *
from {{ ref('stg_audit__gate_results') }}
union all
select
    'dbt' as checked_by,
    *
from {{ ref('stg_audit__dbt_results') }}
