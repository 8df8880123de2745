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
    """Draw the cumulative demand paths of one series.

    out[j, t] = max(0, sum over u <= t of factor[u] (level[j] mean[u] + error_scale z[j, u])).

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
        for t in range(mean.size):
            total += factor[t] * (level[j] * mean[t] + error_scale * trajectories[j, t])
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
def own_atoms(
    centres: FloatArray,
    scale: float,
    level: FloatArray,
    cumulative: FloatArray,
    chances: FloatArray,
    ordered: FloatArray,
) -> None:
    """Put in order what a series with an unsure level may demand, in units.

    Parameters
    ----------
    centres : (h,)
        Cumulative mean forecast.
    scale : float
    level : (P,)
        From `level_factors`.
    cumulative : (h, P)
        Cumulative standardised errors, path by path.
    chances : (H + 1,)
        Probability of 0, 1, ... H days; those without are left out.
    ordered : (h, P), out
        Atoms level × centre + scale × error, rising along the last axis.
    """
    for days in range(1, chances.size):
        if chances[days] > 0.0:
            row = ordered[days - 1]
            for j in range(level.size):
                row[j] = level[j] * centres[days - 1] + scale * cumulative[days - 1, j]
            row.sort()


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
        Mean forecast of a day or of the days so far.
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
            # the middle one first: each of the others is sought on its side of it
            middle, last = positions.size // 2, atoms.size - 1
            out[i, day, middle] = select(atoms, 0, last, positions[middle])
            for q in range(middle + 1, positions.size):
                out[i, day, q] = select(atoms, positions[q - 1], last, positions[q])
            for q in range(middle - 1, -1, -1):
                out[i, day, q] = select(atoms, 0, positions[q + 1], positions[q])


@kernel
def interval_cdfs(
    x: FloatArray,
    chances: FloatArray,
    centres: FloatArray,
    scale: FloatArray,
    lowest: FloatArray,
    group: IntArray,
    ordered: FloatArray,
    variation: FloatArray,
    cumulative: FloatArray,
    table: FloatArray,
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
    variation : (n,)
        Coefficient of variation of the level; where it is not 0, a series has `own_atoms`.
    cumulative : (G, h, P)
        Cumulative standardised errors, path by path.
    table : (V, P)
        From `level_table`.
    out : (n,), out
    """
    level = np.empty(table.shape[1])
    atoms = np.empty(ordered.shape[1:])
    none = np.zeros(centres.shape[1])
    for i in range(out.size):
        row = chances[min(i, chances.shape[0] - 1)]
        g = group[i]
        if variation[i] > 0.0:
            level_factors(variation[i], table, level)
            own_atoms(centres[i], scale[i], level, cumulative[g], row, atoms)
            out[i] = interval_cdf(x[i], row, none, 1.0, lowest[i], atoms)
        else:
            out[i] = interval_cdf(x[i], row, centres[i], scale[i], lowest[i], ordered[g])


@kernel
def interval_losses(
    x: FloatArray,
    chances: FloatArray,
    centres: FloatArray,
    scale: FloatArray,
    lowest: FloatArray,
    group: IntArray,
    ordered: FloatArray,
    variation: FloatArray,
    cumulative: FloatArray,
    table: FloatArray,
    tails: FloatArray,
    out: FloatArray,
) -> None:
    """Run `interval_loss` over series; arguments as in `interval_cdfs`."""
    level = np.empty(table.shape[1])
    atoms = np.empty(ordered.shape[1:])
    own_tails = np.zeros(tails.shape[1:])
    none = np.zeros(centres.shape[1])
    for i in range(out.size):
        row = chances[min(i, chances.shape[0] - 1)]
        g = group[i]
        if variation[i] > 0.0:
            level_factors(variation[i], table, level)
            own_atoms(centres[i], scale[i], level, cumulative[g], row, atoms)
            for days in range(1, row.size):
                if row[days] > 0.0:
                    for j in range(level.size - 1, -1, -1):
                        own_tails[days - 1, j] = own_tails[days - 1, j + 1] + atoms[days - 1, j]
            out[i] = interval_loss(x[i], row, none, 1.0, lowest[i], atoms, own_tails)
        else:
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
    variation: FloatArray,
    cumulative: FloatArray,
    table: FloatArray,
    out: FloatArray,
) -> None:
    """Run `interval_quantile` over series; arguments as in `interval_cdfs`."""
    level = np.empty(table.shape[1])
    atoms = np.empty(ordered.shape[1:])
    none = np.zeros(centres.shape[1])
    for i in range(out.size):
        row = chances[min(i, chances.shape[0] - 1)]
        g = group[i]
        if variation[i] > 0.0:
            level_factors(variation[i], table, level)
            own_atoms(centres[i], scale[i], level, cumulative[g], row, atoms)
            out[i] = interval_quantile(p[i], row, none, 1.0, lowest[i], atoms)
        else:
            out[i] = interval_quantile(p[i], row, centres[i], scale[i], lowest[i], ordered[g])
