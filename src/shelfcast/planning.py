"""What the Python models of the DAG do, one function per model.

Each takes the engine's relations and parameters, and returns what dbt materialises. The arithmetic
is in :mod:`shelfcast.forecasting` and :mod:`shelfcast.inventory`; here is only which rows reach
which kernel. What is learnt across series is a small relation that is handed whole to the kernel of
the next node, so that no series depends on the others of its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from shelfcast.forecasting import ErrorPool, Prior, SeasonalProfile, nodes
from shelfcast.frames import Kernel, collect, joined, map_groups, map_table, only, scalar, where
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
SALES = (*SERIES, "demand_on", "sales_quantity", "is_censored", "is_special_day")
DAMPED = "damped_demand_quantity"
DEMAND = (*SERIES, "demand_on", DAMPED)
HISTORY = (*SALES, "demand_quantity")
AGGREGATES = ("aggregate_level", "aggregate_id")


def complete_demand(daily_demand: Any) -> Any:
    """Demand on days out of stock and on odd days; one row per SKU × location × such day."""
    return map_groups(
        only(daily_demand, SALES),
        SERIES,
        ("demand_on",),
        nodes.complete_demand,
        nodes.COMPLETION_SCHEMA,
    )


def learn_profiles(completed_demand: Any, *, pilot_series: int, season_length: int) -> Any:
    """Seasonal profile that a pilot of active series teaches; one row per season phase."""
    return map_table(
        _pilot(completed_demand, pilot_series),
        _from_damped(partial(nodes.learn_profiles, season_length=int(season_length))),
        nodes.PROFILE_SCHEMA,
    )


def learn_priors(
    completed_demand: Any, profiles: Any, planning_horizon: Any, *, pilot_series: int
) -> Any:
    """Which candidates do well on a pilot of active series; one row per candidate."""
    return map_table(
        _pilot(completed_demand, pilot_series),
        _from_damped(
            partial(
                nodes.learn_priors,
                profile=SeasonalProfile.from_table(collect(profiles)),
                horizon=scalar(planning_horizon, "horizon_days"),
            )
        ),
        nodes.PRIOR_SCHEMA,
    )


def learn_levels(launch_demand: Any) -> Any:
    """Levels of demand of new series; one row per category, and one of all series."""
    return map_table(
        only(
            launch_demand,
            ("category", "is_new", "known_days", "known_units", "squares", "selling_days"),
        ),
        nodes.learn_levels,
        nodes.LEVEL_SCHEMA,
    )


def fit_demand(completed_demand: Any, priors: Any, profiles: Any, planning_horizon: Any) -> Any:
    """Fit of every active series: states, past errors, method; one row per series."""
    return map_groups(
        only(where(completed_demand, "is_active"), DEMAND),
        SERIES,
        ("demand_on",),
        _from_damped(_over_horizon(nodes.fit_series, priors, profiles, planning_horizon)),
        nodes.FIT_SCHEMA,
    )


def fall_back(unfitted_demand: Any, priors: Any, profiles: Any, planning_horizon: Any) -> Any:
    """Fit of every series that came after the last fit, its mean; one row per series."""
    return map_groups(
        unfitted_demand,
        SERIES,
        ("demand_on",),
        _over_horizon(nodes.fall_back_series, priors, profiles, planning_horizon),
        nodes.FIT_SCHEMA,
    )


def pool_errors(fits: Any, priors: Any, profiles: Any, planning_horizon: Any) -> Any:
    """Error trajectories pooled over series of like predictability; one row per trajectory."""
    return map_table(
        fits,
        _over_horizon(nodes.pool_errors, priors, profiles, planning_horizon),
        nodes.POOL_SCHEMA,
    )


def forecast_demand(fits: Any, pools: Any, priors: Any, profiles: Any, as_of: Any) -> Any:
    """Mean and quantiles of demand; one row per SKU × location × day ahead."""
    return map_groups(
        fits,
        SERIES,
        (),
        partial(
            _with_errors(nodes.forecast_series, priors, profiles, pools),
            as_of=scalar(as_of, "as_of_date"),
        ),
        nodes.FORECAST_SCHEMA,
    )


def backtest_demand(
    completed_demand: Any,
    pools: Any,
    priors: Any,
    profiles: Any,
    series_levels: Any,
    *,
    backtest_folds: int,
) -> Any:
    """Forecasts from past origins beside what came; one row per SKU × location × fold × day."""
    return map_groups(
        joined(only(where(completed_demand, "is_active"), HISTORY), series_levels, SERIES),
        SERIES,
        ("demand_on",),
        partial(
            _with_errors(nodes.backtest_series, priors, profiles, pools),
            folds=int(backtest_folds),
        ),
        nodes.BACKTEST_SCHEMA,
    )


def fit_aggregates(aggregate_demand: Any, priors: Any, profiles: Any, planning_horizon: Any) -> Any:
    """Fit of every total, as of a series; one row per total."""
    return _map_aggregates(
        aggregate_demand,
        ("demand_on",),
        _over_horizon(nodes.fit_series, priors, profiles, planning_horizon),
        nodes.FIT_SCHEMA,
    )


def forecast_aggregates(fits: Any, pools: Any, priors: Any, profiles: Any, as_of: Any) -> Any:
    """Mean and quantiles of the demand for totals; one row per total × day ahead."""
    return _map_aggregates(
        fits,
        (),
        partial(
            _with_errors(nodes.forecast_series, priors, profiles, pools),
            as_of=scalar(as_of, "as_of_date"),
        ),
        nodes.FORECAST_SCHEMA,
    )


def backtest_aggregates(
    aggregate_demand: Any, pools: Any, priors: Any, profiles: Any, *, backtest_folds: int
) -> Any:
    """Forecasts of totals from past origins beside what came; one row per total × fold × day."""
    backtest = _with_errors(nodes.backtest_series, priors, profiles, pools)
    return _map_aggregates(
        aggregate_demand,
        ("demand_on",),
        lambda table: backtest(_as_sold(table), folds=int(backtest_folds)),
        nodes.BACKTEST_SCHEMA,
    )


def _as_sold(demand: pa.Table) -> pa.Table:
    """Return demand as sales, none censored or odd: that of a total is completed and damped."""
    never = np.zeros(demand.num_rows, dtype=bool)
    return (
        demand.append_column("sales_quantity", demand["demand_quantity"])
        .append_column("is_censored", pa.array(never))
        .append_column("is_special_day", pa.array(~never))
    )


def _from_damped(kernel: Kernel) -> Kernel:
    """Let a kernel read damped demand as the demand: what it learns from."""
    return lambda table: kernel(_renamed(table, (DAMPED,), ("demand_quantity",)))


def _map_aggregates(
    relation: Any, order_by: Sequence[str], kernel: Kernel, schema: pa.Schema
) -> Any:
    """Run a kernel of series over totals, which have a key of their own."""
    fields = [pa.field(name, pa.string()) for name in AGGREGATES]
    return map_groups(
        relation,
        AGGREGATES,
        order_by,
        lambda table: _renamed(kernel(_renamed(table, AGGREGATES, SERIES)), SERIES, AGGREGATES),
        pa.schema([*fields, *list(schema)[len(fields) :]]),
    )


def _renamed(table: pa.Table, old: Sequence[str], new: Sequence[str]) -> pa.Table:
    """Rename some columns of a table."""
    names = dict(zip(old, new, strict=True))
    return table.rename_columns([names.get(name, name) for name in table.column_names])


def _pilot(completed_demand: Any, pilot_series: int) -> Any:
    """Keep the demand of the active series that teach the others."""
    is_pilot = f"is_active and pilot_rank <= {int(pilot_series)}"
    return only(where(completed_demand, is_pilot), DEMAND)


def _over_horizon(
    kernel: Callable[..., pa.Table], priors: Any, profiles: Any, planning_horizon: Any
) -> Kernel:
    """Give a kernel what the pilot taught, and the days ahead."""
    horizon = scalar(planning_horizon, "horizon_days")
    return partial(kernel, prior=_prior(priors, profiles), horizon=horizon)


def _with_errors(
    kernel: Callable[..., pa.Table], priors: Any, profiles: Any, pools: Any
) -> Callable[..., pa.Table]:
    """Give a kernel what the pilot taught, and the pooled errors."""
    pool = ErrorPool.from_table(collect(pools))
    return partial(kernel, prior=_prior(priors, profiles), pool=pool)


def _prior(priors: Any, profiles: Any) -> Prior:
    """Return what the pilot taught."""
    return Prior.from_table(collect(priors), SeasonalProfile.from_table(collect(profiles)))


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
