-- The current versions are the SKUs of dim_skus, one each, with the same attributes.
{% set attributes = [
    'sku_name', 'category', 'subcategory', 'supplier_id', 'unit_cost', 'unit_price', 'pack_size',
    'min_order_quantity', 'shelf_life_days', 'launched_on', 'discontinued_on', 'predecessor_sku_id',
] %}
with

current_versions as (

    select * from {{ ref('dim_sku_versions') }}
    where is_current

),

skus as (

    select * from {{ ref('dim_skus') }}

)

select
    skus.sku_id,
    current_versions.sku_id as version_sku_id
from skus
full outer join current_versions on skus.sku_id = current_versions.sku_id
where
    skus.sku_id is null
    or current_versions.sku_id is null
    {%- for attribute in attributes %}
    or (current_versions.{{ attribute }} is distinct from skus.{{ attribute }})
    {%- endfor %}
