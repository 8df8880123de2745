-- Every series of every scenario has its risk and its order, and nothing else has.
with

series as (

    select
        scenario_id,
        count(*) as series_count
    from {{ ref('int_scenario_series') }}
    group by scenario_id

),

risks as (

    select
        scenario_id,
        count(*) as series_count
    from {{ ref('fct_stockout_risks') }}
    group by scenario_id

),

orders as (

    select
        scenario_id,
        count(*) as series_count
    from {{ ref('fct_replenishment_plan') }}
    group by scenario_id

)

select
    series.scenario_id,
    series.series_count,
    risks.series_count as rated_series,
    orders.series_count as planned_series
from series
left join risks on series.scenario_id = risks.scenario_id
left join orders on series.scenario_id = orders.scenario_id
where
    coalesce(risks.series_count, 0) <> series.series_count
    or coalesce(orders.series_count, 0) <> series.series_count
