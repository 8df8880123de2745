{#
    A number that is equal for rows whose values are equal, nulls among them; rows that differ may
    share one too. No two engines name or compute it alike, so it serves within a query and is not
    kept.
    columns: list of SQL.
#}
{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash', 'shelfcast')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro postgres__row_hash(columns) -%}
    hash_record_extended(row({{ columns | join(', ') }}), 0)
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}
