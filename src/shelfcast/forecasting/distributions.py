"""Predictive distributions: whole error trajectories of past forecasts, pooled across series.

Every distribution derives from the trajectories of a series' calibration group, so that daily
quantiles, cumulative demand and demand paths agree with one another. Path j of a series is

    daily        max(0, g_j mean_t + s z_jt)
    cumulative   max(0, max_{v<=t} Σ_{u<=v} g_j mean_u + s z_ju)

with s its error scale, z_j the trajectory and g_j the level of the path relative to its mean, which
is 1 for a series that has been known long enough. What errors take below zero is made good before
the next unit is wanted, so that demand over more days is never less, on any path and so at any
level. Floor and maximum hold for series that never were negative; others are the sums as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelfcast.forecasting import intervals
from shelfcast.forecasting.candidates import MULTIPLICATIVE
from shelfcast.forecasting.fits import FallbackReason, Fits
from shelfcast.forecasting.intervals import demand_paths
from shelfcast.forecasting.levels import FEWEST_FIRST_DAYS, Levels, level_of, level_table
from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray

__all__ = [
    "POOL_SCHEMA",
    "CumulativeDemand",
    "ErrorPool",
    "IntervalDemand",
    "Prediction",
    "build_pool",
    "demand_paths",
    "predict",
]

TRAJECTORIES_PER_GROUP = 500
FEWEST_TRAJECTORIES = 400
"""Below this number of known trajectories a normal law makes up the rest."""

KNOWN_PER_GROUP = 4000
MOST_GROUPS = 10
MOST_SERIES = 10_000
"""Series, evenly spaced by mean / scale, that a pool is built from at most."""

SHRINKAGE = 15.0
"""Origins that speak for a volatility ratio of one, κ."""

LARGEST_RELATIVE_SQUARE = 25.0
"""Cap of a squared error relative to the pool's, so that one outlier does not make a ratio."""

DAYS_PER_WEEK = 7
"""Season length of series of days."""

MOST_DOUBLINGS = 20.0
"""A bound of 2^20 times the level is none."""

LAUNCH_LEVEL = "launch_level"
"""Method of a series that is forecast by what new series sell and by its own mean."""

RATIO_ROUNDS = 8
SEED = 20261120

POOL_SCHEMA = pa.schema(
    [
        ("calibration_group", pa.int64()),
        ("lower_ratio", pa.float64()),
        ("trajectory_number", pa.int64()),
        ("errors", pa.list_(pa.float64())),
    ]
)
"""One row per calibration group and trajectory; both are numbered from 0."""


@dataclass(frozen=True)
class ErrorPool:
    """Standardised error trajectories by calibration group.

    Attributes
    ----------
    lower_ratio : (G,)
        Lowest mean / scale ratio of each group, rising; the first group takes all below, too.
    trajectories : (G, P, h)
        Actual less forecast over h consecutive days from one series at one origin, in units of the
        series' one-step scale × volatility ratio.
    """

    lower_ratio: FloatArray
    trajectories: FloatArray

    @property
    def horizon(self) -> int:
        """Days ahead, h."""
        return int(self.trajectories.shape[2])

    @cached_property
    def mean_squares(self) -> FloatArray:
        """Mean squared cumulative error after 1, ... h days (h,)."""
        return np.asarray((self.trajectories.cumsum(axis=2) ** 2).mean(axis=(0, 1)))

    @cached_property
    def daily(self) -> FloatArray:
        """Errors of each day, path by path (G, h, P)."""
        return np.ascontiguousarray(self.trajectories.transpose(0, 2, 1))

    @property
    def level_table(self) -> FloatArray:
        """Levels of the paths relative to their mean, by coefficient of variation (V, P)."""
        return level_table(self.trajectories.shape[1])

    @cached_property
    def ordered_daily(self) -> FloatArray:
        """Errors of each day in rising order (G, h, P)."""
        return np.sort(self.daily, axis=2)

    def place(self, fits: Fits) -> tuple[IntArray, FloatArray]:
        """Return each series' calibration group (n,) and error scale (n,).

        The error scale is the one-step scale × the series' volatility ratio, shrunk to one:
        r² = (n_o q + κ) / (n_o + κ), with n_o its known origins, q the mean of its squared
        cumulative errors relative to the pool's, and κ = 15.

        Raises
        ------
        ValueError
            If the horizons differ.
        """
        if fits.horizon != self.horizon:
            raise ValueError(f"fits over {fits.horizon} days meet a pool over {self.horizon}")
        ratio = _volatility_ratio(fits.errors.cumsum(axis=2), self.mean_squares)
        return self.group_of(fits.mean_ratio), fits.scale * ratio

    def group_of(self, mean_ratio: FloatArray) -> IntArray:
        """Return the calibration groups (n,) of series with these mean / scale ratios (n,)."""
        group = np.searchsorted(self.lower_ratio, mean_ratio, side="right") - 1
        return np.maximum(group, 0).astype(np.int64)

    def growth(self, age: IntArray) -> FloatArray:
        """Return the factors (n,) by which forecasts are less sure that are some days old.

        It is at least 1: the root mean squared error of the sum of the days age + 1..h, relative to
        that of the days 1..h - age.

        Parameters
        ----------
        age : (n,) int
            Days from the last one that a forecast knew to today, 0 to h - 1.
        """
        ages, which = np.unique(age, return_inverse=True)
        summed = self.trajectories.cumsum(axis=2)
        factors = np.ones(ages.size)
        for i, days in enumerate(ages.tolist()):
            young = np.mean(summed[:, :, self.horizon - days - 1] ** 2)
            if days > 0 and young > 0:
                old = np.mean((summed[:, :, -1] - summed[:, :, days - 1]) ** 2)
                factors[i] = max(1.0, np.sqrt(old / young))
        return factors[which]

    def to_table(self) -> pa.Table:
        """Return the pool as a table of POOL_SCHEMA."""
        groups, paths, horizon = self.trajectories.shape
        offsets = np.arange(groups * paths + 1, dtype=np.int32) * horizon
        return pa.table(
            [
                np.repeat(np.arange(groups), paths),
                np.repeat(self.lower_ratio, paths),
                np.tile(np.arange(paths), groups),
                pa.ListArray.from_arrays(offsets, self.trajectories.ravel()),
            ],
            schema=POOL_SCHEMA,
        )

    @classmethod
    def from_table(cls, table: pa.Table) -> ErrorPool:
        """Read a pool from a table of POOL_SCHEMA, its rows in any order.

        Raises
        ------
        ValueError
            If the table is empty, or its groups or trajectories differ in length.
        """
        rows = (
            table.select(POOL_SCHEMA.names)
            .cast(POOL_SCHEMA)
            .sort_by([("calibration_group", "ascending"), ("trajectory_number", "ascending")])
            .combine_chunks()
        )
        groups = len(rows["calibration_group"].unique())
        values = rows["errors"].combine_chunks().flatten().to_numpy()
        if groups == 0 or rows.num_rows % groups or values.size % rows.num_rows:
            raise ValueError("a pool needs as many trajectories, as long, in each of its groups")
        paths = rows.num_rows // groups
        return cls(
            rows["lower_ratio"].to_numpy()[::paths],
            values.reshape(groups, paths, values.size // rows.num_rows),
        )


def build_pool(fits: Fits) -> ErrorPool:
    """Pool the standardised errors of series at past origins; their order does not matter.

    Complete trajectories, each divided by its series' volatility ratio, are split by mean / scale
    ratio into up to ten groups of equal size, one for every 4,000, and thinned to 500 a group that
    are evenly spaced by their sum. Where fewer than 400 are known in all, trajectories of
    independent normal days make up the rest; their variance per day is fitted to the mean squares
    of all cumulative errors, whole trajectories or not, and is 1 where nothing is known.

    The mean of a group's trajectories is taken off, day by day, so that before the floor at zero
    the mean of a series' paths is its mean forecast.
    """
    usable = np.flatnonzero(np.isfinite(fits.errors).any(axis=(1, 2)) & (fits.scale > 0))
    by_ratio = usable[np.argsort(fits.mean_ratio[usable], kind="stable")]
    chosen = by_ratio[_evenly_spaced(by_ratio.size, MOST_SERIES)]
    errors = fits.errors[chosen]
    series_ratio = fits.mean_ratio[chosen]
    cumulative = errors.cumsum(axis=2)

    ratio = _pool_ratios(cumulative)
    is_complete = np.isfinite(cumulative[:, :, -1])
    known = (errors / ratio[:, None, None])[is_complete]
    known_ratio = np.broadcast_to(series_ratio[:, None], is_complete.shape)[is_complete]
    if len(known) < FEWEST_TRAJECTORIES:
        normal = _normal_trajectories(_variance_per_day(cumulative), fits.horizon)
        known = np.concatenate([known, _thin(normal, FEWEST_TRAJECTORIES - len(known))])
        known_ratio = np.zeros(len(known))
    groups = min(max(len(known) // KNOWN_PER_GROUP, 1), MOST_GROUPS)
    paths = min(TRAJECTORIES_PER_GROUP, len(known))
    bounds = np.linspace(0, len(known), groups + 1).astype(np.int64)
    trajectories = np.stack([_thin(known[a:b], paths) for a, b in pairwise(bounds)])
    return ErrorPool(known_ratio[bounds[:-1]], trajectories - trajectories.mean(axis=1)[:, None])


def _volatility_ratio(cumulative: FloatArray, mean_squares: FloatArray) -> FloatArray:
    """Return the ratios (n,) of cumulative errors (n, K, h) to the pool's mean squares (h,)."""
    is_known = np.isfinite(cumulative)
    relative = np.where(is_known, cumulative, 0.0) ** 2 / mean_squares
    total = np.minimum(relative, LARGEST_RELATIVE_SQUARE).sum(axis=(1, 2))
    own = total / np.maximum(is_known.sum(axis=(1, 2)), 1)
    origins = is_known[:, :, 0].sum(axis=1)
    return np.asarray(np.sqrt((origins * own + SHRINKAGE) / (origins + SHRINKAGE)))


def _pool_ratios(cumulative: FloatArray) -> FloatArray:
    """Return the volatility ratios (n,) of the series that make up a pool.

    The ratios are relative to mean squares of errors that are divided by them, so each is found
    from the other in turn.
    """
    ratio = np.ones(len(cumulative))
    for _ in range(RATIO_ROUNDS):
        ratio = _volatility_ratio(cumulative, _mean_squares(cumulative / ratio[:, None, None]))
    return ratio


def _mean_squares(cumulative: FloatArray) -> FloatArray:
    """Return the mean squares (h,) of cumulative errors (n, K, h); those of a normal law if none.

    Days on which nothing is known follow the square-root law of the days that are.
    """
    counts, totals = _counts_and_totals(cumulative)
    law = _variance_per_day(cumulative) * np.arange(1, counts.size + 1)
    return np.where(totals > 0, totals / np.maximum(counts, 1), law)


def _counts_and_totals(cumulative: FloatArray) -> tuple[IntArray, FloatArray]:
    is_known = np.isfinite(cumulative)
    squares = np.where(is_known, cumulative, 0.0) ** 2
    return is_known.sum(axis=(0, 1)), squares.sum(axis=(0, 1))


def _variance_per_day(cumulative: FloatArray) -> float:
    """Fit c in E[(error over d days)²] = c d to cumulative errors (n, K, h)."""
    counts, totals = _counts_and_totals(cumulative)
    days = np.arange(1, counts.size + 1)
    return float((totals / days).sum() / counts.sum()) if totals.sum() > 0 else 1.0


def _normal_trajectories(variance: float, horizon: int) -> FloatArray:
    """Draw independent normal days (P, h) whose sample mean is 0 and sample covariance exact."""
    paths = max(FEWEST_TRAJECTORIES, 4 * horizon)
    draws = np.random.default_rng(SEED).standard_normal((paths, horizon))
    draws -= draws.mean(axis=0)
    orthonormal, _ = np.linalg.qr(draws)
    return np.asarray(orthonormal * np.sqrt(variance * paths))


def _evenly_spaced(size: int, count: int) -> IntArray:
    """Return ``count`` evenly spaced positions of ``size``, or all where there are fewer."""
    count = min(count, size)
    return ((np.arange(count) + 0.5) * size / max(count, 1)).astype(np.int64)


def _thin(trajectories: FloatArray, count: int) -> FloatArray:
    """Keep ``count`` trajectories (P, h) that are evenly spaced by their sum."""
    order = np.argsort(trajectories.sum(axis=1), kind="stable")
    return trajectories[order[_evenly_spaced(len(order), count)]]


def _positions(probabilities: FloatArray, paths: int) -> IntArray:
    """Return the positions of the quantiles among ``paths`` atoms in rising order."""
    ranks = np.ceil((probabilities - intervals.PROBABILITY_TOLERANCE) * paths)
    return np.clip(ranks.astype(np.int64) - 1, 0, paths - 1)


@dataclass(frozen=True)
class CumulativeDemand:
    """Demand of n series summed over days 1..h, for any h up to the horizon.

    Attributes
    ----------
    mean : (n, horizon)
        Mean forecast per day.
    error_scale : (n,)
    group : (n,) int
        Calibration group.
    is_nonnegative : (n,) bool
    pool
        Holds the error trajectories; nothing of size n × trajectories is kept.
    level_variation : (n,)
        Coefficient of variation of the level; 0 where past errors hold what is unsure of it.
    """

    mean: FloatArray
    error_scale: FloatArray
    group: IntArray
    is_nonnegative: BoolArray
    pool: ErrorPool
    level_variation: FloatArray

    @property
    def lowest(self) -> FloatArray:
        """Floor of demand (n,): 0 for series that never were negative."""
        return np.where(self.is_nonnegative, 0.0, -np.inf)

    def daily_quantiles(self, probabilities: npt.ArrayLike) -> FloatArray:
        """Return quantiles of each day's demand (n, horizon, n_probabilities)."""
        ordered = self.pool.ordered_daily
        positions = _positions(np.asarray(probabilities, dtype=np.float64), ordered.shape[2])
        errors = ordered[:, :, positions][self.group]
        demand = self.mean[:, :, None] + self.error_scale[:, None, None] * errors
        young = np.flatnonzero(self.level_variation > 0)
        if young.size:
            rising = np.argsort(positions, kind="stable")
            own = np.empty((young.size, *demand.shape[1:]))
            intervals.young_quantiles(
                self.mean[young],
                self.error_scale[young],
                self.level_variation[young],
                self.group[young],
                self.pool.daily,
                self.pool.level_table,
                positions[rising],
                own,
            )
            demand[young] = own[:, :, np.argsort(rising)]
        return np.maximum(demand, self.lowest[:, None, None])

    def quantiles(self, probabilities: npt.ArrayLike) -> FloatArray:
        """Return quantiles of demand over days 1..h for each h (n, horizon, n_probabilities)."""
        levels = np.asarray(probabilities, dtype=np.float64)
        positions = _positions(levels, self.pool.trajectories.shape[1])
        rising = np.argsort(positions, kind="stable")
        out = np.empty((*self.mean.shape, positions.size))
        intervals.quantiles_of_sums(positions[rising], *self.law(), out)
        return out[:, :, np.argsort(rising)]

    def law(
        self,
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, IntArray, FloatArray, FloatArray]:
        """Return what the kernels of `intervals` make paths of."""
        return (
            self.mean,
            self.error_scale,
            self.level_variation,
            self.lowest,
            self.group,
            self.pool.trajectories,
            self.pool.level_table,
        )

    def mixture(self, pmf: npt.ArrayLike) -> IntervalDemand:
        """Return demand over a random number of days: Σ_h P(H = h) F_h(x), with D_0 = 0.

        Parameters
        ----------
        pmf : (H + 1,) or (n, H + 1)
            Probability of 0, 1, ... H days, the same for all series or one row for each.

        Raises
        ------
        ValueError
            If H exceeds the horizon, or a row is not a distribution.
        """
        chances = np.atleast_2d(np.asarray(pmf, dtype=np.float64))
        rows, columns = chances.shape
        if rows not in (1, len(self.mean)):
            raise ValueError(f"pmf has {rows} rows for {len(self.mean)} series")
        if columns - 1 > self.mean.shape[1]:
            raise ValueError(f"pmf reaches {columns - 1} days, beyond {self.mean.shape[1]}")
        if not ((chances >= 0).all() and np.allclose(chances.sum(axis=1), 1.0, atol=1e-9)):
            raise ValueError("each row of pmf must be non-negative with sum 1")
        return IntervalDemand(self, np.ascontiguousarray(chances))

    def over(self, days: int | npt.ArrayLike) -> IntervalDemand:
        """Return demand over ``days`` days, an int or one for each series (n,).

        Raises
        ------
        ValueError
            If a number of days lies outside 0..horizon.
        """
        counts = np.atleast_1d(np.asarray(days, dtype=np.int64))
        horizon = self.mean.shape[1]
        if counts.size and not (counts.min() >= 0 and counts.max() <= horizon):
            raise ValueError(f"days must lie within 0 and {horizon}")
        return self.mixture((counts[:, None] == np.arange(horizon + 1)).astype(np.float64))

    def cdf(self, x: npt.ArrayLike, h: int | npt.ArrayLike) -> FloatArray:
        """Return P(D_h <= x) of each series (n,); x and h are scalars or (n,)."""
        return self.over(h).cdf(x)

    def quantile(self, p: npt.ArrayLike, h: int | npt.ArrayLike) -> FloatArray:
        """Return the smallest x with P(D_h <= x) >= p (n,); p and h are scalars or (n,)."""
        return self.over(h).quantile(p)

    def loss(self, x: npt.ArrayLike, h: int | npt.ArrayLike) -> FloatArray:
        """Return the expected shortage E[(D_h - x)+] (n,); x and h are scalars or (n,)."""
        return self.over(h).loss(x)


@dataclass(frozen=True)
class IntervalDemand:
    """Demand of n series over a fixed or random number of days.

    Attributes
    ----------
    demand
        Demand over each number of days.
    chances : (1 or n, H + 1)
        Probability of 0, 1, ... H days.
    """

    demand: CumulativeDemand
    chances: FloatArray

    def cdf(self, x: npt.ArrayLike) -> FloatArray:
        """Return P(D <= x) (n,) for a scalar x or one for each series."""
        return self._find(intervals.CDF, x)

    def quantile(self, p: npt.ArrayLike) -> FloatArray:
        """Return the smallest x with P(D <= x) >= p (n,) for a scalar p or one for each series.

        Raises
        ------
        ValueError
            If a probability lies outside 0..1.
        """
        probabilities = np.asarray(p, dtype=np.float64)
        if not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise ValueError("probabilities must lie within 0 and 1")
        return self._find(intervals.QUANTILE, probabilities)

    def loss(self, x: npt.ArrayLike) -> FloatArray:
        """Return E[(D - x)+] (n,) for a scalar x or one for each series."""
        return self._find(intervals.LOSS, x)

    def _find(self, what: int, argument: npt.ArrayLike) -> FloatArray:
        out = np.empty(len(self.demand.mean))
        each = np.full(out.size, argument, dtype=np.float64)
        intervals.over_intervals(what, each, self.chances, *self.demand.law(), out)
        return out


@dataclass(frozen=True)
class Prediction:
    """What is said of the demand of n series, and by which rule.

    Attributes
    ----------
    demand : CumulativeDemand
    method : (n,) object
        As of `Fits`, or ``launch_level`` where the level of new series weighs more.
    method_weight : (n,)
        Weight that it carries, 0 to 1.
    fallback_reason : (n,) object
        As of `Fits`; a series that is forecast by its level for want of days is young.
    """

    demand: CumulativeDemand
    method: npt.NDArray[np.object_]
    method_weight: FloatArray
    fallback_reason: npt.NDArray[np.object_]


def predict(
    fits: Fits,
    mean: FloatArray,
    pool: ErrorPool,
    levels: Levels | None,
    age: IntArray | None = None,
) -> Prediction:
    """Join mean forecasts, past errors and, of young series, the level of new ones.

    A young series is forecast by share × candidates + (1 - share) × level × week, and the variance
    of a day is the same mixture of its own and φ × level; `level_of` has the share. What the
    candidates say of a day is held within level × week / 2^b and × 2^b, b = 1 / (1 - share): a
    slope from two weeks is a guess.

    Parameters
    ----------
    fits : Fits
    mean : (n, h)
        Forecast of the candidates.
    pool
        Of the same horizon.
    levels
        What new series sell. None if nothing is known of it: mean and method are then as the fits
        have them, and the law holds how unsure the level is. That is for series of days, with a
        season of 7; a short series of months has a slope to show, and is left alone.
    age : (n,) int, optional
        Days from the last one that a fit knew to today.

    Raises
    ------
    ValueError
        If the horizons differ.
    """
    age = np.zeros(len(fits), dtype=np.int64) if age is None else age
    group, error_scale = pool.place(fits)
    growth = pool.growth(age)
    keeps_mean = levels is None
    has_weights = np.asarray((fits.states.weights > 0).any(axis=1))
    evidence = fits.evidence
    has_own_scale = np.zeros(len(fits), dtype=np.bool_)
    if levels is None:
        levels = Levels.unknown(len(fits))
        has_own_scale = has_weights & (fits.observations >= FEWEST_FIRST_DAYS)
        evidence = evidence.with_errors(fits.scale, has_own_scale)
    level = level_of(evidence, fits.observations, has_weights, levels)
    usable = fits.states.is_nonnegative & np.isfinite(level.scale) & np.isfinite(level.variation)
    if keeps_mean:
        usable &= (evidence.units > 0) & (fits.states.indices.shape[2] == DAYS_PER_WEEK)
    else:
        usable &= fits.observations > 0
    share = np.where(usable, level.candidate_share, 1.0)
    is_young = share < 1.0

    phase = (age[:, None] + np.arange(mean.shape[1])) % fits.states.indices.shape[2]
    ratios = np.take_along_axis(fits.states.indices[:, MULTIPLICATIVE], phase, axis=1)
    expected = level.mean[:, None] * np.maximum(ratios, 0.0)
    bound = np.exp2(np.minimum(1.0 / np.where(is_young, 1.0 - share, 1.0), MOST_DOUBLINGS))[:, None]
    held = np.where(has_weights[:, None], np.clip(mean, expected / bound, expected * bound), mean)
    weight = share[:, None]
    quantity = fits.mean_quantity
    if not keeps_mean:
        mean = np.where(is_young[:, None], weight * held + (1.0 - weight) * expected, mean)
        quantity = share * quantity + (1.0 - share) * level.mean

    part = np.where(has_own_scale, 1.0, share)

    def mixed(own: FloatArray) -> FloatArray:
        relative = level.scale / np.where(own > 0, own, 1.0)
        both = own * np.sqrt(part + (1.0 - part) * relative**2)
        return np.where(part < 1, np.where(own > 0, both, np.sqrt(1.0 - part) * level.scale), own)

    scale = mixed(fits.scale)
    ratio = np.where(scale > 0, quantity / np.where(scale > 0, scale, 1.0), np.inf)
    demand = CumulativeDemand(
        mean,
        mixed(error_scale) * growth,
        np.where(is_young, pool.group_of(ratio), group),
        fits.states.is_nonnegative,
        pool,
        np.where(is_young & (level.mean > 0), level.variation, 0.0),
    )
    if keeps_mean:
        return Prediction(demand, fits.method, fits.method_weight, fits.fallback_reason)
    by_level = share < 0.5
    reason = np.array(
        [
            FallbackReason.YOUNG_SERIES.value if is_by_level and old is None else old
            for old, is_by_level in zip(fits.fallback_reason, by_level.tolist(), strict=True)
        ],
        dtype=object,
    )
    return Prediction(
        demand,
        np.where(by_level, LAUNCH_LEVEL, fits.method),
        np.where(by_level, 1.0 - share, share * fits.method_weight),
        reason,
    )
