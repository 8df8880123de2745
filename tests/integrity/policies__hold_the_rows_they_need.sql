-- Without the row for every category SKUs would drop out of the plan, without a level of risk none
-- would be tagged with it, and with two rows of limits customers would count twice.
with

policies as (

    select
        'replenishment_policy' as policy,
        1 as rows_needed,
        count(*) as rows_found
    from {{ ref('replenishment_policy') }}
    where
        category = '*'
        and cycle_service_level is not null
        and review_period_days is not null
        and lead_time_days is not null
        and lead_time_sd_days is not null
        and order_is_lost_days is not null

    union all

    select
        'risk_policy' as policy,
        2 as rows_needed,
        count(*) as rows_found
    from {{ ref('risk_policy') }}

    union all

    select
        'segment_policy' as policy,
        1 as rows_needed,
        count(*) as rows_found
    from {{ ref('segment_policy') }}

)

select *
from policies
where rows_found <> rows_needed
