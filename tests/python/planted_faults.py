"""Faults that the project's own data tests are there to find, as SQL on a sound warehouse."""

from __future__ import annotations

RANGES = "dim_sku_versions__ranges_follow_each_other"
CURRENT = "dim_sku_versions__current_is_dim_skus"
A_SKU = "sku_id = (select min(sku_id) from gold.dim_skus)"


def split(ends_on: str, next_on: str, *, current: tuple[bool, bool] = (False, True)) -> str:
    """Return SQL that makes two versions of the one that a SKU has."""
    return f"""
        update gold.dim_sku_versions set valid_to_on = date '{ends_on}', is_current = {current[0]}
        where {A_SKU};
        insert into gold.dim_sku_versions
        select * replace (
            date '{next_on}' as valid_from_on, null as valid_to_on, {current[1]} as is_current
        )
        from gold.dim_sku_versions where {A_SKU}
    """


SKU_VERSION_CHANGES: dict[str, tuple[str, set[str]]] = {
    "two versions": (split("2026-01-05", "2026-01-05"), set()),
    "gap": (split("2026-01-05", "2026-01-06"), {RANGES}),
    "overlap": (split("2026-01-05", "2026-01-04"), {RANGES}),
    "two current": (split("2026-01-05", "2026-01-05", current=(True, True)), {RANGES}),
    "none current": (
        split("2026-01-05", "2026-01-05", current=(False, False)),
        {RANGES, CURRENT},
    ),
    "late first version": (
        f"update gold.dim_sku_versions set valid_from_on = date '2026-01-05' where {A_SKU}",
        {RANGES},
    ),
    "no version": (f"delete from gold.dim_sku_versions where {A_SKU}", {CURRENT}),
}
"""What is done to the versions of a SKU, and which of the two tests must notice."""

FAULTS = {
    "int_landed_rows__accepted_and_rejected_make_landed": """
        update silver.int_landed_rows set accepted_rows = accepted_rows - 1
        where _file = 'skus.csv'
    """,
    "int_landed_rows__few_are_faulty": """
        update silver.int_landed_rows set faulty_rows = judged_rows where entity = 'promotions'
    """,
    "int_sales_judged__few_are_in_conflict": """
        update silver.int_sales_judged set reject_codes = 'CONFLICT'
        where location_id = (select min(location_id) from silver.int_sales_judged)
            and day(sold_at) < 6
    """,
    "int_rejected_rows__codes_are_explained": """
        update silver.int_customers_judged set reject_codes = 'UNHEARD_OF'
        where customer_id = (select min(customer_id) from silver.int_customers_judged)
    """,
    "int_rejected_rows__hold_every_rejected_row": """
        update silver.int_customers_judged set _row = -1, reject_codes = 'CONFLICT'
        where customer_id = (select min(customer_id) from silver.int_customers_judged);
        update silver.int_landed_rows set rejected_rows = 1 where entity = 'customers'
    """,
    "int_stock_breaks__none": """
        insert into silver.int_stock_breaks (sku_id, location_id) values ('A', 'B')
    """,
    "int_stock_changes__order_lines_conserve_units": """
        insert into silver.int_stock_changes (sku_id, location_id, received_quantity)
        values ('A', 'B', 1)
    """,
    "int_as_of__has_one_day": "update silver.int_as_of set as_of_date = null",
    "int_scenario_series__are_rated_and_planned": """
        delete from gold.fct_replenishment_plan
        where rowid = (select min(rowid) from gold.fct_replenishment_plan)
    """,
    "fct_daily_demand__sales_equal_accepted_sales": """
        delete from gold.fct_daily_demand
        where rowid = (select min(rowid) from gold.fct_daily_demand where sales_quantity > 0)
    """,
    "fct_daily_demand__revenue_equals_daily_sales": """
        update gold.fct_daily_demand set revenue_amount = revenue_amount + 0.0001
        where rowid = (select min(rowid) from gold.fct_daily_demand)
    """,
    "fct_daily_demand__demand_equals_estimates": """
        update gold.fct_daily_demand set demand_quantity = demand_quantity + 1
        where rowid = (select min(rowid) from gold.fct_daily_demand where is_censored)
    """,
    "fct_daily_demand__figures_are_possible": """
        update gold.fct_daily_demand set sales_quantity = null
        where rowid = (select min(rowid) from gold.fct_daily_demand where is_open)
    """,
    "fct_segment_demand__equals_daily_demand": """
        update gold.fct_segment_demand set returned_quantity = returned_quantity + 1
        where rowid = (select min(rowid) from gold.fct_segment_demand)
    """,
    "dim_customer_segments__counts_every_customer": """
        update gold.dim_customer_segments set customer_count = customer_count + 1
        where rowid = (select min(rowid) from gold.dim_customer_segments)
    """,
    "dim_customer_segments__active_customers_are_customers": """
        update gold.dim_customer_segments set active_customer_count = customer_count + 1
        where rowid = (select min(rowid) from gold.dim_customer_segments)
    """,
    "fct_demand_forecasts__baseline_equals_forecast": """
        update gold.fct_demand_forecasts set forecast_quantity = forecast_quantity + 1
        where rowid = (
            select min(rowid) from gold.fct_demand_forecasts where scenario_id = 'baseline'
        )
    """,
    "fct_demand_forecasts__every_scenario_is_whole": """
        delete from gold.fct_demand_forecasts
        where rowid = (
            select min(rowid) from gold.fct_demand_forecasts where scenario_id = 'tiktok_west'
        )
    """,
    "fct_demand_forecasts__figures_are_possible": """
        update gold.fct_demand_forecasts set method_weight = 1.5
        where rowid = (select min(rowid) from gold.fct_demand_forecasts)
    """,
    "fct_demand_forecasts__quantiles_in_order": """
        update gold.fct_demand_forecasts set forecast_p10_quantity = forecast_p99_quantity + 1
        where rowid = (select max(rowid) from gold.fct_demand_forecasts)
    """,
    "py_forecast_priors__weights_are_probabilities": """
        update silver.py_forecast_priors set is_kept = false
        where prior_weight = (select max(prior_weight) from silver.py_forecast_priors)
    """,
    "py_launch_levels__can_be_sampled_from": """
        update silver.py_launch_levels set level_shape = 0
        where category is null
    """,
    "int_aggregate_demand__is_not_negative": """
        update silver.int_aggregate_demand set demand_quantity = -0.0001
        where rowid = (select min(rowid) from silver.int_aggregate_demand)
    """,
    "int_reconciliation_weights__sum_to_one": """
        update silver.int_reconciliation_weights set bottom_up_weight = bottom_up_weight + 0.1
        where rowid = (select min(rowid) from silver.int_reconciliation_weights)
    """,
    "int_reconciled_forecasts__figures_are_possible": """
        update silver.int_reconciled_forecasts set reconciliation_factor = 2.1
        where rowid = (select min(rowid) from silver.int_reconciled_forecasts)
    """,
    "int_reconciled_forecasts__hold_every_forecast": """
        delete from silver.int_reconciled_forecasts
        where rowid = (select min(rowid) from silver.int_reconciled_forecasts)
    """,
    "py_aggregate_backtests__figures_are_possible": """
        update silver.py_aggregate_backtests set mean_squared_step = -1
        where rowid = (select min(rowid) from silver.py_aggregate_backtests)
    """,
    "py_aggregate_backtests__quantiles_in_order": """
        update silver.py_aggregate_backtests set forecast_p10_quantity = forecast_p99_quantity + 1
        where rowid = (select max(rowid) from silver.py_aggregate_backtests)
    """,
    "py_aggregate_backtests__share_origins_with_series": """
        update silver.py_aggregate_backtests set origin_on = origin_on - 1
        where rowid = (select min(rowid) from silver.py_aggregate_backtests)
    """,
    "py_forecast_backtests__hold_every_day_of_a_fold": """
        update silver.py_forecast_backtests set demand_quantity = demand_quantity + 0.0001
        where rowid = (
            select min(rowid) from silver.py_forecast_backtests where demand_quantity is not null
        )
    """,
    "py_forecast_backtests__figures_are_possible": """
        update silver.py_forecast_backtests set mean_squared_step = -1
        where rowid = (select min(rowid) from silver.py_forecast_backtests)
    """,
    "py_forecast_backtests__quantiles_in_order": """
        update silver.py_forecast_backtests set forecast_p99_quantity = null
        where rowid = (select max(rowid) from silver.py_forecast_backtests)
    """,
    "fct_inventory_projections__demand_equals_forecasts": """
        update gold.fct_inventory_projections set demand_quantity = demand_quantity + 0.0001
        where rowid = (select min(rowid) from gold.fct_inventory_projections)
    """,
    "fct_inventory_projections__figures_are_possible": """
        update gold.fct_inventory_projections set stock_p10_quantity = null
        where rowid = (
            select min(rowid) from gold.fct_inventory_projections
            where stock_mean_quantity is not null
        )
    """,
    "fct_stockout_risks__waiting_for_the_review_is_no_safer": """
        update gold.fct_stockout_risks set stockout_probability = 0
        where stockout_probability_before_order = (
            select max(stockout_probability_before_order) from gold.fct_stockout_risks
        )
    """,
    "fct_stockout_risks__unknown_where_never_counted": """
        update gold.fct_stockout_risks set stock_on_hand = null
        where rowid = (select min(rowid) from gold.fct_stockout_risks)
    """,
    "fct_replenishment_plan__levels_add_up": """
        update gold.fct_replenishment_plan set safety_stock_quantity = safety_stock_quantity + 1
        where rowid = (select min(rowid) from gold.fct_replenishment_plan)
    """,
    "fct_replenishment_plan__dates_lie_on_the_calendar": """
        update gold.fct_replenishment_plan set order_on = order_on + 1
        where rowid = (select min(rowid) from gold.fct_replenishment_plan)
    """,
    "fct_replenishment_plan__agrees_with_risk": """
        update gold.fct_stockout_risks set risk_level = 'High'
        where (scenario_id, sku_id, location_id) = (
            select min((scenario_id, sku_id, location_id)) from gold.fct_replenishment_plan
            where explanation like '%are enough: nothing to order.'
        )
    """,
    "sku_demand_forecast__equals_projections": """
        update gold.sku_demand_forecast set location_count = location_count + 1
        where rowid = (select min(rowid) from gold.sku_demand_forecast)
    """,
    "sku_demand_forecast__figures_are_possible": """
        update gold.sku_demand_forecast set stockout_probability = 1.5
        where rowid = (select min(rowid) from gold.sku_demand_forecast)
    """,
    "forecast_vs_actual__equals_its_facts": """
        delete from gold.dim_locations
        where location_id = (select min(location_id) from gold.dim_locations)
    """,
    "fct_scenario_impacts__equals_planning_tables": """
        update gold.fct_scenario_impacts set order_cost_amount = order_cost_amount + 0.0001
        where rowid = (select min(rowid) from gold.fct_scenario_impacts)
    """,
    "fct_scenario_impacts__baseline_changes_nothing": """
        update gold.fct_scenario_impacts set units_at_risk_change = 1
        where scenario_id = 'baseline'
    """,
    CURRENT: SKU_VERSION_CHANGES["no version"][0],
    RANGES: SKU_VERSION_CHANGES["gap"][0],
    "scenario_effects__demand_factors_lie_between_0_and_10": """
        update seeds.scenario_effects set effect_value = 20 where effect = 'demand_factor'
    """,
    "scenario_effects__first_day_comes_before_last_day": """
        update seeds.scenario_effects set first_day = last_day + 1 where last_day is not null
    """,
    "scenario_effects__delays_have_no_days": """
        update seeds.scenario_effects set first_day = 1 where effect = 'lead_time_days'
    """,
    "scenario_effects__starts_on_comes_before_ends_on": """
        update seeds.scenario_effects set starts_on = '2026-03-02', ends_on = '2026-03-01'
        where effect = 'demand_factor'
    """,
    "int_unmatched_scopes__none": """
        insert into silver.int_unmatched_scopes (seed_name, seed_row, scope_name, scope_value)
        values ('replenishment_policy', 'Teeas', 'category', 'Teeas')
    """,
    "scenarios__hold_a_baseline_without_effects": """
        update seeds.scenarios set scenario_id = 'base' where scenario_id = 'baseline'
    """,
    "replenishment_policy__holds_for_every_category": """
        update seeds.replenishment_policy set order_is_lost_days = null where category = '*'
    """,
    "risk_policy__holds_both_levels": """
        delete from seeds.risk_policy where risk_level = 'Medium'
    """,
    "segment_policy__has_one_row": """
        insert into seeds.segment_policy select * from seeds.segment_policy
    """,
    "unique_key_int_locations_location_id": """
        insert into silver.int_locations select * from silver.int_locations limit 1
    """,
    "unique_key_int_series_sku_id__location_id": """
        update silver.int_series set sku_id = null where pilot_rank = 1
    """,
}
"""What each test is there to find, by its name."""
