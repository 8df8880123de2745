{#
    Whether a scenario's effect applies to a SKU at a location: each scope that its row names must
    match, an empty one matches all.
    effects, skus, locations: aliases of the three relations.
#}
{% macro in_scope(effects, skus, locations) -%}
    ({{ effects }}.category is null or {{ effects }}.category = {{ skus }}.category)
    and ({{ effects }}.sku_id is null or {{ effects }}.sku_id = {{ skus }}.sku_id)
    and ({{ effects }}.supplier_id is null or {{ effects }}.supplier_id = {{ skus }}.supplier_id)
    and ({{ effects }}.region is null or {{ effects }}.region = {{ locations }}.region)
{%- endmacro %}
