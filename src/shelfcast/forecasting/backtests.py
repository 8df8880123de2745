"""Backtests: what the forecaster would have said at an origin in the past."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from shelfcast.compiled import kernel
from shelfcast.forecasting.comparisons import repeat_season
from shelfcast.forecasting.distributions import ErrorPool, predict
from shelfcast.forecasting.fits import fit_panel
from shelfcast.forecasting.levels import Levels
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray, Panel
from shelfcast.forecasting.priors import Prior
from shelfcast.forecasting.stockouts import complete_panel

BACKTEST_DAYS = 28
"""Days that a fold forecasts at most."""

DAYS_BETWEEN_FOLDS = 7


@dataclass(frozen=True)
class Fold:
    """Forecasts of the n series that had begun by an origin, over h days.

    Attributes
    ----------
    series : (n,) int
        Position of each in the panel.
    mean : (n, h)
    quantiles : (n, h, n_probabilities)
    seasonal_naive : (n, h)
        Last known value of the same day of the season.
    squared_step, absolute_step : (n,)
        Mean of the squared and of the absolute differences between neighbouring days that are both
        known, up to the origin; NaN where there are none. Their ratios to the mean squared and the
        mean absolute error are those of RMSSE and MASE.
    method, fallback_reason : (n,) object
        As of `Fits`.
    """

    series: IntArray
    mean: FloatArray
    quantiles: FloatArray
    seasonal_naive: FloatArray
    squared_step: FloatArray
    absolute_step: FloatArray
    method: npt.NDArray[np.object_]
    fallback_reason: npt.NDArray[np.object_]


def backtest(
    sales: Panel,
    is_censored: BoolArray,
    is_special: BoolArray,
    *,
    prior: Prior,
    pool: ErrorPool,
    held_out: int,
    days: int,
    probabilities: FloatArray,
    levels: Levels | None = None,
) -> Fold:
    """Forecast the days after an origin from those up to it.

    Odd days are damped, stocked-out days completed and series fitted by what was known at the
    origin.
    Prior, pool and levels are learnt from other series, too, and are those of today: of them the
    past is not free.

    Parameters
    ----------
    sales
        Series up to today; NaN is unknown.
    is_censored : (total length,) bool
        True on a stocked-out day.
    is_special : (total length,) bool
        True on a day that cannot be odd.
    prior, pool
        Of today.
    held_out : int
        Days from the origin to today, at least 1. A series that is no longer than that is left out.
    days : int
        Days to forecast, h, up to the horizon of the pool.
    probabilities : (n_probabilities,)
        Levels of the quantiles, rising.
    levels
        What is expected of the levels of all series of the panel; None as for `predict`.
    """
    length = np.diff(sales.offsets)
    series = np.flatnonzero(length > held_out)
    is_known = sales.offsets[1:].repeat(length) - np.arange(sales.values.size) > held_out
    offsets = np.append(0, np.cumsum(length[series] - held_out))
    history = Panel(sales.values[is_known], offsets)
    completion = complete_panel(history, is_censored[is_known], is_special[is_known])
    history = Panel(completion.damped, offsets)
    prior = replace(prior, profile=prior.profile.rolled(held_out))
    fits = fit_panel(history, prior, pool.horizon)
    mean = fits.states.forecast(prior.grid, pool.horizon)
    expected = None if levels is None else levels.at(series)
    prediction = predict(fits, mean, pool, expected)
    history, exponent = history.in_own_units()
    naive = np.empty((len(history), days))
    steps = np.empty((len(history), 2))
    compare_many(history.values, history.offsets, prior.profile.season_length, naive, steps)
    return Fold(
        series,
        prediction.demand.mean[:, :days],
        prediction.demand.daily_quantiles(probabilities)[:, :days],
        np.ldexp(naive, exponent[:, None]),
        np.ldexp(steps[:, 0], 2 * exponent),
        np.ldexp(steps[:, 1], exponent),
        prediction.method,
        prediction.fallback_reason,
    )


@kernel
def compare_many(
    values: FloatArray,
    offsets: IntArray,
    season_length: int,
    naive: FloatArray,
    steps: FloatArray,
) -> None:
    """Find what the forecasts of series are compared with.

    Parameters
    ----------
    values : (total length,)
    offsets : (n + 1,) int
    season_length : int
    naive : (n, h), out
        As `repeat_season` fills it.
    steps : (n, 2), out
        Mean squared and mean absolute difference of neighbouring known days; NaN without any.
    """
    for i in range(offsets.size - 1):
        y = values[offsets[i] : offsets[i + 1]]
        repeat_season(y, season_length, naive[i])
        known = 0
        squares = 0.0
        sizes = 0.0
        for t in range(1, y.size):
            step = y[t] - y[t - 1]
            if not math.isnan(step):
                known += 1
                squares += step * step
                sizes += abs(step)
        steps[i, 0] = squares / known
        steps[i, 1] = sizes / known
