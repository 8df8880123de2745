{# One landed row of promotions: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('promotions') }}

),

renamed as (

    select {{ staged_columns('promotions') }}
    from source

)

select * from renamed
