-- The segments hold every customer, landed or named by a sale, once.
with

segments as (

    select coalesce(sum(customer_count), 0) as customers
    from {{ ref('dim_customer_segments') }}

),

customers as (

    select count(*) as customers
    from {{ ref('int_customer_segments') }}

)

select
    segments.customers as counted_customers,
    customers.customers as known_customers
from segments
cross join customers
where segments.customers <> customers.customers
