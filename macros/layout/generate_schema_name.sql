{#
    Schemas are exactly raw, bronze, silver, gold, seeds and audit on every target, behind one prefix.
    The commands write their names into SQL as they are, so the prefix holds no sign that would need
    quotes; shelfcast.warehouse.schema() has the same rule.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set prefix = env_var('SHELFCAST_SCHEMA_PREFIX', '') -%}
    {%- if not modules.re.fullmatch('([a-z_][a-z0-9_]{0,39})?', prefix) -%}
        {{ exceptions.raise_compiler_error(
            "SHELFCAST_SCHEMA_PREFIX is '" ~ prefix ~ "'; it can be at most 40 small letters a-z, digits"
            ~ " and _, and does not begin with a digit"
        ) }}
    {%- endif -%}
    {{ prefix ~ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
