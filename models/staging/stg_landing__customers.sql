{# One landed row of customers: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('customers') }}

),

renamed as (

    select {{ staged_columns('customers') }}
    from source

)

select * from renamed
