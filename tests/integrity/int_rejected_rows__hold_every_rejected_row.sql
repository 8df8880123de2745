-- Every quarantined row is found again in bronze, with what it said, and none twice.
with

rejected_rows as (

    select
        entity,
        count(*) as rejected_rows
    from {{ ref('int_rejected_rows') }}
    group by entity

),

landed_rows as (

    select
        entity,
        sum(rejected_rows) as rejected_rows
    from {{ ref('int_landed_rows') }}
    group by entity

)

select
    coalesce(rejected_rows.entity, landed_rows.entity) as entity,
    rejected_rows.rejected_rows as found_rows,
    landed_rows.rejected_rows as counted_rows
from rejected_rows
full outer join landed_rows on rejected_rows.entity = landed_rows.entity
where coalesce(rejected_rows.rejected_rows, 0) <> coalesce(landed_rows.rejected_rows, 0)
