"""The recursions of the candidates, as Numba kernels: one candidate over one series at a time.

Conventions
-----------
NaN is unknown: a recursion takes its time update and is neither corrected nor scored. Day ``t`` of
a series of length T has phase ``(t - T) % m``, counted from the end, because all series end on the
same day. An origin is the number of days known when a forecast is made. The first value must be
known; no initial state is estimated: gains start at those of recursive least squares, which
`gain_table` holds, and stop falling at the candidate's own.

Every recursion takes

x : (T,)
    Values.
weight : (T,)
    Factor of a squared one-step error; 0 where it is not scored.
gains : (4, T + h + VISITS_BEFORE or more)
    From `gain_table`.
origins : (k,) int, rising

fills

forecasts : (k, h)
    Forecasts of the h days after each origin.
squares : (k,)
    Sum of weighted squared one-step errors before each origin.

and returns its states at the last origin, from which the function named ``..._ahead`` forecasts.
"""

from __future__ import annotations

import math

import numpy as np

from shelfcast.compiled import kernel
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray

MEAN_GAIN, LINE_GAIN, SLOPE_GAIN, SLOPE_KEPT = range(4)
"""Rows of the table of gains."""

SMALLEST_RATIO = 0.05
"""Smallest seasonal ratio by which Holt-Winters divides an error."""

VISITS_BEFORE = 5
"""Visits that the starting seasonal index of Holt-Winters is worth."""

YOUNG_MEAN_GAIN = 0.2
"""Least gain of the mean that stands in for phases which a series has not seen."""


@kernel
def gain_table(size: int) -> FloatArray:
    """Return the gains (4, size) of recursive least squares at the n-th observation.

    Row `MEAN_GAIN`: 1/n, of a mean. `LINE_GAIN`: 2(2n - 1)/(n(n + 1)), of the level of a line.
    `SLOPE_GAIN`: 6/(n(n + 1)), of its slope. `SLOPE_KEPT`: (n - 2)/(n + 1), the share of its old
    slope that the least-squares slope through n points keeps. Source: the expanding-memory
    polynomial filter, Morrison (1969), Brookner (1998).
    """
    table = np.ones((4, size))
    for n in range(1, size):
        table[MEAN_GAIN, n] = 1.0 / n
        table[LINE_GAIN, n] = 2.0 * (2.0 * n - 1.0) / (n * (n + 1.0))
        table[SLOPE_GAIN, n] = 6.0 / (n * (n + 1.0))
        table[SLOPE_KEPT, n] = (n - 2.0) / (n + 1.0)
    return table


@kernel
def run_simple(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    origins: IntArray,
    alpha: float,
    forecasts: FloatArray,
    squares: FloatArray,
) -> float:
    """Run simple smoothing and return the level: l <- l + gain (x - l).

    Every day ahead is forecast by the level. Source: Brown (1959).
    """
    level: float = x[0]
    total = 0.0
    known = 1
    start = 1
    for k in range(origins.size):
        for day in range(start, origins[k]):
            if not math.isnan(x[day]):
                known += 1
                error = x[day] - level
                total += weight[day] * error * error
                level += max(alpha, gains[MEAN_GAIN, known]) * error
        start = max(start, origins[k])
        squares[k] = total
        forecasts[k] = level
    return level


@kernel
def run_trend(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    origins: IntArray,
    alpha: float,
    beta: float,
    phi: float,
    forecasts: FloatArray,
    squares: FloatArray,
) -> tuple[float, float]:
    """Run Holt's method (phi = 1) or the damped trend, and return level and slope.

    With e = x - (l + phi b): l <- l + phi b + gain e, b <- phi b + slope gain e. Source: Gardner &
    McKenzie (1985).
    """
    level = x[0]
    slope = 0.0
    total = 0.0
    known = 1
    start = 1
    for k in range(origins.size):
        for day in range(start, origins[k]):
            slope *= phi
            level += slope
            if not math.isnan(x[day]):
                known += 1
                error = x[day] - level
                total += weight[day] * error * error
                level += max(alpha, gains[LINE_GAIN, known]) * error
                slope += max(alpha * beta, gains[SLOPE_GAIN, known]) * error
        start = max(start, origins[k])
        squares[k] = total
        trend_ahead(phi, level, slope, forecasts[k])
    return level, slope


@kernel
def trend_ahead(phi: float, level: float, slope: float, forecasts: FloatArray) -> None:
    """Forecast l + (phi + ... + phi^d) b, d days ahead."""
    for d in range(forecasts.size):
        slope *= phi
        level += slope
        forecasts[d] = level


@kernel
def run_theta(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    origins: IntArray,
    alpha: float,
    theta: float,
    forecasts: FloatArray,
    squares: FloatArray,
) -> tuple[float, float, float]:
    """Run the dynamic Theta method, and return level, slope B and mean of the values.

    One day ahead l + (1 - 1/theta) (q A + (1 - q (1 - alpha))/alpha B), where q = (1 - alpha)^n,
    l is the level of simple smoothing and A, B are the running least-squares line through the n
    values so far; an unknown value is replaced by its forecast, and so are those ahead. The level
    before the first value is that value / theta, so that the first forecast repeats it. Source:
    Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler (2016).
    """
    share = 1.0 - 1.0 / theta
    level = (1.0 - share * (1.0 - alpha)) * x[0]
    slope = 0.0
    mean = x[0]
    decay = 1.0 - alpha
    expected = x[0]
    total = 0.0
    day = 1
    for k in range(origins.size):
        while day < origins[k]:
            # Known days have a loop of their own, so that no value waits for a forecast.
            while day < origins[k] and not math.isnan(x[day]):
                error = x[day] - expected
                total += weight[day] * error * error
                level, slope, mean = extend_theta(x[day], day + 1, gains, alpha, level, slope, mean)
                decay *= 1.0 - alpha
                expected = expect_theta(day + 1, alpha, share, level, slope, mean, decay)
                day += 1
            if day < origins[k]:
                level, slope, mean = extend_theta(
                    expected, day + 1, gains, alpha, level, slope, mean
                )
                decay *= 1.0 - alpha
                expected = expect_theta(day + 1, alpha, share, level, slope, mean, decay)
                day += 1
        squares[k] = total
        theta_ahead(day, gains, alpha, theta, level, slope, mean, forecasts[k])
    return level, slope, mean


@kernel
def extend_theta(
    value: float,
    n: int,
    gains: FloatArray,
    alpha: float,
    level: float,
    slope: float,
    mean: float,
) -> tuple[float, float, float]:
    """Take the n-th value into level, slope B and mean."""
    deviation = value - mean
    level += alpha * (value - level)
    slope = gains[SLOPE_KEPT, n] * slope + gains[SLOPE_GAIN, n] * deviation
    mean += gains[MEAN_GAIN, n] * deviation
    return level, slope, mean


@kernel
def expect_theta(
    n: int, alpha: float, share: float, level: float, slope: float, mean: float, decay: float
) -> float:
    """Forecast the value after the n-th; ``share`` is 1 - 1/theta and ``decay`` q."""
    intercept = mean - 0.5 * (n + 1.0) * slope
    growth = (1.0 - decay * (1.0 - alpha)) / alpha * slope
    return level + share * (decay * intercept + growth)


@kernel
def theta_ahead(
    n: int,
    gains: FloatArray,
    alpha: float,
    theta: float,
    level: float,
    slope: float,
    mean: float,
    forecasts: FloatArray,
) -> None:
    """Forecast from the states after ``n`` values."""
    share = 1.0 - 1.0 / theta
    decay = (1.0 - alpha) ** n
    for d in range(forecasts.size):
        expected = expect_theta(n + d, alpha, share, level, slope, mean, decay)
        forecasts[d] = expected
        level, slope, mean = extend_theta(expected, n + d + 1, gains, alpha, level, slope, mean)
        decay *= 1.0 - alpha


@kernel
def run_holt_winters(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    origins: IntArray,
    is_ratio: bool,
    alpha: float,
    beta: float,
    phi: float,
    gamma: float,
    season: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
) -> tuple[float, float]:
    """Run Holt-Winters from the seasonal indices in ``season`` (m,); return level and slope.

    The seasonal gain is max(gamma, 1/visits) (1 - alpha), so that early seasons are averaged. With
    ratios an error is divided by the ratio for level and slope and by the level for the season,
    whose step is held within half its value. ``season`` ends as the indices at the last origin.
    Source: Winters (1960); Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd
    edition, section 8.3.
    """
    m = season.size
    visits = np.full(m, VISITS_BEFORE)
    first = season[-x.size % m]
    level = x[0] / max(first, SMALLEST_RATIO) if is_ratio else x[0] - first
    slope = 0.0
    level_row = LINE_GAIN if beta > 0.0 else MEAN_GAIN
    total = 0.0
    known = 1
    start = 1
    phase = (1 - x.size) % m
    for k in range(origins.size):
        for day in range(start, origins[k]):
            slope *= phi
            level += slope
            if not math.isnan(x[day]):
                known += 1
                visits[phase] += 1
                index = season[phase]
                gain = max(gamma, gains[MEAN_GAIN, visits[phase]]) * (1.0 - alpha)
                if is_ratio:
                    error = x[day] - level * index
                    ratio = max(index, SMALLEST_RATIO)
                    change = gain * error / level if level > 0.0 else 0.0
                    season[phase] = index + min(max(change, -0.5 * ratio), 0.5 * ratio)
                    level_error = error / ratio
                else:
                    error = x[day] - level - index
                    season[phase] = index + gain * error
                    level_error = error
                total += weight[day] * error * error
                level += max(alpha, gains[level_row, known]) * level_error
                if beta > 0.0:
                    slope += max(alpha * beta, gains[SLOPE_GAIN, known]) * level_error
            phase = phase + 1 if phase + 1 < m else 0
        start = max(start, origins[k])
        squares[k] = total
        holt_winters_ahead(phase, is_ratio, phi, level, slope, season, forecasts[k])
    return level, slope


@kernel
def holt_winters_ahead(
    phase: int,
    is_ratio: bool,
    phi: float,
    level: float,
    slope: float,
    season: FloatArray,
    forecasts: FloatArray,
) -> None:
    """Forecast from level, slope and ``season`` (m,), the first day being of ``phase``."""
    trend_ahead(phi, level, slope, forecasts)
    put_season(is_ratio, season, phase, forecasts)


@kernel
def put_season(is_ratio: bool, season: FloatArray, phase: int, forecasts: FloatArray) -> None:
    """Put the season (m,) into forecasts whose first day is of ``phase``."""
    for d in range(forecasts.size):
        if is_ratio:
            forecasts[d] *= season[phase]
        else:
            forecasts[d] += season[phase]
        phase = phase + 1 if phase + 1 < season.size else 0


@kernel
def run_seasonal(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    origins: IntArray,
    alpha: float,
    season: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
) -> None:
    """Smooth each phase of the season by itself: s <- s + alpha (x - s) for the phase of x.

    alpha = 1 is the seasonal naive method. A phase that was not seen yet is forecast by a mean of
    all values, which favours the last ones. ``season`` (m,) ends as the states at the last origin.
    """
    m = season.size
    is_seen = np.zeros(m, np.bool_)
    is_seen[-x.size % m] = True
    season[:] = x[0]
    mean = x[0]
    total = 0.0
    known = 1
    start = 1
    phase = (1 - x.size) % m
    for k in range(origins.size):
        for day in range(start, origins[k]):
            if not math.isnan(x[day]):
                known += 1
                error = x[day] - season[phase]
                total += weight[day] * error * error
                season[phase] += alpha * error if is_seen[phase] else error
                is_seen[phase] = True
                mean += max(YOUNG_MEAN_GAIN, gains[MEAN_GAIN, known]) * (x[day] - mean)
                fill_unseen(season, is_seen, mean)
            phase = phase + 1 if phase + 1 < m else 0
        start = max(start, origins[k])
        squares[k] = total
        seasonal_ahead(phase, season, forecasts[k])


@kernel
def fill_unseen(season: FloatArray, is_seen: BoolArray, mean: float) -> None:
    """Let phases (m,) that were not seen have the mean."""
    for phase in range(season.size):
        if not is_seen[phase]:
            season[phase] = mean


@kernel
def seasonal_ahead(phase: int, season: FloatArray, forecasts: FloatArray) -> None:
    """Forecast from the states of `run_seasonal`, the first day being of ``phase``."""
    forecasts[:] = 0.0
    put_season(False, season, phase, forecasts)
