{#
    Landed text as a value of a contract type, null where it is not one.

    Engines disagree on what they accept: DuckDB rounds '12.5' to an integer, PostgreSQL reads
    '01/02/2024' by its locale. So the shape is checked first, by one regular expression per type,
    and only what has it is cast. A time zone is dropped: times are the retailer's wall clock.

    text: a column of text; type: a type of the landing contract.
#}
{% macro cast_text(text, type) -%}
    {%- set shapes = {
        'integer': '^[+-]?[0-9]+$',
        'quantity': '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$',
        'rate': '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$',
        'date': '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+)?$',
        'timestamp':
            '^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?$',
    } -%}
    {%- set types = {
        'integer': dbt.type_bigint(),
        'quantity': type_quantity(),
        'rate': type_rate(),
        'date': 'date',
        'timestamp': dbt.type_timestamp(),
    } -%}
    {%- set widths = {'date': 10, 'timestamp': 19} -%}
    {%- set value = 'substring(' ~ text ~ ', 1, ' ~ widths[type] ~ ')' if type in widths else text -%}
    case
        when {{ matches_pattern(text, shapes[type]) }}
            then {{ try_cast_text(value, types[type]) }}
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
