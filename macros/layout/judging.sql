{#
    Silver casts landed text to the contract's types and judges every row. A judged model keeps all
    rows: those without reject codes are accepted, the others are quarantined with their codes. The
    text of a row stays in bronze, where _file, _row and _landed_at find it.
#}

{# Lineage, typed contract columns, and the text of each typed column as <name>_text. #}
{% macro typed_columns(entity) -%}
    _file,
    _row,
    _parse_error,
    _landed_at
    {%- for column in landing_contract(entity).columns -%}
    ,
    {% if column.type == 'string' -%}
    {{ column.name }}
    {%- else -%}
    {{ cast_text(column.name, column.type) }} as {{ column.name }},
    {{ column.name }} as {{ column.name }}_text
    {%- endif -%}
    {%- endfor %}
{%- endmacro %}


{# Codes of the contract that a row breaks, separated by blanks; null when it breaks none. #}
{% macro contract_violations(entity) -%}
    case
        when _parse_error is not null then _parse_error
        else nullif(concat_ws(
            ' '
            {%- for column in landing_contract(entity).columns %}
            {%- set text = column.name ~ ('' if column.type == 'string' else '_text') %}
            {%- if column.required %},
            case when {{ text }} is null then 'MISSING_VALUE:{{ column.name }}' end
            {%- endif %}
            {%- if column.type != 'string' %},
            case
                when {{ text }} is not null and {{ column.name }} is null
                    then 'BAD_TYPE:{{ column.name }}'
                {%- if column.minimum is not none %}
                when {{ column.name }} < {{ column.minimum }}
                    then 'OUT_OF_RANGE:{{ column.name }}'
                {%- endif %}
                {%- if column.maximum is not none %}
                when {{ column.name }} > {{ column.maximum }}
                    then 'OUT_OF_RANGE:{{ column.name }}'
                {%- endif %}
            end
            {%- endif %}
            {%- endfor %}
        ), '')
    end
{%- endmacro %}


{# The columns of a judged model: lineage, the contract's columns typed, and the reject codes. #}
{% macro judged_columns(entity) -%}
    _file,
    _row,
    _landed_at
    {%- for column in landing_contract(entity).columns -%}
    ,
    {{ column.name }}
    {%- endfor -%}
    ,
    reject_codes
{%- endmacro %}


{#
    A judged entity: every landed row, cast, with the codes of all the rules it breaks.

    entity: name in the landing contract.
    key: columns, or SQL, whose equal values make a duplicate.
    happened_on: for facts, SQL of the day it happened. Then the SKU and the location must be known,
        and the day may not lie before 1970, after the landing of its file, or after the variable
        as_of_date.
    rules: further rules as [SQL that is true for a bad row, code].

    Only rows that break no other rule are compared for duplicates, so that a corrected copy is
    admitted; the earliest landed is kept. A state entity may land its key again in a later file:
    there copies are compared within a file.
#}
{% macro judge(entity, key, happened_on=none, rules=[]) -%}
    {%- set all_rules = rules | list -%}
    {%- if happened_on -%}
        {%- set all_rules = all_rules + [
            ['typed.sku_id is not null and skus.known_sku_id is null', 'UNKNOWN_SKU'],
            ['typed.location_id is not null and locations.known_location_id is null', 'UNKNOWN_LOCATION'],
            [happened_on ~ " < cast('1970-01-01' as date)", 'PAST_DATE'],
        ] -%}
        {%- set is_future = happened_on ~ ' > cast(typed._landed_at as date)' -%}
        {%- if var('as_of_date') -%}
            {%- set is_future =
                is_future ~ ' or ' ~ happened_on ~ " > cast('" ~ var('as_of_date') ~ "' as date)"
            -%}
        {%- endif -%}
        {%- set all_rules = all_rules + [[is_future, 'FUTURE_DATE']] -%}
    {%- endif -%}
with

landed as (

    select * from {{ ref('stg_landing__' ~ entity) }}

),
{%- if happened_on %}

skus as (

    select sku_id as known_sku_id from {{ ref('int_skus') }}

),

locations as (

    select location_id as known_location_id from {{ ref('int_locations') }}

),
{%- endif %}

typed as (

    select {{ typed_columns(entity) }}
    from landed

),

checked as (

    select
        typed.*,
        nullif(concat_ws(
            ' ',
            {{ contract_violations(entity) }}
            {%- for condition, code in all_rules %},
            case when {{ condition }} then '{{ code }}' end
            {%- endfor %}
        ), '') as violations
    from typed
    {%- if happened_on %}
    left join skus on typed.sku_id = skus.known_sku_id
    left join locations on typed.location_id = locations.known_location_id
    {%- endif %}

),

numbered as (

    select
        *,
        row_number() over (
            partition by
                {% for column in key -%}
                {{ column }},
                {% endfor -%}
                {% if landing_contract(entity).kind == 'state' -%}
                _file,
                _landed_at,
                {% endif -%}
                case when violations is null then 1 else 0 end
            order by _landed_at nulls first, {{ text_order('_file') }}, _row
        ) as copy_number
    from checked

),

judged as (

    select
        *,
        case when violations is null and copy_number > 1 then 'DUPLICATE' else violations end
            as reject_codes
    from numbered

)

select {{ judged_columns(entity) }}
from judged
{%- endmacro %}


{#
    The accepted rows of a judged state entity, the latest landed of each key.
    judged: relation; key: columns.
#}
{% macro current_versions(judged, key) -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ key | join(', ') }}
                order by _landed_at desc nulls last, {{ text_order('_file') }} desc, _row desc
            ) as version_number
        from {{ judged }}
        where reject_codes is null
    ) as versions
    where version_number = 1
{%- endmacro %}
