{#
    One landed row of inventory_movements, cast and judged. Equal movements of one file are as many
    movements; those of another file are their copies. A later version of a file restates the
    movements of a SKU at a location on a day. A quantity above the contract's bound has its code
    already.
#}
{{ judge(
    'inventory_movements',
    key=['moved_at', 'sku_id', 'location_id', 'movement_type', 'quantity'],
    happened_on='cast(typed.moved_at as date)',
    rules=[
        [
            "typed.movement_type not in ('receipt', 'adjustment', 'transfer', 'write_off')",
            'OUT_OF_RANGE:movement_type',
        ],
        [
            "typed.movement_type = 'write_off' and typed.quantity > 0 and typed.quantity <= 1000000",
            'OUT_OF_RANGE:quantity',
        ],
    ],
    restated_by=dbt.concat([
        'cast(cast(typed.moved_at as date) as ' ~ dbt.type_string() ~ ')',
        "'|'", 'typed.sku_id', "'|'", 'typed.location_id',
    ]),
    is_counted='1 = 1'
) }}
