{#
    The grain of a model: fails for every key that occurs in more than one row or has a null in it.
    One query where unique, not_null and their like would take one per column.

    columns: the columns that make the key.
#}
{% test unique_key(model, columns) %}
select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}
