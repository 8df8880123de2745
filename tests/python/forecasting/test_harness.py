"""Every method over every kind of series: the rule, each family of the grid, each comparison."""

import numpy as np
import pytest
from degenerate_series import FALL_BACKS, degenerate_series, equal_prior

from shelfcast.forecasting import Panel, forecast_arrays, learn_profile
from shelfcast.forecasting.candidates import build_grid, family_names
from shelfcast.forecasting.comparisons import adida, croston_sba, imapa, seasonal_naive, tsb

SERIES = degenerate_series()
LEVELS = (0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999)
SEASON_LENGTHS = (1, 4, 7, 12, 24, 52)

WITH_A_FACTOR = ("croston_sba", "croston_sba_slowest", "croston_sba_fastest")
COMPARISONS = {
    "seasonal_naive": seasonal_naive,
    "seasonal_naive_1": lambda y, h: seasonal_naive(y, h, 1),
    "seasonal_naive_52": lambda y, h: seasonal_naive(y, h, 52),
    "croston_sba": croston_sba,
    "croston_sba_slowest": lambda y, h: croston_sba(y, h, 0.0),
    "croston_sba_fastest": lambda y, h: croston_sba(y, h, 1.0),
    "tsb": tsb,
    "tsb_slowest": lambda y, h: tsb(y, h, 0.0, 0.0),
    "tsb_fastest": lambda y, h: tsb(y, h, 1.0, 1.0),
    "adida": adida,
    "imapa": imapa,
}


def known(y):
    return y[np.isfinite(y)]


def prior_of(season_length, grid):
    profile = learn_profile(Panel.from_series(list(SERIES.values())), season_length)
    return equal_prior(profile, grid)


def families():
    return [
        (season_length, family)
        for season_length in SEASON_LENGTHS
        for family in range(len(family_names(season_length)))
    ]


def check(result, series, horizon):
    """Shapes, no NaN, nothing negative without returns, quantiles in order, what fell back."""
    shape = (len(series), horizon, len(LEVELS))
    assert result.mean.shape == shape[:2]
    assert result.quantiles.shape == result.cumulative_quantiles.shape == shape
    for i, (name, y) in enumerate(series.items()):
        forecasts = result.mean[i], result.quantiles[i], result.cumulative_quantiles[i]
        for values in forecasts:
            assert np.isfinite(values).all(), name
            assert values.min() >= 0 or (known(y) < 0).any(), name
        for values in forecasts[1:]:
            assert (np.diff(values, axis=1) >= 0).all(), name
        if name in FALL_BACKS:
            assert (result.method[i], result.fallback_reason[i]) == FALL_BACKS[name], name
        else:
            reason = "NON_FINITE_VALUES" if np.isinf(y).any() else None
            assert result.fallback_reason[i] == reason, name


@pytest.mark.parametrize("horizon", [1, 28])
@pytest.mark.parametrize("season_length", SEASON_LENGTHS)
def test_the_rule(season_length, horizon):
    together = forecast_arrays(list(SERIES.values()), horizon, season_length, LEVELS)
    check(together, SERIES, horizon)
    fitted = [i for i, name in enumerate(SERIES) if name not in FALL_BACKS]
    assert set(together.method[fitted]) <= set(family_names(season_length))


@pytest.mark.parametrize("season_length", [1, 7, 52])
def test_the_rule_with_one_series_to_learn_from(season_length):
    for name, y in SERIES.items():
        check(forecast_arrays([y], 9, season_length, LEVELS), {name: y}, 9)


@pytest.mark.parametrize(("season_length", "family"), families())
def test_every_family_alone(season_length, family):
    whole = build_grid(season_length)
    prior = prior_of(season_length, whole.part(whole.family == family))
    result = forecast_arrays(list(SERIES.values()), 9, season_length, LEVELS, prior=prior)
    check(result, SERIES, 9)
    fitted = [i for i, name in enumerate(SERIES) if name not in FALL_BACKS]
    assert set(result.method[fitted]) == {family_names(season_length)[family]}


@pytest.mark.parametrize("gain", [1e-6, 1.0])
@pytest.mark.parametrize("season_length", [1, 7])
def test_every_family_at_its_bounds(season_length, gain):
    """Gains that never or at once learn, a trend that stops at once or never, a bare line."""
    whole = build_grid(season_length)
    has_slope, has_theta = whole.beta > 0, whole.theta > 0
    grid = whole._replace(
        alpha=np.full(whole.size, gain),
        beta=np.where(has_slope, gain, 0.0),
        phi=np.where(has_slope, gain, 1.0),
        gamma=np.full(whole.size, gain),
        theta=np.where(has_theta, 1.0 if gain < 1 else 1e6, 0.0),
    )
    result = forecast_arrays(
        list(SERIES.values()), 9, season_length, LEVELS, prior=prior_of(season_length, grid)
    )
    check(result, SERIES, 9)


@pytest.mark.parametrize("horizon", [1, 28])
@pytest.mark.parametrize("name", COMPARISONS)
def test_every_comparison(name, horizon):
    for kind, y in SERIES.items():
        forecast = COMPARISONS[name](y, horizon)
        assert forecast.shape == (horizon,), kind
        assert np.isfinite(forecast).all(), kind
        values = known(y) if known(y).size else np.zeros(1)
        assert forecast.min() >= min(values.min(), 0), kind
        assert forecast.max() <= max(values.max(), 0), kind
        if not values.any():
            assert not forecast.any(), kind
        if kind == "constant":
            bias = forecast / 3.0 if name in WITH_A_FACTOR else 1.0
            assert forecast == pytest.approx(3.0 * bias), kind


def test_a_series_that_falls_back_leaves_the_others_alone():
    """Also where prior and pool are learnt from all, because it teaches nothing."""
    healthy = {name: y for name, y in SERIES.items() if name not in FALL_BACKS}
    alone = forecast_arrays(list(healthy.values()), 9, quantiles=LEVELS)
    together = forecast_arrays(list(SERIES.values()), 9, quantiles=LEVELS)
    rows = [i for i, name in enumerate(SERIES) if name in healthy]
    np.testing.assert_array_equal(together.mean[rows], alone.mean)
    np.testing.assert_array_equal(together.quantiles[rows], alone.quantiles)
    np.testing.assert_array_equal(together.cumulative_quantiles[rows], alone.cumulative_quantiles)


def test_an_infinite_value_counts_as_unknown():
    y = SERIES["infinite"]
    found, expected = (forecast_arrays([s]) for s in (y, np.where(np.isinf(y), np.nan, y)))
    np.testing.assert_array_equal(found.quantiles, expected.quantiles)
    assert expected.fallback_reason.tolist() == [None]
    for name, method in COMPARISONS.items():
        without = method(np.where(np.isinf(y), np.nan, y), 3)
        np.testing.assert_array_equal(method(y, 3), without, err_msg=name)
