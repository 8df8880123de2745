{{ config(materialized='view') }}
{# One quarantined row of any entity: where it stood, why it was rejected, and what it said. #}
{% for entity in landing_entities() %}
select
    '{{ entity }}' as entity,
    judged._file,
    judged._row,
    judged._landed_at,
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
