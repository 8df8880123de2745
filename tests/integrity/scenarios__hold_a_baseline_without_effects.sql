-- The baseline is there, and nothing happens in it: all else is compared with it.
with

scenarios as (

    select * from {{ ref('scenarios') }}

),

effects as (

    select * from {{ ref('scenario_effects') }}

)

select count(*) as baselines
from scenarios
where scenario_id = 'baseline'
having count(*) <> 1

union all

select count(*) as baseline_effects
from effects
where scenario_id = 'baseline'
having count(*) <> 0
