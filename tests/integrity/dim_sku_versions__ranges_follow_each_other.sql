-- Every day from 1970-01-01 on has one version of each SKU: the first counts from that day, each
-- ends where the next begins, and the last, and only the last, is current and has no end.
with

neighbours as (

    select
        sku_id,
        valid_from_on,
        valid_to_on,
        is_current,
        row_number() over history as version_number,
        lead(valid_from_on) over history as next_valid_from_on
    from {{ ref('dim_sku_versions') }}
    window history as (partition by sku_id order by valid_from_on)

)

select *
from neighbours
where
    (version_number = 1 and valid_from_on <> cast('1970-01-01' as date))
    or valid_to_on is distinct from next_valid_from_on
    or is_current <> (next_valid_from_on is null)
