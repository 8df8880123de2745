{# One landed file, as the lander's manifest has it. #}
with

source as (

    select * from {{ source('landing', '_manifest') }}

),

renamed as (

    select
        file,
        entity,
        file_id,
        sha256,
        bytes,
        rows,
        parse_errors,
        columns_ignored,
        columns_missing,
        landed_at,
        landing_number,
        equal_lines,
        landing_folder
    from source

)

select * from renamed
