{{ config(severity='warn') }}
-- Of no entity more than the share rejected_rate_limit of rows is rejected as faulty. A warning,
-- because the rows are quarantined and the rest is right; but a rule that rejects that many tells
-- of a record that is wrong, such as a launch date, rather than of bad rows. Versions of a file
-- that have been restated do not count.
with

landed_rows as (

    select * from {{ ref('int_landed_rows') }}

),

versions as (

    select
        *,
        max(_landing_number) over (partition by entity, _file) as last_landing_number
    from landed_rows

)

select
    entity,
    sum(faulty_rows) as faulty_rows,
    sum(judged_rows) as judged_rows
from versions
where _landing_number is not distinct from last_landing_number
group by entity
having sum(faulty_rows) > {{ var('rejected_rate_limit') }} * sum(judged_rows)
