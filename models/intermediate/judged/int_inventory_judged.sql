{# One landed row of inventory, cast and judged. #}
{{ judge(
    'inventory',
    key=['snapshot_date', 'sku_id', 'location_id'],
    happened_on='typed.snapshot_date',
    rules=[['typed.stock_on_hand < 0', 'NEGATIVE_STOCK']]
) }}
