{#
    A double as a number of a fixed type, halves rounded up.

    A plain cast rounds differently: of 0.00015, which as a double is a little less, DuckDB makes
    0.0001 and PostgreSQL, which looks at 15 digits, 0.0002; of NaN DuckDB makes an error and
    PostgreSQL a number. So the last place is counted out as a whole number, which both do alike,
    and a billionth of it takes a half that is a little less for the half that is meant. NaN, and
    what is too large, are errors on both.

    The last place of a large amount would pass the largest bigint, so of an amount the whole and the
    decimals are counted one by one.

    value: SQL of a double; type: quantity, amount, rate or score.
#}
{% macro cast_double(value, type) -%}
    {%- if type == 'amount' -%}
    cast(
        cast(floor({{ value }}) as {{ dbt.type_bigint() }})
        + {{ cast_double('(' ~ value ~ ' - floor(' ~ value ~ '))', 'quantity') }} as {{ type_amount() }}
    )
    {%- else -%}
    {%- set types = {
        'quantity': (10000, '0.0001', type_quantity()),
        'rate': (1000000, '0.000001', type_rate()),
        'score': (1000000, '0.000001', type_score()),
    } -%}
    {%- set places, unit, fixed_type = types[type] -%}
    cast(
        cast(floor({{ value }} * {{ places }} + 0.500000001) as {{ dbt.type_bigint() }})
        * {{ unit }} as {{ fixed_type }}
    )
    {%- endif -%}
{%- endmacro %}
