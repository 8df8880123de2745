{# One accepted movement of stock up to the as-of date. #}
with

judged as (

    select * from {{ ref('int_inventory_movements_judged') }}
    where reject_codes is null

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

)

select
    judged.sku_id,
    judged.location_id,
    judged.moved_at,
    cast(judged.moved_at as date) as moved_on,
    judged.movement_type,
    judged.quantity
from judged
inner join as_of on cast(judged.moved_at as date) <= as_of.as_of_date
