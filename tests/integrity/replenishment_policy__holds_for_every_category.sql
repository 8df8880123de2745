-- Without the row for every category SKUs would drop out of the plan.
select count(*) as complete_rows
from {{ ref('replenishment_policy') }}
where
    category = '*'
    and cycle_service_level is not null
    and review_period_days is not null
    and lead_time_days is not null
    and lead_time_sd_days is not null
    and order_is_lost_days is not null
having count(*) <> 1
