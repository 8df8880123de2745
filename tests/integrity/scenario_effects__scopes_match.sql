{{ config(severity='warn') }}
-- The scope of every effect holds a SKU that is on sale at a location. A warning, because an effect
-- without any changes nothing and the rest is right; but it is a misspelt name, or another
-- retailer's.
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

scopes as (

    select distinct
        skus.sku_id,
        skus.category,
        skus.supplier_id,
        locations.region
    from series
    inner join skus on series.sku_id = skus.sku_id
    inner join locations on series.location_id = locations.location_id

),

matched as (

    select distinct
        effects.scenario_id,
        effects.effect_number
    from effects
    inner join scopes on {{ in_scope('effects', 'scopes', 'scopes') }}

)

select
    effects.scenario_id,
    effects.effect_number,
    effects.category,
    effects.sku_id,
    effects.region,
    effects.supplier_id
from effects
left join matched
    on
        effects.scenario_id = matched.scenario_id
        and effects.effect_number = matched.effect_number
where matched.scenario_id is null
