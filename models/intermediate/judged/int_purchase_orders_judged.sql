{# One landed row of purchase_orders, cast and judged. #}
{{ judge(
    'purchase_orders',
    key=['purchase_order_id', 'sku_id', 'location_id'],
    happened_on='typed.ordered_on',
    rules=[
        ['typed.expected_on < typed.ordered_on', 'OUT_OF_RANGE:expected_on'],
        ['typed.received_on < typed.ordered_on', 'OUT_OF_RANGE:received_on'],
    ]
) }}
