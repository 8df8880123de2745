{#
    Text to order by, or to take the least of, the same on every engine: by code point. PostgreSQL
    goes by the locale of the database, where a < B < ä; DuckDB and Spark compare bytes.
#}
{% macro text_order(text) -%}
    {{ return(adapter.dispatch('text_order', 'shelfcast')(text)) }}
{%- endmacro %}

{% macro default__text_order(text) -%}
    {{ text }}
{%- endmacro %}

{% macro postgres__text_order(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
