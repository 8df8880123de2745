{#
    Let the role that BI logs in with enter the schema of gold; what it may read there are the grants of
    the tables. SHELFCAST_READER names it. DuckDB and Spark know no roles.
#}
{% macro grant_entry() -%}
    {%- set gold = generate_schema_name('gold', none) -%}
    {#- a first run of a part of the project may have made no gold -#}
    {%- if
        execute
        and env_var('SHELFCAST_READER', '')
        and adapter.check_schema_exists(target.database, gold)
    -%}
        {{ return(adapter.dispatch('grant_entry', 'shelfcast')(env_var('SHELFCAST_READER'))) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__grant_entry(role) -%}
{%- endmacro %}

{% macro postgres__grant_entry(role) -%}
    grant usage on schema {{ generate_schema_name('gold', none) }}
    to {{ adapter.quote(role | replace('"', '""')) }}
{%- endmacro %}
