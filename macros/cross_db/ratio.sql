{#
    A part of a whole, as a score to six decimals; null where the whole is 0. PostgreSQL divides whole numbers
    to whole numbers and numerics to many digits, DuckDB makes doubles of both: so we do, everywhere.
    part, whole: SQL of numbers; type: of the result, as cast_double has it, such as amount for money
    per day.
#}
{% macro ratio(part, whole, type='score') -%}
    {{ cast_double('cast(' ~ part ~ ' as ' ~ type_double() ~ ') / nullif(' ~ whole ~ ', 0)', type) }}
{%- endmacro %}
