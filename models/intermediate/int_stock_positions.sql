{# One SKU × location with a stock record: its latest count up to the as-of date. #}
with

snapshots as (

    select
        *,
        row_number() over (
            partition by sku_id, location_id
            order by counted_on desc
        ) as snapshot_number
    from {{ ref('int_inventory_snapshots') }}

)

select
    sku_id,
    location_id,
    counted_on,
    stock_on_hand
from snapshots
where snapshot_number = 1
