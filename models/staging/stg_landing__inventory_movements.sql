{# One landed row of inventory_movements: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('inventory_movements') }}

),

renamed as (

    select {{ staged_columns('inventory_movements') }}
    from source

)

select * from renamed
