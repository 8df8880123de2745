{#
    One SKU: the policy that applies to it, its category's own or the one for every category (*), and
    the order calendar that it follows: its supplier's order weekdays, every so many weeks where the
    supplier's review period is two weeks or more, or else a review period after today.
#}
with

skus as (

    select * from {{ ref('int_skus') }}

),

suppliers as (

    select
        supplier_id,
        review_period_days,
        case
            when
                order_weekdays like '%1%'
                {%- for weekday in range(2, 8) %}
                or order_weekdays like '%{{ weekday }}%'
                {%- endfor %}
                then order_weekdays
        end as order_weekdays
    from {{ ref('int_suppliers') }}

),

policies as (

    select * from {{ ref('replenishment_policy') }}

),

everywhere as (

    select * from policies
    where category = '*'

),

applied as (

    select
        skus.sku_id,
        skus.supplier_id,
        suppliers.order_weekdays,
        case
            when suppliers.order_weekdays is not null
                then greatest(cast(floor(suppliers.review_period_days / 7.0) as integer), 1)
        end as order_every_weeks,
        coalesce(own.cycle_service_level, everywhere.cycle_service_level) as cycle_service_level,
        coalesce(
            suppliers.review_period_days, own.review_period_days, everywhere.review_period_days
        ) as review_period_days,
        coalesce(own.lead_time_days, everywhere.lead_time_days) as lead_time_days,
        coalesce(own.lead_time_sd_days, everywhere.lead_time_sd_days) as lead_time_sd_days,
        coalesce(own.order_is_lost_days, everywhere.order_is_lost_days) as order_is_lost_days
    from skus
    cross join everywhere
    left join policies as own on skus.category = own.category
    left join suppliers on skus.supplier_id = suppliers.supplier_id

)

select
    sku_id,
    cast(cycle_service_level as {{ type_rate() }}) as cycle_service_level,
    case
        when order_weekdays is not null then {{ dbt.concat(["'supplier '", 'supplier_id']) }}
        else
            {{ dbt.concat([
                "'every '", dbt.cast('review_period_days', dbt.type_string()), "' days'"
            ]) }}
    end as order_calendar_id,
    order_weekdays,
    order_every_weeks,
    case when order_weekdays is null then review_period_days end as order_every_days,
    lead_time_days,
    lead_time_sd_days,
    order_is_lost_days
from applied
