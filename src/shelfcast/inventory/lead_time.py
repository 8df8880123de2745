"""Lead time as a law over whole days, which is what dated demand and receipts need."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]

LONGEST_LEAD_TIME_DAYS = 365
"""Longest lead time that is told apart; the landing contract admits no longer one."""

_TAIL_SDS = 6.0
_NEGLIGIBLE_VARIANCE = 1e-6


def lead_time_pmf(mean_days: float, sd_days: float, longest_days: int) -> FloatArray:
    """Return the probability of each lead time of 0 to ``longest_days`` days.

    A gamma law with the given mean and standard deviation, rounded to whole days:
    ``P(L = l) = F(l + 1/2) - F(l - 1/2)``. Rounding adds 1/12 to the variance. Where the standard
    deviation is not above the least that whole days allow, ``sqrt(f (1 - f))`` for a mean with
    fraction ``f``, the law is split between the two neighbouring days, which keeps the mean.

    Parameters
    ----------
    mean_days, sd_days
        Mean and standard deviation of the lead time in days, >= 0.
    longest_days
        Last day that is told apart; the mass beyond is put there.

    Returns
    -------
    Probabilities, shape (longest_days + 1,), summing to 1.

    Raises
    ------
    ValueError
        An argument is negative or not a number.
    """
    if not (mean_days >= 0 and sd_days >= 0 and longest_days >= 0):
        raise ValueError(
            f"lead time needs a mean, a standard deviation and a longest day of at least 0, "
            f"not {mean_days}, {sd_days} and {longest_days}"
        )
    whole = math.floor(mean_days)
    fraction = mean_days - whole
    variance = sd_days**2
    if mean_days == 0 or variance <= fraction * (1 - fraction) + _NEGLIGIBLE_VARIANCE:
        pmf = np.zeros(longest_days + 1)
        pmf[min(whole, longest_days)] += 1 - fraction
        pmf[min(whole + 1, longest_days)] += fraction
        return pmf
    upper_edges = np.arange(longest_days) + 0.5
    cdf = gammainc(mean_days**2 / variance, upper_edges * mean_days / variance)
    return np.diff(cdf, prepend=0.0, append=1.0)


def lead_time_pmfs(mean_days: FloatArray, sd_days: FloatArray) -> tuple[FloatArray, IntegerArray]:
    """Return the laws of many lead times, each distinct one once.

    Parameters
    ----------
    mean_days, sd_days
        Means and standard deviations in days, shape (groups,).

    Returns
    -------
    Laws, shape (distinct laws, days), padded with zeros, each up to six standard deviations above
    its mean; and the row of each group's law, shape (groups,).

    Raises
    ------
    ValueError
        As for :func:`lead_time_pmf`.
    """
    pairs, rows = np.unique(np.column_stack([mean_days, sd_days]), axis=0, return_inverse=True)
    laws = [
        lead_time_pmf(mean, sd, min(math.ceil(mean + _TAIL_SDS * sd), LONGEST_LEAD_TIME_DAYS))
        for mean, sd in pairs.tolist()
    ]
    pmfs = np.zeros((len(laws), max((law.size for law in laws), default=1)))
    for row, law in zip(pmfs, laws, strict=True):
        row[: law.size] = law
    return pmfs, rows.reshape(-1)
