{# One landed row of promotions, cast and judged. #}
{{ judge(
    'promotions',
    key=['promotion_id', 'category', 'sku_id', 'region'],
    rules=[['typed.ends_on < typed.starts_on', 'OUT_OF_RANGE:ends_on']]
) }}
