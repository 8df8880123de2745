{{ config(materialized='view') }}
{# One accepted sales line. #}
with

judged as (

    select * from {{ ref('int_sales_judged') }}

)

select
    transaction_id,
    line_number,
    sold_at,
    cast(sold_at as date) as sold_on,
    sku_id,
    location_id,
    customer_id,
    quantity,
    unit_price,
    discount_rate,
    promotion_id,
    channel
from judged
where reject_codes is null
