{# One landed row of suppliers: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('suppliers') }}

),

renamed as (

    select {{ staged_columns('suppliers') }}
    from source

)

select * from renamed
