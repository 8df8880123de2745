{# One row: the day up to whose close history counts. The only home of today. #}
select
    {% if var('as_of_date') -%}
    cast('{{ var("as_of_date") }}' as date)
    {%- else -%}
    max(sold_on)
    {%- endif %} as as_of_date
from {{ ref('int_sales') }}
