"""The data sets: series, splits, and which series the peers forecast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.accuracy.generators import FloatArray, daily_retail, short_series
from benchmarks.accuracy.metrics import demand_class

RETAIL, SHORT, TINY = "retail", "short", "tiny"
"""Kinds of sets: daily retail; short series of other periods; series under 20 points."""

ORIGINS = 6
"""Origins of a retail set, a week apart."""

QUARTER = 13
"""Weekly origins of a quarter of a year."""

FEWEST_SELLING_DAYS = 100
"""Days on which a product of Online Retail sold, of 305; others are left out."""


@dataclass(frozen=True)
class DataSet:
    """Series and how they are split.

    Attributes
    ----------
    name
        Name of its files.
    title
        Name in tables.
    kind
        ``retail``, ``short`` or ``tiny``.
    series
        One array per series, of any lengths, without missing values.
    season_length, horizon
        In points.
    holdouts
        Per origin the points kept back at the end of each series, earliest origin first. The first
        ``horizon`` of them are forecast.
    sample
        Series that the peers forecast, rising; ours forecasts all.
    segments
        What each series is shown with: its demand class before the first origin, or its trend.
    """

    name: str
    title: str
    kind: str
    series: tuple[FloatArray, ...]
    season_length: int
    horizon: int
    holdouts: tuple[int, ...]
    sample: tuple[int, ...]
    segments: tuple[str, ...]

    def training(self, origin: int) -> list[FloatArray]:
        """Return what is known of each series at an origin."""
        return [values[: values.size - self.holdouts[origin]] for values in self.series]

    def over_a_quarter(self) -> DataSet | None:
        """Return the set with 13 weekly origins; None where no year of history is before them."""
        holdouts = tuple(self.horizon + self.season_length * k for k in reversed(range(QUARTER)))
        shortest = min(values.size for values in self.series)
        if self.kind != RETAIL or shortest - holdouts[0] < 52 * self.season_length:
            return None
        return replace(self, holdouts=holdouts)

    def actual(self, origin: int) -> FloatArray:
        """Return what followed the origin (n, horizon)."""
        starts = [values.size - self.holdouts[origin] for values in self.series]
        return np.stack(
            [
                values[start : start + self.horizon]
                for values, start in zip(self.series, starts, strict=True)
            ]
        )

    def save(self, folder: Path) -> None:
        """Write what the peers need to ``folder/<name>.npz``."""
        np.savez(
            folder / f"{self.name}.npz",
            values=np.concatenate([self.series[i] for i in self.sample]),
            lengths=[self.series[i].size for i in self.sample],
            season_length=self.season_length,
            horizon=self.horizon,
            holdouts=self.holdouts,
        )


def all_sets(data: Path) -> list[DataSet]:
    """Return every set; ``data`` holds the public files.

    Raises
    ------
    FileNotFoundError
        If a public file is missing.
    """
    for name in ("fresh_retail_sample.parquet", "online_retail.parquet"):
        if not (data / name).exists():
            raise FileNotFoundError(
                f"{data / name} is missing: put it there, or name its folder with DATA=folder"
            )
    return [
        fresh_retail(data / "fresh_retail_sample.parquet"),
        online_retail(data / "online_retail.parquet"),
        *(generated_retail(seed) for seed in range(1, 6)),
        *(short(period) for period in SHORT_PERIODS),
        *(tiny(season_length) for season_length in TINY_HORIZONS),
    ]


# ---- Retail -------------------------------------------------------------------------------------


def fresh_retail(path: Path) -> DataSet:
    """Read FreshRetailNet: sales of SKU × store × day over 90 days, stocked-out days included."""
    rows = duckdb.sql(
        f"""
        select sale_amount from '{path}' order by city_id, store_id, product_id, dt
        """
    ).fetchall()
    return _retail("fresh_retail", "FreshRetail", np.reshape(rows, (-1, 90)), 7, peers_on=1000)


def online_retail(path: Path) -> DataSet:
    """Read Online Retail: units sold by SKU × trading day; a week has six, without Saturday."""
    rows = duckdb.sql(
        f"""
        with sales as (
            select StockCode as sku_id, cast(InvoiceDate as date) as sold_on, sum(Quantity) as units
            from '{path}'
            where Quantity > 0 and UnitPrice > 0 and InvoiceNo not like 'C%'
            group by all
        )

        select
            dense_rank() over (order by sku_id) - 1 as sku,
            dense_rank() over (order by sold_on) - 1 as day,
            units
        from sales
        """
    ).fetchall()
    sku, day, units = np.array(rows, dtype=np.int64).T
    panel = np.zeros((sku.max() + 1, day.max() + 1))
    panel[sku, day] = units
    panel = panel[(panel > 0).sum(axis=1) >= FEWEST_SELLING_DAYS]
    return _retail("online_retail", "Online Retail", panel, 6, peers_on=500)


def generated_retail(seed: int) -> DataSet:
    """Draw 400 products over 814 days."""
    panel = daily_retail(400, 814, seed)
    return _retail(f"generated_{seed}", f"Generated, seed {seed}", panel, 7, peers_on=100)


def _retail(name: str, title: str, panel: FloatArray, week: int, *, peers_on: int) -> DataSet:
    """Split a panel (n, days) at six weekly origins of 28 days; the peers see a seeded sample."""
    horizon = 28
    holdouts = tuple(horizon + week * k for k in reversed(range(ORIGINS)))
    sample = np.sort(np.random.default_rng(1).choice(len(panel), peers_on, replace=False))
    return DataSet(
        name,
        title,
        RETAIL,
        tuple(np.asarray(panel, dtype=np.float64)),
        week,
        horizon,
        holdouts,
        tuple(sample.tolist()),
        tuple(demand_class(values[: -holdouts[0]]) for values in panel),
    )


# ---- Short --------------------------------------------------------------------------------------

SHORT_PERIODS = {
    "yearly": (500, 1, 6, (15, 45)),
    "quarterly": (500, 4, 8, (16, 60)),
    "monthly": (500, 12, 18, (40, 140)),
    "weekly": (150, 52, 13, (110, 260)),
}
"""Series, season length, horizon, and fewest and most points before the origin."""

TINY_HORIZONS = {1: 6, 4: 8, 7: 7, 12: 12}
"""Horizon by season length of the series under 20 points."""


def short(period: str) -> DataSet:
    """Draw series of a period, as in the competitions; one origin."""
    n, season_length, horizon, lengths = SHORT_PERIODS[period]
    title = f"Short, {period}"
    return _short(f"short_{period}", title, SHORT, n, season_length, horizon, lengths)


def tiny(season_length: int) -> DataSet:
    """Draw 300 series of 8 to 19 points; one origin."""
    title = f"Under 20 points, season {season_length}"
    horizon = TINY_HORIZONS[season_length]
    return _short(f"tiny_{season_length}", title, TINY, 300, season_length, horizon, (8, 19))


def _short(
    name: str,
    title: str,
    kind: str,
    n: int,
    season_length: int,
    horizon: int,
    lengths: tuple[int, int],
) -> DataSet:
    """Draw series whose last ``horizon`` points are held out; all go to the peers."""
    whole = (lengths[0] + horizon, lengths[1] + horizon)
    series, trends = short_series(n, whole, season_length, 10 * season_length + (kind == TINY))
    return DataSet(
        name,
        title,
        kind,
        tuple(series),
        season_length,
        horizon,
        (horizon,),
        tuple(range(n)),
        tuple(trends),
    )
