"""What a pilot of series teaches all: the seasonal profile, and which candidates do well.

The prior over the candidates is the mixture of them from which the pilot's series could have come,
found by a few steps of expectation and maximisation. Candidates that hardly any series uses are
left out, so that the other series need not run them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pyarrow as pa

from shelfcast.forecasting import kernels
from shelfcast.forecasting.candidates import (
    Grid,
    Tempering,
    base_prior,
    build_grid,
    family_names,
)
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray, Panel
from shelfcast.forecasting.seasonality import SeasonalProfile, learn_profile, shrunk_indices
from shelfcast.forecasting.tables import read_columns

PAST_ORIGINS = 8
"""Origins in the past, K, at which the rule is tried on what followed."""

PILOT_SERIES = 1000
"""Series that teach the others at most."""

STEPS = 4
"""Steps of expectation and maximisation; more let the prior fit the pilot too closely."""

BASE_SERIES = 10.0
"""Series that the prior before anything is learnt is worth."""

KEPT_MASS = 0.97
KEPT_MASS_FOR_MANY = 0.90
"""Share of the pilot's weights that the candidates which are kept carry; where the pilot is full,
there are more series, and each candidate costs more than it brings."""

TRIED_MASS = 0.995
"""Share of the pilot's weights that the candidates carry with which temperings are tried."""

USUAL = Tempering(share=0.25, one_step=0.5)
"""Tempering where the pilot is too small to tell."""

TEMPERINGS = [
    Tempering(share, one_step)
    for share, one_step in product((0.125, 0.25, 0.5, 1.0), (0.25, 0.5, 0.75))
]
"""Temperings that are tried on the pilot."""

FEWEST_TO_TEMPER = 30
MOST_TO_TEMPER = 250
"""Series without which a tempering is not chosen, and with which it is at most."""

LARGEST_LOSS = 10.0
"""What a loss counts for at most, so that one outlier does not choose."""

PRIOR_SCHEMA = pa.schema(
    [
        ("candidate_number", pa.int64()),
        ("family", pa.string()),
        ("alpha", pa.float64()),
        ("beta", pa.float64()),
        ("phi", pa.float64()),
        ("gamma", pa.float64()),
        ("theta", pa.float64()),
        ("is_kept", pa.bool_()),
        ("prior_weight", pa.float64()),
        ("past_prior_weights", pa.list_(pa.float64())),
        ("effective_share", pa.float64()),
        ("one_step_share", pa.float64()),
    ]
)
"""One row per candidate of the whole grid; the past weights are those at the K past origins.

The shares are those of the `Tempering`, the same in every row.
"""


@dataclass(frozen=True)
class Prior:
    """What series teach one another.

    Attributes
    ----------
    profile : SeasonalProfile
    grid : Grid
        The candidates that are kept.
    weights : (K + 1, n_candidates)
        Prior probabilities of these at the K past origins, latest last, and at the end.
    tempering : Tempering
        How they are weighed.
    """

    profile: SeasonalProfile
    grid: Grid
    weights: FloatArray
    tempering: Tempering

    @classmethod
    def unlearnt(cls, profile: SeasonalProfile) -> Prior:
        """Return the prior before anything is learnt of the candidates: the whole grid."""
        season_length = profile.season_length
        weights = np.tile(base_prior(season_length), (PAST_ORIGINS + 1, 1))
        return cls(profile, build_grid(season_length), weights, USUAL)

    def to_table(self) -> pa.Table:
        """Return the candidates as a table of PRIOR_SCHEMA; the profile has a table of its own."""
        names = np.array(family_names(self.profile.season_length), dtype=object)
        whole = build_grid(self.profile.season_length)
        weights = np.zeros((whole.size, PAST_ORIGINS + 1))
        weights[self.grid.number] = self.weights.T
        return pa.table(
            [
                whole.number,
                pa.array(names[whole.family], pa.string()),
                whole.alpha,
                whole.beta,
                whole.phi,
                whole.gamma,
                whole.theta,
                np.isin(whole.number, self.grid.number),
                weights[:, -1],
                pa.array(weights[:, :-1].tolist(), pa.list_(pa.float64())),
                np.full(whole.size, self.tempering.share),
                np.full(whole.size, self.tempering.one_step),
            ],
            schema=PRIOR_SCHEMA,
        )

    @classmethod
    def from_table(cls, table: pa.Table, profile: SeasonalProfile) -> Prior:
        """Read a prior from a table of PRIOR_SCHEMA, its rows in any order.

        Raises
        ------
        ValueError
            If the candidates are not those of this version's grid for the profile's season.
        """
        rows = read_columns(table, PRIOR_SCHEMA, "py_forecast_priors").sort_by("candidate_number")
        whole = build_grid(profile.season_length)
        same = rows.num_rows == whole.size and all(
            np.array_equal(rows[name].to_numpy(), values)
            for name, values in (
                ("candidate_number", whole.number),
                ("alpha", whole.alpha),
                ("beta", whole.beta),
                ("phi", whole.phi),
                ("gamma", whole.gamma),
                ("theta", whole.theta),
            )
        )
        if not same:
            raise ValueError(
                "py_forecast_priors holds another version's candidates; build all anew: dbt build"
            )
        is_kept = rows["is_kept"].to_numpy()
        past = np.array(rows["past_prior_weights"].to_pylist()).reshape(whole.size, PAST_ORIGINS)
        weights = np.column_stack([past, rows["prior_weight"].to_numpy()])[is_kept]
        tempering = Tempering(
            float(rows["effective_share"][0].as_py()), float(rows["one_step_share"][0].as_py())
        )
        return cls(profile, whole.part(is_kept), np.ascontiguousarray(weights.T), tempering)


def learn_prior(panel: Panel, profile: SeasonalProfile, horizon: int) -> Prior:
    """Learn the prior over the candidates, and how to weigh them, from a pilot of series.

    With l_ij the likelihood of candidate j for series i, each step takes p_j <- (Σ_i w_ij + 10 b_j)
    / (n + 10), where w_ij = p_j l_ij / Σ_j p_j l_ij and b is the prior before anything is learnt.
    Source: Dempster, Laird & Rubin (1977) for the proportions of a mixture. The candidates that
    together carry 97 % of the pilot's weights at the end are kept, or 90 % where the pilot is full.
    They serve at past origins as well, so that errors there are a little small where the pilot is
    (with 60 series and 95 %, by 6 to 15 % of their square).

    Of the `TEMPERINGS` that one is taken with which the pilot's forecasts at past origins had the
    smallest mean loss; their weights rest on what was known there.

    Parameters
    ----------
    panel
        Series in any unit and order; those with the lowest checksums choose the tempering.
    profile
        Holds the season length.
    horizon : int
        Days ahead.
    """
    season_length = profile.season_length
    pilot = _Pilot.of(_by_checksum(panel, len(panel)), profile, horizon)
    tempering = pilot.choose_tempering()
    weights, carried = pilot.learn(tempering)
    is_full = len(pilot.panel) >= PILOT_SERIES
    is_kept = _carry_most(carried, KEPT_MASS_FOR_MANY if is_full else KEPT_MASS)
    kept = build_grid(season_length).part(is_kept)
    return Prior(profile, kept, np.ascontiguousarray(weights[:, is_kept]), tempering)


def teach(panel: Panel, season_length: int, horizon: int) -> Prior:
    """Learn profile and prior from the series themselves, a pilot of them if they are many.

    The pilot is chosen by a checksum of the values, so that the order of the series does not
    matter.
    """
    pilot = _by_checksum(panel, PILOT_SERIES)
    return learn_prior(pilot, learn_profile(pilot, season_length), horizon)


def _by_checksum(panel: Panel, most: int) -> Panel:
    """Return the first ``most`` series that can be fitted, by a checksum of their values.

    It is as good as random, and the same however the series came.
    """
    scaled, _ = panel.in_own_units()
    checksums = np.empty(len(panel), dtype=np.int64)
    kernels.checksums(scaled.values, scaled.offsets, checksums)
    order = np.argsort(checksums, kind="stable")
    chosen = order[checksums[order] >= 0][:most]
    return Panel.from_series([panel[i] for i in chosen.tolist()])


@dataclass(frozen=True)
class _Pilot:
    """A pilot of n series with the scores of all candidates, as `kernels.try_many` finds them."""

    panel: Panel
    indices: FloatArray
    horizon: int
    observed: FloatArray
    one_step: FloatArray
    ahead: FloatArray

    @classmethod
    def of(cls, panel: Panel, profile: SeasonalProfile, horizon: int) -> _Pilot:
        """Score the candidates on the series that can be fitted."""
        scaled, _ = panel.in_own_units()
        grid = build_grid(profile.season_length)
        indices = shrunk_indices(scaled, profile)
        observed = np.zeros((len(panel), PAST_ORIGINS + 1, 2))
        one_step = np.full((len(panel), PAST_ORIGINS + 1, grid.size), np.nan)
        ahead = np.full_like(one_step, np.nan)
        kernels.try_many(
            scaled.values, scaled.offsets, indices, grid, horizon, observed, one_step, ahead
        )
        return cls(scaled, indices, horizon, observed, one_step, ahead)

    @property
    def season_length(self) -> int:
        """Days in a season, m."""
        return int(self.indices.shape[2])

    def part(self, count: int) -> _Pilot:
        """Return the first ``count`` series."""
        return _Pilot(
            self.panel.part(0, min(count, len(self.panel))),
            self.indices[:count],
            self.horizon,
            self.observed[:count],
            self.one_step[:count],
            self.ahead[:count],
        )

    def learn(self, tempering: Tempering) -> tuple[FloatArray, FloatArray]:
        """Return the prior at every origin, and the weights that all carry at the end.

        Returns
        -------
        prior : (K + 1, n_candidates)
        carried : (n_candidates,)
            Sum of the weights over the series; the base prior where there are no series.
        """
        base = base_prior(self.season_length)
        priors = np.tile(base, (PAST_ORIGINS + 1, 1))
        carried = base
        for k in range(PAST_ORIGINS + 1):
            likelihoods = self._likelihoods(k, tempering)
            for _ in range(STEPS):
                carried = _posterior_sums(likelihoods, priors[k])
                priors[k] = (carried + BASE_SERIES * base) / (len(likelihoods) + BASE_SERIES)
        carried = _posterior_sums(likelihoods, priors[-1])
        return priors, carried if len(likelihoods) else base

    def choose_tempering(self) -> Tempering:
        """Return the tempering with the smallest mean loss."""
        part = self.part(MOST_TO_TEMPER)
        if np.isfinite(part.one_step[:, -1, 0]).sum() < FEWEST_TO_TEMPER:
            return USUAL
        learnt = [part.learn(tempering) for tempering in TEMPERINGS]
        is_tried = np.any([_carry_most(carried, TRIED_MASS) for _, carried in learnt], axis=0)
        losses = np.full((len(part.panel), PAST_ORIGINS, len(TEMPERINGS)), np.nan)
        kernels.try_temperings(
            part.panel.values,
            part.panel.offsets,
            part.indices,
            build_grid(self.season_length).part(is_tried),
            self.horizon,
            np.array([tempering.share for tempering in TEMPERINGS]),
            np.array([tempering.one_step for tempering in TEMPERINGS]),
            np.array([priors[:, is_tried] for priors, _ in learnt]),
            losses,
        )
        known = losses[np.isfinite(losses[:, :, 0])]
        if len(known) == 0:
            return USUAL
        return TEMPERINGS[int(np.minimum(known, LARGEST_LOSS).mean(axis=0).argmin())]

    def _likelihoods(self, origin: int, tempering: Tempering) -> FloatArray:
        """Return the likelihoods (n, n_candidates) at an origin of the series that have it."""
        has_origin = np.isfinite(self.one_step[:, origin, 0])
        likelihoods = np.empty((int(has_origin.sum()), self.one_step.shape[2]))
        kernels.likelihoods_of(
            self.one_step[has_origin, origin],
            self.ahead[has_origin, origin],
            self.observed[has_origin, origin],
            tempering,
            likelihoods,
        )
        return likelihoods


def _posterior_sums(likelihoods: FloatArray, prior: FloatArray) -> FloatArray:
    """Return the weights (n_candidates,) summed over series with likelihoods (n, n_candidates)."""
    weights = likelihoods * prior
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights.sum(axis=0))


def _carry_most(carried: FloatArray, mass: float) -> BoolArray:
    """Say which candidates carry a share ``mass`` of the weights (n_candidates,) together."""
    order: IntArray = np.argsort(-carried, kind="stable")
    running = np.cumsum(carried[order]) / carried.sum()
    is_kept = np.zeros(carried.size, dtype=np.bool_)
    is_kept[order[: int(np.searchsorted(running, mass)) + 1]] = True
    return is_kept
