"""Fits: what the forecaster knows of each series, on its own and independent of all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from shelfcast.forecasting import kernels
from shelfcast.forecasting.candidates import build_grid, family_names
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray, Panel
from shelfcast.forecasting.seasonality import Prior, shrunk_indices

PAST_ORIGINS = 8
"""Origins in the past, K, at which the rule is tried on what followed."""

WEIGHT_RESOLUTION = 1e-6
"""Weights of families that differ by less are ties, which go to the first in the grid."""

FEWEST_OBSERVATIONS = 3
"""Known values without which a series is not fitted."""

ZERO, MEAN = "zero", "mean"
"""Methods of last resort."""


class FallbackReason(StrEnum):
    """Why a series is not forecast from all of its values by the grid."""

    NO_OBSERVATIONS = "NO_OBSERVATIONS"
    TOO_FEW_OBSERVATIONS = "TOO_FEW_OBSERVATIONS"
    NO_DEMAND = "NO_DEMAND"
    NON_FINITE_VALUES = "NON_FINITE_VALUES"
    NOT_YET_FITTED = "NOT_YET_FITTED"


@dataclass(frozen=True)
class Fits:
    """Forecasts of n series over h days, with their errors at K past origins.

    Attributes
    ----------
    mean : (n, h)
        Mean forecast in the unit of the series; never negative where the history is not.
    scale : (n,)
        One-step root mean squared error at the end of the series.
    errors : (n, K, h)
        Actual less forecast of the same rule at past origins, latest last, in units of the
        one-step scale known there. NaN: the day is unknown, or the scale was below 0.3 of the last.
    method : (n,) object
        Candidate family that carries the greatest weight, or ``zero`` or ``mean``.
    method_weight : (n,)
        Weight that it carries, 0 to 1.
    fallback_reason : (n,) object
        `FallbackReason`, or None. Infinite values count as unknown, and the reason says so.
    is_nonnegative : (n,) bool
        Whether no value of the history is negative.
    observations : (n,) int
        Known values.
    """

    mean: FloatArray
    scale: FloatArray
    errors: FloatArray
    method: npt.NDArray[np.object_]
    method_weight: FloatArray
    fallback_reason: npt.NDArray[np.object_]
    is_nonnegative: BoolArray
    observations: IntArray

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def horizon(self) -> int:
        """Days ahead, h."""
        return int(self.mean.shape[1])

    @property
    def mean_ratio(self) -> FloatArray:
        """Mean forecast / scale (n,), by which calibration groups series; infinite for scale 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.mean.mean(axis=1) / self.scale
        return np.where(self.scale > 0, ratio, np.inf)

    @classmethod
    def concatenate(cls, parts: Sequence[Fits]) -> Fits:
        """Join fits of one horizon, in order."""
        return cls(
            *(
                np.concatenate([getattr(part, field.name) for part in parts])
                for field in fields(cls)
            )
        )


def fit_panel(panel: Panel, prior: Prior, horizon: int) -> Fits:
    """Forecast every series by the weighted average of the grid of candidates.

    A series that cannot be fitted falls back, with a reason: without observations or without any
    demand to zero, with one or two observations to their mean, whose scale is then their root mean
    square.

    Parameters
    ----------
    panel
        Series of any lengths; NaN is unknown.
    prior
        Season length and what the pool knows of the season.
    horizon : int
        Days ahead, at least 1.

    Raises
    ------
    ValueError
        If ``horizon`` is below 1.
    """
    if horizon < 1:
        raise ValueError(f"horizon is {horizon}; it must be at least 1")
    infinite = panel.counts(np.isinf(panel.values))
    panel, exponent = panel.in_own_units()
    observations = panel.counts(~np.isnan(panel.values))
    with_demand = panel.counts(~np.isnan(panel.values) & (panel.values != 0))
    is_fitted = (observations >= FEWEST_OBSERVATIONS) & (with_demand > 0)

    n = len(panel)
    grid = build_grid(prior.season_length)
    mean = np.zeros((n, horizon))
    scale = np.zeros(n)
    errors = np.full((n, PAST_ORIGINS, horizon), np.nan)
    weights = np.zeros((n, grid.prior.size))
    additive, multiplicative = shrunk_indices(panel, prior)
    kernels.fit_many(
        panel.values,
        panel.offsets,
        additive,
        multiplicative,
        grid,
        mean,
        scale,
        errors,
        weights,
    )
    mean = np.ldexp(mean, exponent[:, None])
    scale = np.ldexp(scale, exponent)
    family_weights = np.add.reduceat(weights, grid.bounds[:-1], axis=1)
    leader = np.round(family_weights / WEIGHT_RESOLUTION).argmax(axis=1)
    method = np.array(family_names(prior.season_length), dtype=object)[leader]
    method_weight = np.where(is_fitted, family_weights[np.arange(n), leader], 1.0)

    reason = np.full(n, None, dtype=object)
    reason[infinite > 0] = FallbackReason.NON_FINITE_VALUES.value
    for i in np.flatnonzero(~is_fitted).tolist():
        method[i], reason[i], level, spread = _last_resort(panel[i])
        mean[i], scale[i] = np.ldexp([level, spread], exponent[i])
    return Fits(
        mean,
        scale,
        errors,
        method,
        method_weight,
        reason,
        panel.counts(panel.values < 0) == 0,
        observations,
    )


def fall_back(panel: Panel, horizon: int) -> Fits:
    """Forecast every series by the mean of its values, until it is fitted.

    The scale is their standard deviation × √(1 + 1/n), as that of the mean's error is added. A
    series that `fit_panel` would not fit either is forecast as there, and has that reason.

    Parameters
    ----------
    panel
        Series of any lengths; NaN is unknown.
    horizon : int
        Days ahead.
    """
    n = len(panel)
    in_own_units, exponent = panel.in_own_units()
    rules = [_last_resort(in_own_units[i]) for i in range(n)]
    level, spread = np.ldexp(
        np.array([(level, spread) for *_, level, spread in rules]).reshape(n, 2), exponent[:, None]
    ).T
    return Fits(
        mean=np.repeat(level[:, None], horizon, axis=1),
        scale=spread,
        errors=np.full((n, PAST_ORIGINS, horizon), np.nan),
        method=np.array([method for method, *_ in rules], dtype=object),
        method_weight=np.ones(n),
        fallback_reason=np.array([reason for _, reason, *_ in rules], dtype=object),
        is_nonnegative=panel.counts(panel.values < 0) == 0,
        observations=in_own_units.counts(~np.isnan(in_own_units.values)),
    )


def carry_forward(mean: FloatArray, age: IntArray, season_length: int) -> FloatArray:
    """Return forecasts (n, h) for the h days that begin ``age`` days later than those of ``mean``.

    What ``mean`` does not reach repeats its last season, or its last day where it has no whole
    season.

    Parameters
    ----------
    mean : (n, h)
    age : (n,) int
        Days, 0 to h.
    season_length : int
        Days in a season.
    """
    horizon = mean.shape[1]
    season = season_length if season_length <= horizon else 1
    day = age[:, None] + np.arange(horizon)
    day -= season * np.maximum((day - horizon) // season + 1, 0)
    return np.take_along_axis(mean, day, axis=1)


def _last_resort(values: FloatArray) -> tuple[str, str, float, float]:
    """Return method, reason, mean and scale of a series that is not fitted."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return ZERO, FallbackReason.NO_OBSERVATIONS.value, 0.0, 0.0
    if not known.any():
        return ZERO, FallbackReason.NO_DEMAND.value, 0.0, 0.0
    mean = float(known.mean())
    if known.size < FEWEST_OBSERVATIONS:
        root_mean_square = float(np.sqrt(np.mean(known**2)))
        return MEAN, FallbackReason.TOO_FEW_OBSERVATIONS.value, mean, root_mean_square
    deviation = float(known.std(ddof=1) * np.sqrt(1 + 1 / known.size))
    return MEAN, FallbackReason.NOT_YET_FITTED.value, mean, deviation
