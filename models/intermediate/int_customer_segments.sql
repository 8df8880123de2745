{#
    One customer, landed or named by a sale, with the segment: the landed one, else what the purchases
    up to the as-of date say by the limits of segment_policy.
#}
with

customers as (

    select * from {{ ref('int_customers') }}

),

sales as (

    select * from {{ ref('int_sales') }}
    where customer_id is not null and quantity > 0

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

policy as (

    select * from {{ ref('segment_policy') }}

),

purchases as (

    select
        sales.customer_id,
        min(sales.sold_on) as first_bought_on,
        max(sales.sold_on) as last_bought_on,
        count(
            distinct case
                when sales.sold_on > {{ add_days('as_of.as_of_date', -365) }} then sales.sold_on
            end
        ) as purchase_days
    from sales
    inner join as_of on sales.sold_on <= as_of.as_of_date
    group by sales.customer_id

)

select
    coalesce(customers.customer_id, purchases.customer_id) as customer_id,
    customers.region,
    purchases.last_bought_on,
    case
        when customers.segment is not null then customers.segment
        when purchases.customer_id is null then 'no purchase'
        when
            {{ days_between('purchases.last_bought_on', 'as_of.as_of_date') }}
            >= policy.lapsed_after_days
            then 'lapsed'
        when
            {{ days_between('purchases.first_bought_on', 'as_of.as_of_date') }}
            < policy.new_within_days
            then 'new'
        when purchases.purchase_days >= policy.frequent_from_purchase_days then 'frequent'
        else 'occasional'
    end as segment,
    case when customers.segment is null then 'purchases' else 'landed' end as segment_source
from customers
full outer join purchases on customers.customer_id = purchases.customer_id
cross join as_of
cross join policy
