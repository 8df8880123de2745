"""Reconciliation in the warehouse, beside the same rule over arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from warehouses import Warehouse

from shelfcast.forecasting.panel import FloatArray, IntArray
from shelfcast.forecasting.reconciliation import (
    like_for_like,
    prefers_average,
    reconcile,
    top_down_factors,
)

pytestmark = pytest.mark.slow

SERIES, TOTAL = ["sku_id", "location_id"], ["aggregate_level", "aggregate_id"]
LEVELS = ("sku", "category_region")
INPUTS = (
    "int_completed_demand",
    "int_skus",
    "int_locations",
    "int_location_days",
    "py_forecast_backtests",
    "py_aggregate_backtests",
    "py_demand_forecasts",
    "py_aggregate_forecasts",
)
MODELS = (
    "int_aggregate_members",
    "int_aggregate_demand",
    "int_reconciliation_weights",
    "int_reconciled_forecasts",
)
"""Models of reconciliation, in the order in which they are built."""


@dataclass(frozen=True)
class Level:
    """Series of one kind of total: the total of each by number, and what it counts for."""

    keys: pd.MultiIndex
    totals: pd.Index
    total: IntArray
    mean: FloatArray

    @classmethod
    def of(cls, members: pd.DataFrame, level: str) -> Level:
        below = members[members["aggregate_level"] == level].sort_values(SERIES)
        total, totals = pd.factorize(below["aggregate_id"])
        return cls(
            pd.MultiIndex.from_frame(below[SERIES]),
            totals,
            total,
            below["mean_demand_quantity"].to_numpy(dtype=np.float64),
        )


def silver(warehouse: Warehouse, table: str) -> pd.DataFrame:
    with warehouse.connect(read_only=True) as connection:
        return connection.sql(f"select * from silver.{table}").df()


def by_day(rows: pd.DataFrame, keys: list[str], day: str, value: str) -> pd.DataFrame:
    """Return values with a row per key and a column per day."""
    return rows.set_index([*keys, day])[value].astype(float).unstack(day)


def factors(level: Level, name: str, own: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return the top-down factors of series as the library finds them, by series."""
    made = top_down_factors(
        own.reindex(level.keys).round(4).to_numpy(),
        totals.loc[name].reindex(level.totals).to_numpy(),
        level.total,
        level.mean,
    )
    return pd.DataFrame(made, level.keys, own.columns)


def reconciled(warehouse: Warehouse) -> tuple[FloatArray, FloatArray]:
    """Return the forecasts that the library reconciles, and those of the warehouse."""
    members = silver(warehouse, "int_aggregate_members")
    rows = silver(warehouse, "int_reconciled_forecasts")
    own = by_day(rows, SERIES, "lead_day", "base_forecast_quantity")
    totals = by_day(
        silver(warehouse, "py_aggregate_forecasts"), TOTAL, "lead_day", "forecast_quantity"
    )
    weights = silver(warehouse, "int_reconciliation_weights")
    segments = members[members["aggregate_level"] == LEVELS[1]].merge(weights, on="aggregate_id")
    is_averaged = segments.set_index(SERIES)["is_averaged"].reindex(own.index, fill_value=False)
    mine = reconcile(
        own.to_numpy(),
        [
            factors(Level.of(members, name), name, own, totals)
            .reindex(own.index, fill_value=1.0)
            .to_numpy()
            for name in LEVELS
        ],
        is_averaged.to_numpy(),
    )
    return mine, by_day(rows, SERIES, "lead_day", "forecast_quantity").to_numpy()


def test_demand_of_totals_is_that_of_the_library(sample: Warehouse) -> None:
    members = silver(sample, "int_aggregate_members")
    demand = silver(sample, "int_completed_demand").query("is_active")
    demand = by_day(demand, SERIES, "demand_on", "damped_demand_quantity")
    made = by_day(silver(sample, "int_aggregate_demand"), TOTAL, "demand_on", "demand_quantity")
    for name in LEVELS:
        level = Level.of(members, name)
        expected = like_for_like(demand.reindex(level.keys).to_numpy(), level.total, level.mean)
        found = made.loc[name].reindex(index=level.totals, columns=demand.columns)
        np.testing.assert_allclose(found.to_numpy(), expected, rtol=0, atol=0.000051)
        assert np.isfinite(expected).sum() > 1_000


def test_weights_are_those_of_the_library(sample: Warehouse) -> None:
    members = silver(sample, "int_aggregate_members")
    backtests, aggregates = (
        silver(sample, f"py_{name}_backtests") for name in ("forecast", "aggregate")
    )
    levels = [Level.of(members, name) for name in LEVELS]
    bottom_up, averaged = [], []
    for fold, rows in backtests.groupby("fold_number"):
        own, actual = (
            by_day(rows, SERIES, "lead_day", name).reindex(levels[1].keys)
            for name in ("forecast_quantity", "demand_quantity")
        )
        totals = aggregates[aggregates["fold_number"] == fold]
        totals = by_day(totals, TOTAL, "lead_day", "forecast_quantity")
        by_level = [
            factors(level, name, own, totals).reindex(own.index, fill_value=1.0).to_numpy()
            for level, name in zip(levels, LEVELS, strict=True)
        ]
        step = rows.groupby(SERIES)["mean_squared_step"].first().reindex(own.index)
        for made, errors in (
            (own.to_numpy(), bottom_up),
            (reconcile(own.to_numpy(), by_level, np.ones(len(own), dtype=bool)), averaged),
        ):
            square = ((actual - made) ** 2).mean(axis=1)
            errors.append(np.sqrt(square / step.where(step > 0)).clip(upper=10))
    bottom_up, averaged = (
        pd.concat(errors, axis=1).mean(axis=1).to_numpy() for errors in (bottom_up, averaged)
    )
    found = silver(sample, "int_reconciliation_weights").set_index("aggregate_id")
    found = found.loc[levels[1].totals]
    mean = pd.DataFrame({"segment": levels[1].total, "own": bottom_up, "averaged": averaged})
    mean = mean.groupby("segment").mean()
    np.testing.assert_allclose(found["bottom_up_rmsse"].astype(float), mean["own"], atol=1e-4)
    np.testing.assert_allclose(found["averaged_rmsse"].astype(float), mean["averaged"], atol=1e-4)
    np.testing.assert_array_equal(
        found["is_averaged"], prefers_average(bottom_up, averaged, levels[1].total)
    )
    assert found["is_averaged"].any()


def test_forecasts_are_those_of_the_library(sample: Warehouse) -> None:
    mine, found = reconciled(sample)
    np.testing.assert_allclose(found, mine, rtol=1e-12)


def test_quantiles_move_with_the_mean(sample: Warehouse) -> None:
    rows = silver(sample, "int_reconciled_forecasts").sort_values([*SERIES, "lead_day"])
    base = silver(sample, "py_demand_forecasts").sort_values([*SERIES, "lead_day"])
    names = [name for name in base if name.startswith("forecast_p") or name == "forecast_quantity"]
    expected = base[names].mul(rows["reconciliation_factor"].to_numpy(), axis=0)
    np.testing.assert_array_equal(rows[names], expected)
    assert len(names) == 9
    np.testing.assert_array_equal(rows["error_scale"], base["error_scale"])


def test_every_total_in_gold_is_the_sum_below_it(sample: Warehouse) -> None:
    """To the last digit, in any order: quantities are exact there."""
    by_sku, by_segment = (
        sample.query(
            f"""
            with below as (
                select
                    forecasts.scenario_id, skus.sku_id, skus.category, locations.region,
                    forecasts.forecast_on as date, forecasts.forecast_quantity
                from gold.fct_demand_forecasts as forecasts
                inner join gold.dim_skus as skus using (sku_id)
                inner join gold.dim_locations as locations using (location_id)
            ),

            sums as (
                select scenario_id, {keys}, date, sum(forecast_quantity) as demand
                from below
                group by all
            ),

            totals as (
                select scenario_id, {keys}, date, sum(forecast_demand) as demand
                from gold.sku_demand_forecast
                group by all
            )

            select count(*), count(*) filter (sums.demand is distinct from totals.demand)
            from sums
            full outer join totals using (scenario_id, {keys}, date)
            """
        )[0]
        for keys in ("sku_id", "category, region")
    )
    assert by_sku[0] > 1_000 < by_segment[0]
    assert by_sku[1] == by_segment[1] == 0


def test_the_order_of_rows_changes_nothing(sample: Warehouse, tmp_path: Path) -> None:
    compiled = sample.home / "target/compiled/shelfcast/models/intermediate/reconciliation"
    with duckdb.connect(str(tmp_path / "shelfcast.duckdb")) as connection:
        connection.execute(f"attach '{sample.home / 'shelfcast.duckdb'}' as built (read_only)")
        connection.execute("create schema silver")
        for table in INPUTS:
            connection.execute(
                f"create table silver.{table} as "
                f"select * from built.silver.{table} order by hash(rowid)"
            )
        for model in MODELS:
            sql = (compiled / f"{model}.sql").read_text(encoding="utf-8")
            connection.execute(f"create table silver.{model} as {sql}")
            differences = connection.execute(
                f"select count(*) from (from silver.{model} except from built.silver.{model})"
            ).fetchone()
            assert differences == (0,), model


@pytest.mark.parametrize(
    "fault",
    [
        "update silver.py_aggregate_forecasts set forecast_quantity = forecast_quantity * 1.01",
        "delete from silver.int_aggregate_members "
        "where location_id = (select min(location_id) from silver.int_aggregate_members)",
        "update silver.int_reconciliation_weights set is_averaged = not is_averaged",
    ],
)
def test_a_planted_difference_is_found(sample: Warehouse, tmp_path: Path, fault: str) -> None:
    faulty = sample.copy(tmp_path / "faulty")
    with faulty.connect() as connection:
        connection.execute(fault)
    mine, found = reconciled(faulty)
    assert not np.allclose(found, mine, rtol=1e-9)
