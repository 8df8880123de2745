{# One finished run of dbt × data test. #}
with

source as (

    select * from {{ source('audit', 'dbt_results') }}

),

renamed as (

    select
        run_id,
        run_at,
        suite,
        check_name,
        column_name,
        severity,
        outcome,
        failing_rows,
        observed_value,
        description
    from source

)

select * from renamed
