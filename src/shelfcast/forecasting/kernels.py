"""Numba kernels of the forecaster: sequential recursions over one series at a time.

The candidates of a family run side by side, in the innermost loop, which the compiler can
vectorise without reordering a sum.

Conventions
-----------
NaN is unknown: a recursion takes its time update and is neither corrected nor scored. Day ``t`` of
a series of length T has phase ``(t - T) % m``, counted from the end, because all series end on the
same day. An origin is the number of days known when a forecast is made. No result depends on any
series but its own.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from shelfcast.forecasting.candidates import (
    ADDITIVE,
    HOLT_WINTERS,
    MULTIPLICATIVE,
    RAW,
    SMOOTHING,
    THETA,
    Grid,
)
from shelfcast.forecasting.panel import FloatArray, IntArray

kernel = njit(nogil=True, cache=True, error_model="numpy")
"""Compile a function without the GIL, kept on disk; x / 0 is infinite or NaN, as in numpy."""

SCORED_SHARE = 0.25
"""Observations that count in the weights per observation made: neighbouring errors are alike."""

SCORED_CAP = 75.0
"""Observations that count in the weights at most."""

NOISE_SCALE = 1e-6
"""Scale up to which errors are noise of floating point, of values within 1; then it counts as 0."""

SMALLEST_SCALE_SHARE = 0.3
"""An origin whose error scale is below this share of the last one is left out of calibration."""

RELATIVE_FLOOR = 1e-6
ABSOLUTE_FLOOR = 1e-12
"""Floor of a mean squared error: shares of the variance and of the largest value squared."""

SMALLEST_RATIO = 0.05
"""Smallest seasonal ratio by which Holt-Winters divides an error."""

VISITS_BEFORE = 5.0
"""Visits that the starting seasonal index of Holt-Winters is worth."""

PROBABILITY_TOLERANCE = 1e-12
"""Slack with which a probability counts as reached, for sums that do not round to 1."""


@kernel
def first_gains(seen: int, has_slope: bool) -> tuple[float, float]:
    """Return the gains of level and slope that recursive least squares has at observation n > 1.

    1/n for a mean; 2(2n - 1)/(n(n + 1)) and 6/(n(n + 1)) for a line. A candidate's gains start so
    and stop falling at its own alpha and alpha × beta; no initial state is estimated. Source: the
    expanding-memory polynomial filter, Morrison (1969), Brookner (1998).
    """
    if not has_slope:
        return 1.0 / seen, 0.0
    return 2.0 * (2.0 * seen - 1.0) / (seen * (seen + 1.0)), 6.0 / (seen * (seen + 1.0))


@kernel
def run_smoothing(
    x: FloatArray,
    weight: FloatArray,
    origins: IntArray,
    burn_in: int,
    alpha: FloatArray,
    beta: FloatArray,
    phi: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
) -> None:
    """Run simple smoothing (beta = 0), Holt's (phi = 1) or damped trend over ``x`` (T,).

    The first value, which must be known, is the first level. With e = x - (l + phi b): l <- l +
    phi b + gain e, b <- phi b + slope gain e; d days ahead l + (phi + ... + phi^d) b. Source:
    Gardner & McKenzie (1985).

    Parameters
    ----------
    weight : (T,)
        Factor of a squared error on its way back to the unit of the series.
    origins : (k,) int, rising
    burn_in : int
        First day that is scored, at least 1.
    alpha, beta, phi : (J,)
        Parameters of the candidates, which run side by side.
    forecasts : (k, h, J), out
        Forecasts of the h days after each origin.
    squares : (k, J), out
        Sum of weighted squared one-step errors before each origin.
    """
    has_slope = beta[0] > 0.0
    lowest_slope_gain = alpha * beta
    level = np.full(alpha.size, x[0])
    slope = np.zeros(alpha.size)
    total = np.zeros(alpha.size)
    seen = 1
    day = 1
    for k in range(origins.size):
        while day < origins[k]:
            value = x[day]
            if math.isnan(value):
                for j in range(alpha.size):
                    slope[j] *= phi[j]
                    level[j] += slope[j]
            else:
                seen += 1
                level_gain, slope_gain = first_gains(seen, has_slope)
                score = weight[day] if day >= burn_in else 0.0
                for j in range(alpha.size):
                    step = phi[j] * slope[j]
                    expected = level[j] + step
                    error = value - expected
                    total[j] += score * error * error
                    level[j] = expected + max(alpha[j], level_gain) * error
                    slope[j] = step + max(lowest_slope_gain[j], slope_gain) * error
            day += 1
        squares[k] = total
        ahead = level.copy()
        step_ahead = slope.copy()
        for d in range(forecasts.shape[1]):
            step_ahead *= phi
            ahead += step_ahead
            forecasts[k, d] = ahead


@kernel
def run_theta(
    x: FloatArray,
    weight: FloatArray,
    origins: IntArray,
    burn_in: int,
    alpha: FloatArray,
    theta: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
) -> None:
    """Run the dynamic Theta method over ``x``, whose first value is known.

    One day ahead l + (1 - 1/theta) (q A + (1 - q (1 - alpha))/alpha B), where q = (1 - alpha)^n,
    l is the level of simple smoothing and A, B are the running least-squares line through the n
    values so far; an unknown value is replaced by its forecast, and so are those ahead. The level
    before the first value is that value / theta, so that the first forecast repeats it. Source:
    Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler (2016). Arguments as in `run_smoothing`.
    """
    first = x[0]
    share = 1.0 - 1.0 / theta
    level = (1.0 - share * (1.0 - alpha)) * first
    mean = np.full(alpha.size, first)
    slope = np.zeros(alpha.size)
    decay = 1.0 - alpha
    expected = np.full(alpha.size, first)
    total = np.zeros(alpha.size)
    day = 1
    for k in range(origins.size):
        while day < origins[k]:
            score = weight[day] if day >= burn_in and not math.isnan(x[day]) else 0.0
            if score > 0.0:
                for j in range(alpha.size):
                    total[j] += score * (x[day] - expected[j]) ** 2
            _extend_theta(x[day], day + 1, alpha, share, level, mean, slope, decay, expected)
            day += 1
        squares[k] = total
        ahead = expected.copy()
        states = (level.copy(), mean.copy(), slope.copy(), decay.copy())
        for d in range(forecasts.shape[1]):
            forecasts[k, d] = ahead
            _extend_theta(np.nan, day + d + 1, alpha, share, *states, ahead)


@kernel
def _extend_theta(
    value: float,
    n: int,
    alpha: FloatArray,
    share: FloatArray,
    level: FloatArray,
    mean: FloatArray,
    slope: FloatArray,
    decay: FloatArray,
    expected: FloatArray,
) -> None:
    """Take the n-th value, or each candidate's forecast where it is NaN, and forecast the next.

    ``share`` is 1 - 1/theta; ``level``, ``mean`` of the values, ``slope`` B, ``decay`` q and
    ``expected``, the forecast, are the state (J,), which is updated.
    """
    kept = (n - 2.0) / (n + 1.0)
    learnt = 6.0 / (n * (n + 1.0))
    half = 0.5 * (n + 1.0)
    is_known = not math.isnan(value)
    for j in range(alpha.size):
        taken = value if is_known else expected[j]
        deviation = taken - mean[j]
        level[j] += alpha[j] * (taken - level[j])
        slope[j] = kept * slope[j] + learnt * deviation
        mean[j] += deviation / n
        decay[j] *= 1.0 - alpha[j]
        intercept = mean[j] - half * slope[j]
        growth = (1.0 - decay[j] * (1.0 - alpha[j])) / alpha[j] * slope[j]
        expected[j] = level[j] + share[j] * (decay[j] * intercept + growth)


@kernel
def run_holt_winters(
    y: FloatArray,
    index: FloatArray,
    is_ratio: bool,
    origins: IntArray,
    burn_in: int,
    alpha: FloatArray,
    beta: FloatArray,
    phi: FloatArray,
    gamma: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
) -> None:
    """Run Holt-Winters over ``y``, whose first value is known, from the seasonal ``index`` (m,).

    The seasonal gain is max(gamma, 1/visits) (1 - alpha), so that early seasons are averaged. With
    ratios an error is divided by the ratio for level and slope and by the level for the season,
    whose step is held within half its value. Source: Winters (1960); Hyndman & Athanasopoulos,
    Forecasting: Principles and Practice, 3rd edition, section 8.3. Arguments as in
    `run_smoothing`.
    """
    m = index.size
    has_slope = beta[0] > 0.0
    lowest_slope_gain = alpha * beta
    slope = np.zeros(alpha.size)
    total = np.zeros(alpha.size)
    seasons = np.empty((m, alpha.size))
    for phase in range(m):
        seasons[phase] = index[phase]
    visits = np.full(m, VISITS_BEFORE)
    first = index[-y.size % m]
    level = np.full(alpha.size, y[0] / max(first, SMALLEST_RATIO) if is_ratio else y[0] - first)
    seen = 1
    day = 1
    for k in range(origins.size):
        while day < origins[k]:
            value = y[day]
            phase = (day - y.size) % m
            season = seasons[phase]
            if math.isnan(value):
                for j in range(alpha.size):
                    slope[j] *= phi[j]
                    level[j] += slope[j]
            else:
                seen += 1
                visits[phase] += 1.0
                season_gain = 1.0 / visits[phase]
                level_gain, slope_gain = first_gains(seen, has_slope)
                score = 1.0 if day >= burn_in else 0.0
                for j in range(alpha.size):
                    step = phi[j] * slope[j]
                    expected = level[j] + step
                    gain = max(gamma[j], season_gain) * (1.0 - alpha[j])
                    if is_ratio:
                        error = value - expected * season[j]
                        ratio = max(season[j], SMALLEST_RATIO)
                        level_error = error / ratio
                        change = gain * error / expected if expected > 0.0 else 0.0
                        season[j] += min(max(change, -0.5 * ratio), 0.5 * ratio)
                    else:
                        error = value - expected - season[j]
                        level_error = error
                        season[j] += gain * error
                    total[j] += score * error * error
                    level[j] = expected + max(alpha[j], level_gain) * level_error
                    slope[j] = step + max(lowest_slope_gain[j], slope_gain) * level_error
            day += 1
        squares[k] = total
        ahead = level.copy()
        step_ahead = slope.copy()
        for d in range(forecasts.shape[1]):
            step_ahead *= phi
            ahead += step_ahead
            season = seasons[(day + d - y.size) % m]
            forecasts[k, d] = ahead * season if is_ratio else ahead + season


@kernel
def run_grid(
    y: FloatArray,
    additive: FloatArray,
    multiplicative: FloatArray,
    grid: Grid,
    origins: IntArray,
    burn_in: int,
    lowest: float,
    forecasts: FloatArray,
    squares: FloatArray,
) -> None:
    """Run every candidate over a series.

    Parameters
    ----------
    y : (T,)
    additive, multiplicative : (m,)
        Seasonal indices by phase.
    origins, burn_in
        As in `run_smoothing`.
    lowest : float
        No forecast lies below it.
    forecasts : (k, h, n_candidates), out
    squares : (k, n_candidates), out
    """
    length = y.size
    m = additive.size
    adjusted = np.empty((3, length))
    weight = np.ones((3, length))
    for day in range(length):
        phase = (day - length) % m
        adjusted[RAW, day] = y[day]
        adjusted[ADDITIVE, day] = y[day] - additive[phase]
        adjusted[MULTIPLICATIVE, day] = y[day] / multiplicative[phase]
        weight[MULTIPLICATIVE, day] = multiplicative[phase] ** 2
    for family in range(grid.recursion.size):
        start = grid.bounds[family]
        stop = grid.bounds[family + 1]
        season = grid.season[family]
        recursion = grid.recursion[family]
        alpha = grid.alpha[start:stop]
        beta = grid.beta[start:stop]
        phi = grid.phi[start:stop]
        x = adjusted[season]
        w = weight[season]
        ahead = forecasts[:, :, start:stop]
        total = squares[:, start:stop]
        if recursion == SMOOTHING:
            run_smoothing(x, w, origins, burn_in, alpha, beta, phi, ahead, total)
        elif recursion == THETA:
            run_theta(x, w, origins, burn_in, alpha, grid.theta[start:stop], ahead, total)
        else:
            is_ratio = season == MULTIPLICATIVE
            index = multiplicative if is_ratio else additive
            gamma = grid.gamma[start:stop]
            run_holt_winters(
                y, index, is_ratio, origins, burn_in, alpha, beta, phi, gamma, ahead, total
            )
        if recursion != HOLT_WINTERS and season != RAW:
            for k in range(origins.size):
                for d in range(forecasts.shape[1]):
                    phase = (origins[k] + d - length) % m
                    if season == ADDITIVE:
                        ahead[k, d] += additive[phase]
                    else:
                        ahead[k, d] *= multiplicative[phase]
    for k in range(origins.size):
        for d in range(forecasts.shape[1]):
            for j in range(forecasts.shape[2]):
                forecasts[k, d, j] = max(forecasts[k, d, j], lowest)


@kernel
def past_origins(length: int, season_length: int, horizon: int, count: int) -> IntArray:
    """Return up to ``count`` equally spaced origins and, last, ``length`` itself.

    The step is (length - low) / count within 1 and the horizon, and no origin lies below low,
    the larger of a third of the series and two seasons (half the series if that is less).
    """
    low = max(min(2 * season_length, length // 2), length // 3, 5)
    step = min(max((length - low) // count, 1), horizon)
    earliest = max(min(low, length - 1), 3)
    past = min(max((length - earliest) // step, 0), count)
    origins = np.empty(past + 1, np.int64)
    for k in range(past + 1):
        origins[k] = length - step * (past - k)
    return origins


@kernel
def score_grid(
    y: FloatArray,
    origins: IntArray,
    scored: FloatArray,
    floor: float,
    forecasts: FloatArray,
    squares: FloatArray,
    scores: FloatArray,
) -> None:
    """Score the candidates at every origin by the errors that are known there.

    A score is a quarter of the log of the mean squared one-step error plus a quarter of that of the
    squared multi-step errors of earlier origins; half of the former where none of these is known.

    Parameters
    ----------
    y : (T,)
    origins : (k,) int
    scored : (k,)
        Number of one-step errors before each origin.
    floor : float
        Added to a mean squared error.
    forecasts : (k, h, n_candidates)
    squares, scores : (k, n_candidates)
        Sums of squared one-step errors; out.
    """
    total = np.zeros(scores.shape[1])
    count = 0
    for k in range(origins.size):
        for p in range(k):
            known_before = min(origins[k - 1] - origins[p], forecasts.shape[1])
            known_now = min(origins[k] - origins[p], forecasts.shape[1])
            for d in range(known_before, known_now):
                value = y[origins[p] + d]
                if not math.isnan(value):
                    count += 1
                    for j in range(total.size):
                        total[j] += (value - forecasts[p, d, j]) ** 2
        for j in range(total.size):
            one_step = math.log(squares[k, j] / max(scored[k], 1.0) + floor)
            if count > 0:
                scores[k, j] = 0.25 * one_step + 0.25 * math.log(total[j] / count + floor)
            else:
                scores[k, j] = 0.5 * one_step


@kernel
def weigh(scores: FloatArray, effective: float, prior: FloatArray, weights: FloatArray) -> None:
    """Weigh the candidates: prior × exp(-effective × score), divided by the sum.

    Parameters
    ----------
    scores, prior, weights : (n_candidates,)
    effective : float
        Number of observations that a score is worth.
    """
    best = scores.min()
    total = 0.0
    for j in range(scores.size):
        weights[j] = prior[j] * math.exp(-effective * (scores[j] - best))
        total += weights[j]
    for j in range(scores.size):
        weights[j] /= total


@kernel
def fit_one(
    y: FloatArray,
    additive: FloatArray,
    multiplicative: FloatArray,
    grid: Grid,
    mean: FloatArray,
    errors: FloatArray,
    weights: FloatArray,
) -> float:
    """Forecast one series by the weighted average of all candidates, now and at past origins.

    The weights at an origin rest on what was known by then.

    Parameters
    ----------
    y : (T,)
        First value known, at least three known, none beyond 1 in absolute value.
    additive, multiplicative : (m,)
    mean : (h,), out
    errors : (K, h), out
        Actual less forecast at past origins, in units of the one-step scale known there; the last
        row belongs to the latest origin; NaN is unknown.
    weights : (n_candidates,), out
        Weights at the end of the series.

    Returns
    -------
    float
        One-step root mean squared error at the end, in the unit of ``y``.
    """
    count, horizon = errors.shape
    candidates = weights.size
    length = y.size
    m = additive.size
    origins = past_origins(length, m, horizon, count)
    past = origins.size - 1
    burn_in = max(min(length // 4, 2 * m if m > 1 else 3), 1)

    observed = np.zeros(past + 1)
    scored = np.zeros(past + 1)
    known = 0
    errors_known = 0
    total = 0.0
    total_squares = 0.0
    day = 0
    for k in range(past + 1):
        while day < origins[k]:
            if not math.isnan(y[day]):
                known += 1
                errors_known += day >= burn_in
                total += y[day]
                total_squares += y[day] ** 2
            day += 1
        observed[k] = known
        scored[k] = errors_known
    variance = max(total_squares / known - (total / known) ** 2, 0.0)
    lowest = -np.inf if np.nanmin(y) < 0.0 else 0.0

    forecasts = np.empty((past + 1, horizon, candidates))
    squares = np.empty((past + 1, candidates))
    scores = np.empty((past + 1, candidates))
    run_grid(y, additive, multiplicative, grid, origins, burn_in, lowest, forecasts, squares)
    floor = RELATIVE_FLOOR * variance + ABSOLUTE_FLOOR
    score_grid(y, origins, scored, floor, forecasts, squares, scores)

    errors[:] = np.nan
    scales = np.empty(past + 1)
    for k in range(past + 1):
        weigh(scores[k], min(SCORED_SHARE * observed[k], SCORED_CAP), grid.prior, weights)
        for d in range(horizon):
            mean[d] = weighted_sum(weights, forecasts[k, d])
        square = weighted_sum(weights, squares[k])
        root_square = math.sqrt(square / scored[k] if scored[k] > 0.0 else variance)
        scales[k] = root_square if root_square > NOISE_SCALE else 0.0
        if k < past and scales[k] > 0.0:
            for d in range(min(horizon, length - origins[k])):
                errors[count - past + k, d] = (y[origins[k] + d] - mean[d]) / scales[k]
    for k in range(past):
        if scales[k] < SMALLEST_SCALE_SHARE * scales[past]:
            errors[count - past + k] = np.nan
    root: float = scales[past]
    return root


@kernel
def weighted_sum(weights: FloatArray, values: FloatArray) -> float:
    """Add up weight × value from first to last."""
    total = 0.0
    for j in range(weights.size):
        total += weights[j] * values[j]
    return total


@kernel
def fit_many(
    values: FloatArray,
    offsets: IntArray,
    additive: FloatArray,
    multiplicative: FloatArray,
    grid: Grid,
    mean: FloatArray,
    scale: FloatArray,
    errors: FloatArray,
    weights: FloatArray,
) -> None:
    """Run `fit_one` over the series of a panel that have three known values, at least one not 0.

    A series begins with its first known value.

    Parameters
    ----------
    values : (total length,)
        None beyond 1 in absolute value.
    offsets : (n + 1,) int
    additive, multiplicative : (n, m)
    mean : (n, h), out
    scale : (n,), out
    errors : (n, K, h), out
    weights : (n, n_candidates), out
        Rows of other series are left as they are, in every output.
    """
    for i in range(offsets.size - 1):
        first = offsets[i]
        stop = offsets[i + 1]
        while first < stop and math.isnan(values[first]):
            first += 1
        known = 0
        has_demand = False
        for t in range(first, stop):
            if not math.isnan(values[t]):
                known += 1
                has_demand = has_demand or values[t] != 0.0
        if known >= 3 and has_demand:
            scale[i] = fit_one(
                values[first:stop],
                additive[i],
                multiplicative[i],
                grid,
                mean[i],
                errors[i],
                weights[i],
            )


@kernel
def seasonal_indices(
    values: FloatArray, offsets: IntArray, season_length: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Measure the seasonal indices of every series against its centred moving average.

    The additive index of a phase is the mean of y - average; the multiplicative one is sum(y) /
    sum(average), which zeros do not harm. The average spans one season, its ends at half weight
    where the season is even, over the days that are known.

    Returns
    -------
    additive, multiplicative : (n, m)
        In the unit of the series, with mean 0; as a ratio, with mean 1.
    variance : (n, m)
        Sampling variance of the additive index; infinite where nothing is known.
    mean : (n,)
        Mean of the known values; 0 where there are none.
    """
    n = offsets.size - 1
    m = season_length
    half = m // 2
    additive = np.zeros((n, m))
    multiplicative = np.ones((n, m))
    variance = np.full((n, m), np.inf)
    mean = np.zeros(n)
    for i in range(n):
        y = values[offsets[i] : offsets[i + 1]]
        length = y.size
        known = 0
        for t in range(length):
            if not math.isnan(y[t]):
                mean[i] += y[t]
                known += 1
        if known > 0:
            mean[i] /= known
        if m < 2 or length < 2 * m:
            continue
        actual = np.zeros(m)
        average = np.zeros(m)
        squares = np.zeros(m)
        visits = np.zeros(m)
        for t in range(half, length - half):
            if math.isnan(y[t]):
                continue
            total = 0.0
            weight = 0.0
            for d in range(-half, half + 1):
                if not math.isnan(y[t + d]):
                    share = 0.5 if m % 2 == 0 and abs(d) == half else 1.0
                    total += share * y[t + d]
                    weight += share
            phase = (t - length) % m
            actual[phase] += y[t]
            average[phase] += total / weight
            squares[phase] += (y[t] - total / weight) ** 2
            visits[phase] += 1.0
        residual = 0.0
        for phase in range(m):
            if visits[phase] > 0.0:
                additive[i, phase] = (actual[phase] - average[phase]) / visits[phase]
                residual += squares[phase] - visits[phase] * additive[i, phase] ** 2
            if average[phase] > 0.0:
                multiplicative[i, phase] = actual[phase] / average[phase]
        residual = max(residual, 0.0) / max(visits.sum() - m, 1.0)
        additive[i] -= additive[i].mean()
        if multiplicative[i].sum() > 0.0:
            multiplicative[i] /= multiplicative[i].mean()
        for phase in range(m):
            if visits[phase] > 0.0:
                variance[i, phase] = residual / visits[phase]
    return additive, multiplicative, variance, mean


@kernel
def demand_paths(
    mean: FloatArray,
    factor: FloatArray,
    error_scale: float,
    trajectories: FloatArray,
    out: FloatArray,
) -> None:
    """Draw the cumulative demand paths of one series.

    out[j, t] = max(0, sum over u <= t of factor[u] (mean[u] + error_scale z[j, u])).

    Parameters
    ----------
    mean, factor : (h,)
        Mean forecast per day, in units, and what a scenario multiplies it by, error included.
    error_scale : float
        Units per unit of a trajectory.
    trajectories : (P, h)
        Standardised error trajectories z of the series' calibration group.
    out : (P, h), out
    """
    for j in range(trajectories.shape[0]):
        total = 0.0
        for t in range(mean.size):
            total += factor[t] * (mean[t] + error_scale * trajectories[j, t])
            out[j, t] = max(total, 0.0)


@kernel
def count_at_most(x: float, centre: float, scale: float, lowest: float, ordered: FloatArray) -> int:
    """Count the atoms max(lowest, centre + scale z) that are at most ``x``; z rises."""
    if lowest > x:
        return 0
    low = 0
    high = ordered.size
    while low < high:
        middle = (low + high) // 2
        if centre + scale * ordered[middle] <= x:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def interval_cdf(
    x: float,
    chances: FloatArray,
    centres: FloatArray,
    scale: float,
    lowest: float,
    ordered: FloatArray,
) -> float:
    """Return P(D <= x) for demand D over a random number of days.

    Parameters
    ----------
    x, scale, lowest : float
    chances : (H + 1,)
        Probability of 0, 1, ... H days.
    centres : (h,)
        Cumulative mean forecast, h >= H.
    ordered : (h, P)
        Cumulative standardised errors, rising along the last axis.
    """
    total = chances[0] if x >= 0.0 else 0.0
    for days in range(1, chances.size):
        if chances[days] > 0.0:
            atoms = count_at_most(x, centres[days - 1], scale, lowest, ordered[days - 1])
            total += chances[days] * (atoms / ordered.shape[1])
    return total


@kernel
def interval_loss(
    x: float,
    chances: FloatArray,
    centres: FloatArray,
    scale: float,
    lowest: float,
    ordered: FloatArray,
    tails: FloatArray,
) -> float:
    """Return E[(D - x)+]; ``tails`` (h, P + 1) sums ``ordered`` from each position to the end."""
    start = max(x, lowest)
    paths = ordered.shape[1]
    total: float = start - x + chances[0] * max(-start, 0.0)
    for days in range(1, chances.size):
        if chances[days] > 0.0:
            centre = centres[days - 1]
            atoms = count_at_most(start, centre, scale, lowest, ordered[days - 1])
            excess = (paths - atoms) * (centre - start) + scale * tails[days - 1, atoms]
            total += chances[days] * max(excess, 0.0) / paths
    return total


@kernel
def interval_quantile(
    p: float,
    chances: FloatArray,
    centres: FloatArray,
    scale: float,
    lowest: float,
    ordered: FloatArray,
) -> float:
    """Return the smallest x with P(D <= x) >= p, an atom of D, found by bisection."""
    low = np.inf
    high = -np.inf
    if chances[0] > 0.0:
        low = 0.0
        high = 0.0
    for days in range(1, chances.size):
        if chances[days] > 0.0:
            centre = centres[days - 1]
            low = min(low, max(lowest, centre + scale * ordered[days - 1, 0]))
            high = max(high, lowest, centre + scale * ordered[days - 1, -1])
    target = p - PROBABILITY_TOLERANCE
    if interval_cdf(low, chances, centres, scale, lowest, ordered) >= target:
        return low
    while True:
        middle = low + 0.5 * (high - low)
        if middle <= low or middle >= high:
            return high
        if interval_cdf(middle, chances, centres, scale, lowest, ordered) >= target:
            high = middle
        else:
            low = middle


@kernel
def interval_cdfs(
    x: FloatArray,
    chances: FloatArray,
    centres: FloatArray,
    scale: FloatArray,
    lowest: FloatArray,
    group: IntArray,
    ordered: FloatArray,
    out: FloatArray,
) -> None:
    """Run `interval_cdf` over series.

    Parameters
    ----------
    x, scale, lowest : (n,)
    chances : (n, H + 1) or (1, H + 1)
    centres : (n, h)
    group : (n,) int
        Row of ``ordered`` (G, h, P) that belongs to a series.
    out : (n,), out
    """
    for i in range(out.size):
        row = chances[min(i, chances.shape[0] - 1)]
        out[i] = interval_cdf(x[i], row, centres[i], scale[i], lowest[i], ordered[group[i]])


@kernel
def interval_losses(
    x: FloatArray,
    chances: FloatArray,
    centres: FloatArray,
    scale: FloatArray,
    lowest: FloatArray,
    group: IntArray,
    ordered: FloatArray,
    tails: FloatArray,
    out: FloatArray,
) -> None:
    """Run `interval_loss` over series; arguments as in `interval_cdfs`."""
    for i in range(out.size):
        row = chances[min(i, chances.shape[0] - 1)]
        g = group[i]
        out[i] = interval_loss(x[i], row, centres[i], scale[i], lowest[i], ordered[g], tails[g])


@kernel
def interval_quantiles(
    p: FloatArray,
    chances: FloatArray,
    centres: FloatArray,
    scale: FloatArray,
    lowest: FloatArray,
    group: IntArray,
    ordered: FloatArray,
    out: FloatArray,
) -> None:
    """Run `interval_quantile` over series; arguments as in `interval_cdfs`."""
    for i in range(out.size):
        row = chances[min(i, chances.shape[0] - 1)]
        out[i] = interval_quantile(p[i], row, centres[i], scale[i], lowest[i], ordered[group[i]])
