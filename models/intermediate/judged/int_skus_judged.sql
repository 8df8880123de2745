{# One landed row of skus, cast and judged. #}
{{ judge('skus', key=['sku_id']) }}
