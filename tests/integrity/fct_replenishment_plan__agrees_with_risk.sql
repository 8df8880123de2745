-- Where risk is High and nothing is ordered, the plan names an order to expedite or says why not,
-- and never calls stock enough.
with

risks as (

    select * from {{ ref('fct_stockout_risks') }}

),

plans as (

    select * from {{ ref('fct_replenishment_plan') }}

)

select
    plans.scenario_id,
    plans.sku_id,
    plans.location_id,
    plans.explanation
from plans
inner join risks
    on
        plans.scenario_id = risks.scenario_id
        and plans.sku_id = risks.sku_id
        and plans.location_id = risks.location_id
where
    risks.risk_level = 'High'
    and (
        plans.explanation like '% enough%'
        or (
            plans.recommended_order_quantity = 0
            and plans.constraint_reason = 'none'
            and plans.explanation not like '%expedite open order%'
            and plans.explanation not like '%asks for no more%'
        )
    )
