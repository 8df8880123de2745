{# One landed row of inventory: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('inventory') }}

),

renamed as (

    select {{ staged_columns('inventory') }}
    from source

)

select * from renamed
