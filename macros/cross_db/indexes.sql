{#
    Indexes are for PostgreSQL, which finds a dashboard's rows by them. DuckDB finds rows by the
    statistics of its row groups, and its indexes make rebuilds on several threads fail.
#}
{% macro duckdb__create_indexes(relation) -%}
{%- endmacro %}
