-- Rows landed, by the lander's own count, are the rows accepted and the rows rejected, per file.
with

files as (

    select
        entity,
        file,
        landed_at,
        rows as landed_rows
    from {{ ref('stg_landing__files') }}
    {% if var('source_tables') -%}
    where entity not in ('{{ var("source_tables") | join("', '") }}')
    {%- endif %}

),

judged as (

    select * from {{ ref('int_landed_rows') }}
    where _landed_at is not null

)

select
    coalesce(files.entity, judged.entity) as entity,
    coalesce(files.file, judged._file) as file,
    files.landed_rows,
    judged.accepted_rows,
    judged.rejected_rows
from files
full outer join judged
    on
        files.entity = judged.entity
        and files.file = judged._file
        and files.landed_at = judged._landed_at
where
    coalesce(files.landed_rows, 0)
    <> coalesce(judged.accepted_rows, 0) + coalesce(judged.rejected_rows, 0)
