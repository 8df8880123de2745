{#
    Whether a table of the source landing exists. In DuckDB it is files of the lake, which no catalog
    lists.
#}
{% macro has_landed(table) -%}
    {{ return(adapter.dispatch('has_landed', 'shelfcast')(table)) }}
{%- endmacro %}

{% macro default__has_landed(table) -%}
    {{ return(load_relation(source('landing', table)) is not none) }}
{%- endmacro %}

{% macro duckdb__has_landed(table) -%}
    {%- set lake = (env_var('SHELFCAST_HOME', '') or 'warehouse/sample') ~ '/lake' -%}
    {%- set files = run_query(
        "select count(*) from glob('" ~ dbt.escape_single_quotes(lake ~ '/' ~ table) ~ "/*.parquet')"
    ) -%}
    {{ return(files.columns[0].values()[0] > 0) }}
{%- endmacro %}
