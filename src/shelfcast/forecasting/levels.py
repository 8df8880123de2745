"""The level of young series: what new SKUs of a category sell, and how sure a level is.

The level of a series is its mean demand per day. That of a young series is a guess, and the guess
is wrong by the same share on every day ahead. So the level is a random variable here. Before a
series has sold it follows the gamma distribution of new SKUs of its category, with shape a and mean
m; after u units in e days

    level | u, e ~ gamma(shape a + u / φ, rate a / m + e / φ),

with φ the dispersion, variance / mean, of a day. Demand over the days ahead is then the
gamma-Poisson predictive distribution where φ = 1. Source: Gelman, Bayesian Data Analysis, 3rd
edition, section 2.6; McCullagh & Nelder, Generalized Linear Models, 2nd edition, chapter 9, for φ.

One series in a hundred is taken to come from a wider distribution, so that a success is not drawn
back to a category of slow sellers, nor to all categories where it is the first of its own.

The dispersion of a day rises with the level where it does so across series. The mean does not take
part in that: days that happen to be low would look certain, and draw it down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit, gammainc, gammaincinv, gammaln

from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray, Panel

LONG_DAYS = 200
"""Known days from which a series is forecast by its own candidates and errors alone."""

HALF_DAYS = 28
"""Known days at which the candidates weigh about as much as the level."""

DAYS_WITHOUT_DEMAND = 28
"""Known days without any demand from which none is expected."""

SMALLEST_RATIO = 0.05
"""Least seasonal ratio of a day that a level is measured by."""

FEWEST_FIRST_DAYS = 7
FEWEST_NEW_SERIES = 30
"""Without as many new series, all series stand for them."""

SERIES_OF_ALL = 10.0
"""Series of its category that the mean of all categories is worth."""

MOST_RELATIVE_SIZE = 25.0
"""A level or dispersion counts for at most as many times the median, so that one outlier does not
decide."""

LEAST_SHAPE, MOST_SHAPE = 0.25, 25.0
"""Bounds of the learned shape: however alike new series were, the next may differ by a fifth."""

WIDE_SHARE, WIDE_MEAN, WIDE_SHAPE = 0.01, 10.0, 0.5
"""One new series in a hundred is unlike the others, and may sell ten times as much or more: its
level has this multiple of their mean, and this shape."""

LEARNED_DISPERSION_DAYS = 10.0
"""Days that a learned dispersion is worth beside those of the series itself."""

LEAST_DISPERSION = 0.25
"""Least share of the dispersion at the mean level that a series may have at its own."""

JEFFREYS_SHAPE = 0.5
"""Shape of the prior where nothing was learned; its rate is 0."""

LEVEL_SCHEMA = pa.schema(
    [
        ("category", pa.string()),
        ("series", pa.int64()),
        ("level_mean", pa.float64()),
        ("level_shape", pa.float64()),
        ("level_dispersion", pa.float64()),
        ("dispersion_slope", pa.float64()),
        ("selling_share", pa.float64()),
    ]
)
"""One row per category, and one of all series with a null category; none if nothing is known."""

LEARNED = ("level_mean", "level_shape", "level_dispersion", "dispersion_slope", "selling_share")
"""Columns of what was learned, in the order of the fields of `Levels`."""


@dataclass(frozen=True)
class Evidence:
    """What the known days of n series say about their levels.

    Attributes
    ----------
    units : (n,)
        Demand of the known days.
    exposure_days : (n,)
        Sum of the seasonal ratios of the known days: how many average days they are worth.
    dispersion : (n,)
        Pearson's estimate of variance / mean, NaN with less than two known days or no demand.
    selling_days : (n,) int
        Known days with demand.
    first_quantity : (n,)
        Demand of the first known day, 0 without any.
    """

    units: FloatArray
    exposure_days: FloatArray
    dispersion: FloatArray
    selling_days: IntArray
    first_quantity: FloatArray

    @classmethod
    def of(cls, panel: Panel, ratios: FloatArray) -> Evidence:
        """Sum up a panel.

        Parameters
        ----------
        panel
            NaN is unknown.
        ratios : (n, m)
            Seasonal ratios by phase, the last day of a series being of phase m - 1.
        """
        length = np.diff(panel.offsets)
        series = np.repeat(np.arange(length.size), length)
        phase = np.arange(series.size) - panel.offsets[1:][series]
        known = ~np.isnan(panel.values)
        series, values = series[known], panel.values[known]
        share = np.maximum(ratios[series, phase[known] % ratios.shape[1]], SMALLEST_RATIO)

        def total(amounts: FloatArray | BoolArray) -> FloatArray:
            return np.bincount(series, amounts, len(length)).astype(np.float64)

        units, exposure, count = total(values), total(share), total(np.ones_like(values))
        has_demand = (units > 0) & (count > 1)
        level = np.where(has_demand, units, 1.0) / np.where(has_demand, exposure, 1.0)
        expected = level[series] * share
        squares = total((values - expected) ** 2 / expected)
        first = np.zeros(len(length))
        is_first = np.diff(series, prepend=-1) > 0
        first[series[is_first]] = values[is_first]
        return cls(
            units,
            exposure,
            np.where(has_demand, squares / np.maximum(count - 1.0, 1.0), np.nan),
            total(values > 0).astype(np.int64),
            first,
        )

    def with_errors(self, scale: FloatArray, has_scale: BoolArray) -> Evidence:
        """Return the evidence with the dispersion of errors, scale² / mean, where there are any."""
        level = self.units / np.where(self.exposure_days > 0, self.exposure_days, 1.0)
        is_used = has_scale & (level > 0)
        own = scale * (scale / np.where(is_used, level, 1.0))
        return replace(self, dispersion=np.where(is_used, own, self.dispersion))

    def in_units(self, exponent: IntArray) -> Evidence:
        """Return the evidence in a unit 2^exponent times smaller (n,); exact."""
        return Evidence(
            np.ldexp(self.units, exponent),
            self.exposure_days,
            np.ldexp(self.dispersion, exponent),
            self.selling_days,
            np.ldexp(self.first_quantity, exponent),
        )


@dataclass(frozen=True)
class Levels:
    """What is expected of the levels of n series before they have sold.

    Attributes
    ----------
    mean, shape : (n,)
        Mean and shape of the gamma distribution; an infinite mean is Jeffreys' prior.
    dispersion : (n,)
        Variance / mean of a day of a series with the mean level; NaN if unknown, which then is the
        size of a day with demand.
    slope : (n,)
        What a unit more per day adds to the dispersion; 0 for Poisson demand.
    selling_share : (n,)
        Share of days with demand.
    is_begun_by_sale : (n,) bool
        Whether the series begins with a sale because it would not be on record otherwise. Such a
        first day says little: it counts as demand × the share of days with demand.
    """

    mean: FloatArray
    shape: FloatArray
    dispersion: FloatArray
    slope: FloatArray
    selling_share: FloatArray
    is_begun_by_sale: BoolArray

    @classmethod
    def unknown(cls, count: int) -> Levels:
        """Return Jeffreys' prior for as many series."""
        return cls(
            np.full(count, np.inf),
            np.full(count, JEFFREYS_SHAPE),
            np.full(count, np.nan),
            np.zeros(count),
            np.full(count, 0.5),
            np.zeros(count, dtype=np.bool_),
        )

    def at(self, series: IntArray) -> Levels:
        """Return what is expected of the series at some positions."""
        return Levels(
            self.mean[series],
            self.shape[series],
            self.dispersion[series],
            self.slope[series],
            self.selling_share[series],
            self.is_begun_by_sale[series],
        )

    @classmethod
    def of_all(cls, table: pa.Table, count: int) -> Levels:
        """Return what a table of LEVEL_SCHEMA says of all series, for as many."""
        rows = table.filter(pc.is_null(table["category"])).to_pylist()
        levels = cls.unknown(count)
        if not rows:
            return levels
        mean, shape, dispersion, slope, share = (np.full(count, rows[0][name]) for name in LEARNED)
        return cls(mean, shape, dispersion, slope, share, levels.is_begun_by_sale)


@dataclass(frozen=True)
class YoungLevels:
    """The levels of n series, each known as well as its days allow.

    Attributes
    ----------
    mean : (n,)
        Expected units per average day.
    scale : (n,)
        Standard deviation of a day when the level is known, √(φ × mean).
    variation : (n,)
        Coefficient of variation of the level; 0 for a long series, in which past errors hold it.
    candidate_share : (n,)
        Share of the candidates in the forecast; 1 for a long series.
    """

    mean: FloatArray
    scale: FloatArray
    variation: FloatArray
    candidate_share: FloatArray


def level_of(
    evidence: Evidence, observations: IntArray, has_weights: BoolArray, levels: Levels
) -> YoungLevels:
    """Combine what is expected of the levels of n series with what they have sold.

    With n known days the candidates weigh (1 + 28²/200²) n² / (n² + 28²), at most 1; and the
    variance of the level, relative to its square, is (1 - n²/200²) / shape, which is 0 at 200 days.

    Parameters
    ----------
    evidence
        Of the series; of a series with negative values it is not used.
    observations : (n,) int
        Known days.
    has_weights : (n,) bool
        Whether the candidates were fitted.
    levels
        Of the series.
    """
    days = observations.astype(np.float64)
    later_selling = evidence.selling_days - (evidence.first_quantity > 0)
    share = (levels.selling_share + later_selling) / np.maximum(days, 1.0)
    first_counts = np.where(levels.is_begun_by_sale, np.minimum(share, 1.0), 1.0)
    units = np.maximum(evidence.units - (1.0 - first_counts) * evidence.first_quantity, 0.0)

    learned = np.isfinite(levels.dispersion)
    size = evidence.units / np.maximum(evidence.selling_days, 1)
    usual = np.where(learned, levels.dispersion, np.where(size > 0, size, 1.0))
    speaks = np.isfinite(evidence.dispersion) & (days >= FEWEST_FIRST_DAYS)
    worth = np.where(learned, LEARNED_DISPERSION_DAYS, np.where(speaks, 0.0, 1.0))
    dispersion = _drawn_dispersion(evidence, days, usual, worth)
    usual_mean, _ = _posterior(levels.shape, levels.mean, evidence, units, dispersion)
    wide_mean = levels.mean * WIDE_MEAN
    wide = _chance_of_wide(levels, evidence, units, dispersion)
    rare_mean, _ = _posterior(WIDE_SHAPE, wide_mean, evidence, units, dispersion)
    mean = (1.0 - wide) * usual_mean + wide * rare_mean

    is_sloped = learned & (levels.slope > 0)
    sloped = levels.dispersion + levels.slope * (mean - np.where(is_sloped, levels.mean, 0.0))
    sloped = np.where(is_sloped, np.maximum(sloped, LEAST_DISPERSION * levels.dispersion), usual)
    dispersion = _drawn_dispersion(evidence, days, sloped, worth)
    at_most = _drawn_dispersion(evidence, days, np.maximum(usual, sloped), worth)
    _, variance = _posterior(levels.shape, levels.mean, evidence, units, at_most)
    _, rare_variance = _posterior(WIDE_SHAPE, wide_mean, evidence, units, at_most)
    divisor = np.where(mean > 0, mean, 1.0)
    variance = (1.0 - wide) * variance * (usual_mean / divisor) ** 2 + wide * rare_variance * (
        rare_mean / divisor
    ) ** 2
    variance += wide * (1.0 - wide) * ((rare_mean - usual_mean) / divisor) ** 2
    variance = np.minimum(variance, MOST_VARIATION**2)
    is_known = days > 0
    is_dead = (evidence.units <= 0) & (days >= DAYS_WITHOUT_DEMAND)
    mean = np.where(is_known & ~is_dead, mean, 0.0)
    squares = days**2
    trust = (1.0 + (HALF_DAYS / LONG_DAYS) ** 2) * squares / (squares + HALF_DAYS**2)
    trust = np.where(has_weights, trust, 0.0)
    is_long = days >= LONG_DAYS
    return YoungLevels(
        mean,
        mean * np.sqrt(dispersion / np.where(mean > 0, mean, 1.0)),
        np.where(is_long, 0.0, np.sqrt(np.maximum(1.0 - (days / LONG_DAYS) ** 2, 0.0) * variance)),
        np.where(is_long, 1.0, np.minimum(trust, 1.0)),
    )


def _posterior(
    shape: FloatArray | float,
    prior_mean: FloatArray,
    evidence: Evidence,
    units: FloatArray,
    dispersion: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Return the posterior mean of levels (n,) and its variance relative to the squared mean."""
    # both times the dispersion, which may be 0
    amount = shape * dispersion + units
    exposure = shape * dispersion / prior_mean + evidence.exposure_days
    mean = np.where(exposure > 0, amount / np.where(exposure > 0, exposure, 1.0), 0.0)
    return mean, np.where(amount > 0, dispersion / np.where(amount > 0, amount, 1.0), 0.0)


def _chance_of_wide(
    levels: Levels, evidence: Evidence, units: FloatArray, dispersion: FloatArray
) -> FloatArray:
    """Return the chance (n,) that a level comes from the wide distribution, after what was sold.

    The marginal likelihood of u / φ units in e / φ days under a gamma distribution with shape a and
    rate b is that of a negative binomial, Γ(a + u/φ) / Γ(a) b^a (b + e/φ)^-(a + u/φ) × a constant.
    """
    is_learned = np.isfinite(levels.mean) & (levels.mean > 0) & (dispersion > 0)
    size = np.where(is_learned, dispersion, 1.0)
    count, days = units / size, evidence.exposure_days / size
    expected = np.where(is_learned, levels.mean, 1.0)

    def log_likelihood(shape: FloatArray | float, mean: FloatArray) -> FloatArray:
        rate = shape / mean
        return np.asarray(
            gammaln(shape + count)
            - gammaln(shape)
            + shape * np.log(rate)
            - (shape + count) * np.log(rate + days)
        )

    usual = log_likelihood(levels.shape, expected)
    odds = math.log(WIDE_SHARE / (1.0 - WIDE_SHARE))
    gain = log_likelihood(WIDE_SHAPE, WIDE_MEAN * expected) - usual
    return np.where(is_learned, expit(gain + odds), 0.0)


def _drawn_dispersion(
    evidence: Evidence, days: FloatArray, usual: FloatArray, worth: FloatArray
) -> FloatArray:
    """Draw Pearson's estimates (n,) to the usual dispersion, which is worth so many days (n,)."""
    is_own = np.isfinite(evidence.dispersion)
    freedom = np.where(is_own, days - 1.0, 0.0)
    own = np.where(is_own, evidence.dispersion, 0.0)
    return np.asarray((worth * usual + freedom * own) / (worth + freedom))


VARIATION_STEP = 1.0 / 16.0
"""Step between the coefficients of variation of `level_table`."""

MOST_VARIATION = 1.0 / math.sqrt(LEAST_SHAPE)
"""Largest coefficient of variation of a level."""


@cache
def level_table(paths: int) -> FloatArray:
    """Return levels relative to their mean, one for each of P paths (V, P).

    Row v holds the gamma distribution with mean 1 and coefficient of variation v / 16: the means of
    P equally likely strata, k F(q) with k = 1 / variation², in an order in which the levels of
    paths that are sorted by their errors are spread evenly (multiples of the golden ratio).
    """
    rows = round(MOST_VARIATION / VARIATION_STEP) + 1
    table = np.ones((rows, paths))
    rank = np.argsort(np.argsort(np.arange(1, paths + 1) * _GOLDEN_RATIO % 1.0, kind="stable"))
    for row in range(1, rows):
        shape = (row * VARIATION_STEP) ** -2.0
        edges = gammaincinv(shape, np.arange(paths + 1) / paths)
        table[row] = (paths * np.diff(gammainc(shape + 1.0, edges)))[rank]
    table.setflags(write=False)
    return table


_GOLDEN_RATIO = (math.sqrt(5.0) - 1.0) / 2.0


def learn_levels(table: pa.Table) -> pa.Table:
    """Learn what new series sell, by category.

    The mean level of a category is drawn to that of all series, which is worth ten of its own; so
    are its dispersion and its share of selling days. The shape is that of all: 1 / variance of the
    levels relative to the means of their categories, less what chance adds, φ / (mean × days). The
    slope of dispersion over level is that of all, too: in a negative binomial of fixed shape r, the
    dispersion is 1 + level / r. A level or dispersion that is more than 25 times the median of all
    counts as that.

    Parameters
    ----------
    table
        One row per series: category, is_new, known_days, known_units, squares (sum of squared
        demand) and selling_days, of the known days among the 28 that follow the first on which it
        could sell. That day is left out: a series may be on record because it sold on it.

    Returns
    -------
    pa.Table
        LEVEL_SCHEMA, categories in order, all series last. Series with less than 7 days are left
        out; where fewer than 30 are new, the others stand for them.
    """
    category = np.asarray(table["category"].cast(pa.string()).to_pylist(), dtype=object)
    is_new = np.asarray(table["is_new"].to_numpy(zero_copy_only=False), dtype=np.bool_)
    days, units, squares, selling = (
        table[name].cast(pa.float64()).to_numpy()
        for name in ("known_days", "known_units", "squares", "selling_days")
    )
    is_used = (days >= FEWEST_FIRST_DAYS) & (units >= 0)
    if (is_used & is_new).sum() >= FEWEST_NEW_SERIES:
        is_used &= is_new
    order = np.lexsort((selling, squares, units, days))
    chosen = order[is_used[order]]
    if not (units[chosen] > 0).any():
        return LEVEL_SCHEMA.empty_table()
    category, days, units, squares, selling = (
        values[chosen] for values in (category, days, units, squares, selling)
    )
    level = _capped(units / days)
    has_demand = units > 0
    spread = np.maximum(squares - units**2 / days, 0.0) / (days - 1.0)
    dispersion = np.where(has_demand, spread / np.where(has_demand, units / days, 1.0), np.nan)
    dispersion = _capped(dispersion)
    share = selling / days
    of_all = (
        level.mean(),
        max(float(np.nanmean(dispersion)), _SMALLEST * level.mean()),
        share.mean(),
    )
    slope = _slope(level[has_demand], dispersion[has_demand])
    names = sorted(set(category.tolist()))
    rows, variance = [], 0.0
    for name in names:
        is_in = category == name
        mean, usual, selling_share = (
            _drawn(values[is_in], whole)
            for values, whole in zip((level, dispersion, share), of_all, strict=True)
        )
        rows.append((name, int(is_in.sum()), mean, usual, selling_share))
        chance = usual / (mean * days[is_in])
        variance += float((((level[is_in] / mean) - 1.0) ** 2 - chance).sum())
    shape = 1.0 / max(variance / level.size, 1.0 / MOST_SHAPE)
    shape = max(shape, LEAST_SHAPE)
    rows.append((None, level.size, *of_all))
    keys, counts, means, dispersions, shares = zip(*rows, strict=True)
    return pa.table(
        [keys, counts, means, [shape] * len(rows), dispersions, [slope] * len(rows), shares],
        schema=LEVEL_SCHEMA,
    )


_SMALLEST = 1e-6


def _capped(values: FloatArray) -> FloatArray:
    """Cap values (n,), NaN left alone, at 25 times the median of those above 0."""
    positive = values[values > 0]
    most = MOST_RELATIVE_SIZE * float(np.median(positive)) if positive.size else np.inf
    return np.asarray(np.minimum(values, most))


def _slope(level: FloatArray, dispersion: FloatArray) -> float:
    """Return the least-squares slope of dispersion over level (n,), within 0 and their ratio."""
    deviation = level - level.mean()
    squares = float((deviation**2).sum())
    slope = float((deviation * dispersion).sum()) / squares if squares > 0 else 0.0
    return min(max(slope, 0.0), float(dispersion.mean() / level.mean()))


def _drawn(values: FloatArray, whole: float) -> float:
    """Return the mean of values (n,), NaN left out, drawn to that of the whole."""
    known = values[~np.isnan(values)]
    return float((known.sum() + SERIES_OF_ALL * whole) / (known.size + SERIES_OF_ALL))
