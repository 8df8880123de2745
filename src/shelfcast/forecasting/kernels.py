"""Numba kernels that fit a series: run the candidates, score, weigh and combine them.

Arrays and conventions are those of :mod:`recursions`. No result depends on any series but its own.
"""

from __future__ import annotations

import math

import numpy as np

from shelfcast.compiled import kernel
from shelfcast.forecasting.candidates import (
    ADDITIVE,
    HOLT_WINTERS,
    MULTIPLICATIVE,
    RAW,
    SEASONAL,
    SMOOTHING,
    THETA,
    Grid,
    Tempering,
)
from shelfcast.forecasting.panel import FloatArray, IntArray
from shelfcast.forecasting.recursions import (
    DAYS_OF_A_WEEK,
    VISITS_BEFORE,
    gain_table,
    gains_of_days,
    holt_winters_ahead,
    level_bounds,
    own_steps,
    put_season,
    run_holt_winters,
    run_seasonal,
    run_simple,
    run_theta,
    run_trend,
    seasonal_ahead,
    theta_ahead,
    trend_ahead,
    young_gains,
)

MOST_EFFECTIVE = 40.0
"""Observations that count in the weights at most."""

ERRORS_PER_SALE = 2.0
"""Normal errors that the error of a rare sale is worth in the weights at most."""

SMALLEST_WEIGHT = 1e-3
"""Weight below which a candidate is left out."""

FEWEST_OBSERVATIONS = 3
"""Known values without which a series is not fitted."""

NOISE_SCALE = 1e-6
"""Scale up to which errors are noise of floating point, of values within 1; then it counts as 0."""

SMALLEST_SCALE_SHARE = 0.3
"""An origin whose error scale is below this share of the last one is left out of calibration."""

RELATIVE_FLOOR = 1e-6
ABSOLUTE_FLOOR = 1e-12
"""Floor of a mean squared error: shares of the variance and of the largest value squared."""


@kernel
def run_grid(
    y: FloatArray,
    indices: FloatArray,
    grid: Grid,
    table: FloatArray,
    origins: IntArray,
    burn_in: int,
    lowest: float,
    states: FloatArray,
    seasons: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
) -> None:
    """Run every candidate over a series.

    Parameters
    ----------
    y : (T,)
    indices : (3, m)
        Seasonal indices by phase, one row for each of RAW, ADDITIVE and MULTIPLICATIVE.
    table
        From `gain_table`.
    origins
        As in `recursions`.
    burn_in : int
        First day whose one-step error is scored.
    lowest : float
        No forecast lies below it.
    states : (3, n_candidates), out
        Level, slope and, of Theta, the mean, at the last origin.
    seasons : (m, n_candidates with seasons of their own), out
        Seasonal states at the last origin.
    forecasts : (n_candidates, k, h), out
    squares : (n_candidates, k), out
    """
    length = y.size
    m = indices.shape[1]
    adjusted = np.empty((3, length))
    weight = np.ones((3, length))
    ratio = np.ones(length)
    for day in range(length):
        phase = (day - length) % m
        adjusted[RAW, day] = y[day]
        adjusted[ADDITIVE, day] = y[day] - indices[ADDITIVE, phase]
        adjusted[MULTIPLICATIVE, day] = y[day] / indices[MULTIPLICATIVE, phase]
        ratio[day] = indices[MULTIPLICATIVE, phase]
        weight[MULTIPLICATIVE, day] = indices[MULTIPLICATIVE, phase] ** 2
    weight[:, :burn_in] = 0.0
    ones = np.ones(max(length, m))
    gains = np.empty((3, 6, length))
    gains[RAW] = young_gains(y, ones) if np.isnan(y).any() else gains_of_days(table, length)
    gains[ADDITIVE] = gains[RAW]
    gains[MULTIPLICATIVE] = young_gains(y, ratio)
    bounds = level_bounds(y, adjusted, ratio, origins, max(m, DAYS_OF_A_WEEK))
    own = np.empty(m)
    column = 0
    for j in range(grid.alpha.size):
        recursion = grid.recursion[j]
        season = grid.season[j]
        alpha = grid.alpha[j]
        beta = grid.beta[j]
        phi = grid.phi[j]
        x = adjusted[season]
        w = weight[season]
        g = gains[season]
        b = bounds[season]
        s = own_steps(alpha, indices[season] if season == MULTIPLICATIVE else ones[:m])
        ahead = forecasts[j]
        total = squares[j]
        if recursion == SMOOTHING and beta == 0.0:
            states[0, j] = run_simple(x, w, g, s, origins, b, ahead, total)
        elif recursion == SMOOTHING:
            states[0, j], states[1, j] = run_trend(x, w, g, s, origins, b, beta, phi, ahead, total)
        elif recursion == THETA:
            states[0, j], states[1, j], states[2, j] = run_theta(
                x, w, g, s, table, origins, b, alpha, grid.theta[j], ahead, total
            )
        elif recursion == SEASONAL:
            run_seasonal(y, weight[RAW], g, origins, alpha, own, ahead, total)
        else:
            own[:] = indices[season]
            is_ratio = season == MULTIPLICATIVE
            gamma = grid.gamma[j]
            states[0, j], states[1, j] = run_holt_winters(
                y, weight[RAW], g, s, table, origins, b, is_ratio, lowest, alpha, beta, phi, gamma,
                own, ahead, total,
            )  # fmt: skip
        if recursion >= HOLT_WINTERS:
            seasons[:, column] = own
            column += 1
        for k in range(origins.size):
            if recursion < HOLT_WINTERS and season != RAW:
                phase = (origins[k] - length) % m
                put_season(season == MULTIPLICATIVE, lowest, indices[season], phase, ahead[k])
            raise_to(lowest, ahead[k])


@kernel
def grid_ahead(
    n: int,
    indices: FloatArray,
    grid: Grid,
    gains: FloatArray,
    lowest: float,
    weights: FloatArray,
    states: FloatArray,
    seasons: FloatArray,
    mean: FloatArray,
) -> None:
    """Forecast from the states at the end of a series by the candidates that have weight.

    Parameters
    ----------
    n : int
        Days of the series.
    indices, lowest, states, seasons
        As in `run_grid`.
    weights : (n_candidates,)
    mean : (h,), out
    """
    ahead = np.empty(mean.size)
    own = np.empty(indices.shape[1])
    mean[:] = 0.0
    column = -1
    for j in range(grid.alpha.size):
        recursion = grid.recursion[j]
        column += recursion >= HOLT_WINTERS
        if weights[j] == 0.0:
            continue
        season = grid.season[j]
        level = states[0, j]
        slope = states[1, j]
        if recursion >= HOLT_WINTERS:
            own[:] = seasons[:, column]
        if recursion == SMOOTHING:
            trend_ahead(grid.phi[j], level, slope, ahead)
        elif recursion == THETA:
            theta_ahead(n, gains, grid.alpha[j], grid.theta[j], level, slope, states[2, j], ahead)
        elif recursion == SEASONAL:
            seasonal_ahead(0, own, ahead)
        else:
            is_ratio = season == MULTIPLICATIVE
            holt_winters_ahead(0, is_ratio, lowest, grid.phi[j], level, slope, own, ahead)
        if recursion < HOLT_WINTERS and season != RAW:
            put_season(season == MULTIPLICATIVE, lowest, indices[season], 0, ahead)
        raise_to(lowest, ahead)
        for d in range(mean.size):
            mean[d] += weights[j] * ahead[d]


@kernel
def raise_to(lowest: float, forecasts: FloatArray) -> None:
    """Let no forecast lie below ``lowest``."""
    for d in range(forecasts.size):
        forecasts[d] = max(forecasts[d], lowest)


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
    one_step: FloatArray,
    ahead: FloatArray,
) -> None:
    """Score the candidates at every origin by the errors that are known there.

    Parameters
    ----------
    y : (T,)
    origins : (k,) int
    scored : (k,)
        Number of one-step errors before each origin.
    floor : float
        Added to a mean squared error.
    forecasts : (n_candidates, k, h)
    squares : (n_candidates, k)
        Sums of squared one-step errors.
    one_step, ahead : (k, n_candidates), out
        Log of the mean squared error one step ahead; and of those several steps ahead that were
        made at earlier origins, NaN where none is known.
    """
    horizon = forecasts.shape[2]
    counts = np.zeros(origins.size)
    for k in range(origins.size):
        for p in range(k):
            before = min(origins[k - 1] - origins[p], horizon)
            now = min(origins[k] - origins[p], horizon)
            for d in range(before, now):
                counts[k] += not math.isnan(y[origins[p] + d])
    counts = np.cumsum(counts)
    for j in range(squares.shape[0]):
        total = 0.0
        for k in range(origins.size):
            for p in range(k):
                before = min(origins[k - 1] - origins[p], horizon)
                now = min(origins[k] - origins[p], horizon)
                for d in range(before, now):
                    error = y[origins[p] + d] - forecasts[j, p, d]
                    if not math.isnan(error):
                        total += error * error
            one_step[k, j] = math.log(squares[j, k] / max(scored[k], 1.0) + floor)
            ahead[k, j] = math.log(total / counts[k] + floor) if counts[k] > 0.0 else np.nan


@kernel
def score(one_step: FloatArray, ahead: FloatArray, tempering: Tempering, out: FloatArray) -> None:
    """Weigh the two scores of `score_grid` (n_candidates,) at one origin into one."""
    share = 1.0 if math.isnan(ahead[0]) else tempering.one_step
    for j in range(out.size):
        out[j] = share * one_step[j] + ((1.0 - share) * ahead[j] if share < 1.0 else 0.0)


@kernel
def likelihoods(
    scores: FloatArray, observed: FloatArray, tempering: Tempering, out: FloatArray
) -> None:
    """Say how well candidates did relative to the best: exp(-n/2 (score - best)).

    n is the number of observations that count: ``tempering.share`` of those made, and at most
    `MOST_EFFECTIVE`, or two for each day with demand. A mean squared error from n errors of
    kurtosis κ is as sure as one from 2 n/(κ - 1) normal errors, and where sales are rare κ is about
    n / sales: it rests on the sales, however many days lie between.

    Parameters
    ----------
    scores, out : (n_candidates,)
    observed : (2,)
        Known values, and those among them that are not 0.
    """
    most = min(MOST_EFFECTIVE, ERRORS_PER_SALE * observed[1])
    effective = 0.5 * min(tempering.share * observed[0], most)
    best = scores.min()
    for j in range(scores.size):
        out[j] = math.exp(-effective * (scores[j] - best))


@kernel
def likelihoods_of(
    one_step: FloatArray,
    ahead: FloatArray,
    observed: FloatArray,
    tempering: Tempering,
    out: FloatArray,
) -> None:
    """Run `score` and `likelihoods` over series at one origin; arrays have a row for each."""
    scores = np.empty(out.shape[1])
    for i in range(observed.shape[0]):
        score(one_step[i], ahead[i], tempering, scores)
        likelihoods(scores, observed[i], tempering, out[i])


@kernel
def weigh(prior: FloatArray, weights: FloatArray) -> None:
    """Turn likelihoods into weights: × prior, small ones left out, divided by the sum.

    Parameters
    ----------
    prior, weights : (n_candidates,)
        ``weights`` holds the likelihoods, and then the weights.
    """
    total = 0.0
    for j in range(weights.size):
        weights[j] *= prior[j]
        total += weights[j]
    kept = 0.0
    for j in range(weights.size):
        weights[j] = weights[j] / total if weights[j] >= SMALLEST_WEIGHT * total else 0.0
        kept += weights[j]
    for j in range(weights.size):
        weights[j] /= kept


@kernel
def known_so_far(y: FloatArray, origins: IntArray, start: int) -> FloatArray:
    """Count the values known from day ``start`` to before each origin (k,)."""
    counts = np.zeros(origins.size)
    day = start
    known = 0
    for k in range(origins.size):
        while day < origins[k]:
            known += not math.isnan(y[day])
            day += 1
        counts[k] = known
    return counts


@kernel
def observed_so_far(y: FloatArray, origins: IntArray) -> FloatArray:
    """Count the values known before each origin, and those that are not 0 (k, 2)."""
    is_sale = np.where(y == 0.0, np.nan, y)
    counts = np.empty((origins.size, 2))
    counts[:, 0] = known_so_far(y, origins, 0)
    counts[:, 1] = known_so_far(is_sale, origins, 0)
    return counts


@kernel
def variance_of(y: FloatArray) -> float:
    """Return the variance of the known values."""
    known = 0
    total = 0.0
    total_squares = 0.0
    for value in y:
        if not math.isnan(value):
            known += 1
            total += value
            total_squares += value**2
    return max(total_squares / known - (total / known) ** 2, 0.0)


@kernel
def first_scored(length: int, season_length: int) -> int:
    """Return the first day whose one-step error is scored: a quarter or two seasons on."""
    return max(min(length // 4, 2 * season_length if season_length > 1 else 3), 1)


@kernel
def try_grid(
    y: FloatArray,
    indices: FloatArray,
    grid: Grid,
    gains: FloatArray,
    origins: IntArray,
    states: FloatArray,
    seasons: FloatArray,
    forecasts: FloatArray,
    squares: FloatArray,
    one_step: FloatArray,
    ahead: FloatArray,
) -> None:
    """Run every candidate over a series and score it; arguments as in `run_grid`, `score_grid`."""
    burn_in = first_scored(y.size, indices.shape[1])
    lowest = -np.inf if np.nanmin(y) < 0.0 else 0.0
    run_grid(y, indices, grid, gains, origins, burn_in, lowest, states, seasons, forecasts, squares)
    floor = RELATIVE_FLOOR * variance_of(y) + ABSOLUTE_FLOOR * np.nanmax(np.abs(y)) ** 2
    scored = known_so_far(y, origins, burn_in)
    score_grid(y, origins, scored, floor, forecasts, squares, one_step, ahead)


@kernel
def fit_one(
    y: FloatArray,
    indices: FloatArray,
    grid: Grid,
    gains: FloatArray,
    prior: FloatArray,
    tempering: Tempering,
    errors: FloatArray,
    weights: FloatArray,
    last_scores: FloatArray,
    states: FloatArray,
    seasons: FloatArray,
) -> float:
    """Forecast one series by the weighted average of all candidates, now and at past origins.

    The weights at an origin rest on what was known by then.

    Parameters
    ----------
    y : (T,)
        First value known, at least three known, none beyond 1 in absolute value.
    indices, gains
        As in `run_grid`.
    prior : (K + 1, n_candidates)
        Prior probabilities at the past origins, latest last, and at the end.
    tempering
        How the candidates are weighed.
    errors : (K, h), out
        Actual less forecast at past origins, in units of the one-step scale known there; the last
        row belongs to the latest origin; NaN is unknown.
    weights, last_scores : (n_candidates,), out
        At the end of the series: weights, and root mean squared errors, the weighted geometric mean
        of those one step and several steps ahead.
    states, seasons, out
        As in `run_grid`.

    Returns
    -------
    float
        One-step root mean squared error at the end, in the unit of ``y``.
    """
    count, horizon = errors.shape
    length = y.size
    m = indices.shape[1]
    origins = past_origins(length, m, horizon, count)
    past = origins.size - 1
    forecasts = np.empty((weights.size, past + 1, horizon))
    squares = np.empty((weights.size, past + 1))
    one_step = np.empty((past + 1, weights.size))
    ahead = np.empty((past + 1, weights.size))
    try_grid(y, indices, grid, gains, origins, states, seasons, forecasts, squares, one_step, ahead)
    observed = observed_so_far(y, origins)
    scored = known_so_far(y, origins, first_scored(length, m))

    errors[:] = np.nan
    mean = np.empty(horizon)
    scales = np.empty(past + 1)
    for k in range(past + 1):
        score(one_step[k], ahead[k], tempering, last_scores)
        likelihoods(last_scores, observed[k], tempering, weights)
        weigh(prior[count - past + k], weights)
        square = weighted_sum(weights, squares[:, k])
        known = y[: origins[k]]
        root_square = math.sqrt(square / scored[k] if scored[k] > 0.0 else variance_of(known))
        scales[k] = root_square if root_square > NOISE_SCALE else 0.0
        if k < past and scales[k] > 0.0:
            combine(weights, forecasts[:, k], mean)
            for d in range(min(horizon, length - origins[k])):
                errors[count - past + k, d] = (y[origins[k] + d] - mean[d]) / scales[k]
    for k in range(past):
        if scales[k] < SMALLEST_SCALE_SHARE * scales[past]:
            errors[count - past + k] = np.nan
    last_scores[:] = np.exp(0.5 * last_scores)
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
def combine(weights: FloatArray, forecasts: FloatArray, mean: FloatArray) -> None:
    """Average the forecasts (n_candidates, h) of the candidates that have weight."""
    mean[:] = 0.0
    for j in range(weights.size):
        if weights[j] > 0.0:
            for d in range(mean.size):
                mean[d] += weights[j] * forecasts[j, d]


@kernel
def start_of(values: FloatArray) -> int:
    """Return the position of the first known value if the series can be fitted, or -1.

    It can with three known values, at least one of them not 0.
    """
    start = -1
    known = 0
    has_demand = False
    for t in range(values.size):
        if not math.isnan(values[t]):
            if start < 0:
                start = t
            known += 1
            has_demand = has_demand or values[t] != 0.0
    return start if known >= FEWEST_OBSERVATIONS and has_demand else -1


@kernel
def checksums(values: FloatArray, offsets: IntArray, out: IntArray) -> None:
    """Find a number that is as good as random for every series that can be fitted, -1 for others.

    It shows neither the unit of a series nor the days before its first known value. Source: the
    FNV-1a hash, of values relative to the largest in steps of 2^-20.

    Parameters
    ----------
    values, offsets
        As in `fit_many`.
    out : (n,) int, out
    """
    for i in range(out.size):
        y = values[offsets[i] : offsets[i + 1]]
        start = start_of(y)
        out[i] = -1
        if start >= 0:
            largest = np.nanmax(np.abs(y))
            state = np.uint64(14695981039346656037)
            for value in y[start:]:
                step = -(2**40) if math.isnan(value) else round(value / largest * 2.0**20)
                state = (state ^ np.uint64(step)) * np.uint64(1099511628211)
            out[i] = np.int64(state >> np.uint64(1))


@kernel
def longest(offsets: IntArray) -> int:
    """Return the length of the longest series."""
    length = 0
    for i in range(offsets.size - 1):
        length = max(length, offsets[i + 1] - offsets[i])
    return length


@kernel
def fit_many(
    values: FloatArray,
    offsets: IntArray,
    indices: FloatArray,
    grid: Grid,
    prior: FloatArray,
    tempering: Tempering,
    scale: FloatArray,
    errors: FloatArray,
    days: IntArray,
    weights: FloatArray,
    scores: FloatArray,
    states: FloatArray,
    seasons: FloatArray,
) -> None:
    """Run `fit_one` over the series of a panel that `start_of` says can be fitted.

    Parameters
    ----------
    values : (total length,)
        None beyond 1 in absolute value.
    offsets : (n + 1,) int
    indices : (n, 3, m)
    prior : (K + 1, n_candidates)
    scale : (n,), out
    errors : (n, K, h), out
    days : (n,) int, out
        Days since the first known value.
    weights, scores : (n, n_candidates), out
    states : (n, 3, n_candidates), out
    seasons : (n, m, n_candidates with seasons of their own), out
        Rows of other series are left as they are, in every output.
    """
    gains = gain_table(longest(offsets) + errors.shape[2] + VISITS_BEFORE)
    for i in range(offsets.size - 1):
        y = values[offsets[i] : offsets[i + 1]]
        start = start_of(y)
        if start >= 0:
            days[i] = y.size - start
            scale[i] = fit_one(
                y[start:],
                indices[i],
                grid,
                gains,
                prior,
                tempering,
                errors[i],
                weights[i],
                scores[i],
                states[i],
                seasons[i],
            )


@kernel
def try_many(
    values: FloatArray,
    offsets: IntArray,
    indices: FloatArray,
    grid: Grid,
    horizon: int,
    observed: FloatArray,
    one_step: FloatArray,
    ahead: FloatArray,
) -> None:
    """Score the candidates of every series that can be fitted, at every origin.

    Parameters
    ----------
    values, offsets, indices
        As in `fit_many`.
    observed : (n, K + 1, 2), out
        As in `observed_so_far`, the end being the last origin.
    one_step, ahead : (n, K + 1, n_candidates), out
        As in `score_grid`. Rows of other series, and of origins that a series has not, are left as
        they are, in every output.
    """
    origins_at_most, candidates = one_step.shape[1:]
    gains = gain_table(longest(offsets) + horizon + VISITS_BEFORE)
    states = np.empty((3, candidates))
    seasons = np.empty((indices.shape[2], candidates))
    for i in range(offsets.size - 1):
        y = values[offsets[i] : offsets[i + 1]]
        start = start_of(y)
        if start >= 0:
            y = y[start:]
            origins = past_origins(y.size, indices.shape[2], horizon, origins_at_most - 1)
            first = origins_at_most - origins.size
            forecasts = np.empty((candidates, origins.size, horizon))
            squares = np.empty((candidates, origins.size))
            try_grid(
                y,
                indices[i],
                grid,
                gains,
                origins,
                states,
                seasons,
                forecasts,
                squares,
                one_step[i, first:],
                ahead[i, first:],
            )
            observed[i, first:] = observed_so_far(y, origins)


@kernel
def try_temperings(
    values: FloatArray,
    offsets: IntArray,
    indices: FloatArray,
    grid: Grid,
    horizon: int,
    shares: FloatArray,
    one_step_shares: FloatArray,
    priors: FloatArray,
    losses: FloatArray,
) -> None:
    """Try ways to weigh the candidates on every series that can be fitted, at every past origin.

    Parameters
    ----------
    values, offsets, indices
        As in `fit_many`.
    shares, one_step_shares : (S,)
        Of each `Tempering`.
    priors : (S, K + 1, n_candidates)
    losses : (n, K, S), out
        Root mean squared error over the horizon, relative to that of the steps from one value to
        the next. Rows of other series, and of origins that a series has not, are left as they are.
    """
    count = losses.shape[1]
    candidates = priors.shape[2]
    states = np.empty((3, candidates))
    seasons = np.empty((indices.shape[2], candidates))
    scores = np.empty(candidates)
    weights = np.empty(candidates)
    mean = np.empty(horizon)
    gains = gain_table(longest(offsets) + horizon + VISITS_BEFORE)
    for i in range(offsets.size - 1):
        y = values[offsets[i] : offsets[i + 1]]
        start = start_of(y)
        step = root_mean_squared_step(y)
        if start >= 0 and step > NOISE_SCALE:
            y = y[start:]
            origins = past_origins(y.size, indices.shape[2], horizon, count)
            past = origins.size - 1
            forecasts = np.empty((candidates, past + 1, horizon))
            squares = np.empty((candidates, past + 1))
            one = np.empty((past + 1, candidates))
            more = np.empty((past + 1, candidates))
            try_grid(
                y, indices[i], grid, gains, origins, states, seasons, forecasts, squares, one, more
            )
            observed = observed_so_far(y, origins)
            for k in range(past):
                for s in range(shares.size):
                    tempering = Tempering(shares[s], one_step_shares[s])
                    score(one[k], more[k], tempering, scores)
                    likelihoods(scores, observed[k], tempering, weights)
                    weigh(priors[s, count - past + k], weights)
                    combine(weights, forecasts[:, k], mean)
                    total = 0.0
                    known = 0
                    for d in range(min(horizon, y.size - origins[k])):
                        value = y[origins[k] + d]
                        if not math.isnan(value):
                            known += 1
                            total += (value - mean[d]) ** 2
                    if known > 0:
                        losses[i, count - past + k, s] = math.sqrt(total / known) / step


@kernel
def root_mean_squared_step(y: FloatArray) -> float:
    """Return the root mean squared difference of neighbouring values, 0 where none is known."""
    total = 0.0
    known = 0
    for t in range(1, y.size):
        step = y[t] - y[t - 1]
        if not math.isnan(step):
            known += 1
            total += step * step
    return math.sqrt(total / max(known, 1))


@kernel
def forecast_many(
    days: IntArray,
    lowest: FloatArray,
    indices: FloatArray,
    grid: Grid,
    weights: FloatArray,
    states: FloatArray,
    seasons: FloatArray,
    mean: FloatArray,
) -> None:
    """Forecast series from the states at their end, where a candidate has weight.

    Parameters
    ----------
    days : (n,) int
        Days of each series since its first known value.
    lowest : (n,)
    indices, weights, states, seasons
        As in `fit_many`.
    mean : (n, h), out
        Rows of series without weights are left as they are.
    """
    gains = gain_table(days.max() + mean.shape[1] + VISITS_BEFORE if days.size > 0 else 0)
    for i in range(days.size):
        if weights[i].any():
            grid_ahead(
                days[i],
                indices[i],
                grid,
                gains,
                lowest[i],
                weights[i],
                states[i],
                seasons[i],
                mean[i],
            )


@kernel
def seasonal_indices(
    values: FloatArray, offsets: IntArray, season_length: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Measure the seasonal indices of every series against its centred moving average.

    The additive index of a phase is the mean of y - average; the multiplicative one is sum(y) /
    sum(average), which zeros do not harm. The average spans one season, its ends at half weight
    where the season is even, over the days that are known.

    Returns
    -------
    additive, multiplicative : (n, m)
        In the unit of the series, with mean 0; as a ratio, with mean 1.
    variance : (n, m)
        Sampling variance of the additive index: that of the values about their phase / visits;
        infinite where nothing is known. To the squares about the phases the mean square without
        phases is added as one degree of freedom, because phases that were seen once have no
        scatter.
    mean : (n,)
        Mean of the known values; 0 where there are none.
    centre : (n,)
        Mean of the averages that ratios are relative to; 0 where there are none.
    """
    n = offsets.size - 1
    m = season_length
    half = m // 2
    additive = np.zeros((n, m))
    multiplicative = np.ones((n, m))
    variance = np.full((n, m), np.inf)
    mean = np.zeros(n)
    centre = np.zeros(n)
    for i in range(n):
        y = values[offsets[i] : offsets[i + 1]]
        while y.size > 0 and math.isnan(y[0]):
            y = y[1:]
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
        seen = visits.sum()
        if seen > 0.0:
            centre[i] = average.sum() / seen
            residual = (max(residual, 0.0) + squares.sum() / seen) / (max(seen - m, 0.0) + 1.0)
        additive[i] -= additive[i].mean()
        if multiplicative[i].sum() > 0.0:
            multiplicative[i] /= multiplicative[i].mean()
        for phase in range(m):
            if visits[phase] > 0.0:
                variance[i, phase] = residual / visits[phase]
    return additive, multiplicative, variance, mean, centre
