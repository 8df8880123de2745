{#
    One landed row of sales, cast and judged. A line is a duplicate when its transaction and line
    number came before; without a line number, when a line equal in all columns did; a daily total,
    when one of sales, or one of returns, of the same day, SKU, location, customer, promotion and
    channel did.
#}
{{ judge(
    'sales',
    key=[
        'transaction_id',
        'line_number',
        'case when transaction_id is null or line_number is null then sold_at end',
        'case when transaction_id is null or line_number is null then sku_id end',
        'case when transaction_id is null or line_number is null then location_id end',
        'case when transaction_id is null or line_number is null then customer_id end',
        'case when transaction_id is null or line_number is null then promotion_id end',
        'case when transaction_id is null or line_number is null then channel end',
        'case when transaction_id is null then sign(quantity) end',
        'case when transaction_id is not null and line_number is null then quantity end',
        'case when transaction_id is not null and line_number is null then unit_price end',
        'case when transaction_id is not null and line_number is null then discount_rate end',
    ],
    happened_on='cast(typed.sold_at as date)',
    rules=[['typed.quantity = 0', 'OUT_OF_RANGE:quantity']]
) }}
