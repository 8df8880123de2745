{{ config(tags=['fit']) }}
{#
    One row: the days to forecast, and the day of the fits. The variable horizon, raised until it holds
    the longest P95 lead time from the order day after the next one, at most 180 days. Fits are made over them, and so
    they are found anew with the fits.
#}
with

scenario_series as (

    select * from {{ ref('int_scenario_series') }}

),

as_of as (

    select as_of_date from {{ ref('int_as_of') }}

),

needed as (

    select
        coalesce(
            max(ceiling(lead_time_days + 1.645 * lead_time_sd_days) + days_to_review), 0
        ) as longest_protection_days
    from scenario_series

)

select
    cast(
        least(180, greatest({{ var('horizon') }}, needed.longest_protection_days))
        as {{ dbt.type_bigint() }}
    ) as horizon_days,
    as_of.as_of_date as fitted_on
from needed
cross join as_of
