"""Odd days: one day of demand far above all that a series has shown, and what is learnt from it."""

from __future__ import annotations

import math

import numpy as np

from shelfcast.compiled import kernel
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray, Panel

FALSE_ALARM_RATE = 0.03
"""Chance, per series, that the largest size of a regular tail counts as odd, p."""

TAIL_DAYS = 20
"""Largest other days from which the tail is estimated, k, at most."""

SMALLEST_RATIO = 3.0
"""Multiple of the largest other day up to which no day is odd, however thin the tail."""

LARGEST_RATIO = 8.0
"""Multiple of the largest other day from which every day is odd, however thick the tail."""

RATIO_OF_FEW = 16.0
FEW_DAYS = 5
"""The multiple where fewer other days than these had demand: they say little of the tail."""

FEWEST_KNOWN_DAYS = 14
"""Known days without which no day is odd."""

LAUNCH_DAYS = 7
"""Days from the first demand on that are never odd."""

DAYS_PER_ODD_DAY = 365
"""Known days for which one odd day more is possible: what comes more often is regular."""


def damp_outliers(values: Panel, is_explained: BoolArray) -> tuple[FloatArray, BoolArray]:
    """Flag odd days, and give what a forecaster should learn from instead.

    A day is odd where its demand stands apart from the tail of the series' own sizes. With sizes
    x_1 >= x_2 >= ... of the days with demand, and u the smallest of them, the j largest days are
    odd if

        log((x_j + u) / (x_{j+1} + u)) > min(max(c_k s, log 3), log 8),

    where s, the Hill estimate of the tail, is the mean of log((x_{j+i} + u) / (x_{j+k+1} + u)) over
    i = 1..k, and c_k = k (p^(-1/k) - 1). Under a Pareto tail the log of the ratio of the two
    largest sizes is exponential with the mean that s estimates, so that their ratio has an F law of
    (2, 2k) degrees of freedom, and c_k is its quantile of 1 - p. Where fewer than five other days
    had demand the multiple is 16 instead.

    At most one day, and one more per 365 known days, is odd: of what comes more often each day is
    confirmed by the others. So a regular bulk order counts from its second time, and a level shift
    from its second day; after a year of history, from the third, and so on. The last day is judged
    like any other, and no longer odd once the days that follow confirm it. Odd days are taken for
    x_{j+1}.

    Not odd are unknown days, days with a stated cause, the first seven days from the first demand
    on, series with a negative value, and those with fewer than 14 known days.

    Sources: Hill (1975), A simple general approach to inference about the tail of a distribution;
    Renyi (1953), On the theory of order statistics.

    Parameters
    ----------
    values
        Demand in units; NaN is unknown.
    is_explained : (total length,) bool
        True on a day of which a high demand is no news: a promotion, a holiday, a stock-out.

    Returns
    -------
    damped : (total length,)
        The values, those of odd days replaced.
    is_outlier : (total length,) bool
    """
    damped = values.values.copy()
    is_outlier = np.zeros(damped.size, dtype=np.bool_)
    _damp_many(values.values, values.offsets, is_explained, damped, is_outlier)
    return damped, is_outlier


@kernel
def _damp_many(
    values: FloatArray,
    offsets: IntArray,
    is_explained: BoolArray,
    damped: FloatArray,
    is_outlier: BoolArray,
) -> None:
    """Fill ``damped`` and ``is_outlier`` (total length,) series by series."""
    for i in range(offsets.size - 1):
        start, stop = offsets[i], offsets[i + 1]
        _damp(
            values[start:stop],
            is_explained[start:stop],
            damped[start:stop],
            is_outlier[start:stop],
        )


@kernel
def _damp(
    y: FloatArray, is_explained: BoolArray, damped: FloatArray, is_outlier: BoolArray
) -> None:
    """Flag and replace the odd days of one series."""
    known = 0
    first = -1
    count = 0
    smallest = np.inf
    for t in range(y.size):
        if not abs(y[t]) < np.inf:
            continue
        if y[t] < 0.0:
            return
        known += 1
        if y[t] > 0.0:
            first = t if first < 0 else first
            count += 1
            smallest = min(smallest, y[t])
    if known < FEWEST_KNOWN_DAYS:
        return
    most = min(1 + known // DAYS_PER_ODD_DAY, count - 1)
    if most < 1:
        return
    largest = _largest(y, min(count, most + TAIL_DAYS + 1))
    for j in range(most, 0, -1):
        if _stands_apart(largest[:j], largest[j:], smallest) and _may_be_odd(
            y, largest[j - 1], first, is_explained
        ):
            for t in range(y.size):
                if largest[j - 1] <= y[t] < np.inf:
                    is_outlier[t] = True
                    damped[t] = largest[j]
            return


@kernel
def _largest(y: FloatArray, count: int) -> FloatArray:
    """Return the largest values of a series, falling (count,)."""
    largest = np.zeros(count)
    for t in range(y.size):
        if not largest[-1] < y[t] < np.inf:
            continue
        place = count - 1
        while place > 0 and largest[place - 1] < y[t]:
            largest[place] = largest[place - 1]
            place -= 1
        largest[place] = y[t]
    return largest


@kernel
def _stands_apart(top: FloatArray, others: FloatArray, unit: float) -> bool:
    """Say whether the smallest of the top sizes stands apart from the others, both falling."""
    gap = math.log((top[-1] + unit) / (others[0] + unit))
    if others.size < FEW_DAYS:
        return bool(gap > math.log(RATIO_OF_FEW))
    k = min(others.size - 1, TAIL_DAYS)
    tail = 0.0
    for i in range(k):
        tail += math.log((others[i] + unit) / (others[k] + unit))
    usual = (FALSE_ALARM_RATE ** (-1.0 / k) - 1.0) * tail
    return bool(gap > min(max(usual, math.log(SMALLEST_RATIO)), math.log(LARGEST_RATIO)))


@kernel
def _may_be_odd(y: FloatArray, size: float, first: int, is_explained: BoolArray) -> bool:
    """Say whether no day of at least a size has a cause or belongs to the launch."""
    for t in range(y.size):
        if size <= y[t] < np.inf and (is_explained[t] or t < first + LAUNCH_DAYS):
            return False
    return True
