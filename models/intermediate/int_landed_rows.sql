{# One landed file, with its rows accepted and rejected; together they are the rows landed. #}
with

judged as (

    {% for entity in landing_entities() %}
    select
        '{{ entity }}' as entity,
        _file,
        _landed_at,
        _landing_number,
        count(*) as judged_rows,
        sum(case when reject_codes is null then 1 else 0 end) as accepted_rows,
        sum(case when reject_codes is null then 0 else 1 end) as rejected_rows,
        sum(case when reject_codes not in ('DUPLICATE', 'SUPERSEDED') then 1 else 0 end)
            as faulty_rows
    from {{ ref('int_' ~ entity ~ '_judged') }}
    group by _file, _landed_at, _landing_number
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    entity,
    _file,
    _landed_at,
    _landing_number,
    cast(judged_rows as {{ dbt.type_bigint() }}) as judged_rows,
    cast(accepted_rows as {{ dbt.type_bigint() }}) as accepted_rows,
    cast(rejected_rows as {{ dbt.type_bigint() }}) as rejected_rows,
    cast(faulty_rows as {{ dbt.type_bigint() }}) as faulty_rows
from judged
