{{ config(tags=['fit']) }}
{#
    One total × day: demand, odd days damped, like for like. A member that is not there yet, or of whose day nothing is
    known, is taken to sell its share; the total is null where that is more than half of it.
#}
with

completed_demand as (

    select * from {{ ref('int_completed_demand') }}
    where is_active

),

members as (

    select * from {{ ref('int_aggregate_members') }}

),

known_demand as (

    select
        members.aggregate_level,
        members.aggregate_id,
        completed_demand.demand_on,
        sum(completed_demand.damped_demand_quantity) as demand_quantity,
        sum(
            case
                when completed_demand.damped_demand_quantity is not null
                    then members.mean_demand_quantity
            end
        ) as mean_demand_quantity,
        max(members.aggregate_mean_demand_quantity) as aggregate_mean_demand_quantity
    from completed_demand
    inner join members
        on
            completed_demand.sku_id = members.sku_id
            and completed_demand.location_id = members.location_id
    group by members.aggregate_level, members.aggregate_id, completed_demand.demand_on

)

select
    aggregate_level,
    aggregate_id,
    demand_on,
    {{ like_for_like('demand_quantity', 'mean_demand_quantity', 'aggregate_mean_demand_quantity') }}
        as demand_quantity
from known_demand
