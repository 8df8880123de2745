{#
    One SKU × location × day on which stock was counted, as its latest landed version has it. A count
    below zero is rejected and reported, and still says that the shelf is empty: it counts as zero.
#}
with

versions as (

    {{ current_versions(
        ref('int_inventory_judged'),
        ['snapshot_date', 'sku_id', 'location_id'],
        usable="(reject_codes is null or reject_codes = 'NEGATIVE_STOCK')"
    ) }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

)

select
    versions.sku_id,
    versions.location_id,
    versions.snapshot_date as counted_on,
    case when versions.reject_codes is null then versions.stock_on_hand else 0 end
        as stock_on_hand,
    versions.reject_codes is not null as is_below_zero,
    versions.stockout_hours,
    {{ is_simulated('versions._file') }} as is_simulated
from versions
inner join as_of on versions.snapshot_date <= as_of.as_of_date
