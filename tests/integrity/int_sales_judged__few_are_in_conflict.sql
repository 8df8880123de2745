-- At most the share conflict_rate, a limit of the gate, of a file's or a location's sales has the
-- key of a row that counts, and other values. The gate stops a build for that before bronze. It
-- does not see tables of source_tables, nor versions of a file that a later one has replaced.
with

judged as (

    select
        _file,
        _landing_number,
        location_id,
        case when reject_codes = 'CONFLICT' then 1 else 0 end as is_conflict
    from {{ ref('int_sales_judged') }}

),

counted as (

    select
        'file' as kind,
        _file as name,
        count(*) as landed_rows,
        sum(is_conflict) as conflicting_rows
    from judged
    group by _file, _landing_number

    union all

    select
        'location' as kind,
        location_id as name,
        count(*) as landed_rows,
        sum(is_conflict) as conflicting_rows
    from judged
    group by location_id

)

select *
from counted
where
    landed_rows >= 20
    and conflicting_rows > {{ var('gate').get('conflict_rate', 0.1) }} * landed_rows
