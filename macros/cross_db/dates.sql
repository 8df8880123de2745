{#
    The days from one date to another, inclusive, as a set-returning expression of a select list.
    dbt.date_spine needs its bounds as literals, and its week step is wrong on Spark.
#}
{% macro date_series(first_on, last_on) -%}
    {{ return(adapter.dispatch('date_series', 'shelfcast')(first_on, last_on)) }}
{%- endmacro %}

{% macro default__date_series(first_on, last_on) -%}
    cast(unnest(generate_series({{ first_on }}, {{ last_on }}, interval 1 day)) as date)
{%- endmacro %}

{% macro postgres__date_series(first_on, last_on) -%}
    cast(generate_series({{ first_on }}, {{ last_on }}, interval '1 day') as date)
{%- endmacro %}

{% macro spark__date_series(first_on, last_on) -%}
    explode(sequence({{ first_on }}, {{ last_on }}, interval 1 day))
{%- endmacro %}


{# A date some days later. date + integer is a date on DuckDB and PostgreSQL, date_add on Spark. #}
{% macro add_days(day, days) -%}
    {{ return(adapter.dispatch('add_days', 'shelfcast')(day, days)) }}
{%- endmacro %}

{% macro default__add_days(day, days) -%}
    ({{ day }} + cast({{ days }} as integer))
{%- endmacro %}

{% macro spark__add_days(day, days) -%}
    date_add({{ day }}, cast({{ days }} as integer))
{%- endmacro %}


{# Whole days from one date to another. date - date is a number on DuckDB and PostgreSQL, not on Spark. #}
{% macro days_between(first_on, last_on) -%}
    {{ return(adapter.dispatch('days_between', 'shelfcast')(first_on, last_on)) }}
{%- endmacro %}

{% macro default__days_between(first_on, last_on) -%}
    ({{ last_on }} - {{ first_on }})
{%- endmacro %}

{% macro spark__days_between(first_on, last_on) -%}
    datediff({{ last_on }}, {{ first_on }})
{%- endmacro %}


{# ISO weekday, Monday = 1 to Sunday = 7; Spark has no isodow. #}
{% macro iso_weekday(day) -%}
    {{ return(adapter.dispatch('iso_weekday', 'shelfcast')(day)) }}
{%- endmacro %}

{% macro default__iso_weekday(day) -%}
    cast(extract(isodow from {{ day }}) as integer)
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    (weekday({{ day }}) + 1)
{%- endmacro %}


{# Number of the week of a day, from Monday to Sunday; 0 is the week of Monday, 5 January 1970. #}
{% macro week_number(day) -%}
    cast(floor({{ days_between("cast('1970-01-05' as date)", day) }} / 7.0) as integer)
{%- endmacro %}
