{#
    One location, as its latest landed version has it. Where no locations were landed, those that
    sales name, all in one region. A sale with too long a name is quarantined, and makes none.
#}
{%- set longest = landing_contract('sales').columns
    | selectattr('name', 'equalto', 'location_id')
    | map(attribute='longest') | first
%}
with

versions as (

    {{ current_versions(ref('int_locations_judged'), ['location_id']) }}

),

sales as (

    select * from {{ ref('stg_landing__sales') }}

),

landed as (

    select
        location_id,
        coalesce(location_name, location_id) as location_name,
        region,
        location_type,
        opened_on,
        closed_on
    from versions

),

sold_at as (

    select distinct
        location_id,
        location_id as location_name,
        'All' as region,
        cast(null as {{ dbt.type_string() }}) as location_type,
        cast(null as date) as opened_on,
        cast(null as date) as closed_on
    from sales
    where
        location_id is not null
        and length(location_id) <= {{ longest }}
        and not exists (select 1 from landed)

)

select * from landed
union all
select * from sold_at
