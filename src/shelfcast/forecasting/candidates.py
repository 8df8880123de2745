"""The fixed grid of exponential-smoothing candidates and its prior.

A candidate is one complete method with fixed parameters. Nothing is optimised: neighbours on the
grid are averaged with weights instead, which was measured to be better than choosing among them.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from shelfcast.forecasting.panel import FloatArray, IntArray

RAW, ADDITIVE, MULTIPLICATIVE = range(3)
"""How a season enters: not at all, as a difference, as a ratio."""

SMOOTHING, THETA, HOLT_WINTERS = range(3)
"""Which recursion runs: level and slope; dynamic Theta; level, slope and season."""


class Grid(NamedTuple):
    """The candidates that compete, family by family; a family shares recursion and season.

    Attributes
    ----------
    recursion, season : (n_families,) int
    bounds : (n_families + 1,) int
        Family ``f`` holds candidates ``bounds[f]`` to ``bounds[f + 1] - 1``.
    alpha, beta, phi, gamma, theta : (n_candidates,)
        Parameters; one that the recursion does not use is 0, and ``phi`` is then 1.
    prior : (n_candidates,)
        Prior probabilities; their sum is 1.
    """

    recursion: IntArray
    season: IntArray
    bounds: IntArray
    alpha: FloatArray
    beta: FloatArray
    phi: FloatArray
    gamma: FloatArray
    theta: FloatArray
    prior: FloatArray


class Method(NamedTuple):
    """A method: its recursion, prior odds and parameter sets (alpha, beta, phi, gamma, theta)."""

    recursion: int
    odds: float
    parameters: list[tuple[float, float, float, float, float]]


METHODS = {
    "simple_smoothing": Method(
        SMOOTHING,
        3.0,
        [
            (alpha, 0.0, 1.0, 0.0, 0.0)
            for alpha in (0.005, 0.015, 0.03, 0.06, 0.1, 0.16, 0.25, 0.37, 0.52, 0.7, 0.9)
        ],
    ),
    "holt": Method(
        SMOOTHING,
        0.3,
        [
            (alpha, beta, 1.0, 0.0, 0.0)
            for alpha, beta in product((0.05, 0.2, 0.5, 0.8), (0.02, 0.1, 0.3))
        ],
    ),
    "damped_trend": Method(
        SMOOTHING,
        1.5,
        [
            (alpha, beta, phi, 0.0, 0.0)
            for alpha, beta, phi in product(
                (0.05, 0.15, 0.35, 0.6, 0.9), (0.07, 0.25), (0.85, 0.96)
            )
        ],
    ),
    "theta": Method(
        THETA,
        2.0,
        [
            (alpha, 0.0, 1.0, 0.0, theta)
            for alpha, theta in product((0.01, 0.04, 0.1, 0.2, 0.4, 0.65, 0.9), (1.5, 2.0, 4.0))
        ],
    ),
    "holt_winters": Method(
        HOLT_WINTERS,
        1.0,
        [
            (alpha, 0.0, 1.0, gamma, 0.0)
            for alpha, gamma in product((0.01, 0.04, 0.12, 0.3), (0.01, 0.05, 0.2))
        ],
    ),
    "damped_holt_winters": Method(
        HOLT_WINTERS,
        0.5,
        [
            (alpha, 0.1, 0.95, gamma, 0.0)
            for alpha, gamma in product((0.05, 0.2, 0.5), (0.02, 0.15))
        ],
    ),
}
"""The methods; the odds of one hold for each season and are spread evenly over its parameters."""

SEASON_SUFFIXES = {RAW: "", ADDITIVE: "_additive", MULTIPLICATIVE: "_multiplicative"}


@cache
def family_names(season_length: int) -> tuple[str, ...]:
    """Return the names of the families, such as ``damped_trend_multiplicative``."""
    return tuple(method + SEASON_SUFFIXES[season] for season, method in _families(season_length))


@cache
def build_grid(season_length: int) -> Grid:
    """Return the grid: 228 candidates with a season, 64 where ``season_length`` is 1."""
    families = [(season, METHODS[method]) for season, method in _families(season_length)]
    sizes = [len(method.parameters) for _, method in families]
    alpha, beta, phi, gamma, theta = (
        np.array(column)
        for column in zip(
            *(row for _, method in families for row in method.parameters), strict=True
        )
    )
    odds = np.repeat([method.odds / len(method.parameters) for _, method in families], sizes)
    return Grid(
        np.array([method.recursion for _, method in families], dtype=np.int64),
        np.array([season for season, _ in families], dtype=np.int64),
        np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        alpha,
        beta,
        phi,
        gamma,
        theta,
        odds / odds.sum(),
    )


def _families(season_length: int) -> list[tuple[int, str]]:
    """List season and method of each family; a season of one day leaves the raw series alone."""
    return [
        (season, name)
        for season in ((RAW, ADDITIVE, MULTIPLICATIVE) if season_length > 1 else (RAW,))
        for name, method in METHODS.items()
        if not (season == RAW and method.recursion == HOLT_WINTERS)
    ]
