-- Every code of a quarantined row is one that reject_codes explains.
with

rejected_rows as (

    select distinct reject_codes from {{ ref('int_rejected_rows') }}

),

explained as (

    select
        rejected_rows.reject_codes,
        count(*) as known_codes
    from rejected_rows
    inner join {{ ref('reject_codes') }} as codes
        on
            {{ dbt.concat(["' '", 'rejected_rows.reject_codes', "' '"]) }}
            like {{ dbt.concat(["'% '", 'codes.reject_code', "' %'"]) }}
            or {{ dbt.concat(["' '", 'rejected_rows.reject_codes', "' '"]) }}
            like {{ dbt.concat(["'% '", 'codes.reject_code', "':%'"]) }}
    group by rejected_rows.reject_codes

)

select rejected_rows.reject_codes
from rejected_rows
left join explained on rejected_rows.reject_codes = explained.reject_codes
where coalesce(explained.known_codes, 0) = 0
