{#
    Landed text as a value of a contract type, null where it is not one.

    Engines disagree on what they accept: DuckDB rounds '12.5' to an integer and knows a year 0,
    PostgreSQL reads '01/02/2024' by its locale and 23:59:60 as the next minute. So the shape is
    checked first, by one regular expression per type, and only what has it is cast. DuckDB reads
    the decimal 5e-10 as 0.0001, and PostgreSQL no number of 20,000 decimals: an exponent is read as
    a double on both, and decimals are bounded. A time zone is dropped: times are the retailer's
    wall clock.

    text: a column of text; type: a type of the landing contract.
#}
{% macro cast_text(text, type) -%}
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
    {%- set limits = {'quantity': '1e14', 'rate': '999'} -%}
    {%- set as_double = try_cast_text(text, type_double()) -%}
    case
        when not {{ matches_pattern(text, text_shapes()[type]) }} then null
        {%- if type in limits %}
        when {{ text }} like '%e%' or {{ text }} like '%E%'
            then
                case
                    when abs({{ as_double }}) < {{ limits[type] }}
                        then {{ cast_double(as_double, type) }}
                end
        {%- endif %}
        else {{ try_cast_text(values.get(type, text), types[type]) }}
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
