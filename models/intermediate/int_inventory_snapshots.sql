{# One SKU × location × day on which stock was counted, as its latest landed version has it. #}
with

versions as (

    {{ current_versions(
        ref('int_inventory_judged'), ['snapshot_date', 'sku_id', 'location_id']
    ) }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

)

select
    versions.sku_id,
    versions.location_id,
    versions.snapshot_date as counted_on,
    versions.stock_on_hand,
    versions.stockout_hours,
    {{ is_simulated('versions._file') }} as is_simulated
from versions
inner join as_of on versions.snapshot_date <= as_of.as_of_date
