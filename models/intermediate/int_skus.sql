{# One SKU, as its latest landed version has it. #}
with

versions as (

    {{ current_versions(ref('int_skus_judged'), ['sku_id']) }}

)

select
    sku_id,
    coalesce(sku_name, sku_id) as sku_name,
    category,
    subcategory,
    supplier_id,
    lead_time_days,
    lead_time_sd_days,
    unit_cost,
    unit_price,
    pack_size,
    min_order_quantity,
    shelf_life_days,
    launched_on,
    discontinued_on,
    predecessor_sku_id,
    {{ is_simulated('_file') }} as is_simulated
from versions
