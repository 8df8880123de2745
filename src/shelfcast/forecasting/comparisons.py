"""Comparison methods: what the bench measures the forecaster against, one series at a time.

None of them is a candidate of the grid. They are defined as in the literature, so that a figure
against them means what a reader expects.

Conventions
-----------
NaN and infinity are unknown. Seasonal naive looks further back for an unknown day; the methods for
intermittent demand leave it out, as if the days on both sides of it were neighbours. A day has
demand if its value is not 0, so that a return counts with its sign. A series without a known value
is forecast as 0, and no forecast is negative where the history is not.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from shelfcast.compiled import kernel
from shelfcast.forecasting.panel import FloatArray, Panel

SMALLEST_ALPHA, LARGEST_ALPHA = 0.1, 0.3
"""Bounds of the gain that ADIDA and IMAPA choose, as is usual for intermittent demand."""

SEARCH_STEPS = 40
"""Steps of the search for a gain; they leave 1e-9 of doubt about it."""


def seasonal_naive(series: npt.ArrayLike, horizon: int, season_length: int = 7) -> FloatArray:
    """Repeat the last season: f_{T+d} = y_{T+d-km}, with k the smallest for which the day is known.

    A day of the season that was never seen takes the last known value of all. Source: Hyndman &
    Athanasopoulos, Forecasting: Principles and Practice, 3rd edition, section 5.2.

    Parameters
    ----------
    series : (T,) float
        NaN is unknown.
    horizon : int
        Days ahead, h.
    season_length : int
        Days in a season, m; 1 repeats the last known value.

    Returns
    -------
    (h,) float

    Raises
    ------
    ValueError
        If ``horizon`` or ``season_length`` is below 1, or ``series`` has more than one dimension.
    """
    if season_length < 1:
        raise ValueError(f"season_length is {season_length}; it must be at least 1")
    values, exponent = _in_own_unit(series)
    forecast = np.empty(_checked_horizon(horizon))
    repeat_season(values, season_length, forecast)
    return np.asarray(np.ldexp(forecast, exponent), dtype=np.float64)


def croston_sba(series: npt.ArrayLike, horizon: int, alpha: float = 0.1) -> FloatArray:
    """Forecast by Croston's method with the correction of Syntetos & Boylan (2005).

    The size z of a demand and the interval p between demands are each smoothed, z <- z + alpha (y -
    z) and p <- p + alpha (q - p), on days with demand only; q is the number of days since the last
    one. The forecast is (1 - alpha/2) z/p. The first demand sets z, and its day, counted from 1,
    sets p. Source: Croston (1972); Syntetos & Boylan (2005).

    Parameters
    ----------
    series : (T,) float
        NaN is unknown.
    horizon : int
        Days ahead, h.
    alpha : float
        Gain of both, 0 to 1.

    Returns
    -------
    (h,) float

    Raises
    ------
    ValueError
        If ``horizon`` is below 1, ``alpha`` is not within 0 and 1, or ``series`` has more than one
        dimension.
    """
    _check_gain("alpha", alpha)
    return _flat(croston_sba_rate, series, horizon, alpha)


def tsb(
    series: npt.ArrayLike, horizon: int, alpha: float = 0.1, probability_alpha: float = 0.1
) -> FloatArray:
    """Forecast by the method of Teunter, Syntetos & Babai (2011).

    The probability p of a demand is smoothed every day, p <- p + probability_alpha (1 or 0 - p);
    its size z on days with demand only, z <- z + alpha (y - z). The forecast is p z, so that a dead
    product fades. The first day sets p, the first demand sets z.

    Parameters
    ----------
    series : (T,) float
        NaN is unknown.
    horizon : int
        Days ahead, h.
    alpha, probability_alpha : float
        Gains of size and probability, 0 to 1.

    Returns
    -------
    (h,) float

    Raises
    ------
    ValueError
        If ``horizon`` is below 1, a gain is not within 0 and 1, or ``series`` has more than one
        dimension.
    """
    _check_gain("alpha", alpha)
    _check_gain("probability_alpha", probability_alpha)
    return _flat(tsb_rate, series, horizon, alpha, probability_alpha)


def adida(series: npt.ArrayLike, horizon: int) -> FloatArray:
    """Forecast by aggregation and disaggregation (ADIDA).

    The series is summed over blocks as long as the mean interval between demands, rounded; the sums
    are forecast by simple smoothing, whose gain, between 0.1 and 0.3, has the smallest squared
    one-step error; the forecast is spread evenly over the days of a block. Source: Nikolopoulos,
    Syntetos, Boylan, Petropoulos & Assimakopoulos (2011).

    Parameters
    ----------
    series : (T,) float
        NaN is unknown.
    horizon : int
        Days ahead, h.

    Returns
    -------
    (h,) float

    Raises
    ------
    ValueError
        If ``horizon`` is below 1, or ``series`` has more than one dimension.
    """
    return _flat(adida_rate, series, horizon)


def imapa(series: npt.ArrayLike, horizon: int) -> FloatArray:
    """Forecast by the average of ADIDA over several levels of aggregation (IMAPA).

    The blocks are 1, 2, ... days long, up to the mean interval between demands, rounded; the rest
    is as in `adida`. Source: Petropoulos & Kourentzes (2015).

    Parameters
    ----------
    series : (T,) float
        NaN is unknown.
    horizon : int
        Days ahead, h.

    Returns
    -------
    (h,) float

    Raises
    ------
    ValueError
        If ``horizon`` is below 1, or ``series`` has more than one dimension.
    """
    return _flat(imapa_rate, series, horizon)


@kernel
def repeat_season(y: FloatArray, season_length: int, forecast: FloatArray) -> None:
    """Fill ``forecast`` (h,) with the last known value of its day of the season.

    Parameters
    ----------
    y : (T,)
    season_length : int
    forecast : (h,), out
        A day of the season that is not known takes the last known value of all, or 0.
    """
    latest = np.full(season_length, np.nan)
    last = 0.0
    for t in range(y.size):
        if not math.isnan(y[t]):
            last = y[t]
            latest[t % season_length] = last
    for d in range(forecast.size):
        value = latest[(y.size + d) % season_length]
        forecast[d] = last if math.isnan(value) else value


@kernel
def croston_sba_rate(y: FloatArray, alpha: float) -> float:
    """Return the demand per day that `croston_sba` expects after ``y`` (T,), which has no NaN."""
    size = 0.0
    interval = 1.0
    last = -1
    for t in range(y.size):
        if y[t] != 0.0:
            gap = float(t - last)
            if last < 0:
                size = y[t]
                interval = gap
            else:
                size += alpha * (y[t] - size)
                interval += alpha * (gap - interval)
            last = t
    return (1.0 - 0.5 * alpha) * size / interval


@kernel
def tsb_rate(y: FloatArray, alpha: float, probability_alpha: float) -> float:
    """Return the demand per day that `tsb` expects after ``y`` (T,), which has no NaN."""
    size = 0.0
    probability = 0.0
    has_demand = False
    for t in range(y.size):
        occurs = 1.0 if y[t] != 0.0 else 0.0
        probability = occurs if t == 0 else probability + probability_alpha * (occurs - probability)
        if occurs > 0.0:
            size = size + alpha * (y[t] - size) if has_demand else y[t]
            has_demand = True
    return probability * size


@kernel
def adida_rate(y: FloatArray) -> float:
    """Return the demand per day that `adida` expects after ``y`` (T,), which has no NaN."""
    days = mean_interval(y)
    return block_rate(y, days) if days > 0 else 0.0


@kernel
def imapa_rate(y: FloatArray) -> float:
    """Return the demand per day that `imapa` expects after ``y`` (T,), which has no NaN."""
    longest = mean_interval(y)
    total = 0.0
    for days in range(1, longest + 1):
        total += block_rate(y, days)
    return total / longest if longest > 0 else 0.0


@kernel
def mean_interval(y: FloatArray) -> int:
    """Return the mean number of days up to a demand, rounded (half to even); 0 without demand."""
    last = 0
    count = 0
    for t in range(y.size):
        if y[t] != 0.0:
            last = t + 1
            count += 1
    return int(np.rint(last / count)) if count > 0 else 0


@kernel
def block_rate(y: FloatArray, days: int) -> float:
    """Forecast the sum of the next ``days`` from sums of as many; return it per day.

    The last block ends with the series; an incomplete first one is left out.
    """
    blocks = y.size // days
    sums = np.zeros(blocks)
    for t in range(y.size - blocks * days, y.size):
        sums[(t - y.size) // days] += y[t]
    level, _ = smooth(sums, best_alpha(sums))
    return level / days


@kernel
def smooth(x: FloatArray, alpha: float) -> tuple[float, float]:
    """Return the last level of simple smoothing, and the sum of its squared one-step errors.

    The first value is the first level.
    """
    level = x[0]
    squares = 0.0
    for t in range(1, x.size):
        error = x[t] - level
        squares += error * error
        level += alpha * error
    return level, squares


@kernel
def best_alpha(x: FloatArray) -> float:
    """Return the gain whose squared one-step errors are smallest, by golden-section search.

    Where two gains are equally good, as they are for a series that rises only at its end, it is the
    middle of those that are left.
    """
    kept = 0.5 * (math.sqrt(5.0) - 1.0)
    low = SMALLEST_ALPHA
    high = LARGEST_ALPHA
    left = high - kept * (high - low)
    right = low + kept * (high - low)
    _, left_squares = smooth(x, left)
    _, right_squares = smooth(x, right)
    for _ in range(SEARCH_STEPS):
        if left_squares == right_squares:
            break
        if left_squares < right_squares:
            high = right
            right, right_squares = left, left_squares
            left = high - kept * (high - low)
            _, left_squares = smooth(x, left)
        else:
            low = left
            left, left_squares = right, right_squares
            right = low + kept * (high - low)
            _, right_squares = smooth(x, right)
    return 0.5 * (low + high)


def _flat(
    rate: Callable[..., float], series: npt.ArrayLike, horizon: int, *gains: float
) -> FloatArray:
    """Return the rate of the known values, h times over."""
    values, exponent = _in_own_unit(series)
    level = rate(values[~np.isnan(values)], *gains)
    return np.full(_checked_horizon(horizon), np.ldexp(level, exponent))


def _in_own_unit(series: npt.ArrayLike) -> tuple[FloatArray, int]:
    """Return the values within -1 and 1, and the exponent of their unit 2^exponent."""
    panel, exponent = Panel.from_series([series]).in_own_units()
    return panel.values, int(exponent[0])


def _checked_horizon(horizon: int) -> int:
    if horizon < 1:
        raise ValueError(f"horizon is {horizon}; it must be at least 1")
    return horizon


def _check_gain(name: str, gain: float) -> None:
    if not 0.0 <= gain <= 1.0:
        raise ValueError(f"{name} is {gain}; it must lie within 0 and 1")
