{# One SKU × location × day of history: sales, what stock-outs hid, returns, stock. #}
with

completed_demand as (

    select * from {{ ref('int_completed_demand') }}

)

select
    cast(sku_id as {{ dbt.type_string() }}) as sku_id,
    cast(location_id as {{ dbt.type_string() }}) as location_id,
    demand_on,
    is_open,
    cast(sales_quantity as {{ type_quantity() }}) as sales_quantity,
    cast(demand_quantity - sales_quantity as {{ type_quantity() }}) as lost_sales_quantity,
    cast(demand_quantity as {{ type_quantity() }}) as demand_quantity,
    is_censored,
    is_outlier,
    cast(damped_demand_quantity as {{ type_quantity() }}) as damped_demand_quantity,
    cast(returned_quantity as {{ type_quantity() }}) as returned_quantity,
    cast(cancelled_quantity as {{ type_quantity() }}) as cancelled_quantity,
    cast(revenue_amount as {{ type_amount() }}) as revenue_amount,
    cast(promotion_id as {{ dbt.type_string() }}) as promotion_id,
    cast(stock_on_hand as {{ type_quantity() }}) as stock_on_hand,
    is_stock_simulated
from completed_demand
