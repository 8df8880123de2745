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
gains : (6, T)
    From `young_gains`: those of the days so far, which fall.
steps : (m,)
    The candidate's own gain of the level by phase, from `own_steps`. A gain is the greater of both.
origins : (k,) int, rising
bounds : (k, 2)
    Lowest and highest level that a forecast made at each origin may reach, from `level_bounds`.

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
from shelfcast.forecasting.candidates import MULTIPLICATIVE
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray

MEAN_GAIN, LINE_GAIN, SLOPE_GAIN, SLOPE_KEPT = range(4)
"""Rows of the table of gains."""

YOUNG_MEAN, YOUNG_LINE, YOUNG_SLOPE, THETA_MEAN, THETA_SLOPE, THETA_KEPT = range(6)
"""Rows of the gains of a series: of its known days; and, for Theta, of all days."""

DAYS_OF_A_WEEK = 7
MOST_GROWTH = 3.0
"""How many times the best week known the level of a candidate may reach; the last resort."""

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
def own_steps(alpha: float, ratios: FloatArray) -> FloatArray:
    """Return the gain of a level by phase (m,): 1 - (1 - alpha)^s of a day with seasonal ratio s.

    A day counts as so many usual days as its ratio says. The values that were divided by small
    ratios are the most uncertain, those of counts as 1/s. With this gain the level is Σ decay y /
    Σ decay s in the limit of small gains, so that no error is divided by a small ratio; over a
    whole season as much is forgotten as without ratios, because these are 1 on average.

    Parameters
    ----------
    alpha : float
    ratios : (m,)
        Not negative.
    """
    steps = np.empty(ratios.size)
    for phase in range(ratios.size):
        steps[phase] = alpha if ratios[phase] == 1.0 else 1.0 - (1.0 - alpha) ** ratios[phase]
    return steps


@kernel
def young_gains(x: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return the gains (6, T) of weighted least squares through the days so far.

    They move the mean, or level and slope of a line, to those of the values known so far, each
    weighted by its seasonal ratio; the mean is then Σ y / Σ ratio. Days that are not known lie
    between as days, so that a line over a gap is no steeper than the days are apart. With equal
    ratios and no gap the gains are those of `gain_table`.

    The last three rows are those of Theta, whose line runs through all days: gains of mean and
    slope, and the share that the slope keeps.

    Parameters
    ----------
    x : (T,)
        Values without their season.
    ratio : (T,)
        What they were divided by; 1 otherwise.
    """
    gains = np.ones((6, x.size))
    line_gains(x, ratio, False, gains[YOUNG_MEAN:THETA_MEAN], gains[THETA_KEPT])
    if np.isnan(x).any():
        theta = np.ones((3, x.size))
        line_gains(x, ratio, True, theta, gains[THETA_KEPT])
        gains[THETA_MEAN], gains[THETA_SLOPE] = theta[0], theta[2]
    else:
        gains[THETA_MEAN], gains[THETA_SLOPE] = gains[YOUNG_MEAN], gains[YOUNG_SLOPE]
    return gains


@kernel
def line_gains(
    x: FloatArray, ratio: FloatArray, is_all: bool, gains: FloatArray, kept: FloatArray
) -> None:
    """Fill the gains (3, T) of mean, level and slope, and the share ``kept`` (T,) of the slope.

    With w = ratio and S the squares about the mean day, both of the days so far, a deviation from
    the mean moves the mean by w_t/Σw of it, the slope by w_t (t - mean day)/S, and the level, which
    is the line's value today, by w_t/Σw + slope gain × (t - new mean day).
    """
    whole = middle = scatter = 0.0
    for day in range(x.size):
        if is_all or not math.isnan(x[day]):
            before = whole
            whole += ratio[day]
            share = ratio[day] / whole
            distance = day - middle
            middle += share * distance
            step = before * share * distance
            earlier = scatter
            scatter += step * distance
            gains[0, day] = share
            if scatter > 0.0:
                unit = 1.0 / scatter
                gains[2, day] = step * unit
                gains[1, day] = share + gains[2, day] * (day - middle)
                kept[day] = earlier * unit
            else:
                gains[1, day] = share
                gains[2, day] = 0.0
                kept[day] = 0.0


@kernel
def gains_of_days(table: FloatArray, length: int) -> FloatArray:
    """Return the `young_gains` (6, T) of days that are all known and have no ratios."""
    gains = np.empty((6, length))
    gains[YOUNG_MEAN] = table[MEAN_GAIN, 1 : length + 1]
    gains[YOUNG_LINE] = table[LINE_GAIN, 1 : length + 1]
    gains[YOUNG_SLOPE] = table[SLOPE_GAIN, 1 : length + 1]
    gains[THETA_MEAN] = gains[YOUNG_MEAN]
    gains[THETA_SLOPE] = gains[YOUNG_SLOPE]
    gains[THETA_KEPT] = table[SLOPE_KEPT, 1 : length + 1]
    return gains


@kernel
def level_bounds(
    y: FloatArray, adjusted: FloatArray, ratio: FloatArray, origins: IntArray, window: int
) -> FloatArray:
    """Return the lowest and the highest level (3, k, 2) that forecasts made at origins may reach.

    A line is a guess beyond what it was drawn through: the level goes no further above or below the
    values so far than these lie apart. And where no value is negative it stays within three times
    the best week so far, per day: the largest sum of ``window`` consecutive known days. A shorter
    history is one week, the days that are not known being 0; if it has a week, but no whole
    season, the level is Σ y / Σ ratio. The bound is the last resort behind gains and weights.

    Parameters
    ----------
    y, ratio : (T,)
        Values, and the ratios by which those of MULTIPLICATIVE were divided.
    adjusted : (3, T)
        Values without their season: RAW, ADDITIVE and MULTIPLICATIVE.
    origins : (k,) int, rising
    window : int
        A week, or a season if that is longer.
    """
    kinds = adjusted.shape[0]
    bounds = np.empty((kinds, origins.size, 2))
    total = np.zeros(y.size + 1)
    low = np.full(kinds, np.inf)
    high = np.full(kinds, -np.inf)
    known = 0
    parts = best = smallest = 0.0
    day = 0
    for k in range(origins.size):
        for d in range(day, origins[k]):
            if not math.isnan(y[d]):
                total[known + 1] = total[known] + y[d]
                known += 1
                parts += ratio[d]
                smallest = min(smallest, y[d])
                if known >= window:
                    best = max(best, total[known] - total[known - window])
        for kind in range(kinds):
            lowest = low[kind]
            highest = high[kind]
            for value in adjusted[kind, day : origins[k]]:
                lowest = value if value < lowest else lowest
                highest = value if value > highest else highest
            low[kind] = lowest
            high[kind] = highest
            bounds[kind, k, 0] = lowest - (highest - lowest)
            bounds[kind, k, 1] = highest + (highest - lowest)
            if smallest >= 0.0:
                weekly = best / window
                if known < window:
                    seen = parts if kind == MULTIPLICATIVE else float(known)
                    weekly = total[known] / seen * min(1.0, known / DAYS_OF_A_WEEK)
                bounds[kind, k, 1] = min(bounds[kind, k, 1], MOST_GROWTH * weekly)
        day = max(day, origins[k])
    return bounds


@kernel
def run_simple(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    steps: FloatArray,
    origins: IntArray,
    bounds: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
) -> float:
    """Run simple smoothing and return the level: l <- l + gain (x - l).

    Every day ahead is forecast by the level. Source: Brown (1959).
    """
    level: float = x[0]
    held = level
    total = 0.0
    start = 1
    phase = (1 - x.size) % steps.size
    for k in range(origins.size):
        for day in range(start, origins[k]):
            if not math.isnan(x[day]):
                error = x[day] - level
                total += weight[day] * error * error
                level += max(steps[phase], gains[YOUNG_MEAN, day]) * error
            phase = phase + 1 if phase + 1 < steps.size else 0
        start = max(start, origins[k])
        squares[k] = total
        held = min(max(level, bounds[k, 0]), bounds[k, 1])
        forecasts[k] = held
    return held


@kernel
def run_trend(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    steps: FloatArray,
    origins: IntArray,
    bounds: FloatArray,
    beta: float,
    phi: float,
    forecasts: FloatArray,
    squares: FloatArray,
) -> tuple[float, float]:
    """Run Holt's method (phi = 1) or the damped trend, and return level and slope.

    With e = x - (l + phi b): l <- l + phi b + gain e, b <- phi b + slope gain e. The slope's own
    gain is beta × that of the level / the days since the last known one, over which the error has
    grown. Source: Gardner & McKenzie (1985); for days that are not known Wright (1986).
    """
    level = x[0]
    slope = 0.0
    held = level, slope
    total = 0.0
    gap = 0.0
    start = 1
    phase = (1 - x.size) % steps.size
    for k in range(origins.size):
        for day in range(start, origins[k]):
            slope *= phi
            level += slope
            gap += 1.0
            if not math.isnan(x[day]):
                error = x[day] - level
                total += weight[day] * error * error
                level += max(steps[phase], gains[YOUNG_LINE, day]) * error
                own = steps[phase] * beta if gap == 1.0 else steps[phase] * beta / gap
                slope += max(own, gains[YOUNG_SLOPE, day]) * error
                gap = 0.0
            phase = phase + 1 if phase + 1 < steps.size else 0
        start = max(start, origins[k])
        squares[k] = total
        held = hold(phi, level, slope, bounds[k], forecasts.shape[1])
        trend_ahead(phi, held[0], held[1], forecasts[k])
    return held


@kernel
def hold(
    phi: float, level: float, slope: float, bounds: FloatArray, horizon: int
) -> tuple[float, float]:
    """Return level and slope that stay within ``bounds`` (2,) over the horizon.

    The slope is as steep as reaches the bound on the last day.
    """
    low, high = bounds
    level = min(max(level, low), high)
    reach = float(horizon) if phi == 1.0 else phi * (1.0 - phi**horizon) / (1.0 - phi)
    return level, min(max(slope, (low - level) / reach), (high - level) / reach)


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
    steps: FloatArray,
    table: FloatArray,
    origins: IntArray,
    bounds: FloatArray,
    alpha: float,
    theta: float,
    forecasts: FloatArray,
    squares: FloatArray,
) -> tuple[float, float, float]:
    """Run the dynamic Theta method, and return level, slope B and mean of the values.

    One day ahead l + (1 - 1/theta) (q A + (1 - q (1 - alpha))/alpha B), where q = (1 - alpha)^n,
    l is the level of simple smoothing and A, B are the running least-squares line through the n
    values so far; an unknown value is replaced by its forecast, and so are those ahead. The level
    before the first value is that value / theta, so that the first forecast repeats it. ``table``
    is a `gain_table`, for the days ahead. Source: Fiorucci, Pellegrini, Louzada, Petropoulos &
    Koehler (2016).
    """
    share = 1.0 - 1.0 / theta
    decay = 1.0 - steps[-x.size % steps.size]
    level = (1.0 - share * decay) * x[0]
    slope = 0.0
    held = level, slope
    mean = x[0]
    expected = x[0]
    total = 0.0
    day = 1
    phase = (1 - x.size) % steps.size
    for k in range(origins.size):
        while day < origins[k]:
            # Known days have a loop of their own, so that no value waits for a forecast.
            while day < origins[k] and not math.isnan(x[day]):
                error = x[day] - expected
                total += weight[day] * error * error
                deviation = x[day] - mean
                level += steps[phase] * (x[day] - level)
                slope = gains[THETA_KEPT, day] * slope + gains[THETA_SLOPE, day] * deviation
                mean += gains[THETA_MEAN, day] * deviation
                decay *= 1.0 - steps[phase]
                expected = expect_theta(day + 1, alpha, share, level, slope, mean, decay)
                day += 1
                phase = phase + 1 if phase + 1 < steps.size else 0
            if day < origins[k]:
                deviation = expected - mean
                level += steps[phase] * (expected - level)
                slope = gains[THETA_KEPT, day] * slope + gains[THETA_SLOPE, day] * deviation
                mean += gains[THETA_MEAN, day] * deviation
                decay *= 1.0 - steps[phase]
                expected = expect_theta(day + 1, alpha, share, level, slope, mean, decay)
                day += 1
                phase = phase + 1 if phase + 1 < steps.size else 0
        squares[k] = total
        held = hold_theta(day, table, alpha, theta, level, slope, mean, bounds[k], forecasts[k])
    return held[0], held[1], mean


@kernel
def hold_theta(
    n: int,
    table: FloatArray,
    alpha: float,
    theta: float,
    level: float,
    slope: float,
    mean: float,
    bounds: FloatArray,
    forecasts: FloatArray,
) -> tuple[float, float]:
    """Forecast, and return level and slope, so that ``bounds`` (2,) hold over the horizon.

    Forecasts are linear in level and slope: where they leave the bounds, the level is moved until
    those of a flat line do not, and of the slope as large a share is kept as stays within.
    """
    theta_ahead(n, table, alpha, theta, level, slope, mean, forecasts)
    if forecasts.min() >= bounds[0] and forecasts.max() <= bounds[1]:
        return level, slope
    flat = np.empty(forecasts.size)
    theta_ahead(n, table, alpha, theta, level, 0.0, mean, flat)
    move = min(bounds[1] - flat.max(), 0.0)
    move = max(bounds[0] - flat.min(), move)
    share = 1.0
    for d in range(forecasts.size):
        rise = forecasts[d] - flat[d]
        start = flat[d] + move
        if start + rise > bounds[1] and rise > 0.0:
            share = min(share, max(bounds[1] - start, 0.0) / rise)
        elif start + rise < bounds[0] and rise < 0.0:
            share = min(share, max(start - bounds[0], 0.0) / -rise)
    theta_ahead(n, table, alpha, theta, level + move, share * slope, mean, forecasts)
    return level + move, share * slope


@kernel
def extend_theta(
    value: float,
    n: int,
    table: FloatArray,
    alpha: float,
    level: float,
    slope: float,
    mean: float,
) -> tuple[float, float, float]:
    """Take the n-th value into level, slope B and mean."""
    deviation = value - mean
    level += alpha * (value - level)
    slope = table[SLOPE_KEPT, n] * slope + table[SLOPE_GAIN, n] * deviation
    mean += table[MEAN_GAIN, n] * deviation
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
    table: FloatArray,
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
        level, slope, mean = extend_theta(expected, n + d + 1, table, alpha, level, slope, mean)
        decay *= 1.0 - alpha


@kernel
def run_holt_winters(
    x: FloatArray,
    weight: FloatArray,
    gains: FloatArray,
    steps: FloatArray,
    table: FloatArray,
    origins: IntArray,
    bounds: FloatArray,
    is_ratio: bool,
    lowest: float,
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
    ratios an error is divided by the ratio for level and slope, or by that at the start if it was
    greater, to which gains belong; and by the level for the season, whose step is held within half
    its value. ``season`` ends as the indices at the last origin. ``table`` is a `gain_table`, for
    the visits. Source: Winters (1960); Hyndman & Athanasopoulos, Forecasting: Principles and
    Practice, 3rd edition, section 8.3.
    """
    m = season.size
    visits = np.full(m, VISITS_BEFORE)
    ratios = np.maximum(season, SMALLEST_RATIO)
    first = season[-x.size % m]
    level = x[0] / max(first, SMALLEST_RATIO) if is_ratio else x[0] - first
    slope = 0.0
    held = level, slope
    level_row = YOUNG_LINE if beta > 0.0 else YOUNG_MEAN
    total = 0.0
    gap = 0.0
    start = 1
    phase = (1 - x.size) % m
    for k in range(origins.size):
        for day in range(start, origins[k]):
            slope *= phi
            level += slope
            gap += 1.0
            if not math.isnan(x[day]):
                visits[phase] += 1
                index = season[phase]
                gain = max(gamma, table[MEAN_GAIN, visits[phase]]) * (1.0 - alpha)
                if is_ratio:
                    error = x[day] - level * index
                    ratio = max(index, SMALLEST_RATIO)
                    change = gain * error / level if level > 0.0 else 0.0
                    season[phase] = index + min(max(change, -0.5 * ratio), 0.5 * ratio)
                    level_error = error / max(ratio, ratios[phase])
                else:
                    error = x[day] - level - index
                    season[phase] = index + gain * error
                    level_error = error
                total += weight[day] * error * error
                level += max(steps[phase], gains[level_row, day]) * level_error
                if beta > 0.0:
                    own = steps[phase] * beta / gap
                    slope += max(own, gains[YOUNG_SLOPE, day]) * level_error
                gap = 0.0
            phase = phase + 1 if phase + 1 < m else 0
        start = max(start, origins[k])
        squares[k] = total
        usual = season.mean()
        limits = bounds[k] / max(usual, SMALLEST_RATIO) if is_ratio else bounds[k] - usual
        held = hold(phi, level, slope, limits, forecasts.shape[1])
        holt_winters_ahead(phase, is_ratio, lowest, phi, held[0], held[1], season, forecasts[k])
    return held


@kernel
def holt_winters_ahead(
    phase: int,
    is_ratio: bool,
    lowest: float,
    phi: float,
    level: float,
    slope: float,
    season: FloatArray,
    forecasts: FloatArray,
) -> None:
    """Forecast from level, slope and ``season`` (m,), the first day being of ``phase``."""
    trend_ahead(phi, level, slope, forecasts)
    put_season(is_ratio, lowest, season, phase, forecasts)


@kernel
def put_season(
    is_ratio: bool, lowest: float, season: FloatArray, phase: int, forecasts: FloatArray
) -> None:
    """Put the season (m,) into forecasts of the level whose first day is of ``phase``.

    Where a difference would take a day of the season below ``lowest``, which is 0 or -inf, the
    other days of the season give what that day is raised by, so that their sum stays the level's.
    """
    is_raised = not is_ratio and forecasts.min() + season.min() < lowest
    for d in range(forecasts.size):
        if is_ratio:
            forecasts[d] *= season[phase]
        elif is_raised:
            forecasts[d] = raised_season(season, phase, forecasts[d])
        else:
            forecasts[d] += season[phase]
        phase = phase + 1 if phase + 1 < season.size else 0


@kernel
def raised_season(season: FloatArray, phase: int, level: float) -> float:
    """Return level + difference of a phase, nothing below 0 and the same sum over a season.

    It is 0 if that sum is negative.
    """
    whole = 0.0
    raised = 0.0
    for difference in season:
        whole += level + difference
        raised += max(level + difference, 0.0)
    return max(level + season[phase], 0.0) * (whole / raised) if whole > 0.0 else 0.0


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
    start = 1
    phase = (1 - x.size) % m
    for k in range(origins.size):
        for day in range(start, origins[k]):
            if not math.isnan(x[day]):
                error = x[day] - season[phase]
                total += weight[day] * error * error
                season[phase] += alpha * error if is_seen[phase] else error
                is_seen[phase] = True
                mean += max(YOUNG_MEAN_GAIN, gains[YOUNG_MEAN, day]) * (x[day] - mean)
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
    put_season(False, -np.inf, season, phase, forecasts)
