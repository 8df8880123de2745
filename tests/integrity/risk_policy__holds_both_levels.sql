-- Without a level no SKU would be at that risk.
select count(*) as levels
from {{ ref('risk_policy') }}
having count(*) <> 2
