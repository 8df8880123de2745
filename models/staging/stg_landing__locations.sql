{# One landed row of locations: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('locations') }}

),

renamed as (

    select {{ staged_columns('locations') }}
    from source

)

select * from renamed
