"""Numba kernels of demand over intervals: paths, probabilities, losses and quantiles.

No result depends on any series but its own.
"""

from __future__ import annotations

import numpy as np

from shelfcast.compiled import kernel
from shelfcast.forecasting.panel import FloatArray, IntArray

PROBABILITY_TOLERANCE = 1e-12
"""Slack with which a probability counts as reached, for sums that do not round to 1."""


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
