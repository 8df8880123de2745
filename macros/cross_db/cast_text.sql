{#
    Landed text as a value of a contract type, null where it is not one.

    Engines disagree on what they accept: DuckDB rounds '12.5' to an integer and knows a year 0,
    PostgreSQL reads '01/02/2024' by its locale and 23:59:60 as the next minute. So the shape is checked first, by one regular expression per type,
    and only what has it is cast. A time zone is dropped: times are the retailer's wall clock.

    text: a column of text; type: a type of the landing contract.
#}
{% macro cast_text(text, type) -%}
    {%- set shapes = {
        'integer': '^[+-]?[0-9]+([.]0*)?$',
        'quantity': '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$',
        'rate': '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$',
        'date': '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+)?$',
        'timestamp':
            '^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}'
            ~ '([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?'
            ~ '(Z|[+-][0-9]{2}:?[0-9]{2})?)?$',
    } -%}
    {%- set types = {
        'integer': dbt.type_bigint(),
        'quantity': type_quantity(),
        'rate': type_rate(),
        'date': 'date',
        'timestamp': dbt.type_timestamp(),
    } -%}
    {%- set width = "case when substring(" ~ text ~ ", 17, 1) = ':' then 19 else 16 end" -%}
    {%- set values = {
        'integer': 'split_part(' ~ text ~ ", '.', 1)",
        'date': 'substring(' ~ text ~ ', 1, 10)',
        'timestamp': 'substring(' ~ text ~ ', 1, ' ~ width ~ ')',
    } -%}
    case
        when {{ matches_pattern(text, shapes[type]) }}
            then {{ try_cast_text(values.get(type, text), types[type]) }}
    end
{%- endmacro %}


{# Whether text matches a regular expression; PostgreSQL has an operator, the others functions. #}
{% macro matches_pattern(text, pattern) -%}
    {{ return(adapter.dispatch('matches_pattern', 'shelfcast')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches_pattern(text, pattern) -%}
    regexp_matches({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__matches_pattern(text, pattern) -%}
    {{ text }} ~ '{{ pattern }}'
{%- endmacro %}

{% macro spark__matches_pattern(text, pattern) -%}
    {{ text }} rlike '{{ pattern }}'
{%- endmacro %}


{# A cast that gives null instead of an error; PostgreSQL 16 or later asks first. #}
{% macro try_cast_text(text, type) -%}
    {{ return(adapter.dispatch('try_cast_text', 'shelfcast')(text, type)) }}
{%- endmacro %}

{% macro default__try_cast_text(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{% macro postgres__try_cast_text(text, type) -%}
    case when pg_input_is_valid({{ text }}, '{{ type }}') then cast({{ text }} as {{ type }}) end
{%- endmacro %}
