{#
    One landed row of sales, cast and judged. A line is a copy when its transaction and line number
    came before; without a line number, when a line equal in all columns did. Without a transaction
    it is a total: of the totals of sales, or of returns, of one time, SKU, location, customer,
    promotion and channel the latest landed counts. A later version of a file states anew its
    transactions, and its totals of a SKU at a location on a day. A total may be zero: nothing was
    sold. A return needs a sale of the SKU,
    wherever it was, on its day or before.
#}
{% call judge(
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
        'case when transaction_id is null then case when quantity < 0 then -1 else 1 end end',
        'case when transaction_id is not null and line_number is null then quantity end',
        'case when transaction_id is not null and line_number is null then unit_price end',
        'case when transaction_id is not null and line_number is null then discount_rate end',
    ],
    happened_on='cast(typed.sold_at as date)',
    rules=[
        ['typed.quantity = 0 and typed.transaction_id is not null', 'OUT_OF_RANGE:quantity'],
        ['cast(typed.sold_at as date) < skus.launched_on', 'PRE_LAUNCH_DATE'],
    ],
    restated_by=dbt.concat([
        "coalesce(typed.transaction_id, '')",
        "'|'",
        "case when typed.transaction_id is null then "
        ~ dbt.concat([
            'cast(cast(typed.sold_at as date) as ' ~ dbt.type_string() ~ ')',
            "'|'", 'typed.sku_id', "'|'", 'typed.location_id',
        ])
        ~ " else '' end",
    ]),
    is_state='transaction_id is null'
) -%}
first_sales as (

    select
        sku_id,
        min(cast(sold_at as date)) as first_sold_on
    from checked
    where violations is null and quantity > 0
    group by sku_id

),

compared {{ inlined() }} (

    select
        checked.*,
        case
            when
                checked.quantity < 0
                and coalesce(cast(checked.sold_at as date) < first_sales.first_sold_on, true)
                then 'RETURN_WITHOUT_SALE'
        end as comparison_code
    from checked
    left join first_sales on checked.sku_id = first_sales.sku_id

),
{%- endcall -%}
