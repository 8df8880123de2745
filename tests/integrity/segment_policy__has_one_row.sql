-- Without limits customers would drop out of their segments; by two rows of limits they would count
-- twice.
select count(*) as rows_found
from {{ ref('segment_policy') }}
having count(*) <> 1
