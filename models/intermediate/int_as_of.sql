{# One row: the day up to whose close history counts. The only home of today. #}
{% if var('as_of_date') -%}
select cast('{{ var("as_of_date") }}' as date) as as_of_date
{%- else -%}
select max(sold_on) as as_of_date
from {{ ref('int_sales') }}
{%- endif %}
