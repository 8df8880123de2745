-- Against itself the baseline changes nothing, and the totals are those of the planning tables.
with

impacts as (

    select
        scenario_id,
        sum(forecast_quantity) as forecast_quantity,
        sum(case when scenario_id = 'baseline' then abs(forecast_quantity_change) else 0 end)
            as baseline_change
    from {{ ref('fct_scenario_impacts') }}
    group by scenario_id

),

projections as (

    select
        scenario_id,
        sum(demand_quantity) as forecast_quantity
    from {{ ref('fct_inventory_projections') }}
    group by scenario_id

)

select projections.scenario_id
from projections
left join impacts on projections.scenario_id = impacts.scenario_id
where
    impacts.scenario_id is null
    or impacts.baseline_change <> 0
    or abs(impacts.forecast_quantity - projections.forecast_quantity) > 0.001
