{# One run of the gate × check. #}
with

source as (

    select * from {{ source('audit', 'gate_results') }}

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
