{{ config(materialized='view') }}
{# One quarantined row of any entity: where it stood, why it was rejected, and what it said. #}
{% for entity in landing_entities() %}
select
    '{{ entity }}' as entity,
    _file,
    _row,
    _landed_at,
    reject_codes,
    _raw
from {{ ref('int_' ~ entity ~ '_judged') }}
where reject_codes is not null
{{ 'union all' if not loop.last }}
{% endfor %}
