"""Seasonal indices by hand, and what series teach one another."""

from dataclasses import replace

import numpy as np
import pytest

from shelfcast.forecasting import Panel, SeasonalProfile, kernels, learn_profile
from shelfcast.forecasting.candidates import ADDITIVE, MULTIPLICATIVE, RAW
from shelfcast.forecasting.seasonality import Components, shrunk_indices


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
    additive, multiplicative, variance, mean, centre = measure([1, 3, 1, 3, 1, 3], 2)
    assert additive[0] == pytest.approx([-1.0, 1.0])
    assert multiplicative[0] == pytest.approx([0.5, 1.5])
    # no scatter about the phases; that without them, 1 on 4 days, is one of 4 - 2 + 1 squares
    assert variance[0] == pytest.approx([1 / 3 / 2, 1 / 3 / 2])
    assert mean[0] == centre[0] == pytest.approx(2.0)


def test_indices_and_their_variance():
    # averages of days 2 to 8: 2 2 2 3 3 3 2; deviations by phase -1 -2 | 0 -1 0 | 1 3
    additive, multiplicative, variance, mean, centre = measure([1, 2, 3, 1, 2, 6, 1, 2, 3], 3)
    means = np.array([-1.5, -1 / 3, 2.0])
    assert additive[0] == pytest.approx(means - means.mean())
    ratios = np.array([2 / 5, 6 / 7, 9 / 5])
    assert multiplicative[0] == pytest.approx(ratios / ratios.mean())
    residual = (0.5 + 2 / 3 + 2.0 + (1 + 4 + 0 + 1 + 0 + 1 + 9) / 7) / (7 - 3 + 1)
    assert variance[0] == pytest.approx([residual / 2, residual / 3, residual / 2])
    assert (mean[0], centre[0]) == pytest.approx((21 / 9, 17 / 7))


def test_unknown_days_are_left_out_of_the_average():
    # around day 3 (of 1 2 3 1 ? 3) only 2, 3 and 1 count; the average about an unknown day is none
    additive, _, variance, mean, _ = measure([1, 2, 3, 1, np.nan, 3], 3)
    # days 2, 3, 4: deviations 2 - 2 = 0, 3 - 2 = 1, 1 - (3 + 1)/2 = -1 at phases 1, 2, 0
    assert additive[0] == pytest.approx([-1.0, 0.0, 1.0])
    assert np.isfinite(variance).all()
    assert mean[0] == pytest.approx(2.0)


def test_phase_counts_from_the_end():
    y = [5.0, 1, 2, 3, 1, 2, 3, 1, 2, 3]
    assert measure(y[1:], 3)[1][0] == pytest.approx([0.5, 1.0, 1.5])
    assert np.argmax(measure(y, 3)[0][0]) == 2


def test_variance_components_are_found_again():
    panel, truth, _ = seasonal_panel(600, 84, spread=0.1, noise=20.0, seed=5)
    profile = learn_profile(panel, 7)
    assert profile.additive.profile == pytest.approx(truth, abs=0.02)
    assert profile.multiplicative.profile == pytest.approx(1 + truth, abs=0.02)
    # centring takes a seventh off the variance of the indices
    assert profile.additive.variance == pytest.approx(0.01 * 6 / 7, rel=0.15)
    assert profile.multiplicative.variance == pytest.approx(0.01 * 6 / 7, rel=0.15)


def test_shrinkage_brings_indices_nearer_to_the_truth():
    panel, _, own = seasonal_panel(300, 42, spread=0.05, noise=15.0, seed=6)
    profile = learn_profile(panel, 7)
    week = profile.additive.profile
    trusting = replace(profile, additive=Components(week, 1e9, 0.0))
    mistrusting = replace(profile, additive=Components(week, 0.0, 0.0))
    errors = [
        np.mean((shrunk_indices(panel, one)[:, ADDITIVE] - 100 * own) ** 2)
        for one in (profile, trusting, mistrusting)
    ]
    assert errors[0] < 0.8 * min(errors[1:])


def test_shrinkage_by_hand():
    # mean 21/9; own index z, sampling variance v: b = tau² / (tau² + v) in units of the mean
    y = np.array([1, 2, 3, 1, 2, 6, 1, 2, 3.0])
    profile = np.array([0.1, -0.3, 0.2])
    flat = SeasonalProfile.flat(3).multiplicative
    indices = shrunk_indices(
        Panel.from_series([y]), SeasonalProfile(3, Components(profile, 0.05, 0.0), flat)
    )
    own, _, variance, mean, _ = measure(y, 3)
    share = 0.05 / (0.05 + variance[0] / mean**2)
    expected = mean * (profile + share * (own[0] / mean - profile))
    assert indices[0, ADDITIVE] == pytest.approx(expected - expected.mean())
    assert indices[0, RAW] == pytest.approx(np.zeros(3))


def test_a_ratio_from_one_sale_is_as_unsure_as_one_sale():
    """The variance of a ratio from counts is about the days of a season - 1 / the sales."""
    y = np.zeros(707)
    y[400] = 1.0
    profile = SeasonalProfile(7, SeasonalProfile.flat(7).additive, Components(np.ones(7), 5.0, 0.0))
    ratios = shrunk_indices(Panel.from_series([y]), profile)[0, MULTIPLICATIVE]
    assert ratios.max() == pytest.approx(1 + 5 / (5 + 6) * 6, rel=0.02)
    assert ratios.min() == pytest.approx(1 - 5 / (5 + 6), rel=0.02)


def test_a_strong_season_is_shrunk_less_by_hand():
    # e = Σ ((z - g)² - v) / (m - 1), s = 4 (tau² + mean v)² / (m - 1)
    y = np.array([1, 2, 3, 1, 2, 6, 1, 2, 3.0])
    shared = Components(np.zeros(3), 0.05, 0.02)
    flat = SeasonalProfile.flat(3).multiplicative
    indices = shrunk_indices(Panel.from_series([y]), SeasonalProfile(3, shared, flat))
    own, _, variance, mean, _ = measure(y, 3)
    z, v = own[0] / mean, variance[0] / mean**2
    e, s = (z**2 - v).sum() / 2, 4 * (0.05 + v.mean()) ** 2 / 2
    tau = 0.05 + (e - 0.05) * 0.02 / (0.02 + s)
    assert e > tau > 0.05
    expected = mean * tau / (tau + v) * z
    assert indices[0, ADDITIVE] == pytest.approx(expected - expected.mean())


def test_the_spread_of_seasonal_strength_is_found():
    alike, _, _ = seasonal_panel(400, 84, spread=0.1, noise=20.0, seed=5)
    flat, _, _ = seasonal_panel(400, 84, spread=0.0, noise=20.0, seed=6)
    mixed = Panel.from_series([*(alike[i] for i in range(400)), *(flat[i] for i in range(400))])
    # half of them have tau² = t and half about 0: its variance is t² / 4
    t = learn_profile(alike, 7).additive.variance
    assert learn_profile(alike, 7).additive.spread < 0.15 * t**2
    assert learn_profile(mixed, 7).additive.spread == pytest.approx(t**2 / 4, rel=0.5)


def test_a_short_series_takes_the_profile():
    week = np.array([-0.2, -0.1, -0.1, 0, 0, 0.1, 0.3])
    profile = SeasonalProfile(7, Components(week, 0.01, 0.001), Components(1 - week, 0.01, 0.001))
    indices = shrunk_indices(Panel.from_series([[4.0, 6.0, 5.0]]), profile)
    assert indices[0, ADDITIVE] == pytest.approx(5.0 * week)
    assert indices[0, MULTIPLICATIVE] == pytest.approx(1 - week)


def test_a_lone_series_has_no_profile_to_share():
    panel, _, _ = seasonal_panel(1, 140, spread=0.1, noise=5.0, seed=7)
    profile = learn_profile(panel, 7)
    assert profile.additive.profile == pytest.approx(np.zeros(7))
    assert profile.multiplicative.profile == pytest.approx(np.ones(7))
    assert profile.additive.variance > 0.01  # but its own season is far beyond its noise
    own = shrunk_indices(panel, profile)[0, ADDITIVE]
    assert own == pytest.approx(measure(panel[0], 7)[0][0], rel=0.1, abs=1.0)


def test_the_profile_does_not_depend_on_order_or_unit():
    panel, _, _ = seasonal_panel(50, 60, spread=0.1, noise=20.0, seed=8)
    series = [panel[i] for i in range(50)]
    backwards = learn_profile(Panel.from_series(series[::-1]), 7)
    assert backwards.to_table().equals(learn_profile(panel, 7).to_table())
    units = learn_profile(Panel.from_series([y * 2.0**i for i, y in enumerate(series)]), 7)
    assert units.to_table().equals(learn_profile(panel, 7).to_table())


def test_nothing_to_learn_from():
    flat = SeasonalProfile.flat(7).to_table()
    for series in ([], [[]], [[np.nan] * 30], [[0.0] * 30], [[1.0, np.inf]]):
        assert learn_profile(Panel.from_series(series), 7).to_table() == flat


def test_profile_survives_a_table():
    panel, _, _ = seasonal_panel(30, 60, spread=0.1, noise=20.0, seed=9)
    table = learn_profile(panel, 7).to_table()
    shuffled = table.take([3, 1, 0, 6, 5, 2, 4])
    assert SeasonalProfile.from_table(shuffled).to_table().equals(table)
    with pytest.raises(ValueError, match="season_phase"):
        SeasonalProfile.from_table(table.slice(1))
    with pytest.raises(ValueError, match="season_length"):
        SeasonalProfile.flat(0)


def test_series_without_noise_teach_as_much_as_they_know():
    week = np.array([2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0])
    flat = learn_profile(Panel.from_series([np.tile(week * level, 8) for level in (1, 3, 5, 9)]), 7)
    assert flat.additive.profile == pytest.approx(np.zeros(7))
    assert flat.multiplicative.profile == pytest.approx(np.ones(7))
    week[5] = 9.0
    panel = Panel.from_series([np.tile(week * level, 8) for level in (1, 3, 5, 9)])
    assert learn_profile(panel, 7).multiplicative.profile == pytest.approx(week / week.mean())
