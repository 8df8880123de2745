{# One landed row of external_signals: text with its lineage, nothing judged. #}
with

source as (

    select * from {{ landed('external_signals') }}

),

renamed as (

    select {{ staged_columns('external_signals') }}
    from source

)

select * from renamed
