{#
    One landed row of sales, cast and judged.

    A numbered line of a receipt is a copy when its number came before in a receipt of that number, at
    its location on its day: numbers start over in each shop, year or day. A return may bear the number
    of the line that it takes back. Lines without a number,
    and those of a ledger, which have a time and no receipt, are told apart by all columns and by their
    place among equal ones of their file. A row without a receipt and without a time of day is a total:
    of the totals of sales, or of returns, of one day, SKU, location, customer, promotion and channel
    those of the latest landed file count. A later version of a file restates its receipts, and what
    it has without one of a SKU at a location on a day. A total may be zero: nothing was sold. A return
    needs a sale of the SKU, wherever it was, on its day or before.
#}
{%- set is_numbered = 'transaction_id is not null and line_number is not null' -%}
{%- set is_total =
    'transaction_id is null and sold_at = cast(cast(sold_at as date) as '
    ~ dbt.type_timestamp() ~ ')'
-%}
{%- set is_line = 'not (' ~ is_numbered ~ ') and not (' ~ is_total ~ ')' -%}
{%- set day = 'cast(cast(sold_at as date) as ' ~ dbt.type_string() ~ ')' -%}
{% call judge(
    'sales',
    key=[
        'transaction_id',
        'line_number',
        'location_id',
        'cast(sold_at as date)',
        'case when not (' ~ is_numbered ~ ') then sold_at end',
        'case when not (' ~ is_numbered ~ ') then sku_id end',
        'case when not (' ~ is_numbered ~ ') then customer_id end',
        'case when not (' ~ is_numbered ~ ') then promotion_id end',
        'case when not (' ~ is_numbered ~ ') then channel end',
        'case when quantity < 0 then -1 else 1 end',
        'case when ' ~ is_line ~ ' then quantity end',
        'case when ' ~ is_line ~ ' then unit_price end',
        'case when ' ~ is_line ~ ' then discount_rate end',
    ],
    happened_on='cast(typed.sold_at as date)',
    rules=[
        ['typed.quantity = 0 and typed.transaction_id is not null', 'OUT_OF_RANGE:quantity'],
        ['cast(typed.sold_at as date) < skus.launched_on', 'PRE_LAUNCH_DATE'],
    ],
    restated_by=dbt.concat([
        "coalesce(typed.transaction_id, '')", "'|'",
        'cast(cast(typed.sold_at as date) as ' ~ dbt.type_string() ~ ')', "'|'",
        "case when typed.transaction_id is null then typed.sku_id else '' end", "'|'",
        'typed.location_id',
    ]),
    moved_by={
        'record': 'transaction_id',
        'place': dbt.concat([day, "'|'", 'location_id']),
        'line': [
            'line_number',
            'sku_id',
            'quantity',
            '60 * extract(hour from sold_at) + extract(minute from sold_at)',
        ],
    },
    is_state=is_total,
    is_counted='transaction_id is null or line_number is null'
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
