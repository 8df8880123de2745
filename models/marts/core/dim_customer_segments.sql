{# One segment × home region of customers, as of the as-of date. Customers stay in silver. #}
with

customers as (

    select * from {{ ref('int_customer_segments') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

)

select
    cast(customers.segment as {{ dbt.type_string() }}) as segment,
    cast(coalesce(customers.region, 'unknown') as {{ dbt.type_string() }}) as customer_region,
    cast(min(customers.segment_source) as {{ dbt.type_string() }}) as segment_source,
    cast(count(*) as {{ dbt.type_bigint() }}) as customer_count,
    cast(
        sum(
            case
                when customers.last_bought_on > {{ add_days('as_of.as_of_date', -90) }} then 1
                else 0
            end
        ) as {{ dbt.type_bigint() }}
    ) as active_customer_count
from customers
cross join as_of
group by customers.segment, coalesce(customers.region, 'unknown')
