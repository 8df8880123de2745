{#
    What a sales line brought in: the price paid times the quantity, or the SKU's list price less the
    discount where the line has no price; null where neither price is known.
    line, skus: aliases of the two relations.
#}
{% macro line_revenue(line, skus) -%}
    {% set list_price = exact_product(
        skus ~ '.unit_price', '(1 - coalesce(' ~ line ~ '.discount_rate, 0))'
    ) -%}
    {{ exact_product(
        line ~ '.quantity', 'coalesce(' ~ line ~ '.unit_price, ' ~ list_price ~ ')'
    ) }}
{%- endmacro %}
