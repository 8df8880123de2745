{# One landed row of customers, cast and judged. #}
{{ judge('customers', key=['customer_id']) }}
