{# One landed row of skus: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('skus') }}

),

renamed as (

    select {{ staged_columns('skus') }}
    from source

)

select * from renamed
