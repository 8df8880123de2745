{# Whether a row was made up where a data set lacks it: the name of its file then ends in _simulated. #}
{% macro is_simulated(file) -%}
    coalesce(lower({{ file }}) like '%!_simulated.%' escape '!', false)
{%- endmacro %}
