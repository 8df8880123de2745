{# dbt.type_float() is 4 bytes on DuckDB and Spark and 8 on PostgreSQL; ours is 8 everywhere. #}
{% macro type_double() %}{{ return(adapter.dispatch('type_double', 'shelfcast')()) }}{% endmacro %}

{% macro default__type_double() %}double precision{% endmacro %}

{% macro spark__type_double() %}double{% endmacro %}


{# Units and money: exact, so that a sum does not depend on the order of its rows. #}
{% macro type_quantity() %}numeric(18, 4){% endmacro %}

{# Rates and probabilities. #}
{% macro type_rate() %}numeric(9, 6){% endmacro %}

{# Measures of how demand behaves. #}
{% macro type_score() %}numeric(18, 6){% endmacro %}
