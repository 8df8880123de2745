{# One location. #}
select
    cast(location_id as {{ dbt.type_string() }}) as location_id,
    cast(location_name as {{ dbt.type_string() }}) as location_name,
    cast(region as {{ dbt.type_string() }}) as region,
    cast(location_type as {{ dbt.type_string() }}) as location_type,
    opened_on
from {{ ref('int_locations') }}
