"""Weighted quantiles of demand paths, and the reorder point as one, against sorting them."""

import numpy as np
import pytest

from shelfcast.inventory import lead_time_pmf
from shelfcast.inventory.kernels import reorder_point, undershoot_points, weighted_quantile


def sorted_quantile(values, weights, level):
    """The definition, by sorting everything."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return values[order][min(np.searchsorted(reached, level - 1e-9), values.size - 1)]


@pytest.mark.parametrize("size", [1, 2, 3, 10, 257, 1_999, 2_000, 30_000])
@pytest.mark.parametrize("law", ["normal", "ties", "constant", "rising", "outlier", "by block"])
def test_weighted_quantile_is_the_sorted_one(size, law):
    rng = np.random.default_rng(size)
    values = {
        "normal": rng.normal(size=size),
        "ties": rng.poisson(0.7, size).astype(float),
        "constant": np.ones(size),
        "rising": np.arange(size, dtype=float),
        "outlier": np.where(rng.random(size) < 0.01, 1e6, rng.random(size)),
        "by block": np.arange(size) // 500 * 10.0 + rng.random(size),
    }[law]
    weights = rng.random(size)
    weights /= weights.sum()
    for level in (0.001, 0.05, 0.5, 0.9, 0.95, 0.999, 1.0, 1.1):
        assert weighted_quantile(values.copy(), weights.copy(), level) == sorted_quantile(
            values, weights, level
        )


def test_equal_weights_reach_their_level_exactly():
    values = np.arange(1.0, 501.0)
    assert weighted_quantile(values.copy(), np.full(500, 1 / 500), 0.95) == 475


def test_quantile_outside_the_bracket_of_the_sample_is_found():
    # Every value that the sample sees is 0; the 95 % quantile is 1.
    values = np.ones(2_500)
    values[::10] = 0.0
    assert weighted_quantile(values, np.full(2_500, 1 / 2_500), 0.95) == 1


@pytest.mark.parametrize("sd", [0.0, 2.0])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_reorder_point_is_the_quantile_of_all_sums(sd, level):
    rng = np.random.default_rng(9)
    paths = np.cumsum(rng.negative_binomial(1, 0.2, (12, 200)), axis=0).astype(float)
    pmf = lead_time_pmf(4, sd, 12)
    sums, weights = [], []
    for lead in np.flatnonzero(pmf):
        demand = paths[lead - 1] if lead else np.zeros(200)
        reached = demand[:, None] + undershoot_points(paths)[None]
        sums.append(reached.ravel())
        weights.append(np.full(reached.size, pmf[lead] / reached.size))
    expected = sorted_quantile(np.concatenate(sums), np.concatenate(weights), level)
    assert reorder_point(paths, pmf, level) == pytest.approx(expected, abs=1e-9)
