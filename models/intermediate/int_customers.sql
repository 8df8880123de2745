{# One customer, as its latest landed version has it. #}
with

versions as (

    {{ current_versions(ref('int_customers_judged'), ['customer_id']) }}

)

select
    customer_id,
    segment,
    region,
    signed_up_on
from versions
