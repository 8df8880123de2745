{#
    One SKU: mean and standard deviation of its lead time, and where they come from. Received orders
    count as evidence against the best prior there is (the SKU's own figures, its supplier's, the
    policy's), which weighs as much as five orders: mean and variance are those of a normal law with
    a conjugate prior. The source is named after what weighs more, and says so where any of it
    is simulated.
#}
{% set prior_orders = 5 %}
with

skus as (

    select * from {{ ref('int_skus') }}

),

suppliers as (

    select * from {{ ref('int_suppliers') }}

),

policies as (

    select * from {{ ref('int_replenishment_policies') }}

),

orders as (

    select * from {{ ref('int_purchase_orders') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

received as (

    select
        orders.sku_id,
        orders.is_simulated,
        cast({{ days_between('orders.ordered_on', 'orders.received_on') }} as {{ type_double() }})
            as lead_time_days
    from orders
    inner join as_of on orders.received_on <= as_of.as_of_date

),

observed as (

    select
        sku_id,
        count(*) as received_orders,
        max(case when is_simulated then 1 else 0 end) as is_simulated,
        avg(lead_time_days) as mean_days,
        coalesce(var_samp(lead_time_days), 0) as variance_days
    from received
    group by sku_id

),

priors as (

    select
        skus.sku_id,
        coalesce(skus.lead_time_days, suppliers.lead_time_days, policies.lead_time_days)
            as mean_days,
        coalesce(skus.lead_time_sd_days, suppliers.lead_time_sd_days, policies.lead_time_sd_days)
            as sd_days,
        case
            when skus.lead_time_days is not null then 'sku'
            when suppliers.lead_time_days is not null then 'supplier'
            else 'policy'
        end as source,
        case
            when skus.lead_time_days is not null then skus.is_simulated
            when suppliers.lead_time_days is not null then suppliers.is_simulated
            else false
        end as is_simulated
    from skus
    inner join policies on skus.sku_id = policies.sku_id
    left join suppliers on skus.supplier_id = suppliers.supplier_id

),

updated as (

    select
        priors.sku_id,
        (
            coalesce(observed.received_orders * observed.mean_days, 0)
            + {{ prior_orders }} * priors.mean_days
        )
        / (coalesce(observed.received_orders, 0) + {{ prior_orders }}) as mean_days,
        sqrt(
            (
                coalesce((observed.received_orders - 1) * observed.variance_days, 0)
                + {{ prior_orders }} * priors.sd_days * priors.sd_days
                + coalesce(
                    {{ prior_orders }} * observed.received_orders
                    * power(observed.mean_days - priors.mean_days, 2)
                    / ({{ prior_orders }} + observed.received_orders),
                    0
                )
            )
            / (coalesce(observed.received_orders - 1, 0) + {{ prior_orders }})
        ) as sd_days,
        case
            when observed.received_orders >= {{ prior_orders }} then 'received orders'
            else priors.source
        end
        || case
            when priors.is_simulated or observed.is_simulated = 1 then ' (simulated)' else ''
        end as lead_time_source,
        coalesce(observed.received_orders, 0) as received_orders
    from priors
    left join observed on priors.sku_id = observed.sku_id

)

select
    sku_id,
    {{ cast_double('mean_days', 'quantity') }} as lead_time_days,
    {{ cast_double('sd_days', 'quantity') }} as lead_time_sd_days,
    lead_time_source,
    received_orders
from updated
