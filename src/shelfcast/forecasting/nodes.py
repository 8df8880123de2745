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

from shelfcast import __version__
from shelfcast.forecasting.backtests import BACKTEST_DAYS, DAYS_BETWEEN_FOLDS, Fold, backtest
from shelfcast.forecasting.candidates import ADDITIVE, MULTIPLICATIVE, Grid
from shelfcast.forecasting.distributions import POOL_SCHEMA, ErrorPool, build_pool, predict
from shelfcast.forecasting.fits import Fits, States, fall_back, fit_panel
from shelfcast.forecasting.levels import LEVEL_SCHEMA, Evidence, Levels, learn_levels
from shelfcast.forecasting.panel import FloatArray, IntArray, Panel
from shelfcast.forecasting.priors import PAST_ORIGINS, PRIOR_SCHEMA, Prior, learn_prior
from shelfcast.forecasting.seasonality import PROFILE_SCHEMA, SeasonalProfile, learn_profile
from shelfcast.forecasting.stockouts import complete_panel
from shelfcast.forecasting.tables import read_columns

__all__ = [
    "BACKTEST_SCHEMA",
    "COMPLETION_SCHEMA",
    "FIT_SCHEMA",
    "FORECAST_PROBABILITIES",
    "FORECAST_SCHEMA",
    "LEVEL_SCHEMA",
    "POOL_SCHEMA",
    "PRIOR_SCHEMA",
    "PROFILE_SCHEMA",
    "backtest_series",
    "complete_demand",
    "fall_back_series",
    "fit_series",
    "forecast_series",
    "learn_levels",
    "learn_priors",
    "learn_profiles",
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
"""What names a series; the columns of every table begin with it."""

COMPLETION_SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        ("demand_on", pa.date32()),
        ("demand_quantity", pa.float64()),
        ("damped_demand_quantity", pa.float64()),
        ("is_outlier", pa.bool_()),
    ]
)
"""One row per stocked-out or odd day of a series."""

FIT_SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        ("last_on", pa.date32()),
        ("version", pa.string()),
        ("days", pa.int64()),
        ("observations", pa.int64()),
        ("selling_days", pa.int64()),
        ("units", pa.float64()),
        ("exposure_days", pa.float64()),
        ("dispersion", pa.float64()),
        ("first_quantity", pa.float64()),
        ("method", pa.string()),
        ("method_weight", pa.float64()),
        ("fallback_reason", pa.string()),
        ("fallback_mean", pa.float64()),
        ("mean_quantity", pa.float64()),
        ("scale", pa.float64()),
        ("is_nonnegative", pa.bool_()),
        ("candidates", pa.list_(pa.int64())),
        ("weights", pa.list_(pa.float64())),
        ("scores", pa.list_(pa.float64())),
        ("levels", pa.list_(pa.float64())),
        ("slopes", pa.list_(pa.float64())),
        ("means", pa.list_(pa.float64())),
        ("seasons", pa.list_(pa.float64())),
        ("additive_indices", pa.list_(pa.float64())),
        ("multiplicative_indices", pa.list_(pa.float64())),
        ("errors", pa.list_(pa.float64())),
    ]
)
"""One row per series.

The lists from ``candidates`` to ``means`` have one entry per candidate that carries weight, by its
number in the whole grid; ``seasons`` has m for each of them with seasonal states of its own, one
candidate after another. ``errors`` holds K past origins × h days row by row, NaN where unknown.
"""

FORECAST_SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        ("forecast_on", pa.date32()),
        ("lead_day", pa.int64()),
        ("forecast_quantity", pa.float64()),
        *((name, pa.float64()) for name in FORECAST_PROBABILITIES),
        ("error_scale", pa.float64()),
        ("calibration_group", pa.int64()),
        ("level_variation", pa.float64()),
        ("selling_days", pa.int64()),
        ("method", pa.string()),
        ("method_weight", pa.float64()),
        ("fallback_reason", pa.string()),
    ]
)
"""One row per series and day ahead; ``lead_day`` is 1 on the day after the last one known."""

BACKTEST_SCHEMA = pa.schema(
    [
        *KEY_FIELDS,
        ("fold_number", pa.int64()),
        ("origin_on", pa.date32()),
        ("forecast_on", pa.date32()),
        ("lead_day", pa.int64()),
        ("demand_quantity", pa.float64()),
        ("forecast_quantity", pa.float64()),
        *((name, pa.float64()) for name in FORECAST_PROBABILITIES),
        ("seasonal_naive_quantity", pa.float64()),
        ("mean_squared_step", pa.float64()),
        ("mean_absolute_step", pa.float64()),
        ("method", pa.string()),
        ("fallback_reason", pa.string()),
    ]
)
"""One row per series, fold and day ahead of its origin; the latest fold is 0."""


def complete_demand(table: pa.Table) -> pa.Table:
    """Estimate demand on stocked-out days, and flag and damp odd days.

    Parameters
    ----------
    table
        sku_id, location_id, demand_on, sales_quantity (null = unknown), is_censored,
        is_special_day; whole series.

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
    is_special = _to_numpy(table, "is_special_day", pa.bool_(), null=False)
    demand, damped, is_outlier = complete_panel(series.panel, is_censored, is_special)
    days = table.select(["sku_id", "location_id", "demand_on"])
    completed = (
        days.append_column("demand_quantity", _or_null(demand))
        .append_column("damped_demand_quantity", _or_null(damped))
        .append_column("is_outlier", pa.array(is_outlier))
    )
    return completed.filter(is_censored | is_outlier).cast(COMPLETION_SCHEMA)


def learn_profiles(table: pa.Table, season_length: int) -> pa.Table:
    """Learn the seasonal profile that series share, from a pilot of them.

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
        PROFILE_SCHEMA, one row per phase of the season.

    Raises
    ------
    ValueError
        If the days of a series are not consecutive, or series end on different days.
    """
    series = _Series.of(_sorted(table, "demand_on"), "demand_quantity")
    return learn_profile(series.in_phase(), season_length).to_table()


def learn_priors(table: pa.Table, *, profile: SeasonalProfile, horizon: int) -> pa.Table:
    """Learn which candidates do well, from a pilot of series.

    Parameters
    ----------
    table
        As for `learn_profiles`.
    profile
        As read by `SeasonalProfile.from_table`; holds the season length.
    horizon : int
        Days ahead.

    Returns
    -------
    pa.Table
        PRIOR_SCHEMA, one row per candidate.

    Raises
    ------
    ValueError
        If the days of a series are not consecutive, or series end on different days.
    """
    series = _Series.of(_sorted(table, "demand_on"), "demand_quantity")
    return learn_prior(series.in_phase(), profile, horizon).to_table()


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
    return _fit_table(series, prior, fit_panel(series.in_phase(), prior, horizon))


def fall_back_series(table: pa.Table, *, prior: Prior, horizon: int) -> pa.Table:
    """Forecast every series by its mean, until it is fitted.

    Parameters
    ----------
    table
        sku_id, location_id, demand_on, demand_quantity (null = unknown); whole series.
    prior
        Of the series that are fitted.
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
    return _fit_table(series, prior, fall_back(series.in_phase(), prior, horizon))


def pool_errors(table: pa.Table, *, prior: Prior, horizon: int) -> pa.Table:
    """Pool the past errors of all series.

    Parameters
    ----------
    table
        Rows of FIT_SCHEMA, in any order.
    prior
        Of the fits.
    horizon : int
        Days ahead, h; all that a table without rows would leave open.

    Returns
    -------
    pa.Table
        POOL_SCHEMA, one row per calibration group and trajectory.
    """
    return build_pool(_read_fits(_sorted(table), prior, horizon)).to_table()


def forecast_series(
    table: pa.Table, *, prior: Prior, pool: ErrorPool, as_of: date | None
) -> pa.Table:
    """Unfold fits into daily forecasts with quantiles.

    A fit may be some days old: its states then reach further ahead, and its errors grow.

    Parameters
    ----------
    table
        Rows of FIT_SCHEMA with what new series of the category sell: level_mean, level_shape,
        level_dispersion, dispersion_slope, selling_share (null where nothing was learned) and
        is_begun_by_sale. Without these columns a short series keeps its mean, as for `predict`.
    prior
        Of the fits.
    pool
        As read by `ErrorPool.from_table`; holds the horizon.
    as_of
        Today; None where nothing was ever sold, and so nothing fitted.

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
    fits = _read_fits(table, prior, horizon)
    today = np.datetime64(as_of, "D")
    age = _ages(_to_numpy(table, "last_on", pa.date32()), today, horizon)
    days = age[:, None] + np.arange(horizon)
    mean = fits.states.forecast(prior.grid, int(days.max(initial=0)) + 1)
    mean = np.take_along_axis(mean, days, axis=1)
    prediction = predict(fits, mean, pool, _read_levels(table), age=age)
    demand = prediction.demand
    quantiles = demand.daily_quantiles(list(FORECAST_PROBABILITIES.values()))
    lead_day = np.tile(np.arange(1, horizon + 1), len(fits))
    series = np.repeat(np.arange(len(fits)), horizon)
    return pa.table(
        [
            *(column.take(series) for column in _keys(table).values()),
            today + lead_day,
            lead_day,
            demand.mean.ravel(),
            *(quantiles[:, :, level].ravel() for level in range(quantiles.shape[2])),
            demand.error_scale[series],
            demand.group[series],
            demand.level_variation[series],
            fits.evidence.selling_days[series],
            pa.array(prediction.method[series], pa.string()),
            prediction.method_weight[series],
            pa.array(prediction.fallback_reason[series], pa.string()),
        ],
        schema=FORECAST_SCHEMA,
    )


def backtest_series(
    table: pa.Table,
    *,
    prior: Prior,
    pool: ErrorPool,
    folds: int,
) -> pa.Table:
    """Forecast what is known by now from origins in the past, anew from each.

    The origin of fold k lies h + 7 k days before the last day, where h is 28 days or the horizon if
    that is less. `backtest` says what is of the origin and what of today.

    Parameters
    ----------
    table
        sku_id, location_id, demand_on, sales_quantity and demand_quantity (null = unknown),
        is_censored, is_special_day; whole series. And on each row of a series, what new series of
        its category sell, as for `forecast_series`.
    prior
        As read by `Prior.from_table`.
    pool
        As read by `ErrorPool.from_table`; holds the horizon.
    folds : int
        Origins.

    Returns
    -------
    pa.Table
        BACKTEST_SCHEMA, one row per series, fold and day, in this order. A fold is without the
        series that began after its origin.

    Raises
    ------
    ValueError
        If the days of a series are not consecutive, or series end on different days.
    """
    series = _Series.of(table, "sales_quantity")
    sales = series.in_phase()
    is_censored = _to_numpy(table, "is_censored", pa.bool_(), null=False)
    is_special = _to_numpy(table, "is_special_day", pa.bool_(), null=False)
    demand = Panel(_to_numpy(table, "demand_quantity", pa.float64(), null=np.nan), sales.offsets)
    levels = _read_levels(table.take(sales.offsets[:-1]))
    days = min(pool.horizon, BACKTEST_DAYS)
    tables, positions = [], []
    for fold_number in range(folds):
        held_out = days + DAYS_BETWEEN_FOLDS * fold_number
        fold = backtest(
            sales,
            is_censored,
            is_special,
            prior=prior,
            pool=pool,
            held_out=held_out,
            days=days,
            probabilities=np.array(list(FORECAST_PROBABILITIES.values())),
            levels=levels,
        )
        tables.append(_fold_table(series, demand, fold, fold_number, held_out))
        positions.append(np.repeat(fold.series, days))
    by_series = np.argsort(np.concatenate(positions), kind="stable")
    return pa.concat_tables(tables).take(by_series)


def _fold_table(
    series: _Series, demand: Panel, fold: Fold, fold_number: int, held_out: int
) -> pa.Table:
    """Return a fold as rows of BACKTEST_SCHEMA, each beside the demand of its day."""
    rows, days = fold.mean.shape
    row = np.repeat(np.arange(rows), days)
    position = fold.series[row]
    lead_day = np.tile(np.arange(1, days + 1), rows)
    origin_on = series.last_on[position] - held_out
    day = demand.offsets[1:][position] - held_out + lead_day - 1
    return pa.table(
        [
            *(column.take(position) for column in series.keys.values()),
            np.full(row.size, fold_number),
            origin_on,
            origin_on + lead_day,
            lead_day,
            _or_null(demand.values[day]),
            fold.mean.ravel(),
            *(fold.quantiles[:, :, level].ravel() for level in range(fold.quantiles.shape[2])),
            fold.seasonal_naive.ravel(),
            _or_null(fold.squared_step[row]),
            _or_null(fold.absolute_step[row]),
            pa.array(fold.method[row], pa.string()),
            pa.array(fold.fallback_reason[row], pa.string()),
        ],
        schema=BACKTEST_SCHEMA,
    )


@dataclass(frozen=True)
class _Series:
    """The series of a table: keys and last day of each, and the panel of their values."""

    keys: dict[str, pa.Array]
    last_on: npt.NDArray[np.datetime64]
    panel: Panel

    @classmethod
    def of(cls, table: pa.Table, values: str) -> _Series:
        """Read the series from rows that stand together and in order of their days."""
        keys = _keys(table)
        day = _to_numpy(table, "demand_on", pa.date32())
        quantity = _to_numpy(table, values, pa.float64(), null=np.nan)
        if table.num_rows == 0:
            return cls(keys, day, Panel.from_series([]))
        codes = np.stack([_codes(column) for column in keys.values()])
        is_start = np.append(True, (np.diff(codes, axis=1) != 0).any(axis=0))
        is_gap = ~is_start[1:] & (np.diff(day) != np.timedelta64(1, "D"))
        if is_gap.any():
            row = int(is_gap.argmax()) + 1
            raise ValueError(
                f"days of {_named(keys, row)} are not consecutive: "
                f"{day[row]} follows {day[row - 1]}"
            )
        start = np.flatnonzero(is_start)
        offsets = np.append(start, table.num_rows).astype(np.int64)
        return cls(
            {name: column.take(start) for name, column in keys.items()},
            day[offsets[1:] - 1],
            Panel(quantity, offsets),
        )

    def in_phase(self) -> Panel:
        """Return the panel if all series end on the same day, on which their phase rests."""
        if (self.last_on != self.last_on[:1]).any():
            row = int((self.last_on != self.last_on[:1]).argmax())
            raise ValueError(
                f"{_named(self.keys, row)} ends on {self.last_on[row]}, others on {self.last_on[0]}"
            )
        return self.panel


def _fit_table(series: _Series, prior: Prior, fits: Fits) -> pa.Table:
    """Return fits as rows of FIT_SCHEMA."""
    states = fits.states
    has_weight = states.weights > 0
    rows, columns = np.nonzero(has_weight)
    has_seasons = has_weight[:, prior.grid.has_seasons]
    seasons = states.seasons.transpose(0, 2, 1)[has_seasons]
    m = prior.profile.season_length
    return pa.table(
        [
            *series.keys.values(),
            series.last_on,
            pa.array([__version__] * len(fits), pa.string()),
            states.days,
            fits.observations,
            fits.evidence.selling_days,
            fits.evidence.units,
            fits.evidence.exposure_days,
            _or_null(fits.evidence.dispersion),
            fits.evidence.first_quantity,
            pa.array(fits.method, pa.string()),
            fits.method_weight,
            pa.array(fits.fallback_reason, pa.string()),
            states.fallback_mean,
            fits.mean_quantity,
            fits.scale,
            states.is_nonnegative,
            _ragged(prior.grid.number[columns], has_weight.sum(axis=1)),
            *(
                _ragged(values[rows, columns], has_weight.sum(axis=1))
                for values in (states.weights, states.scores, *states.states.transpose(1, 0, 2))
            ),
            _ragged(seasons.ravel(), m * has_seasons.sum(axis=1)),
            _lists(states.indices[:, ADDITIVE]),
            _lists(states.indices[:, MULTIPLICATIVE]),
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


def _read_fits(table: pa.Table, prior: Prior, horizon: int) -> Fits:
    """Read rows of FIT_SCHEMA, which must be of the prior and the horizon."""
    rows, grid, m = table.num_rows, prior.grid, prior.profile.season_length
    table = read_columns(table, FIT_SCHEMA, "py_forecast_fits")
    _refuse_others(_text(table, "version"), __version__, "by version {}, and this is {}")
    _refuse_others(
        pc.divide(_lengths(table, "errors"), PAST_ORIGINS),
        horizon,
        "over {} days, and the horizon has {}",
    )
    _refuse_others(
        _lengths(table, "additive_indices"), m, "with a season of {} days, and now it has {}"
    )
    column = _positions(table, grid)
    row = np.repeat(np.arange(rows), _lengths(table, "candidates").to_numpy())

    def dense(name: str) -> FloatArray:
        values = np.zeros((rows, grid.size))
        values[row, column] = _from_lists(table, name)
        return values

    weights = dense("weights")
    seasons = np.zeros((rows, grid.with_seasons, m))
    seasons[(weights > 0)[:, grid.has_seasons]] = _from_lists(table, "seasons").reshape(-1, m)
    indices = np.zeros((rows, 3, m))
    indices[:, ADDITIVE] = _from_lists(table, "additive_indices").reshape(rows, m)
    indices[:, MULTIPLICATIVE] = _from_lists(table, "multiplicative_indices").reshape(rows, m)
    return Fits(
        States(
            weights=weights,
            scores=dense("scores"),
            states=np.stack([dense("levels"), dense("slopes"), dense("means")], axis=1),
            seasons=np.ascontiguousarray(seasons.transpose(0, 2, 1)),
            indices=indices,
            fallback_mean=_to_numpy(table, "fallback_mean", pa.float64()),
            days=_to_numpy(table, "days", pa.int64()),
            is_nonnegative=_to_numpy(table, "is_nonnegative", pa.bool_()),
        ),
        mean_quantity=_to_numpy(table, "mean_quantity", pa.float64()),
        scale=_to_numpy(table, "scale", pa.float64()),
        errors=_from_lists(table, "errors").reshape(rows, PAST_ORIGINS, horizon),
        method=_text(table, "method").to_numpy(zero_copy_only=False),
        method_weight=_to_numpy(table, "method_weight", pa.float64()),
        fallback_reason=_text(table, "fallback_reason").to_numpy(zero_copy_only=False),
        observations=_to_numpy(table, "observations", pa.int64()),
        evidence=Evidence(
            units=_to_numpy(table, "units", pa.float64()),
            exposure_days=_to_numpy(table, "exposure_days", pa.float64()),
            dispersion=_to_numpy(table, "dispersion", pa.float64(), null=np.nan),
            selling_days=_to_numpy(table, "selling_days", pa.int64()),
            first_quantity=_to_numpy(table, "first_quantity", pa.float64()),
        ),
    )


def _read_levels(table: pa.Table) -> Levels | None:
    """Return what is expected of the levels of the series of a table that has the columns."""
    if "level_mean" not in table.column_names:
        return None
    unknown = Levels.unknown(table.num_rows)
    mean = _to_numpy(table, "level_mean", pa.float64(), null=np.nan)
    is_learned = np.isfinite(mean)

    def learned(name: str, otherwise: FloatArray) -> FloatArray:
        values = _to_numpy(table, name, pa.float64(), null=np.nan)
        return np.where(is_learned, values, otherwise)

    return Levels(
        np.where(is_learned, mean, unknown.mean),
        learned("level_shape", unknown.shape),
        learned("level_dispersion", unknown.dispersion),
        learned("dispersion_slope", unknown.slope),
        learned("selling_share", unknown.selling_share),
        _to_numpy(table, "is_begun_by_sale", pa.bool_(), null=False),
    )


def _refuse_others(found: pa.Array, expected: object, how: str) -> None:
    """Refuse fits one of whose values is not that which is expected; ``how`` says both."""
    others = [value for value in found.unique().to_pylist() if value != expected]
    if others:
        raise ValueError(
            f"series were fitted {how.format(others[0], expected)}; build all anew: dbt build"
        )


def _positions(table: pa.Table, grid: Grid) -> IntArray:
    """Return where in the grid the registered candidates are, all rows one after another."""
    number = _from_lists(table, "candidates").astype(np.int64)
    column = np.searchsorted(grid.number, number)
    if (np.append(grid.number, -1)[column] != number).any():
        raise ValueError(
            "series were fitted with other candidates than py_forecast_priors keeps; "
            "build all anew: dbt build"
        )
    return column


def _lengths(table: pa.Table, name: str) -> pa.Array:
    """Return the lengths of a column of lists (rows,)."""
    return pc.list_value_length(table[name].combine_chunks())


def _sorted(table: pa.Table, *names: str) -> pa.Table:
    """Sort rows by series, then by the columns named."""
    keys = pa.table(_keys(table))
    for name in names:
        keys = keys.append_column(name, table[name])
    order = pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names])
    return table.take(order)


def _keys(table: pa.Table) -> dict[str, pa.Array]:
    """Return the columns that name a series."""
    return {name: _text(table, name) for name, _ in KEY_FIELDS}


def _named(keys: dict[str, pa.Array], row: int) -> str:
    """Name the series of a row, for a message."""
    return ", ".join(f"{name} {column[row]}" for name, column in keys.items())


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


def _or_null(values: FloatArray) -> pa.Array:
    """Return doubles, null where NaN."""
    return pa.array(values, from_pandas=True)


def _lists(values: FloatArray) -> pa.Array:
    """Return one list of doubles per row of an array (n, k)."""
    rows, length = values.shape
    return _ragged(values.ravel(), np.full(rows, length))


def _ragged(values: npt.NDArray[Any], lengths: IntArray) -> pa.Array:
    """Return lists of the given lengths that hold ``values`` one after another."""
    offsets = np.append(0, np.cumsum(lengths)).astype(np.int32)
    return pa.ListArray.from_arrays(offsets, pa.array(values))


def _from_lists(table: pa.Table, name: str) -> FloatArray:
    """Return all elements of a column of lists, null being NaN."""
    lists = table[name].cast(pa.list_(pa.float64())).combine_chunks()
    return np.asarray(lists.flatten().fill_null(np.nan).to_numpy(zero_copy_only=False))
