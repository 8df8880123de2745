-- Against itself the baseline changes nothing. A figure that is unknown has no change.
select *
from {{ ref('fct_scenario_impacts') }}
where
    scenario_id = 'baseline'
    and (
        forecast_quantity_change <> 0
        or high_risk_count_change <> 0
        or newly_high_risk_count <> 0
        {%- for measure in [
            'units_at_risk', 'revenue_at_risk_amount', 'margin_at_risk_amount',
            'recommended_order_quantity', 'order_cost_amount',
        ] %}
        or coalesce({{ measure }}_change <> 0, {{ measure }} is not null)
        {%- endfor %}
    )
