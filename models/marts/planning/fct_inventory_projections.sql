{# One scenario × SKU × location × day ahead: projected closing stock if nothing more is ordered. #}
with

projections as (

    select * from {{ ref('py_inventory_projections') }}

)

select
    cast(scenario_id as {{ dbt.type_string() }}) as scenario_id,
    cast(sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(location_id as {{ dbt.type_string() }}) as location_id,
    forecast_on,
    cast(lead_day as {{ dbt.type_bigint() }}) as lead_day,
    {{ cast_double('demand_quantity', 'quantity') }} as demand_quantity,
    {{ cast_double('receipts_quantity', 'quantity') }} as receipts_quantity,
    {{ cast_double('stock_mean_quantity', 'quantity') }} as stock_mean_quantity,
    {{ cast_double('stock_p10_quantity', 'quantity') }} as stock_p10_quantity,
    {{ cast_double('stock_p50_quantity', 'quantity') }} as stock_p50_quantity,
    {{ cast_double('stock_p90_quantity', 'quantity') }} as stock_p90_quantity,
    {{ cast_double('stockout_probability', 'rate') }} as stockout_probability,
    {{ cast_double('lost_sales_quantity', 'quantity') }} as cumulative_lost_sales_quantity
from projections
