{# One order line, as its latest landed version has it. #}
with

versions as (

    {{ current_versions(
        ref('int_purchase_orders_judged'), ['purchase_order_id', 'sku_id', 'location_id']
    ) }}

)

select
    purchase_order_id,
    sku_id,
    location_id,
    ordered_on,
    expected_on,
    received_on,
    ordered_quantity,
    received_quantity,
    {{ is_simulated('_file') }} as is_simulated
from versions
