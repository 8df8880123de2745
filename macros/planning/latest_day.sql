{#
    The day by the clock that is furthest ahead, UTC + 14 hours: times of records are local, those of
    landing are UTC.
    instant: SQL of a UTC timestamp.
#}
{% macro latest_day(instant) -%}
    cast({{ dbt.dateadd('hour', 14, instant) }} as date)
{%- endmacro %}
