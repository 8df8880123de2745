{#
    Keep other builds of the same warehouse out while this one runs. DuckDB locks its file by itself; on
    PostgreSQL the adapter holds an advisory lock on a connection of its own, which ends with the
    process. Spark has no lock to offer.
#}
{% macro lock_build() -%}
    {%- if execute -%}
        {%- do adapter.dispatch('lock_build', 'shelfcast')() -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__lock_build() -%}
{%- endmacro %}

{% macro shelfcast_postgres__lock_build() -%}
    {%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') -%}
    {%- do adapter.lock_build(models | map(attribute='schema') | unique | list) -%}
{%- endmacro %}


{# Let other builds begin. #}
{% macro unlock_build() -%}
    {%- if execute -%}
        {%- do adapter.dispatch('unlock_build', 'shelfcast')() -%}
    {%- endif -%}
{%- endmacro %}

{% macro default__unlock_build() -%}
{%- endmacro %}

{% macro shelfcast_postgres__unlock_build() -%}
    {%- do adapter.unlock_build() -%}
{%- endmacro %}
