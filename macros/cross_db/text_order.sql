{# Text to order by, the same on every engine: by code point, not by the locale of the database. #}
{% macro text_order(text) -%}
    {{ return(adapter.dispatch('text_order', 'shelfcast')(text)) }}
{%- endmacro %}

{% macro default__text_order(text) -%}
    {{ text }}
{%- endmacro %}

{% macro postgres__text_order(text) -%}
    {{ text }} collate "C"
{%- endmacro %}
