"""Kernels of the forecasting nodes in the DAG: Arrow tables in, Arrow tables out.

Unless a kernel says otherwise, rows of a series stand together in order of their days. Series that
are fitted end on the same day, on which the phase of the season rests. Text columns may be
dictionaries or large strings and quantities decimals; they are cast at the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelfcast.forecasting.distributions import (
    POOL_SCHEMA,
    CumulativeDemand,
    ErrorPool,
    build_pool,
)
from shelfcast.forecasting.fits import PAST_ORIGINS, Fits, carry_forward, fall_back, fit_panel
from shelfcast.forecasting.panel import FloatArray, IntArray, Panel
from shelfcast.forecasting.seasonality import PRIOR_SCHEMA, Prior, learn_prior
from shelfcast.forecasting.stockouts import complete_stockouts

__all__ = [
    "COMPLETION_SCHEMA",
    "FIT_SCHEMA",
    "FORECAST_PROBABILITIES",
    "FORECAST_SCHEMA",
    "POOL_SCHEMA",
    "PRIOR_SCHEMA",
    "complete_demand",
    "fall_back_series",
    "fit_series",
    "forecast_series",
    "learn_priors",
    "pool_errors",
]

FORECAST_PROBABILITIES = {
    "forecast_p05_quantity": 0.05,
    "forecast_p10_quantity": 0.10,
    "forecast_p25_quantity": 0.25,
    "forecast_p50_quantity": 0.50,
    "forecast_p75_quantity": 0.75,
    "forecast_p90_quantity": 0.90,
    "forecast_p95_quantity": 0.95,
    "forecast_p99_quantity": 0.99,
}
"""Quantile columns of a forecast, with their levels."""

KEY_FIELDS = [("sku_id", pa.string()), ("location_id", pa.string())]

COMPLETION_SCHEMA = pa.schema(
    [*KEY_FIELDS, ("demand_on", pa.date32()), ("demand_quantity", pa.float64())]
)
"""One row per stocked-out day of a series."""

FIT_SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        ("last_on", pa.date32()),
        ("observations", pa.int64()),
        ("method", pa.string()),
        ("method_weight", pa.float64()),
        ("fallback_reason", pa.string()),
        ("scale", pa.float64()),
        ("is_nonnegative", pa.bool_()),
        ("mean_forecast", pa.list_(pa.float64())),
        ("errors", pa.list_(pa.float64())),
    ]
)
"""One row per series; ``errors`` holds K past origins × h days row by row, NaN where unknown."""

FORECAST_SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        ("forecast_on", pa.date32()),
        ("lead_day", pa.int64()),
        ("forecast_quantity", pa.float64()),
        *((name, pa.float64()) for name in FORECAST_PROBABILITIES),
        ("error_scale", pa.float64()),
        ("calibration_group", pa.int64()),
        ("method", pa.string()),
        ("method_weight", pa.float64()),
        ("fallback_reason", pa.string()),
    ]
)
"""One row per series and day ahead; ``lead_day`` is 1 on the day after the last one known."""


def complete_demand(table: pa.Table) -> pa.Table:
    """Estimate demand on stocked-out days.

    Parameters
    ----------
    table
        sku_id, location_id, demand_on, sales_quantity (null = unknown), is_censored; whole series.

    Returns
    -------
    pa.Table
        COMPLETION_SCHEMA; demand is null where neither it nor any in-stock day is known.

    Raises
    ------
    ValueError
        If the days of a series are not consecutive.
    """
    series = _Series.of(table, "sales_quantity")
    is_censored = _to_numpy(table, "is_censored", pa.bool_(), null=False)
    offsets = series.panel.offsets
    demand = np.concatenate(
        [
            np.empty(0),
            *(
                complete_stockouts(series.panel[i], is_censored[offsets[i] : offsets[i + 1]])
                for i in range(len(series.panel))
            ),
        ]
    )
    keys = table.select(COMPLETION_SCHEMA.names[:3])
    completed = keys.append_column("demand_quantity", pa.array(demand, from_pandas=True))
    return completed.filter(is_censored).cast(COMPLETION_SCHEMA)


def learn_priors(table: pa.Table, season_length: int) -> pa.Table:
    """Learn what series teach one another, from a pilot of them.

    Parameters
    ----------
    table
        sku_id, location_id, demand_on, demand_quantity (null = unknown); whole series, their rows
        in any order.
    season_length : int
        Days in a season; 1 for none.

    Returns
    -------
    pa.Table
        PRIOR_SCHEMA, one row per phase of the season.

    Raises
    ------
    ValueError
        If the days of a series are not consecutive, or series end on different days.
    """
    series = _Series.of(_sorted(table, "demand_on"), "demand_quantity")
    return learn_prior(series.in_phase(), season_length).to_table()


def fit_series(table: pa.Table, *, prior: Prior, horizon: int) -> pa.Table:
    """Fit every series by itself.

    Parameters
    ----------
    table
        sku_id, location_id, demand_on, demand_quantity (null = unknown); whole series.
    prior
        As read by `Prior.from_table`; holds the season length.
    horizon : int
        Days ahead, h.

    Returns
    -------
    pa.Table
        FIT_SCHEMA, one row per series, in the order of the table.

    Raises
    ------
    ValueError
        If the days of a series are not consecutive, or series end on different days.
    """
    series = _Series.of(table, "demand_quantity")
    return _fit_table(series, fit_panel(series.in_phase(), prior, horizon))


def fall_back_series(table: pa.Table, *, horizon: int) -> pa.Table:
    """Forecast every series by its mean, until it is fitted.

    Parameters
    ----------
    table
        sku_id, location_id, demand_on, demand_quantity (null = unknown); whole series.
    horizon : int
        Days ahead, h.

    Returns
    -------
    pa.Table
        FIT_SCHEMA, one row per series, in the order of the table.

    Raises
    ------
    ValueError
        If the days of a series are not consecutive, or series end on different days.
    """
    series = _Series.of(table, "demand_quantity")
    return _fit_table(series, fall_back(series.in_phase(), horizon))


def pool_errors(table: pa.Table, horizon: int) -> pa.Table:
    """Pool the past errors of all series.

    Parameters
    ----------
    table
        Rows of FIT_SCHEMA, in any order.
    horizon : int
        Days ahead, h; all that a table without rows would leave open.

    Returns
    -------
    pa.Table
        POOL_SCHEMA, one row per calibration group and trajectory.
    """
    return build_pool(_read_fits(_sorted(table), horizon)).to_table()


def forecast_series(
    table: pa.Table, *, pool: ErrorPool, as_of: date | None, season_length: int
) -> pa.Table:
    """Unfold fits into daily forecasts with quantiles.

    A fit may be some days old: it is then carried forward to today, and its errors grow.

    Parameters
    ----------
    table
        Rows of FIT_SCHEMA.
    pool
        As read by `ErrorPool.from_table`; holds the horizon.
    as_of
        Today; None where nothing was ever sold, and so nothing fitted.
    season_length : int
        Days in a season.

    Returns
    -------
    pa.Table
        FORECAST_SCHEMA, one row per series and day, days in order.

    Raises
    ------
    ValueError
        If a fit is of another horizon, of a later day than today, or older than half the horizon.
    """
    horizon = pool.horizon
    fits = _read_fits(table, horizon)
    today = np.datetime64(as_of, "D")
    age = _ages(_to_numpy(table, "last_on", pa.date32()), today, horizon)
    mean = carry_forward(fits.mean, age, season_length)
    group, error_scale = pool.place(fits)
    error_scale = error_scale * pool.growth(age)
    demand = CumulativeDemand(mean, error_scale, group, fits.is_nonnegative, pool)
    quantiles = demand.daily_quantiles(list(FORECAST_PROBABILITIES.values()))
    lead_day = np.tile(np.arange(1, horizon + 1), len(fits))
    series = np.repeat(np.arange(len(fits)), horizon)
    return pa.table(
        [
            _text(table, "sku_id").take(series),
            _text(table, "location_id").take(series),
            today + lead_day,
            lead_day,
            mean.ravel(),
            *(quantiles[:, :, level].ravel() for level in range(quantiles.shape[2])),
            error_scale[series],
            group[series],
            _text(table, "method").take(series),
            fits.method_weight[series],
            _text(table, "fallback_reason").take(series),
        ],
        schema=FORECAST_SCHEMA,
    )


@dataclass(frozen=True)
class _Series:
    """The series of a table: keys and last day of each, and the panel of their values."""

    sku_id: pa.Array
    location_id: pa.Array
    last_on: npt.NDArray[np.datetime64]
    panel: Panel

    @classmethod
    def of(cls, table: pa.Table, values: str) -> _Series:
        """Read the series from rows that stand together and in order of their days."""
        sku_id, location_id = _text(table, "sku_id"), _text(table, "location_id")
        day = _to_numpy(table, "demand_on", pa.date32())
        quantity = _to_numpy(table, values, pa.float64(), null=np.nan)
        if table.num_rows == 0:
            return cls(sku_id, location_id, day, Panel.from_series([]))
        codes = np.stack([_codes(sku_id), _codes(location_id)])
        is_start = np.append(True, (np.diff(codes, axis=1) != 0).any(axis=0))
        is_gap = ~is_start[1:] & (np.diff(day) != np.timedelta64(1, "D"))
        if is_gap.any():
            row = int(is_gap.argmax()) + 1
            raise ValueError(
                f"days of sku_id {sku_id[row]}, location_id {location_id[row]} are not "
                f"consecutive: {day[row]} follows {day[row - 1]}"
            )
        start = np.flatnonzero(is_start)
        offsets = np.append(start, table.num_rows).astype(np.int64)
        return cls(
            sku_id.take(start),
            location_id.take(start),
            day[offsets[1:] - 1],
            Panel(quantity, offsets),
        )

    def in_phase(self) -> Panel:
        """Return the panel if all series end on the same day, on which their phase rests."""
        if (self.last_on != self.last_on[:1]).any():
            row = int((self.last_on != self.last_on[:1]).argmax())
            raise ValueError(
                f"sku_id {self.sku_id[row]}, location_id {self.location_id[row]} ends on "
                f"{self.last_on[row]}, others on {self.last_on[0]}"
            )
        return self.panel


def _fit_table(series: _Series, fits: Fits) -> pa.Table:
    """Return fits as rows of FIT_SCHEMA."""
    return pa.table(
        [
            series.sku_id,
            series.location_id,
            series.last_on,
            fits.observations,
            pa.array(fits.method, pa.string()),
            fits.method_weight,
            pa.array(fits.fallback_reason, pa.string()),
            fits.scale,
            fits.is_nonnegative,
            _lists(fits.mean),
            _lists(fits.errors.reshape(len(fits), PAST_ORIGINS * fits.horizon)),
        ],
        schema=FIT_SCHEMA,
    )


def _ages(last_on: npt.NDArray[np.datetime64], today: np.datetime64, horizon: int) -> IntArray:
    """Return how many days old fits are (n,)."""
    age = (today - last_on).astype(np.int64)
    for is_wrong, fault in (
        (age < 0, "later than"),
        (2 * age > horizon, f"more than half the horizon of {horizon} days before"),
    ):
        if is_wrong.any():
            raise ValueError(
                f"series were fitted as of {last_on[is_wrong.argmax()]}, {fault} {today}; "
                "fit them anew: dbt build"
            )
    return age


def _read_fits(table: pa.Table, horizon: int) -> Fits:
    """Read rows of FIT_SCHEMA, which must be of the horizon."""
    rows = table.num_rows
    lengths = pc.list_value_length(table["mean_forecast"]).unique().to_pylist()
    if lengths not in ([], [horizon]):
        raise ValueError(
            f"series were fitted over {lengths[0]} days, and the horizon has {horizon}; "
            "fit them anew: dbt build"
        )
    return Fits(
        mean=_from_lists(table, "mean_forecast").reshape(rows, horizon),
        scale=_to_numpy(table, "scale", pa.float64()),
        errors=_from_lists(table, "errors").reshape(rows, PAST_ORIGINS, horizon),
        method=_text(table, "method").to_numpy(zero_copy_only=False),
        method_weight=_to_numpy(table, "method_weight", pa.float64()),
        fallback_reason=_text(table, "fallback_reason").to_numpy(zero_copy_only=False),
        is_nonnegative=_to_numpy(table, "is_nonnegative", pa.bool_()),
        observations=_to_numpy(table, "observations", pa.int64()),
    )


def _sorted(table: pa.Table, *names: str) -> pa.Table:
    """Sort rows by series, then by the columns named."""
    keys = pa.table({name: _text(table, name) for name, _ in KEY_FIELDS})
    for name in names:
        keys = keys.append_column(name, table[name])
    order = pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names])
    return table.take(order)


def _text(table: pa.Table, name: str) -> pa.Array:
    return table[name].cast(pa.string()).combine_chunks()


def _codes(column: pa.Array) -> IntArray:
    """Return a number for each distinct value of a column, null being one of them."""
    indices = column.dictionary_encode(null_encoding="encode").indices
    return np.asarray(indices.to_numpy(), dtype=np.int64)


def _to_numpy(
    table: pa.Table, name: str, data_type: pa.DataType, null: float | bool | None = None
) -> npt.NDArray[Any]:
    """Return a column cast to a type, nulls replaced by ``null`` where that is given."""
    column = table[name].cast(data_type).combine_chunks()
    filled = column if null is None else column.fill_null(null)
    return np.asarray(filled.to_numpy(zero_copy_only=False))


def _lists(values: FloatArray) -> pa.Array:
    """Return one list of doubles per row of an array (n, k)."""
    rows, length = values.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * length
    return pa.ListArray.from_arrays(offsets, values.ravel())


def _from_lists(table: pa.Table, name: str) -> FloatArray:
    """Return all elements of a column of lists, null being NaN."""
    lists = table[name].cast(pa.list_(pa.float64())).combine_chunks()
    return np.asarray(lists.flatten().fill_null(np.nan).to_numpy(zero_copy_only=False))
