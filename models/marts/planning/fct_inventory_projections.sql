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
    cast(demand_quantity as {{ type_quantity() }}) as demand_quantity,
    cast(receipts_quantity as {{ type_quantity() }}) as receipts_quantity,
    cast(stock_mean_quantity as {{ type_quantity() }}) as stock_mean_quantity,
    cast(stock_p10_quantity as {{ type_quantity() }}) as stock_p10_quantity,
    cast(stock_p50_quantity as {{ type_quantity() }}) as stock_p50_quantity,
    cast(stock_p90_quantity as {{ type_quantity() }}) as stock_p90_quantity,
    cast(stockout_probability as {{ type_rate() }}) as stockout_probability,
    cast(lost_sales_quantity as {{ type_quantity() }}) as cumulative_lost_sales_quantity
from projections
