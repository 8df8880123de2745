{# One landed row of holidays: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('holidays') }}

),

renamed as (

    select {{ staged_columns('holidays') }}
    from source

)

select * from renamed
