{#
    One location × day that is a holiday of its region, or the day before, on which shops sell what
    they do not sell on the holiday.
#}
with

holidays as (

    {{ current_versions(ref('int_holidays_judged'), ['holiday_date', 'region', 'holiday_name']) }}

),

locations as (

    select * from {{ ref('int_locations') }}

),

holidays_of_locations as (

    select
        locations.location_id,
        holidays.holiday_date
    from holidays
    inner join locations
        on (holidays.region is null or holidays.region = locations.region)

)

select
    location_id,
    holiday_date as holiday_on
from holidays_of_locations
union
select
    location_id,
    {{ add_days('holiday_date', -1) }} as holiday_on
from holidays_of_locations
