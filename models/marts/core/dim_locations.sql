{# One location, and whether it still trades. #}
with

locations as (

    select * from {{ ref('int_locations') }}

),

closures as (

    select * from {{ ref('int_location_closures') }}

)

select
    cast(locations.location_id as {{ dbt.type_string() }}) as location_id,
    cast(locations.location_name as {{ dbt.type_string() }}) as location_name,
    cast(locations.region as {{ dbt.type_string() }}) as region,
    cast(locations.location_type as {{ dbt.type_string() }}) as location_type,
    locations.opened_on,
    locations.closed_on,
    closures.silent_since_on
from locations
inner join closures on locations.location_id = closures.location_id
