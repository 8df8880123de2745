{# One landed row of suppliers, cast and judged. #}
{{ judge(
    'suppliers',
    key=['supplier_id'],
    rules=[
        ["translate(typed.order_weekdays, '1234567 ', '') <> ''", 'OUT_OF_RANGE:order_weekdays'],
    ]
) }}
