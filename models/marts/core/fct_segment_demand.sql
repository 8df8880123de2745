{#
    One month × customer segment × category × region of the location: demand met, and the margin on
    it. Sales without a known customer are the segment unknown.
#}
with

sales as (

    select * from {{ ref('int_sales') }}

),

customers as (

    select * from {{ ref('int_customer_segments') }}

),

cancelled_sales as (

    select * from {{ ref('int_cancelled_sales') }}

),

skus as (

    select * from {{ ref('int_skus') }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

lines as (

    select
        customer_id,
        sku_id,
        location_id,
        sold_on,
        case when quantity > 0 then quantity else 0 end as sales_quantity,
        case when quantity < 0 then -quantity else 0 end as returned_quantity,
        unit_price,
        discount_rate,
        quantity
    from sales

    union all

    select
        customer_id,
        sku_id,
        location_id,
        sold_on,
        -cancelled_quantity as sales_quantity,
        -cancelled_quantity as returned_quantity,
        cast(0 as {{ type_quantity() }}) as unit_price,
        cast(0 as {{ type_rate() }}) as discount_rate,
        cast(0 as {{ type_quantity() }}) as quantity
    from cancelled_sales

),

valued as (

    select
        cast({{ dbt.date_trunc('month', 'lines.sold_on') }} as date) as month_on,
        coalesce(customers.segment, 'unknown') as segment,
        skus.category,
        locations.region,
        lines.customer_id,
        lines.sales_quantity,
        lines.returned_quantity,
        {{ line_revenue('lines', 'skus') }} as revenue_amount,
        {{ exact_product('lines.quantity', 'skus.unit_cost') }} as cost_amount
    from lines
    inner join as_of on lines.sold_on <= as_of.as_of_date
    inner join skus on lines.sku_id = skus.sku_id
    inner join locations on lines.location_id = locations.location_id
    left join customers on lines.customer_id = customers.customer_id

),

totals as (

    select
        month_on,
        segment,
        category,
        region,
        sum(sales_quantity) as sales_quantity,
        sum(returned_quantity) as returned_quantity,
        count(distinct customer_id) as customer_count,
        -- unknown as a whole where it is unknown for one of its lines
        case when count(revenue_amount) = count(*) then sum(revenue_amount) end as revenue_amount,
        case when count(cost_amount) = count(*) then sum(cost_amount) end as cost_amount
    from valued
    group by month_on, segment, category, region

)

select
    month_on,
    cast(segment as {{ dbt.type_string() }}) as segment,
    cast(category as {{ dbt.type_string() }}) as category,
    cast(region as {{ dbt.type_string() }}) as region,
    cast(sales_quantity as {{ type_quantity() }}) as sales_quantity,
    cast(returned_quantity as {{ type_quantity() }}) as returned_quantity,
    cast(customer_count as {{ dbt.type_bigint() }}) as customer_count,
    cast(revenue_amount as {{ type_amount() }}) as revenue_amount,
    cast(cost_amount as {{ type_amount() }}) as cost_amount,
    cast(revenue_amount - cost_amount as {{ type_amount() }}) as margin_amount
from totals
