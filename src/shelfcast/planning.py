"""What the Python models of the DAG do, one function per model.

Each takes the engine's relations and parameters, and returns what dbt materialises. The arithmetic
is in :mod:`shelfcast.forecasting` and :mod:`shelfcast.inventory`; here is only which rows reach
which kernel. What is learnt across series is a small relation that is handed whole to the kernel of
the next node, so that no series depends on the others of its batch.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from shelfcast.forecasting import ErrorPool, Prior, nodes
from shelfcast.frames import collect, map_groups, map_table, only, scalar, where
from shelfcast.inventory import (
    PLAN_SCHEMA,
    PROJECTION_SCHEMA,
    RISK_SCHEMA,
    plan_orders,
    project_stock,
    tag_risks,
)

SERIES = ("sku_id", "location_id")
SCENARIO_SERIES = ("scenario_id", *SERIES)
SALES = (*SERIES, "demand_on", "sales_quantity", "is_censored")
DEMAND = (*SERIES, "demand_on", "demand_quantity")


def complete_demand(daily_demand: Any) -> Any:
    """Demand on the days on which stock ran out; one row per SKU × location × such day."""
    return map_groups(
        only(daily_demand, SALES),
        SERIES,
        ("demand_on",),
        nodes.complete_demand,
        nodes.COMPLETION_SCHEMA,
    )


def learn_priors(completed_demand: Any, *, pilot_series: int, season_length: int) -> Any:
    """Seasonal profiles that a pilot of active series teaches; one row per season phase."""
    return map_table(
        only(where(completed_demand, f"is_active and pilot_rank <= {int(pilot_series)}"), DEMAND),
        partial(nodes.learn_priors, season_length=int(season_length)),
        nodes.PRIOR_SCHEMA,
    )


def fit_demand(completed_demand: Any, priors: Any, planning_horizon: Any) -> Any:
    """Fit of every active series: mean forecast, past errors, method; one row per series."""
    return map_groups(
        only(where(completed_demand, "is_active"), DEMAND),
        SERIES,
        ("demand_on",),
        partial(
            nodes.fit_series,
            prior=Prior.from_table(collect(priors)),
            horizon=scalar(planning_horizon, "horizon_days"),
        ),
        nodes.FIT_SCHEMA,
    )


def fall_back(unfitted_demand: Any, planning_horizon: Any) -> Any:
    """Fit of every series that came after the last fit, by its mean; one row per series."""
    return map_groups(
        unfitted_demand,
        SERIES,
        ("demand_on",),
        partial(nodes.fall_back_series, horizon=scalar(planning_horizon, "horizon_days")),
        nodes.FIT_SCHEMA,
    )


def pool_errors(fits: Any, planning_horizon: Any) -> Any:
    """Error trajectories pooled over series of like predictability; one row per trajectory."""
    return map_table(
        fits,
        partial(nodes.pool_errors, horizon=scalar(planning_horizon, "horizon_days")),
        nodes.POOL_SCHEMA,
    )


def forecast_demand(fits: Any, pools: Any, priors: Any, as_of: Any) -> Any:
    """Mean and quantiles of demand; one row per SKU × location × day ahead."""
    return map_groups(
        fits,
        SERIES,
        (),
        partial(
            nodes.forecast_series,
            pool=ErrorPool.from_table(collect(pools)),
            as_of=scalar(as_of, "as_of_date"),
            season_length=Prior.from_table(collect(priors)).season_length,
        ),
        nodes.FORECAST_SCHEMA,
    )


def project_inventory(plans: Any, pools: Any) -> Any:
    """Projected stock before any new order; one row per scenario × SKU × location × day."""
    return map_groups(
        plans,
        SCENARIO_SERIES,
        ("forecast_on",),
        partial(project_stock, trajectories=ErrorPool.from_table(collect(pools)).trajectories),
        PROJECTION_SCHEMA,
    )


def tag_stockout_risks(projected_risks: Any) -> Any:
    """Stock-out risk with its level and reason; one row per scenario × SKU × location."""
    return map_groups(projected_risks, SCENARIO_SERIES, ("forecast_on",), tag_risks, RISK_SCHEMA)


def plan_replenishment(plans: Any, pools: Any) -> Any:
    """Safety stock, levels and order; one row per scenario × SKU × location."""
    return map_groups(
        plans,
        SCENARIO_SERIES,
        ("forecast_on",),
        partial(plan_orders, trajectories=ErrorPool.from_table(collect(pools)).trajectories),
        PLAN_SCHEMA,
    )
