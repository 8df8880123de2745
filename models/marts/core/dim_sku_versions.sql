{#
    One SKU × valid_from_on: its attributes as they had landed, from that day to the day before
    valid_to_on, which is null for the current version.

    A file of SKUs does not say for which days it holds, so a version counts from the UTC day on which
    it landed, and a later landing never changes what an earlier day knew. The first version counts
    from 1970-01-01: no fact before that day is accepted, so every fact finds one version. Of several
    landings on a day the last counts, in the order of int_skus; one that changes nothing makes no
    version. A landing with a clock that was behind counts from the day of the one before it. Where
    skus is a table of the user's own, nothing says when a row landed: each SKU has one version, that
    of today.
#}
{% set attributes = [
    'category', 'subcategory', 'supplier_id', 'unit_cost', 'unit_price', 'pack_size',
    'min_order_quantity', 'shelf_life_days', 'lead_time_days', 'lead_time_sd_days', 'launched_on',
    'discontinued_on', 'predecessor_sku_id',
] %}
with

judged_skus as (

    select * from {{ ref('int_skus_judged') }}

),

landings as (

    select
        sku_id,
        _landing_number,
        _file,
        _row,
        coalesce(sku_name, sku_id) as sku_name,
        {{ attributes | join(',\n        ') }},
        max(cast(_landed_at as date)) over (
            partition by sku_id
            order by _landing_number nulls first
        ) as landed_on
    from judged_skus
    where reject_codes is null

),

days as (

    select
        *,
        row_number() over (
            partition by sku_id, landed_on
            order by _landing_number desc nulls last, {{ text_order('_file') }} desc, _row desc
        ) as place_in_day
    from landings

),

compared as (

    select
        *,
        row_number() over history as version_number,
        (
            {% for attribute in ['sku_name'] + attributes -%}
            (lag({{ attribute }}) over history is distinct from {{ attribute }})
            {{ 'or' if not loop.last }}
            {% endfor -%}
        ) as is_changed
    from days
    where place_in_day = 1
    window history as (partition by sku_id order by landed_on nulls first)

),

versions as (

    select
        *,
        case when version_number = 1 then cast('1970-01-01' as date) else landed_on end
            as valid_from_on
    from compared
    where version_number = 1 or is_changed

),

ranges as (

    select
        *,
        lead(valid_from_on) over (partition by sku_id order by valid_from_on) as valid_to_on
    from versions

)

select
    cast(sku_id as {{ dbt.type_string() }}) as sku_id,
    valid_from_on,
    valid_to_on,
    valid_to_on is null as is_current,
    cast(sku_name as {{ dbt.type_string() }}) as sku_name,
    cast(category as {{ dbt.type_string() }}) as category,
    cast(subcategory as {{ dbt.type_string() }}) as subcategory,
    cast(supplier_id as {{ dbt.type_string() }}) as supplier_id,
    cast(unit_cost as {{ type_quantity() }}) as unit_cost,
    cast(unit_price as {{ type_quantity() }}) as unit_price,
    cast(pack_size as {{ type_quantity() }}) as pack_size,
    cast(min_order_quantity as {{ type_quantity() }}) as min_order_quantity,
    cast(shelf_life_days as {{ type_quantity() }}) as shelf_life_days,
    cast(lead_time_days as {{ type_quantity() }}) as stated_lead_time_days,
    cast(lead_time_sd_days as {{ type_quantity() }}) as stated_lead_time_sd_days,
    launched_on,
    discontinued_on,
    cast(predecessor_sku_id as {{ dbt.type_string() }}) as predecessor_sku_id
from ranges
