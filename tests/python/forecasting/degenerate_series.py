"""Series that a forecaster may meet and must survive, and a prior to meet them with."""

from dataclasses import replace

import numpy as np

from shelfcast.forecasting import Prior
from shelfcast.forecasting.priors import PAST_ORIGINS

NAN = np.nan


def degenerate_series():
    """One series of each kind, by name."""
    rng = np.random.default_rng(21)
    return {
        "empty": np.empty(0),
        "one_value": np.array([5.0]),
        "two_values": np.array([2.0, 4.0]),
        "three_values": np.array([1.0, 2.0, 4.0]),
        "one_zero": np.array([0.0]),
        "constant": np.full(50, 3.0),
        "all_zero": np.zeros(100),
        "all_unknown": np.full(30, NAN),
        "all_infinite": np.full(30, np.inf),
        "one_known": np.array([NAN, 4.0, NAN]),
        "intermittent": (rng.random(200) < 0.08) * rng.poisson(4, 200).astype(float),
        "sold_once": np.array([0.0] * 90 + [1.0, 0.0, 0.0]),
        "sold_first": np.array([7.0] + [0.0] * 60),
        "died": np.r_[rng.poisson(5, 60), np.zeros(120)].astype(float),
        "leading_zeros": np.r_[np.zeros(80), rng.poisson(5, 30)].astype(float),
        "leading_gap": np.r_[np.full(60, NAN), rng.poisson(5, 30)],
        "trailing_gap": np.r_[rng.poisson(5, 60), np.full(10, NAN)],
        "long_trailing_gap": np.r_[rng.poisson(5, 10), np.full(300, NAN)],
        "gaps": np.where(rng.random(150) < 0.4, NAN, rng.poisson(6, 150)),
        "blocks_of_gaps": np.where(np.arange(160) // 20 % 2 == 1, NAN, rng.poisson(6, 160)),
        "one_weekday_known": np.where(np.arange(140) % 7 == 3, rng.poisson(9, 140), NAN),
        "exact_season": np.tile(np.arange(7.0), 20),
        "shorter_than_a_season": rng.poisson(4, 6).astype(float),
        "returns": rng.poisson(4, 90) - 3.0,
        "returned_once": np.r_[rng.poisson(4, 40), -30, rng.poisson(4, 40)].astype(float),
        "returned_in_full": np.tile([5.0, -5.0], 40),
        "negative": -rng.gamma(2.0, 3.0, 90),
        "infinite": np.r_[rng.poisson(5, 60), np.inf, rng.poisson(5, 10), -np.inf],
        "large": 1e300 * rng.random(80),
        "small": 1e-300 * rng.random(80),
        "large_and_small": np.tile([1e300, 1e-300], 40),
        "spike": np.r_[rng.poisson(5, 50), 1e6, rng.poisson(5, 50)],
        "step": np.r_[np.full(60, 1.0), np.full(20, 1000.0)],
        "ramp": np.arange(60.0) ** 2,
        "collapse": 0.5 ** np.arange(60.0),
        "ordinary": rng.poisson(10, 365).astype(float),
    }


FALL_BACKS = {
    "empty": ("zero", "NO_OBSERVATIONS"),
    "all_unknown": ("zero", "NO_OBSERVATIONS"),
    "all_infinite": ("zero", "NO_OBSERVATIONS"),
    "all_zero": ("zero", "NO_DEMAND"),
    "one_zero": ("zero", "NO_DEMAND"),
    "one_value": ("mean", "TOO_FEW_OBSERVATIONS"),
    "two_values": ("mean", "TOO_FEW_OBSERVATIONS"),
    "one_known": ("mean", "TOO_FEW_OBSERVATIONS"),
}
"""Series that no candidate is fitted to: method of last resort, and why."""


def equal_prior(profile, grid):
    """Return a prior that gives each candidate of ``grid`` the same weight."""
    weights = np.full((PAST_ORIGINS + 1, grid.size), 1 / grid.size)
    return replace(Prior.unlearnt(profile), grid=grid, weights=weights)
