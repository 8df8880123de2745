"""What reconciliation gains, as ``.venv/bin/python -m benchmarks.accuracy.reconciliation [DATA]``.

Series with two kinds of totals above them are forecast from origins in the past, and judged as
series and as sums. What is averaged at an origin rests on what was known by then of earlier ones.
DATA is the folder of the public files; of a warehouse that is built, its demand is a set, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.accuracy import report
from shelfcast.forecasting import Panel, forecast_arrays, teach
from shelfcast.forecasting.reconciliation import (
    like_for_like,
    prefers_average,
    reconcile,
    top_down_factors,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HORIZON, SEASON_LENGTH = 28, 7
FIRST_FOLDS = 2
"""Origins that only teach."""

FEWEST_DAYS = 28
"""Known days without which a series is not forecast."""

FRESH_RETAIL = """
    select
        product_id as sku,
        first_category_id || '/' || city_id as segment,
        store_id || '/' || product_id as series,
        dt as day,
        sale_amount as units
    from '{path}'
"""

ONLINE_RETAIL = """
    select
        substr(StockCode, 1, 3) as sku,
        substr(StockCode, 1, 2) as segment,
        upper(StockCode) as series,
        cast(InvoiceDate as date) as day,
        sum(Quantity) as units
    from '{path}'
    where
        regexp_matches(StockCode, '^[0-9]{{5}}')
        and Quantity > 0 and UnitPrice > 0 and InvoiceNo not like 'C%'
    group by all
"""

WAREHOUSE = """
    select
        demand.sku_id as sku,
        skus.category || '/' || locations.region as segment,
        demand.sku_id || '/' || demand.location_id as series,
        demand.demand_on as day,
        cast(demand.demand_quantity as double) as units
    from silver.int_completed_demand as demand
    inner join silver.int_skus as skus using (sku_id)
    inner join silver.int_locations as locations using (location_id)
    where demand.is_active
"""


@dataclass(frozen=True)
class Hierarchy:
    """Series and their totals.

    Attributes
    ----------
    demand : (n, days)
        NaN is unknown, or before the launch.
    sku, segment : (n,) int
        Totals that each series belongs to.
    origins
        Days known at each.
    """

    title: str
    demand: FloatArray
    sku: IntArray
    segment: IntArray
    origins: range

    @classmethod
    def of(cls, title: str, rows: pd.DataFrame, *, days_apart: int, folds: int) -> Hierarchy:
        """Arrange rows of sku, segment, series, day and units."""
        wide = rows.set_index(["sku", "segment", "series", "day"])["units"].unstack("day")
        wide = wide.reindex(columns=pd.date_range(wide.columns.min(), wide.columns.max()))
        last = wide.shape[1] - HORIZON
        return cls(
            title,
            wide.to_numpy(dtype=np.float64),
            pd.factorize(wide.index.get_level_values("sku"))[0],
            pd.factorize(wide.index.get_level_values("segment"))[0],
            range(last - days_apart * (folds - 1), last + 1, days_apart),
        )


@dataclass(frozen=True)
class Fold:
    """An origin: actuals, forecasts by rule and factors (n, h); NaN where there is none.

    ``squared_step`` (n,) is the denominator of the RMSSE.
    """

    origin: int
    actual: FloatArray
    forecasts: dict[str, FloatArray]
    factors: tuple[FloatArray, FloatArray]
    squared_step: FloatArray

    def rmsse(self, rule: str, days: int) -> FloatArray:
        """RMSSE of each series over some days; NaN without an actual or a step."""
        error = (self.actual - self.forecasts[rule])[:, :days]
        with np.errstate(invalid="ignore"):
            return np.sqrt(_mean_square(error) / self.squared_step)


def main(data: Path = Path(__file__).parents[3] / "shared/data") -> None:
    """Print a table per set."""
    for hierarchy in hierarchies(data):
        folds = list(forecast(hierarchy))
        judged = folds[FIRST_FOLDS:]
        for k, fold in enumerate(judged, FIRST_FOLDS):
            fold.forecasts["chosen"] = choose(hierarchy, folds[:k], fold)
        print(f"\n{hierarchy.title}: {len(hierarchy.demand)} series, {len(judged)} origins\n")
        print(table(hierarchy, judged), flush=True)


def hierarchies(data: Path) -> Iterator[Hierarchy]:
    """Read the sets."""
    home = Path(os.environ.get("SHELFCAST_HOME", "warehouse/sample")) / "shelfcast.duckdb"
    if home.exists():
        with duckdb.connect(str(home), read_only=True) as connection:
            rows = connection.sql(WAREHOUSE).df()
        yield Hierarchy.of("Warehouse", rows, days_apart=14, folds=10)
    rows = duckdb.sql(FRESH_RETAIL.format(path=data / "fresh_retail_sample.parquet")).df()
    yield Hierarchy.of("FreshRetail", rows, days_apart=2, folds=8)
    rows = duckdb.sql(ONLINE_RETAIL.format(path=data / "online_retail.parquet")).df()
    yield Hierarchy.of("Online Retail", with_zeros(rows), days_apart=14, folds=10)


def with_zeros(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the days from a series' first sale on which it did not sell, and the shop was open."""
    keys = ["sku", "segment", "series"]
    rows = rows[rows.groupby("series")["day"].transform("size") >= 10]
    days = np.sort(rows["day"].unique())
    saturdays = pd.date_range(days[0], days[-1], freq="W-SAT")
    grid = pd.DataFrame({"day": np.union1d(days, saturdays)})
    grid = rows.groupby(keys)["day"].min().rename("first").reset_index().merge(grid, how="cross")
    grid = grid[grid["day"] >= grid["first"]].drop(columns="first")
    return grid.merge(rows, how="left", on=[*keys, "day"]).fillna({"units": 0})


def forecast(hierarchy: Hierarchy) -> Iterator[Fold]:
    """Forecast series and totals from each origin; what series teach serves the totals, too."""
    for origin in hierarchy.origins:
        history = hierarchy.demand[:, :origin]
        is_forecast = (~np.isnan(history)).sum(axis=1) >= FEWEST_DAYS
        history = history[is_forecast]
        mean = np.maximum(np.nanmean(history, axis=1), 1e-9)
        shape = (len(hierarchy.demand), HORIZON)
        own = np.full(shape, np.nan)
        prior = teach(Panel.from_series(known(history)), SEASON_LENGTH, HORIZON)
        own[is_forecast] = forecast_arrays(known(history), HORIZON, prior=prior).mean
        factors = []
        for total in (hierarchy.sku, hierarchy.segment):
            _, present = np.unique(total[is_forecast], return_inverse=True)
            totals = known(like_for_like(history, present, mean))
            factor = np.ones(shape)
            factor[is_forecast] = top_down_factors(
                own[is_forecast],
                forecast_arrays(totals, HORIZON, prior=prior).mean,
                present,
                mean,
            )
            factors.append(factor)
        by_sku, by_segment = factors
        everywhere = np.ones(len(own), dtype=bool)
        step = np.full(len(own), np.nan)
        step[is_forecast] = _mean_square(np.diff(history, axis=1))
        yield Fold(
            origin,
            np.where(is_forecast[:, None], hierarchy.demand[:, origin : origin + HORIZON], np.nan),
            {
                "bottom-up": own,
                "top-down by SKU": own * by_sku,
                "top-down by segment": own * by_segment,
                "mean with SKU": reconcile(own, [by_sku], everywhere),
                "mean with segment": reconcile(own, [by_segment], everywhere),
                "mean of all three": reconcile(own, factors, everywhere),
            },
            (by_sku, by_segment),
            np.where(step > 0, step, np.nan),
        )


def known(panel: FloatArray) -> list[FloatArray]:
    """Return each series from its first known day."""
    return [row[np.argmax(~np.isnan(row)) :] for row in panel]


def choose(hierarchy: Hierarchy, past: list[Fold], fold: Fold) -> FloatArray:
    """Forecast by the rule: an average where it was better on what the origin knows."""
    bottom_up, averaged = (
        pd.DataFrame(
            [one.rmsse(rule, min(fold.origin - one.origin, HORIZON)) for one in past]
        ).mean()
        for rule in ("bottom-up", "mean of all three")
    )
    is_averaged = prefers_average(bottom_up.to_numpy(), averaged.to_numpy(), hierarchy.segment)
    return reconcile(fold.forecasts["bottom-up"], fold.factors, is_averaged[hierarchy.segment])


def table(hierarchy: Hierarchy, folds: list[Fold]) -> str:
    """Return WAPE and RMSSE of each rule, as Markdown; those of others as changes in %."""
    scores = {
        rule: np.mean([judge(hierarchy, fold, rule) for fold in folds], axis=0)
        for rule in folds[0].forecasts
    }
    base = scores.pop("bottom-up")
    rows = [["bottom-up", *(f"{value:.4f}" for value in base)]]
    rows += [
        [rule, *(f"{100 * (value / of - 1):+.2f} %" for value, of in zip(row, base, strict=True))]
        for rule, row in scores.items()
    ]
    header = [
        f"{measure}, {of}" for of in ("series", "SKU", "segment") for measure in ("WAPE", "RMSSE")
    ]
    return report.table(["", *header], rows)


def judge(hierarchy: Hierarchy, fold: Fold, rule: str) -> list[float]:
    """Return WAPE and mean RMSSE of series, of SKUs and of segments."""
    history = hierarchy.demand[:, : fold.origin]
    forecasts = np.where(np.isnan(fold.actual), np.nan, fold.forecasts[rule])
    scores = []
    for total in (np.arange(len(history)), hierarchy.sku, hierarchy.segment):
        error = sums(fold.actual, total) - sums(forecasts, total)
        step = np.diff(sums(history, total), axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.sqrt(_mean_square(error) / _mean_square(step))
        scores += [
            float(np.nansum(np.abs(error)) / np.nansum(fold.actual)),
            float(ratio[np.isfinite(ratio)].mean()),
        ]
    return scores


def sums(values: FloatArray, total: IntArray) -> FloatArray:
    """Add what is known of series (n, days) up to (totals, days); NaN where nothing is."""
    is_known = ~np.isnan(values)
    added, count = np.zeros((2, total.max() + 1, values.shape[1]))
    np.add.at(added, total, np.where(is_known, values, 0.0))
    np.add.at(count, total, is_known)
    return np.where(count > 0, added, np.nan)


def _mean_square(values: FloatArray) -> FloatArray:
    """Mean of the squares that are known of each row; NaN without any."""
    return np.nansum(values**2, axis=1) / (~np.isnan(values)).sum(axis=1)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
