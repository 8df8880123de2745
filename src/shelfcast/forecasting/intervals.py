"""Numba kernels of demand over intervals: paths, probabilities, losses and quantiles.

No result depends on any series but its own.
"""

from __future__ import annotations

import numpy as np

from shelfcast.compiled import kernel
from shelfcast.forecasting.levels import VARIATION_STEP
from shelfcast.forecasting.panel import FloatArray, IntArray

PROBABILITY_TOLERANCE = 1e-12
"""Slack with which a probability counts as reached, for sums that do not round to 1."""


@kernel
def level_factors(variation: float, table: FloatArray, out: FloatArray) -> None:
    """Fill the level of each path relative to its mean (P,), all 1 where it is known.

    Rows of the table are interpolated, which keeps the mean at 1.

    Parameters
    ----------
    variation : float
        Coefficient of variation of the level.
    table : (V, P)
        From `level_table`.
    out : (P,), out
    """
    place = variation / VARIATION_STEP
    row = min(int(place), table.shape[0] - 2)
    share = min(place - row, 1.0)
    for j in range(out.size):
        out[j] = table[row, j] + share * (table[row + 1, j] - table[row, j])


@kernel
def demand_paths(
    mean: FloatArray,
    factor: FloatArray,
    error_scale: float,
    level: FloatArray,
    trajectories: FloatArray,
    out: FloatArray,
) -> None:
    """Draw the cumulative demand paths of one series that never is negative.

    out[j, t] = max(0, max over v <= t of sum over u <= v of factor[u] (level[j] mean[u] +
    error_scale z[j, u])): what errors take below zero is made good before the next unit is wanted,
    so that a path never falls.

    Parameters
    ----------
    mean, factor : (h,)
        Mean forecast per day, in units, and what a scenario multiplies it by, error included.
    error_scale : float
        Units per unit of a trajectory.
    level : (P,)
        Level of each path relative to its mean, from `level_factors`.
    trajectories : (P, h)
        Standardised error trajectories z of the series' calibration group.
    out : (P, h), out
    """
    for j in range(trajectories.shape[0]):
        total = 0.0
        most = 0.0
        for t in range(mean.size):
            total += factor[t] * (level[j] * mean[t] + error_scale * trajectories[j, t])
            most = max(most, total)
            out[j, t] = most


@kernel
def paths_by_day(
    mean: FloatArray,
    error_scale: float,
    level: FloatArray,
    lowest: float,
    trajectories: FloatArray,
    out: FloatArray,
) -> None:
    """Fill ``out`` (h, P) with demand over days 1..t of the paths.

    Parameters
    ----------
    mean, error_scale, level, trajectories
        As in `demand_paths`.
    lowest : float
        0 for a series that never is negative; -inf for others, where paths may fall.
    """
    if lowest == 0.0:
        demand_paths(mean, np.ones(mean.size), error_scale, level, trajectories, out.T)
        return
    for j in range(trajectories.shape[0]):
        total = 0.0
        for t in range(mean.size):
            total += level[j] * mean[t] + error_scale * trajectories[j, t]
            out[t, j] = total


@kernel
def count_at_most(x: float, ordered: FloatArray) -> int:
    """Count the values, which rise, that are at most ``x``."""
    low = 0
    high = ordered.size
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] <= x:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def interval_cdf(x: float, chances: FloatArray, ordered: FloatArray) -> float:
    """Return P(D <= x) for demand D over a random number of days.

    Parameters
    ----------
    x : float
    chances : (H + 1,)
        Probability of 0, 1, ... H days.
    ordered : (h, P)
        Demand over days 1..t, rising along the last axis, h >= H.
    """
    total = chances[0] if x >= 0.0 else 0.0
    for days in range(1, chances.size):
        if chances[days] > 0.0:
            atoms = count_at_most(x, ordered[days - 1])
            total += chances[days] * (atoms / ordered.shape[1])
    return total


@kernel
def interval_loss(x: float, chances: FloatArray, ordered: FloatArray) -> float:
    """Return E[(D - x)+]; arguments as in `interval_cdf`, and ``ordered`` in any order."""
    total: float = chances[0] * max(-x, 0.0)
    for days in range(1, chances.size):
        if chances[days] > 0.0:
            excess = 0.0
            for demand in ordered[days - 1]:
                excess += max(demand - x, 0.0)
            total += chances[days] * excess / ordered.shape[1]
    return total


@kernel
def interval_quantile(p: float, chances: FloatArray, ordered: FloatArray) -> float:
    """Return the smallest x with P(D <= x) >= p, an atom of D, found by bisection."""
    low = np.inf
    high = -np.inf
    if chances[0] > 0.0:
        low = 0.0
        high = 0.0
    for days in range(1, chances.size):
        if chances[days] > 0.0:
            low = min(low, ordered[days - 1, 0])
            high = max(high, ordered[days - 1, -1])
    target = p - PROBABILITY_TOLERANCE
    if interval_cdf(low, chances, ordered) >= target:
        return low
    while True:
        middle = low + 0.5 * (high - low)
        if middle <= low or middle >= high:
            return high
        if interval_cdf(middle, chances, ordered) >= target:
            high = middle
        else:
            low = middle


CDF, QUANTILE, LOSS = range(3)
"""What `over_intervals` finds."""


@kernel
def over_intervals(
    what: int,
    argument: FloatArray,
    chances: FloatArray,
    mean: FloatArray,
    scale: FloatArray,
    variation: FloatArray,
    lowest: FloatArray,
    group: IntArray,
    trajectories: FloatArray,
    table: FloatArray,
    out: FloatArray,
) -> None:
    """Run `interval_cdf`, `interval_quantile` or `interval_loss` over series.

    Parameters
    ----------
    what : int
        CDF, QUANTILE or LOSS.
    argument, scale, variation, lowest : (n,)
        x or p; error scale; coefficient of variation of the level; 0 or -inf.
    chances : (n, H + 1) or (1, H + 1)
    mean : (n, h)
    group : (n,) int
        Row of ``trajectories`` (G, P, h) that belongs to a series.
    table : (V, P)
        From `level_table`.
    out : (n,), out
    """
    horizon = chances.shape[1] - 1
    level = np.empty(table.shape[1])
    ordered = np.empty((horizon, trajectories.shape[1]))
    for i in range(out.size):
        row = chances[min(i, chances.shape[0] - 1)]
        level_factors(variation[i], table, level)
        paths_by_day(mean[i, :horizon], scale[i], level, lowest[i], trajectories[group[i]], ordered)
        for days in range(1, row.size):
            if row[days] > 0.0 and what != LOSS:
                ordered[days - 1].sort()
        if what == CDF:
            out[i] = interval_cdf(argument[i], row, ordered)
        elif what == QUANTILE:
            out[i] = interval_quantile(argument[i], row, ordered)
        else:
            out[i] = interval_loss(argument[i], row, ordered)


@kernel
def select(values: FloatArray, low: int, high: int, rank: int) -> float:
    """Return the value of ``rank`` among ``values[low..high]``, partitioning them around it."""
    while low < high:
        pivot = values[(low + high) // 2]
        smaller = low
        for at in range(low, high + 1):
            value = values[at]
            values[at] = values[smaller]
            values[smaller] = value
            smaller += value < pivot
        if rank < smaller:
            high = smaller - 1
            continue
        greater = smaller
        for at in range(smaller, high + 1):
            value = values[at]
            values[at] = values[greater]
            values[greater] = value
            greater += value <= pivot
        if rank < greater:
            break
        low = greater
    selected: float = values[rank]
    return selected


@kernel
def select_all(values: FloatArray, positions: IntArray, out: FloatArray) -> None:
    """Fill ``out`` (Q,) with the values of rising ranks (Q,), partitioning ``values`` (P,)."""
    # the middle one first: each of the others is sought on its side of it
    middle, last = positions.size // 2, values.size - 1
    for q in range(middle, positions.size):
        out[q] = select(values, positions[q - 1] if q > middle else 0, last, positions[q])
    for q in range(middle - 1, -1, -1):
        out[q] = select(values, 0, positions[q + 1], positions[q])


@kernel
def young_quantiles(
    centres: FloatArray,
    scale: FloatArray,
    variation: FloatArray,
    group: IntArray,
    errors: FloatArray,
    table: FloatArray,
    positions: IntArray,
    out: FloatArray,
) -> None:
    """Find quantiles of series with an unsure level, before the floor.

    Parameters
    ----------
    centres : (n, h)
        Mean forecast of a day.
    scale, variation, group : (n,)
    errors : (G, h, P)
        Standardised errors of the same days, path by path.
    table : (V, P)
        From `level_table`.
    positions : (Q,) int
        Places of the quantiles among the atoms in rising order, themselves rising.
    out : (n, h, Q), out
    """
    atoms = np.empty(table.shape[1])
    level = np.empty(table.shape[1])
    for i in range(scale.size):
        level_factors(variation[i], table, level)
        for day in range(centres.shape[1]):
            for j in range(atoms.size):
                atoms[j] = level[j] * centres[i, day] + scale[i] * errors[group[i], day, j]
            select_all(atoms, positions, out[i, day])


@kernel
def quantiles_of_sums(
    positions: IntArray,
    mean: FloatArray,
    scale: FloatArray,
    variation: FloatArray,
    lowest: FloatArray,
    group: IntArray,
    trajectories: FloatArray,
    table: FloatArray,
    out: FloatArray,
) -> None:
    """Fill ``out`` (n, h, q) with demand over days 1..t at rising ``positions`` (q,) of the paths.

    Other arguments as in `over_intervals`.
    """
    level = np.empty(table.shape[1])
    paths = np.empty((mean.shape[1], trajectories.shape[1]))
    for i in range(out.shape[0]):
        level_factors(variation[i], table, level)
        paths_by_day(mean[i], scale[i], level, lowest[i], trajectories[group[i]], paths)
        for t in range(mean.shape[1]):
            select_all(paths[t], positions, out[i, t])
