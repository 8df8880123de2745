{# One landed row of suppliers, cast and judged. #}
{{ judge('suppliers', key=['supplier_id']) }}
