{#
    A part of a whole, to six decimals; null where the whole is 0. PostgreSQL divides whole numbers
    to whole numbers and numerics to many digits, DuckDB makes doubles of both: so we do, everywhere.
    part, whole: SQL of numbers.
#}
{% macro ratio(part, whole) -%}
    {{ cast_double('cast(' ~ part ~ ' as ' ~ type_double() ~ ') / nullif(' ~ whole ~ ', 0)', 'score') }}
{%- endmacro %}
