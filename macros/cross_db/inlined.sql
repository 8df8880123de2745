{#
    The head of a CTE whose rows are not worth keeping. DuckDB keeps the rows of a CTE that is named
    twice, all its columns, which at 30 million rows costs more memory than computing again what is
    needed. PostgreSQL would then compute every column anew wherever an expression names it, a cast
    with its regular expression dozens of times a row: it keeps them, on disk where they are many.
    Spark has no word for it and always computes anew.
#}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined', 'shelfcast')()) }}
{%- endmacro %}

{% macro default__inlined() -%}
    as not materialized
{%- endmacro %}

{% macro postgres__inlined() -%}
    as
{%- endmacro %}

{% macro spark__inlined() -%}
    as
{%- endmacro %}
