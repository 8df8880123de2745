{# One landed row of purchase_orders: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('purchase_orders') }}

),

renamed as (

    select {{ staged_columns('purchase_orders') }}
    from source

)

select * from renamed
