"""Seasonal indices by hand, and what series teach one another."""

import numpy as np
import pytest

from shelfcast.forecasting import Panel, Prior, kernels, learn_prior
from shelfcast.forecasting.seasonality import shrunk_indices


def measure(y, season_length):
    panel = Panel.from_series([y])
    return kernels.seasonal_indices(panel.values, panel.offsets, season_length)


def seasonal_panel(n, length, spread, noise, seed):
    """Series 100 + 100 × own index + noise, whose indices scatter about a profile by ``spread``."""
    rng = np.random.default_rng(seed)
    profile = np.array([-0.2, -0.1, -0.1, 0.0, 0.0, 0.1, 0.3])
    own = profile + rng.normal(0, spread, (n, 7))
    own -= own.mean(axis=1, keepdims=True)
    days = np.arange(-length, 0) % 7
    values = 100 + 100 * own[:, days] + rng.normal(0, noise, (n, length))
    return Panel.from_series(list(values)), profile, own


def test_indices_of_an_even_season():
    # the centred average of 1 3 1 3 1 3 is (0.5 + 3 + 0.5)/2 = 2; the last day has phase 1
    additive, multiplicative, variance, mean = measure([1, 3, 1, 3, 1, 3], 2)
    assert additive[0] == pytest.approx([-1.0, 1.0])
    assert multiplicative[0] == pytest.approx([0.5, 1.5])
    assert variance[0] == pytest.approx([0.0, 0.0])
    assert mean[0] == pytest.approx(2.0)


def test_indices_and_their_variance():
    # averages of days 2 to 8: 2 2 2 3 3 3 2; deviations by phase -1 -2 | 0 -1 0 | 1 3
    additive, multiplicative, variance, _ = measure([1, 2, 3, 1, 2, 6, 1, 2, 3], 3)
    means = np.array([-1.5, -1 / 3, 2.0])
    assert additive[0] == pytest.approx(means - means.mean())
    ratios = np.array([2 / 5, 6 / 7, 9 / 5])
    assert multiplicative[0] == pytest.approx(ratios / ratios.mean())
    residual = (0.5 + 2 / 3 + 2.0) / (7 - 3)
    assert variance[0] == pytest.approx([residual / 2, residual / 3, residual / 2])


def test_unknown_days_are_left_out_of_the_average():
    # around day 3 (of 1 2 3 1 ? 3) only 2, 3 and 1 count; the average about an unknown day is none
    additive, _, variance, mean = measure([1, 2, 3, 1, np.nan, 3], 3)
    # days 2, 3, 4: deviations 2 - 2 = 0, 3 - 2 = 1, 1 - (3 + 1)/2 = -1 at phases 1, 2, 0
    assert additive[0] == pytest.approx([-1.0, 0.0, 1.0])
    assert np.isfinite(variance).all()
    assert mean[0] == pytest.approx(2.0)


def test_phase_counts_from_the_end():
    y = [5.0, 1, 2, 3, 1, 2, 3, 1, 2, 3]
    assert measure(y[1:], 3)[1][0] == pytest.approx([0.5, 1.0, 1.5])
    assert np.argmax(measure(y, 3)[0][0]) == 2


def test_variance_components_are_found_again():
    panel, profile, _ = seasonal_panel(600, 84, spread=0.1, noise=20.0, seed=5)
    prior = learn_prior(panel, 7)
    assert prior.additive_profile == pytest.approx(profile, abs=0.02)
    assert prior.multiplicative_profile == pytest.approx(1 + profile, abs=0.02)
    # centring takes a seventh off the variance of the indices
    assert prior.additive_variance == pytest.approx(0.01 * 6 / 7, rel=0.15)
    assert prior.multiplicative_variance == pytest.approx(0.01 * 6 / 7, rel=0.15)


def test_shrinkage_brings_indices_nearer_to_the_truth():
    panel, _, own = seasonal_panel(300, 42, spread=0.05, noise=15.0, seed=6)
    prior = learn_prior(panel, 7)
    shrunk, _ = shrunk_indices(panel, prior)
    trusting, _ = shrunk_indices(
        panel, Prior(7, prior.additive_profile, 1e9, prior.multiplicative_profile, 1e9)
    )
    mistrusting, _ = shrunk_indices(
        panel, Prior(7, prior.additive_profile, 0.0, prior.multiplicative_profile, 0.0)
    )
    errors = [np.mean((i - 100 * own) ** 2) for i in (shrunk, trusting, mistrusting)]
    assert errors[0] < 0.8 * min(errors[1:])


def test_shrinkage_by_hand():
    # mean 21/9; own index z, sampling variance v: b = tau² / (tau² + v) in units of the mean
    y = np.array([1, 2, 3, 1, 2, 6, 1, 2, 3.0])
    profile = np.array([0.1, -0.3, 0.2])
    additive, _ = shrunk_indices(Panel.from_series([y]), Prior(3, profile, 0.05, np.ones(3), 0.0))
    own, _, variance, mean = measure(y, 3)
    share = 0.05 / (0.05 + variance[0] / mean**2)
    expected = mean * (profile + share * (own[0] / mean - profile))
    assert additive[0] == pytest.approx(expected - expected.mean())


def test_a_short_series_takes_the_profile():
    prior = Prior(7, np.array([-0.2, -0.1, -0.1, 0, 0, 0.1, 0.3]), 0.01, np.ones(7), 0.01)
    additive, multiplicative = shrunk_indices(Panel.from_series([[4.0, 6.0, 5.0]]), prior)
    assert additive[0] == pytest.approx(5.0 * prior.additive_profile)
    assert multiplicative[0] == pytest.approx(np.ones(7))


def test_a_lone_series_has_no_profile_to_share():
    panel, _, _ = seasonal_panel(1, 140, spread=0.1, noise=5.0, seed=7)
    prior = learn_prior(panel, 7)
    assert prior.additive_profile == pytest.approx(np.zeros(7))
    assert prior.multiplicative_profile == pytest.approx(np.ones(7))
    assert prior.additive_variance > 0.01  # but its own season is far beyond its noise
    own, _ = shrunk_indices(panel, prior)
    assert own[0] == pytest.approx(measure(panel[0], 7)[0][0], rel=0.1, abs=1.0)


def test_the_prior_does_not_depend_on_order_or_unit():
    panel, _, _ = seasonal_panel(50, 60, spread=0.1, noise=20.0, seed=8)
    series = [panel[i] for i in range(50)]
    backwards = learn_prior(Panel.from_series(series[::-1]), 7)
    assert backwards.to_table().equals(learn_prior(panel, 7).to_table())
    units = learn_prior(Panel.from_series([y * 2.0**i for i, y in enumerate(series)]), 7)
    assert units.to_table().equals(learn_prior(panel, 7).to_table())


def test_nothing_to_learn_from():
    for series in ([], [[]], [[np.nan] * 30], [[0.0] * 30], [[1.0, np.inf]]):
        assert learn_prior(Panel.from_series(series), 7).to_table() == Prior.flat(7).to_table()


def test_prior_survives_a_table():
    panel, _, _ = seasonal_panel(30, 60, spread=0.1, noise=20.0, seed=9)
    table = learn_prior(panel, 7).to_table()
    shuffled = table.take([3, 1, 0, 6, 5, 2, 4])
    assert Prior.from_table(shuffled).to_table().equals(table)
    with pytest.raises(ValueError, match="season_phase"):
        Prior.from_table(table.slice(1))
    with pytest.raises(ValueError, match="season_length"):
        Prior.flat(0)


def test_series_without_noise_teach_as_much_as_they_know():
    week = np.array([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    flat = learn_prior(Panel.from_series([np.tile(week * level, 8) for level in (1, 3, 5, 9)]), 7)
    assert flat.additive_profile == pytest.approx(np.zeros(7))
    assert flat.multiplicative_profile == pytest.approx(np.ones(7))
    week[5] = 9.0
    panel = Panel.from_series([np.tile(week * level, 8) for level in (1, 3, 5, 9)])
    assert learn_prior(panel, 7).multiplicative_profile == pytest.approx(week / week.mean())
