"""Seasonal indices, and the seasonal profile that series teach one another.

A short series cannot tell its season from noise. Its indices are therefore shrunk towards the
profile of all series by as much as variance components ask for; on series of 90 days this is the
largest single gain in accuracy. Some series may have much more of a season than others: how far
the strength of the season differs is a component, too, and a series keeps the more of its own
indices the stronger they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from shelfcast.forecasting import kernels
from shelfcast.forecasting.candidates import ADDITIVE, MULTIPLICATIVE
from shelfcast.forecasting.panel import FloatArray, Panel
from shelfcast.forecasting.tables import read_columns

SMALLEST_RATIO = 0.02
"""Smallest multiplicative index after shrinkage, so that a series can be divided by it."""

SMALLEST_NOISE = 1e-12
"""Least that the sampling variance of a relative index is taken for when it is weighed."""

PROFILE_SCHEMA = pa.schema(
    [
        ("season_phase", pa.int64()),
        ("additive_profile", pa.float64()),
        ("additive_variance", pa.float64()),
        ("additive_spread", pa.float64()),
        ("multiplicative_profile", pa.float64()),
        ("multiplicative_variance", pa.float64()),
        ("multiplicative_spread", pa.float64()),
    ]
)
"""One row per phase of the season; the last day of every series has the last phase."""


@dataclass(frozen=True)
class Components:
    """What series share of one kind of seasonal index, and how far they differ.

    Attributes
    ----------
    profile : (m,)
        Mean index g_k of each phase (t - T) mod m.
    variance : float
        Mean over the series of the variance tau² of a series' true indices about the profile; 0
        where all share it.
    spread : float
        Variance over the series of their tau²; 0 where all are as seasonal.
    """

    profile: FloatArray
    variance: float
    spread: float


@dataclass(frozen=True)
class SeasonalProfile:
    """What series teach one another about their season.

    Attributes
    ----------
    season_length : int
        Days in a season, m.
    additive : Components
        Of differences relative to the mean of the series.
    multiplicative : Components
        Of ratios to it.
    """

    season_length: int
    additive: Components
    multiplicative: Components

    @classmethod
    def flat(cls, season_length: int) -> SeasonalProfile:
        """Return the profile of series that have no season.

        Raises
        ------
        ValueError
            If ``season_length`` is below 1.
        """
        if season_length < 1:
            raise ValueError(f"season_length is {season_length}; it must be at least 1")
        return cls(
            season_length,
            Components(np.zeros(season_length), 0.0, 0.0),
            Components(np.ones(season_length), 0.0, 0.0),
        )

    def to_table(self) -> pa.Table:
        """Return the profile as a table of PROFILE_SCHEMA."""
        m = self.season_length
        return pa.table(
            [
                np.arange(m),
                *(
                    column
                    for one in (self.additive, self.multiplicative)
                    for column in (one.profile, np.full(m, one.variance), np.full(m, one.spread))
                ),
            ],
            schema=PROFILE_SCHEMA,
        )

    @classmethod
    def from_table(cls, table: pa.Table) -> SeasonalProfile:
        """Read a profile from a table of PROFILE_SCHEMA, its rows in any order.

        Raises
        ------
        ValueError
            If a column is missing, or the phases are not 0, 1, ... m - 1, once each.
        """
        rows = read_columns(table, PROFILE_SCHEMA, "py_seasonal_profiles").sort_by("season_phase")
        phase, *columns = (rows[name].to_numpy() for name in PROFILE_SCHEMA.names)
        if phase.size == 0 or not np.array_equal(phase, np.arange(phase.size)):
            raise ValueError("season_phase must hold 0, 1, ... season_length - 1, once each")
        additive, multiplicative = (
            Components(profile, float(variance[0]), float(spread[0]))
            for profile, variance, spread in (columns[:3], columns[3:])
        )
        return cls(phase.size, additive, multiplicative)

    def rolled(self, days: int) -> SeasonalProfile:
        """Return the profile of series that end some days earlier."""

        def roll(one: Components) -> Components:
            return Components(np.roll(one.profile, days), one.variance, one.spread)

        return SeasonalProfile(self.season_length, roll(self.additive), roll(self.multiplicative))


def learn_profile(panel: Panel, season_length: int) -> SeasonalProfile:
    """Learn the profile from a pilot of series; their order does not matter.

    The indices z_ik of series i, with sampling variance v_ik, scatter about the profile g_k with
    variance tau_i² + v_ik. g_k is the mean of z_ik with weights 1/(v_ik + median v). Each series
    gives an estimate of its tau_i², e_i = Σ_k ((z_ik - g_k)² - v_ik) / (m - 1), with sampling
    variance s_i = 4 (tau² + v_i)² / (m - 1): twice that of normal errors, because v_i is itself
    estimated from few visits. tau² is the mean of z's excess, max(0, Σ w ((z - g)² -
    v) / Σ w), and the spread max(0, Σ ((e_i - tau²)² - s_i) u_i / Σ u_i), u_i = 1/(s_i + median s).
    Fewer than three series have no profile to share: g is then flat and the spread 0. Source:
    method of moments for variance components; Miller & Williams (2003) for the shrinkage of
    seasonal indices.

    Parameters
    ----------
    panel
        Series in any unit; those without two full seasons teach nothing.
    season_length : int
        Days in a season; 1 for none.

    Raises
    ------
    ValueError
        If ``season_length`` is below 1.
    """
    flat = SeasonalProfile.flat(season_length)
    additive, multiplicative, _ = _relative_indices(panel.in_own_units()[0], season_length)
    of_additive = _components(*additive, flat.additive)
    of_multiplicative = _components(*multiplicative, flat.multiplicative)
    return SeasonalProfile(
        season_length,
        replace(of_additive, profile=of_additive.profile - of_additive.profile.mean()),
        replace(
            of_multiplicative, profile=of_multiplicative.profile / of_multiplicative.profile.mean()
        ),
    )


def shrunk_indices(panel: Panel, profile: SeasonalProfile) -> FloatArray:
    """Return each series' seasonal indices, shrunk towards the profile: g + b (z - g).

    b_k = tau_i² / (tau_i² + v_k), with v_k the sampling variance of z_k and tau_i² = max(0, tau² +
    (e_i - tau²) spread / (spread + s_i)), e_i and s_i as in `learn_profile`. A series too short to
    have indices of its own takes the profile.

    Returns
    -------
    (n, 3, m)
        For `RAW` zeros; for `ADDITIVE` differences in the unit of the series, whose mean over a
        season is 0; for `MULTIPLICATIVE` ratios of at least about 0.02, whose mean over a season is
        1, and which are all 1 where the mean of the series is not positive.
    """
    of_additive, of_multiplicative, mean = _relative_indices(panel, profile.season_length)
    additive = _shrink(*of_additive, profile.additive)
    multiplicative = np.maximum(_shrink(*of_multiplicative, profile.multiplicative), SMALLEST_RATIO)
    multiplicative /= multiplicative.mean(axis=1, keepdims=True)
    multiplicative[mean <= 0] = 1.0
    indices = np.zeros((len(panel), 3, profile.season_length))
    indices[:, ADDITIVE] = (additive - additive.mean(axis=1, keepdims=True)) * np.abs(mean)[:, None]
    indices[:, MULTIPLICATIVE] = multiplicative
    return indices


Indices = tuple[FloatArray, FloatArray]


def _relative_indices(panel: Panel, season_length: int) -> tuple[Indices, Indices, FloatArray]:
    """Measure indices and their sampling variances, relative to the mean; and the mean (n,)."""
    additive, multiplicative, variance, mean, centre = kernels.seasonal_indices(
        panel.values, panel.offsets, season_length
    )
    level = np.where(mean == 0, 1.0, np.abs(mean))[:, None]
    has_ratio = ((mean > 0) & (centre > 0))[:, None]
    average = np.where(has_ratio, centre[:, None], 1.0)
    additive_noise = np.where(mean[:, None] == 0, np.inf, variance / level / level)
    multiplicative_noise = np.where(has_ratio, variance / average / average, np.inf)
    return (additive / level, additive_noise), (multiplicative, multiplicative_noise), mean


def _components(index: FloatArray, noise: FloatArray, flat: Components) -> Components:
    """Return the components of indices (n, m) with sampling variances.

    Sums are exact (`math.fsum`), so that the order of the series does not matter.
    """
    is_known = np.isfinite(noise)
    m = flat.profile.size
    if m == 1 or not is_known.any():
        return flat
    has_pool = is_known.any(axis=1).sum() > 2
    profile = flat.profile
    weight = is_known.astype(np.float64)
    if has_pool:
        typical = max(float(np.median(noise[is_known])), SMALLEST_NOISE)
        weight = np.where(is_known, 1.0 / (noise + typical), 0.0)
        profile = np.array(
            [
                math.fsum(weight[:, k] * index[:, k]) / math.fsum(weight[:, k])
                if is_known[:, k].any()
                else flat.profile[k]
                for k in range(m)
            ]
        )
    excess = np.where(is_known, (index - profile) ** 2 - np.where(is_known, noise, 0.0), 0.0)
    variance = max(math.fsum((weight * excess).ravel()) / math.fsum(weight.ravel()), 0.0)
    if not has_pool:
        return Components(profile, variance, 0.0)
    own, sampling = _own_variance(index, noise, Components(profile, variance, 0.0))
    has_own = is_known.any(axis=1)
    own, sampling = own[has_own], sampling[has_own]
    precision = 1.0 / (sampling + max(float(np.median(sampling)), SMALLEST_NOISE**2))
    spread = math.fsum(precision * ((own - variance) ** 2 - sampling)) / math.fsum(precision)
    return Components(profile, variance, max(spread, 0.0))


def _own_variance(
    index: FloatArray, noise: FloatArray, shared: Components
) -> tuple[FloatArray, FloatArray]:
    """Return each series' own estimate e (n,) of its tau², and the sampling variance s (n,)."""
    is_known = np.isfinite(noise)
    sampling = np.where(is_known, noise, 0.0)
    freedom = max(shared.profile.size - 1, 1)
    excess = np.where(is_known, (index - shared.profile) ** 2 - sampling, 0.0)
    typical = sampling.sum(axis=1) / np.maximum(is_known.sum(axis=1), 1)
    return excess.sum(axis=1) / freedom, 4.0 * (shared.variance + typical) ** 2 / freedom


def _shrink(index: FloatArray, noise: FloatArray, shared: Components) -> FloatArray:
    """Return the posterior mean of the indices (n, m)."""
    own, sampling = _own_variance(index, noise, shared)
    certain = shared.spread + sampling
    trust = np.divide(shared.spread, certain, out=np.zeros_like(certain), where=certain > 0)
    variance = np.maximum(shared.variance + trust * (own - shared.variance), 0.0)[:, None]
    total = variance + noise
    share = np.divide(variance, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(shared.profile + share * (index - shared.profile), dtype=np.float64)
