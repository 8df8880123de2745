{# Schemas are exactly raw, bronze, silver, gold, seeds and audit on every target, behind one prefix. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('SHELFCAST_SCHEMA_PREFIX', '') ~ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
