"""Reconciliation: forecasts of series and of the totals above them, brought to agree.

Totals are always sums of the series below them, so that figures agree whatever the rule. A total is
also forecast as a series of its own. That forecast, shared out among its series in proportion to
theirs (top-down), is averaged with theirs (bottom-up) where that was better in the past.

These functions are the rule over arrays. The DAG has it in SQL (``int_aggregate_members`` to
``int_reconciled_forecasts``), where the sums are exact; a test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray

LEAST_PRESENT = 0.5
"""Share of a total that must be there for the rest to be inferred."""

LARGEST_FACTOR = 2.0
"""What a forecast is multiplied by at most: a sum of next to nothing is no measure of a total."""

POOLED_SERIES = 100
"""Series like the mean of all that are added to a segment's own when it is judged."""

LARGEST_RMSSE = 10.0
"""What an error counts at most, so that no series outweighs a segment."""


def like_for_like(values: FloatArray, total: IntArray, mean: FloatArray) -> FloatArray:
    """Add series up to totals as if all of them were always there.

    Sum over the series that are known, × mean demand of all / mean demand of these. A series counts
    as unknown before its launch: a plain sum would take the coming of series for growth.

    Parameters
    ----------
    values : (n, days)
        NaN is unknown.
    total : (n,) int
        Total that each series belongs to, from 0.
    mean : (n,)
        Mean demand of each series, above 0.

    Returns
    -------
    (totals, days)
        NaN where series of less than half the mean demand are known.
    """
    is_known = ~np.isnan(values)
    known = _sums(np.where(is_known, values, 0.0), total)
    present = _sums(is_known * mean[:, None], total)
    whole = _sums(mean[:, None], total)
    is_enough = present >= LEAST_PRESENT * whole
    return np.where(is_enough, known * whole / np.where(is_enough, present, 1.0), np.nan)


def top_down_factors(
    forecast: FloatArray, total_forecast: FloatArray, total: IntArray, mean: FloatArray
) -> FloatArray:
    """Return by what the forecasts of totals would change those of their series.

    Forecast of the total / sum of the forecasts below it, like for like, at most 2; 1 where that
    sum is 0 or unknown.

    Parameters
    ----------
    forecast : (n, h)
        NaN is a series that is not forecast.
    total_forecast : (totals, h)
    total : (n,) int
    mean : (n,)
        As of `like_for_like`.

    Returns
    -------
    (n, h)
    """
    below = like_for_like(forecast, total, mean)
    is_usable = (below > 0) & (total_forecast >= 0)
    ratio = total_forecast / np.where(is_usable, below, 1.0)
    return np.where(is_usable, np.minimum(ratio, LARGEST_FACTOR), 1.0)[total]


def prefers_average(
    bottom_up: FloatArray, averaged: FloatArray, segment: npt.ArrayLike
) -> BoolArray:
    """Return whether the average of forecasts was better than the series' own (segments,).

    Whether Σ averaged + 100 × mean averaged < Σ bottom-up + 100 × mean bottom-up, where sums are
    over the series of a segment and means over all series. What few series prefer is mostly chance;
    without any series nothing is preferred.

    Parameters
    ----------
    bottom_up, averaged : (n,)
        RMSSE of each series out of sample; NaN where it has none. More than 10 counts as 10.
    segment : (n,) int
        Segment that each series belongs to, from 0.
    """
    gain = np.minimum(bottom_up, LARGEST_RMSSE) - np.minimum(averaged, LARGEST_RMSSE)
    known = np.isfinite(gain)
    own = _sums(np.where(known, gain, 0.0)[:, None], np.asarray(segment, dtype=np.int64))[:, 0]
    pooled = gain[known].mean() if known.any() else 0.0
    return np.asarray(own + POOLED_SERIES * pooled > 0)


def reconcile(
    forecast: FloatArray, factors: Sequence[FloatArray], is_averaged: BoolArray
) -> FloatArray:
    """Average forecasts with those that the totals above them give.

    forecast × (1 + Σ factors) / (1 + number of factors) where that is preferred; as it was, bit for
    bit, where not. Never negative where the forecast is not. Quantiles take the same factor as the
    mean.

    Parameters
    ----------
    forecast : (n, h)
    factors : one (n, h) per kind of total
        As of `top_down_factors`.
    is_averaged : (n,) bool
        As of `prefers_average`, for the segment of each series.

    Returns
    -------
    (n, h)
    """
    weight = 1 / (1 + len(factors))
    factor = weight + weight * np.sum(factors, axis=0)
    return np.where(is_averaged[:, None], forecast * factor, forecast)


def _sums(values: FloatArray, total: IntArray) -> FloatArray:
    """Add rows (n, k) up to (totals, k)."""
    sums = np.zeros((total.max(initial=-1) + 1, values.shape[1]))
    np.add.at(sums, total, values)
    return sums
