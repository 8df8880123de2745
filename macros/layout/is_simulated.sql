{#
    Whether a row was made up where a data set lacks it: the name of its file then ends in _simulated,
    in whatever case. lower() would follow the locale of a PostgreSQL database; in Turkish the small I
    has no dot.
#}
{% macro is_simulated(file) -%}
    coalesce(
        translate({{ file }}, 'SIMULATED', 'simulated') like '%!_simulated.%' escape '!', false
    )
{%- endmacro %}
