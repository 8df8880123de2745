{# One supplier, as its latest landed version has it. #}
with

versions as (

    {{ current_versions(ref('int_suppliers_judged'), ['supplier_id']) }}

)

select
    supplier_id,
    coalesce(supplier_name, supplier_id) as supplier_name,
    lead_time_days,
    lead_time_sd_days,
    review_period_days,
    order_weekdays,
    {{ is_simulated('_file') }} as is_simulated
from versions
