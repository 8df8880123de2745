{# dbt.type_float() is 4 bytes on DuckDB and Spark and 8 on PostgreSQL; ours is 8 everywhere. #}
{% macro type_double() %}{{ return(adapter.dispatch('type_double', 'shelfcast')()) }}{% endmacro %}

{% macro default__type_double() %}double precision{% endmacro %}

{% macro spark__type_double() %}double{% endmacro %}


{#
    Units, prices, costs and days: exact, so that a sum does not depend on the order of its rows.

    The contract bounds a value at 1,000,000. So a sum stays below 1e14 up to 100 million rows that all
    stand at the bound.
#}
{% macro type_quantity() %}numeric(18, 4){% endmacro %}

{#
    Money. A line at the bounds is 1,000,000 units at a price of 1,000,000, or 1e12: a hundred of them
    pass type_quantity. With six more digits, those that a price adds, an amount holds as many rows at
    the bounds as a quantity does.
#}
{% macro type_amount() %}numeric(24, 4){% endmacro %}

{#
    The product of two exact numbers, with all their digits. DuckDB gives the product of two
    numeric(18,4) no more than 18 digits, 8 of them decimals, and stops at 10,000,000,000: the square of
    100,001. One factor that is wider makes it 38 digits; PostgreSQL bounds no product.
    first, second: SQL of numbers; the first has at most 4 decimals and is below 1e20.
#}
{% macro exact_product(first, second) -%}
    cast({{ first }} as {{ type_amount() }}) * {{ second }}
{%- endmacro %}

{# Rates and probabilities. #}
{% macro type_rate() %}numeric(9, 6){% endmacro %}

{# Measures of how demand behaves. #}
{% macro type_score() %}numeric(18, 6){% endmacro %}
