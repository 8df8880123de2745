"""Fits: what the forecaster knows of each series, on its own and independent of all others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from shelfcast.forecasting import kernels
from shelfcast.forecasting.candidates import (
    ADDITIVE,
    MULTIPLICATIVE,
    Grid,
    family_names,
)
from shelfcast.forecasting.levels import Evidence
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray, Panel
from shelfcast.forecasting.priors import PAST_ORIGINS, Prior
from shelfcast.forecasting.seasonality import shrunk_indices

WEIGHT_RESOLUTION = 1e-6
"""Weights of families that differ by less are ties, which go to the first in the grid."""

ZERO, MEAN = "zero", "mean"
"""Methods of last resort."""


class FallbackReason(StrEnum):
    """Why a series is not forecast from all of its values by the grid."""

    NO_OBSERVATIONS = "NO_OBSERVATIONS"
    TOO_FEW_OBSERVATIONS = "TOO_FEW_OBSERVATIONS"
    NO_DEMAND = "NO_DEMAND"
    NON_FINITE_VALUES = "NON_FINITE_VALUES"
    NOT_YET_FITTED = "NOT_YET_FITTED"
    YOUNG_SERIES = "YOUNG_SERIES"


@dataclass(frozen=True)
class States:
    """The candidates of n series at the end of their history: all that a forecast needs.

    Attributes
    ----------
    weights : (n, n_candidates)
        A weight below 0.001 is 0, and so are all of a series that falls back.
    scores : (n, n_candidates)
        Root mean squared errors, the weighted geometric mean of those one step and several steps
        ahead, in the unit of the series.
    states : (n, 3, n_candidates)
        Level, slope and, of Theta, the mean of the values.
    seasons : (n, m, n_candidates with seasons of their own)
        Seasonal states of Holt-Winters by phase.
    indices : (n, 3, m)
        Seasonal indices that the other candidates share, as `shrunk_indices` returns them.
    fallback_mean : (n,)
        Forecast of every day of a series that falls back; 0 for others.
    days : (n,) int
        Days since the first known value.
    is_nonnegative : (n,) bool
        Whether no value of the history is negative.
    """

    weights: FloatArray
    scores: FloatArray
    states: FloatArray
    seasons: FloatArray
    indices: FloatArray
    fallback_mean: FloatArray
    days: IntArray
    is_nonnegative: BoolArray

    def forecast(self, grid: Grid, horizon: int) -> FloatArray:
        """Return the mean forecast of the days after the history (n, horizon)."""
        mean = np.repeat(self.fallback_mean[:, None], horizon, axis=1)
        lowest = np.where(self.is_nonnegative, 0.0, -np.inf)
        kernels.forecast_many(
            self.days,
            lowest,
            self.indices,
            grid,
            self.weights,
            self.states,
            self.seasons,
            mean,
        )
        return mean

    def in_units(self, grid: Grid, exponent: IntArray) -> States:
        """Return the states in a unit 2^exponent times smaller (n,); exact."""
        unit = exponent[:, None, None]
        is_ratio = grid.season == MULTIPLICATIVE
        indices = np.ldexp(self.indices, unit)
        indices[:, MULTIPLICATIVE] = self.indices[:, MULTIPLICATIVE]
        return States(
            self.weights,
            np.ldexp(self.scores, exponent[:, None]),
            np.ldexp(self.states, unit),
            np.ldexp(self.seasons, unit * ~is_ratio[grid.has_seasons]),
            indices,
            np.ldexp(self.fallback_mean, exponent),
            self.days,
            self.is_nonnegative,
        )


@dataclass(frozen=True)
class Fits:
    """What is registered of n series: states to forecast from, and errors at K past origins.

    Attributes
    ----------
    states : States
    mean_quantity : (n,)
        Mean forecast per day over the horizon.
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
    observations : (n,) int
        Known values.
    evidence : Evidence
        What they say of the level.
    """

    states: States
    mean_quantity: FloatArray
    scale: FloatArray
    errors: FloatArray
    method: npt.NDArray[np.object_]
    method_weight: FloatArray
    fallback_reason: npt.NDArray[np.object_]
    observations: IntArray
    evidence: Evidence

    def __len__(self) -> int:
        return len(self.scale)

    @property
    def horizon(self) -> int:
        """Days ahead, h."""
        return int(self.errors.shape[2])

    @property
    def mean_ratio(self) -> FloatArray:
        """Mean forecast / scale (n,), by which calibration groups series; infinite for scale 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.mean_quantity / self.scale
        return np.where(self.scale > 0, ratio, np.inf)

    @classmethod
    def concatenate(cls, parts: Sequence[Fits]) -> Fits:
        """Join fits of one prior and horizon, in order."""
        states = States(**_joined([part.states for part in parts]))
        evidence = Evidence(**_joined([part.evidence for part in parts]))
        return cls(states=states, evidence=evidence, **_joined(parts))


def _joined(parts: Sequence[States | Evidence | Fits]) -> dict[str, Any]:
    """Join the arrays of parts, by name."""
    columns = {
        field.name: [getattr(part, field.name) for part in parts] for field in fields(parts[0])
    }
    return {
        name: np.concatenate(column)
        for name, column in columns.items()
        if isinstance(column[0], np.ndarray)
    }


def fit_panel(panel: Panel, prior: Prior, horizon: int) -> Fits:
    """Fit every series by the weighted average of the prior's candidates.

    A series that cannot be fitted falls back, with a reason: without observations or without any
    demand to zero, with one or two observations to their mean, whose scale is then their root mean
    square.

    Parameters
    ----------
    panel
        Series of any lengths; NaN is unknown.
    prior
        What series teach one another; holds the season length.
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
    is_nonnegative = panel.counts(panel.values < 0) == 0
    n, m = len(panel), prior.profile.season_length
    grid = prior.grid
    states = States(
        weights=np.zeros((n, grid.size)),
        scores=np.zeros((n, grid.size)),
        states=np.zeros((n, 3, grid.size)),
        seasons=np.zeros((n, m, grid.with_seasons)),
        indices=shrunk_indices(panel, prior.profile),
        fallback_mean=np.zeros(n),
        days=np.zeros(n, dtype=np.int64),
        is_nonnegative=is_nonnegative,
    )
    scale = np.zeros(n)
    errors = np.full((n, PAST_ORIGINS, horizon), np.nan)
    kernels.fit_many(
        panel.values,
        panel.offsets,
        states.indices,
        grid,
        prior.weights,
        prior.tempering,
        scale,
        errors,
        states.days,
        states.weights,
        states.scores,
        states.states,
        states.seasons,
    )
    method, method_weight = _leaders(states.weights, grid, family_names(m))
    reason = np.full(n, None, dtype=object)
    reason[infinite > 0] = FallbackReason.NON_FINITE_VALUES.value
    for i in np.flatnonzero(states.days == 0).tolist():
        method[i], reason[i], states.fallback_mean[i], scale[i] = _last_resort(panel[i])
    evidence = Evidence.of(panel, states.indices[:, MULTIPLICATIVE]).in_units(exponent)
    states = states.in_units(grid, exponent)
    return Fits(
        states,
        states.forecast(grid, horizon).mean(axis=1),
        np.ldexp(scale, exponent),
        errors,
        method,
        method_weight,
        reason,
        panel.counts(~np.isnan(panel.values)),
        evidence,
    )


def fall_back(panel: Panel, prior: Prior, horizon: int) -> Fits:
    """Forecast every series by the mean of its values, until it is fitted.

    The scale is their standard deviation × √(1 + 1/n), as that of the mean's error is added. A
    series that `fit_panel` would not fit either is forecast as there, and has that reason.

    Parameters
    ----------
    panel
        Series of any lengths; NaN is unknown.
    prior
        Of the series that are fitted.
    horizon : int
        Days ahead.
    """
    n, m, size = len(panel), prior.profile.season_length, prior.grid.size
    in_own_units, exponent = panel.in_own_units()
    indices = shrunk_indices(in_own_units, prior.profile)
    evidence = Evidence.of(in_own_units, indices[:, MULTIPLICATIVE]).in_units(exponent)
    indices[:, ADDITIVE] = np.ldexp(indices[:, ADDITIVE], exponent[:, None])
    rules = [_last_resort(in_own_units[i]) for i in range(n)]
    level, spread = np.ldexp(
        np.array([(level, spread) for *_, level, spread in rules]).reshape(n, 2), exponent[:, None]
    ).T
    return Fits(
        States(
            weights=np.zeros((n, size)),
            scores=np.zeros((n, size)),
            states=np.zeros((n, 3, size)),
            seasons=np.zeros((n, m, prior.grid.with_seasons)),
            indices=indices,
            fallback_mean=level,
            days=np.zeros(n, dtype=np.int64),
            is_nonnegative=in_own_units.counts(in_own_units.values < 0) == 0,
        ),
        mean_quantity=level,
        scale=spread,
        errors=np.full((n, PAST_ORIGINS, horizon), np.nan),
        method=np.array([method for method, *_ in rules], dtype=object),
        method_weight=np.ones(n),
        fallback_reason=np.array([reason for _, reason, *_ in rules], dtype=object),
        observations=in_own_units.counts(~np.isnan(in_own_units.values)),
        evidence=evidence,
    )


def _leaders(
    weights: FloatArray, grid: Grid, names: tuple[str, ...]
) -> tuple[npt.NDArray[np.object_], FloatArray]:
    """Return the name and weight (n,) of the family that carries the most, 1 where none does."""
    families = np.zeros((len(weights), len(names)))
    for j in range(grid.size):
        families[:, grid.family[j]] += weights[:, j]
    leader = np.round(families / WEIGHT_RESOLUTION).argmax(axis=1)
    weight = families[np.arange(len(weights)), leader]
    return np.array(names, dtype=object)[leader], np.where(weight > 0, weight, 1.0)


def _last_resort(values: FloatArray) -> tuple[str, str, float, float]:
    """Return method, reason, mean and scale of a series that is not fitted."""
    known = values[~np.isnan(values)]
    if known.size == 0:
        return ZERO, FallbackReason.NO_OBSERVATIONS.value, 0.0, 0.0
    if not known.any():
        return ZERO, FallbackReason.NO_DEMAND.value, 0.0, 0.0
    mean = float(known.mean())
    if known.size < kernels.FEWEST_OBSERVATIONS:
        root_mean_square = float(np.sqrt(np.mean(known**2)))
        return MEAN, FallbackReason.TOO_FEW_OBSERVATIONS.value, mean, root_mean_square
    deviation = float(known.std(ddof=1) * np.sqrt(1 + 1 / known.size))
    return MEAN, FallbackReason.NOT_YET_FITTED.value, mean, deviation
