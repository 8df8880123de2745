{# Whether a file is a corrected export of rejected rows, by its name. #}
{% macro is_correction(file) -%}
    coalesce({{ file }} like '%!_rejects.csv' escape '!', false)
{%- endmacro %}
