{#
    One effect of a scenario, with the number of series on sale that its scope holds. None is a
    misspelt name, or an example for other data.
#}
with

effects as (

    select * from {{ ref('scenario_effects') }}

),

series as (

    select * from {{ ref('int_series') }}
    where is_active

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

on_sale as (

    select
        skus.sku_id,
        skus.category,
        skus.supplier_id,
        locations.region,
        count(*) as matched_series_count
    from series
    inner join skus on series.sku_id = skus.sku_id
    inner join locations on series.location_id = locations.location_id
    group by skus.sku_id, skus.category, skus.supplier_id, locations.region

),

matched as (

    select
        effects.scenario_id,
        effects.effect_number,
        sum(on_sale.matched_series_count) as matched_series_count
    from effects
    inner join on_sale on {{ in_scope('effects', 'on_sale', 'on_sale') }}
    group by effects.scenario_id, effects.effect_number

)

select
    effects.scenario_id,
    effects.effect_number,
    effects.effect,
    effects.effect_value,
    effects.category,
    effects.sku_id,
    effects.region,
    effects.supplier_id,
    effects.first_day,
    effects.last_day,
    effects.starts_on,
    effects.ends_on,
    cast(coalesce(matched.matched_series_count, 0) as {{ dbt.type_bigint() }})
        as matched_series_count
from effects
left join matched
    on
        effects.scenario_id = matched.scenario_id
        and effects.effect_number = matched.effect_number
