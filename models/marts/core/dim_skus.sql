{# One SKU, as of the as-of date. #}
with

skus as (

    select * from {{ ref('int_skus') }}

),

suppliers as (

    select * from {{ ref('int_suppliers') }}

),

lead_times as (

    select * from {{ ref('int_lead_times') }}

),

classes as (

    select * from {{ ref('int_sku_classes') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

)

select
    cast(skus.sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(skus.sku_name as {{ dbt.type_string() }}) as sku_name,
    cast(skus.category as {{ dbt.type_string() }}) as category,
    cast(skus.subcategory as {{ dbt.type_string() }}) as subcategory,
    cast(skus.supplier_id as {{ dbt.type_string() }}) as supplier_id,
    cast(suppliers.supplier_name as {{ dbt.type_string() }}) as supplier_name,
    cast(skus.unit_cost as {{ type_quantity() }}) as unit_cost,
    cast(skus.unit_price as {{ type_quantity() }}) as unit_price,
    cast(skus.pack_size as {{ type_quantity() }}) as pack_size,
    cast(skus.min_order_quantity as {{ type_quantity() }}) as min_order_quantity,
    cast(skus.shelf_life_days as {{ type_quantity() }}) as shelf_life_days,
    skus.launched_on,
    skus.discontinued_on,
    cast(skus.predecessor_sku_id as {{ dbt.type_string() }}) as predecessor_sku_id,
    coalesce(skus.discontinued_on > as_of.as_of_date, true) as is_active,
    coalesce(classes.is_whole_unit, true) as is_whole_unit,
    cast(lead_times.lead_time_days as {{ type_quantity() }}) as lead_time_days,
    cast(lead_times.lead_time_sd_days as {{ type_quantity() }}) as lead_time_sd_days,
    cast(lead_times.lead_time_source as {{ dbt.type_string() }}) as lead_time_source,
    cast(coalesce(classes.demand_class, 'no demand') as {{ dbt.type_string() }}) as demand_class,
    cast(classes.average_demand_interval as {{ type_score() }}) as average_demand_interval,
    cast(classes.squared_coefficient_of_variation as {{ type_score() }})
        as squared_coefficient_of_variation,
    cast(classes.abc_class as {{ dbt.type_string() }}) as abc_class
from skus
cross join as_of
inner join lead_times on skus.sku_id = lead_times.sku_id
left join suppliers on skus.supplier_id = suppliers.supplier_id
left join classes on skus.sku_id = classes.sku_id
