{# One landed row of sales: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('sales') }}

),

renamed as (

    select {{ staged_columns('sales') }}
    from source

)

select * from renamed
