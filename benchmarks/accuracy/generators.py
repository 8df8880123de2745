"""Generated series: daily retail demand, and short series of all kinds.

Everything is drawn from a seed, and the numbers below are the whole truth about the series.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Trend = Callable[[np.random.Generator, int, float, int], FloatArray]
"""Draws the path of a level less its start, from a length, a noise and a season length."""

# ---- Daily retail -------------------------------------------------------------------------------

WEEK = np.array([-0.10, -0.12, -0.08, -0.02, 0.08, 0.20, 0.12])
"""Log of the week that the products share; each is centred later."""

DAYS_PER_YEAR = 365.25


def daily_retail(n: int, days: int, seed: int) -> FloatArray:
    """Draw daily demand of ``n`` products (n, days), whole units.

    The log of the expected demand is a level, a week, a yearly sine (70 % of products, amplitude up
    to 0.35), a trend (standard deviation 0.15 a year) and a random walk (none, or 0.5, 1.5 or 3 % a
    day); 40 % of products have promotions, about one in 60 days, of 4 to 10 days and 1.3 to 2.8
    times the demand. A quarter of the products is slow, 0.05 to 0.8 a day; the others sell 6 a day
    in the median. Demand is Poisson for a quarter, and negative binomial with shape 8, 3 or 1.2 for
    the others. Nothing sells more than e^2.2 times its level on expectation.
    """
    random = np.random.default_rng(seed)
    day = np.arange(days)
    level = np.where(
        random.random(n) < 0.25,
        random.uniform(np.log(0.05), np.log(0.8), n),
        random.normal(np.log(6), 1.0, n),
    )
    week = WEEK * random.uniform(0.3, 1.8, (n, 1)) + random.normal(0, 0.07, (n, 7))
    week -= week.mean(axis=1, keepdims=True)
    amplitude = random.uniform(0, 0.35, n) * (random.random(n) < 0.7)
    phase = random.uniform(0, 2 * np.pi, n)
    year = amplitude[:, None] * np.sin(2 * np.pi * day / DAYS_PER_YEAR + phase[:, None])
    trend = random.normal(0, 0.15, n)[:, None] / 365 * day
    step = random.choice([0, 0.005, 0.015, 0.03], n, p=[0.3, 0.3, 0.25, 0.15])
    walk = np.cumsum(random.normal(0, 1, (n, days)) * step[:, None], axis=1)
    swings = week[:, day % 7] + year + trend + walk - walk[:, :1]
    for i in np.flatnonzero(random.random(n) < 0.4):
        for start in random.integers(0, days, random.poisson(days / 60)):
            swings[i, start : start + random.integers(4, 11)] += np.log(random.uniform(1.3, 2.8))
    expected = np.exp(level[:, None] + np.minimum(swings, 2.2))
    shape = random.choice([1e6, 8, 3, 1.2], n, p=[0.25, 0.35, 0.25, 0.15])[:, None]
    demand = random.poisson(expected * random.gamma(shape, 1 / shape, (n, days)))
    return np.asarray(demand, dtype=np.float64)


# ---- Short series, as in the competitions -------------------------------------------------------


def short_series(
    n: int, lengths: tuple[int, int], season_length: int, seed: int
) -> tuple[list[FloatArray], list[str]]:
    """Draw positive series of many kinds, each of a random length within ``lengths``.

    A series is a unit, e^6 in the median, times a path that starts near 1. The path has one of the
    `TRENDS`, driven by a noise of 3 to 25 % a year; a measurement error of 1 to 20 % of the path's
    start; in one of seven cases outliers of 3 to 6 errors at 3 % of the points; with a season
    length above 1, in seven of ten cases a season of 1 to 20 %. Half of the series add these, half
    multiply them. Growth is 4 % a year with a standard deviation of 5 %; a year has
    ``season_length`` points. The first point is at a random place in the season: series have no
    common calendar. Noise, growth and season were set so that AutoETS and DynamicOptimizedTheta are
    about as good as each other and well ahead of seasonal naive, as they are in the competitions.

    Returns
    -------
    series
        One array each.
    trends
        Which of the `TRENDS` each has.
    """
    random = np.random.default_rng(seed)
    series, trends = [], []
    for _ in range(n):
        name = str(random.choice(list(TRENDS), p=SHARES))
        length = int(random.integers(lengths[0], lengths[1] + 1))
        series.append(_short(random, length, season_length, TRENDS[name]))
        trends.append(name)
    return series, trends


def _short(
    random: np.random.Generator, length: int, season_length: int, trend: Trend
) -> FloatArray:
    """Draw one series."""
    noise = _between(random, 0.03, 0.25) / np.sqrt(season_length)
    path = trend(random, length, noise, season_length)
    size = _between(random, 0.01, 0.2)
    error = size * random.normal(0, 1, length)
    if random.random() < 1 / 7:
        is_outlier = random.random(length) < 0.03
        error += is_outlier * size * random.uniform(3, 6, length) * random.choice([-1, 1], length)
    season = np.zeros(length)
    if season_length > 1 and random.random() < 0.7:
        season = _season(random, length, season_length)
    is_ratio = random.random() < 0.5
    values = (
        _from_one(path) * _from_one(season) * _from_one(error)
        if is_ratio
        else _from_one(path + season + error)
    )
    return np.asarray(np.exp(random.normal(6, 1)) * values, dtype=np.float64)


def _between(random: np.random.Generator, low: float, high: float) -> float:
    """Draw a number whose log is uniform."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def _from_one(change: FloatArray) -> FloatArray:
    """Return 1 + change above 1 and e^change below: linear, and always positive."""
    return np.where(change > 0, 1 + change, np.exp(np.minimum(change, 0)))


def _season(random: np.random.Generator, length: int, season_length: int) -> FloatArray:
    """Draw a season of a few waves or of free indices; one in three drifts."""
    shape = random.normal(0, 1, season_length)
    if season_length > 7 and random.random() < 0.6:
        wave = np.arange(1, int(random.integers(2, 5)))
        angle = 2 * np.pi * np.outer(wave, np.arange(season_length)) / season_length
        angle += random.uniform(0, 2 * np.pi, (wave.size, 1))
        shape = (random.normal(0, 1 / wave) @ np.sin(angle)).astype(np.float64)
    shape = _between(random, 0.01, 0.2) * (shape - shape.mean()) / shape.std()
    visits = -(-length // season_length) + 1
    drift = random.choice([0.0, 0.0, 0.02]) * random.normal(0, 1, (visits, season_length))
    season = (shape + np.cumsum(drift, axis=0)).ravel()
    start = int(random.integers(season_length))
    return np.asarray(season[start : start + length], dtype=np.float64)


def _random_walk(
    random: np.random.Generator, length: int, noise: float, season_length: int
) -> FloatArray:
    """Draw a random walk, with a drift in half of the cases."""
    drift = _growth(random, season_length) * random.choice([0.0, 1.0])
    return np.asarray(np.cumsum(drift + noise * random.normal(0, 1, length)))


def _local_level(
    random: np.random.Generator, length: int, noise: float, season_length: int
) -> FloatArray:
    """Draw a level that moves less than its error: simple smoothing is optimal."""
    return np.asarray(random.uniform(0.05, 0.5) * np.cumsum(noise * random.normal(0, 1, length)))


def _local_trend(
    random: np.random.Generator, length: int, noise: float, season_length: int
) -> FloatArray:
    """Draw a level whose slope moves, and fades in half of the cases."""
    phi = random.choice([1.0, random.uniform(0.5, 1.0) ** (1 / season_length)])
    slope = _growth(random, season_length)
    wander = random.uniform(0.05, 0.3) * noise / season_length
    level, path = 0.0, np.empty(length)
    for t in range(length):
        slope = phi * slope + wander * random.normal()
        level += slope + random.uniform(0.2, 1.0) * noise * random.normal()
        path[t] = level
    return path


def _line(random: np.random.Generator, length: int, noise: float, season_length: int) -> FloatArray:
    """Draw a straight line with an error that dies away (first-order autoregression)."""
    return (
        1 + _growth(random, season_length) * np.arange(length) + _returning(random, length, noise)
    )


def _exponential(
    random: np.random.Generator, length: int, noise: float, season_length: int
) -> FloatArray:
    """Draw steady growth or decline in per cent, with an error that dies away."""
    growth = np.exp(_growth(random, season_length) * np.arange(length))
    return np.asarray(growth * (1 + _returning(random, length, noise)) - 1)


def _level_shifts(
    random: np.random.Generator, length: int, noise: float, season_length: int
) -> FloatArray:
    """Draw a slowly moving level with one or two jumps of up to half the level."""
    path = np.cumsum(0.3 * noise * random.normal(0, 1, length))
    for _ in range(int(random.integers(1, 3))):
        path[int(random.integers(length)) :] += random.uniform(-0.5, 0.5)
    return np.asarray(path)


def _trend_breaks(
    random: np.random.Generator, length: int, noise: float, season_length: int
) -> FloatArray:
    """Draw a line whose slope is another one every eight years on average."""
    slopes, slope = np.empty(length), _growth(random, season_length)
    for t in range(length):
        if random.random() < 1 / (8 * season_length):
            slope = _growth(random, season_length)
        slopes[t] = slope
    steps = 0.5 * noise * random.normal(0, 1, length)
    return np.asarray(np.cumsum(slopes + steps) + _returning(random, length, 0.5 * noise))


def _returning(random: np.random.Generator, length: int, noise: float) -> FloatArray:
    """Draw errors of which each keeps a share of the last."""
    keep, path, value = random.uniform(0, 0.8), np.empty(length), 0.0
    for t, error in enumerate(noise * random.normal(0, 1, length)):
        value = keep * value + error
        path[t] = value
    return path


def _growth(random: np.random.Generator, season_length: int) -> float:
    """Draw the growth per point."""
    return float(random.normal(0.04, 0.05)) / season_length


TRENDS: dict[str, Trend] = {
    "random walk": _random_walk,
    "local level": _local_level,
    "local trend": _local_trend,
    "line": _line,
    "exponential growth": _exponential,
    "level shifts": _level_shifts,
    "trend breaks": _trend_breaks,
}
"""How the level of a short series moves."""

SHARES = (0.25, 0.10, 0.15, 0.10, 0.10, 0.10, 0.20)
"""Shares of the trends."""
