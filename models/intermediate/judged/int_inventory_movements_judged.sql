{# One landed row of inventory_movements, cast and judged. #}
{{ judge(
    'inventory_movements',
    key=['moved_at', 'sku_id', 'location_id', 'movement_type', 'quantity'],
    happened_on='cast(typed.moved_at as date)',
    rules=[
        [
            "typed.movement_type not in ('receipt', 'adjustment', 'transfer', 'write_off')",
            'OUT_OF_RANGE:movement_type',
        ],
    ]
) }}
