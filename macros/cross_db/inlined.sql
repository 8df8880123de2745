{#
    The head of a CTE that is computed anew wherever it is named, only the columns that are needed
    there. DuckDB and PostgreSQL keep the rows of a CTE that is named twice, all its columns, which
    at 30 million rows costs more memory than reading them again; Spark has no word for it and
    always computes anew.
#}
{% macro inlined() -%}
    {{ return(adapter.dispatch('inlined', 'shelfcast')()) }}
{%- endmacro %}

{% macro default__inlined() -%}
    as not materialized
{%- endmacro %}

{% macro spark__inlined() -%}
    as
{%- endmacro %}
