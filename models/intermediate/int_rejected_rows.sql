{{ config(materialized='view') }}
{#
    One quarantined row of any entity: where it stood, why it was rejected, and what it said. A row is
    open while there is something to do about it: it is no mere copy, and no later version of its file
    has landed.
#}
with

files as (

    select
        entity,
        file,
        max(landing_number) as last_landing_number
    from {{ ref('stg_landing__files') }}
    group by entity, file

),

rejected as (

    {% for entity in landing_entities() %}
    select
        '{{ entity }}' as entity,
        judged._file,
        judged._row,
        judged._landed_at,
        judged._landing_number,
        judged.reject_codes,
        landed._raw
    from {{ ref('int_' ~ entity ~ '_judged') }} as judged
    inner join {{ ref('stg_landing__' ~ entity) }} as landed
        on
            judged._file = landed._file
            and judged._row = landed._row
            and judged._landed_at is not distinct from landed._landed_at
    where judged.reject_codes is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    rejected.entity,
    rejected._file,
    rejected._row,
    rejected._landed_at,
    rejected.reject_codes,
    rejected.reject_codes not in ('DUPLICATE', 'SUPERSEDED')
    and coalesce(rejected._landing_number >= files.last_landing_number, true) as is_open,
    rejected._raw
from rejected
left join files on rejected.entity = files.entity and rejected._file = files.file
