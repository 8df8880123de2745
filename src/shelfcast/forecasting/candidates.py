"""The fixed grid of exponential-smoothing candidates and its prior.

A candidate is one complete method with fixed parameters. Nothing is optimised: neighbours on the
grid are averaged with weights instead, which was measured to be better than choosing among them.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from shelfcast.forecasting.panel import BoolArray, FloatArray, IntArray

RAW, ADDITIVE, MULTIPLICATIVE = range(3)
"""How a season enters: not at all, as a difference, as a ratio."""

SMOOTHING, THETA, HOLT_WINTERS, SEASONAL = range(4)
"""Which recursion runs: level and slope; dynamic Theta; level, slope and season; season alone."""


SEASONS = {
    SMOOTHING: (RAW, ADDITIVE, MULTIPLICATIVE),
    THETA: (RAW, ADDITIVE, MULTIPLICATIVE),
    HOLT_WINTERS: (ADDITIVE, MULTIPLICATIVE),
    SEASONAL: (RAW,),
}
"""How a season may enter a recursion."""


class Tempering(NamedTuple):
    """How far the errors of a series are trusted when its candidates are weighed.

    Attributes
    ----------
    share : float
        Observations that count per observation made: neighbouring errors are alike.
    one_step : float
        Share of one-step errors in a score; that of errors several steps ahead is the rest.
    """

    share: float
    one_step: float


class Grid(NamedTuple):
    """The candidates that compete.

    Attributes
    ----------
    recursion, season : (n_candidates,) int
    number : (n_candidates,) int
        Position in the whole grid; a part of the grid keeps it.
    family : (n_candidates,) int
        Position in `family_names`.
    alpha, beta, phi, gamma, theta : (n_candidates,)
        Parameters; one that the recursion does not use is 0, and ``phi`` is then 1.
    """

    recursion: IntArray
    season: IntArray
    number: IntArray
    family: IntArray
    alpha: FloatArray
    beta: FloatArray
    phi: FloatArray
    gamma: FloatArray
    theta: FloatArray

    @property
    def size(self) -> int:
        """Number of candidates."""
        return int(self.number.size)

    @property
    def has_seasons(self) -> BoolArray:
        """Whether a candidate has seasonal states of its own (n_candidates,)."""
        return np.asarray(self.recursion >= HOLT_WINTERS)

    @property
    def with_seasons(self) -> int:
        """Number of candidates that have."""
        return int(self.has_seasons.sum())

    def part(self, is_kept: BoolArray) -> Grid:
        """Return the candidates that are kept (n_candidates,), in their order."""
        return Grid(
            self.recursion[is_kept],
            self.season[is_kept],
            self.number[is_kept],
            self.family[is_kept],
            self.alpha[is_kept],
            self.beta[is_kept],
            self.phi[is_kept],
            self.gamma[is_kept],
            self.theta[is_kept],
        )


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
    "seasonal_smoothing": Method(
        SEASONAL, 0.5, [(alpha, 0.0, 1.0, 0.0, 0.0) for alpha in (0.3, 0.6, 1.0)]
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
    """Return the whole grid: 231 candidates with a season, 64 where ``season_length`` is 1."""
    rows = [
        (method.recursion, season, family, *parameters)
        for family, (season, name) in enumerate(_families(season_length))
        for method in [METHODS[name]]
        for parameters in method.parameters
    ]
    recursion, season, family, *parameters = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Grid(recursion, season, np.arange(len(rows)), family, *parameters)


@cache
def base_prior(season_length: int) -> FloatArray:
    """Return the prior before anything is learnt (n_candidates,): the odds of the methods."""
    methods = [METHODS[name] for _, name in _families(season_length)]
    odds = np.array([method.odds / len(method.parameters) for method in methods])
    prior = odds[build_grid(season_length).family]
    return np.asarray(prior / prior.sum())


def _families(season_length: int) -> list[tuple[int, str]]:
    """List season and method of each family; a season of one day leaves the raw series alone."""
    return [
        (season, name)
        for season in ((RAW, ADDITIVE, MULTIPLICATIVE) if season_length > 1 else (RAW,))
        for name, method in METHODS.items()
        if season in SEASONS[method.recursion]
        and (method.recursion != SEASONAL or season_length > 1)
    ]
