"""The public function on series of which the answer is known; test_harness has every kind."""

import numpy as np
import pytest
from degenerate_series import degenerate_series
from scipy.stats import poisson

from shelfcast.forecasting import FallbackReason, Prior, SeasonalProfile, forecast_arrays

NAN = np.nan
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def test_no_series():
    result = forecast_arrays([], 14, quantiles=LEVELS)
    assert result.mean.shape == (0, 14)
    assert result.quantiles.shape == (0, 14, len(LEVELS))
    assert result.cumulative.cdf(3.0, 7).shape == (0,)


@pytest.mark.parametrize(
    ("name", "method", "reason", "mean"),
    [
        ("empty", "zero", FallbackReason.NO_OBSERVATIONS, 0.0),
        ("all_unknown", "zero", FallbackReason.NO_OBSERVATIONS, 0.0),
        ("all_zero", "zero", FallbackReason.NO_DEMAND, 0.0),
        ("one_zero", "zero", FallbackReason.NO_DEMAND, 0.0),
        ("one_value", "mean", FallbackReason.TOO_FEW_OBSERVATIONS, 5.0),
        ("two_values", "mean", FallbackReason.TOO_FEW_OBSERVATIONS, 3.0),
        ("one_known", "mean", FallbackReason.TOO_FEW_OBSERVATIONS, 4.0),
    ],
)
def test_hopeless_series_fall_back_with_a_reason(name, method, reason, mean):
    result = forecast_arrays([degenerate_series()[name]], 5)
    assert result.method.tolist() == [method]
    assert result.fallback_reason.tolist() == [reason]
    assert result.mean[0] == pytest.approx(np.full(5, mean))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("constant", np.full(10, 3.0)), ("exact_season", np.tile(np.arange(7.0), 2)[:10])],
)
def test_certain_series_are_forecast_exactly(name, expected):
    """But for the scatter without season, which counts as one observation of that about it."""
    result = forecast_arrays([degenerate_series()[name]], 10)
    assert result.mean[0] == pytest.approx(expected, abs=1e-3)
    assert result.quantiles[0, :, 2] == pytest.approx(expected, abs=1e-3)


def test_a_trend_is_followed():
    rng = np.random.default_rng(2)
    y = 50 + 0.5 * np.arange(200) + rng.normal(0, 3, 200)
    truth = 50 + 0.5 * np.arange(200, 214)
    assert forecast_arrays([y], 14, 1).mean[0] == pytest.approx(truth, abs=3.0)


def test_constant_series_do_not_blur_the_others():
    """A constant has errors of floating point alone; as z-scores they would be anything."""
    noisy = list(np.random.default_rng(5).poisson(5.0, (300, 200)).astype(float))
    constant = [np.full(200, 4.0 + 0.1 * i) for i in range(10)]
    alone = forecast_arrays(noisy, quantiles=(0.95,))
    beside = forecast_arrays(noisy + constant, quantiles=(0.95,))
    upper_alone = alone.cumulative.quantile(0.95, 14)
    upper_beside = beside.cumulative.quantile(0.95, 14)[:300]
    assert np.mean(upper_beside) == pytest.approx(np.mean(upper_alone), rel=0.01)
    # the law of demand itself gives 84; not knowing its level exactly adds a little
    assert poisson.ppf(0.95, 70) < upper_alone.mean() < 1.1 * poisson.ppf(0.95, 70)
    np.testing.assert_allclose(beside.mean[300:, 0], [4.0 + 0.1 * i for i in range(10)])


def test_the_inputs_are_left_alone():
    y = np.array([1.0, np.inf, 3.0, 4.0, NAN, 6.0])
    before = y.copy()
    forecast_arrays([y], censored=[np.array([0, 0, 1, 0, 0, 0], bool)])
    np.testing.assert_array_equal(y, before)


def test_stocked_out_days_count_as_demand_that_was_not_met():
    rng = np.random.default_rng(36)
    demand = rng.poisson(20, 140).astype(float)
    stock = np.where(rng.random(140) < 0.3, rng.integers(0, 15, 140), 1000)
    sales = np.minimum(demand, stock)
    raw, completed = (
        forecast_arrays([sales], 7, censored=censored).mean.mean()
        for censored in (None, [sales >= stock])
    )
    assert completed == pytest.approx(20, rel=0.08)
    assert raw < 0.9 * completed


def test_method_names_the_family_that_leads():
    rng = np.random.default_rng(37)
    trend = 10 + 2.0 * np.arange(120) + rng.normal(0, 1, 120)
    flat = rng.normal(100, 1, 120)
    weekly = np.tile([10.0, 10, 10, 10, 10, 50, 80], 20) * rng.uniform(0.9, 1.1, 140)
    methods = forecast_arrays([trend, flat, weekly]).method.tolist()
    assert methods[0].startswith(("holt", "damped", "theta"))
    assert methods[1].startswith("simple_smoothing")
    assert methods[2].endswith(("_additive", "_multiplicative"))


@pytest.mark.parametrize("arguments", [{"horizon": 28.0}, {"season_length": 7.5}])
def test_days_are_whole_numbers(arguments):
    with pytest.raises(TypeError, match="integer"):
        forecast_arrays([np.ones(30)], **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon": 0}, "horizon is 0"),
        ({"horizon": -3}, "horizon is -3"),
        ({"quantiles": 0.5}, "quantiles must rise"),
        ({"season_length": 0}, "season_length is 0"),
        ({"quantiles": (0.5, 0.1)}, "quantiles must rise"),
        ({"quantiles": (0.0, 0.5)}, "quantiles must rise"),
        ({"series": [np.ones((2, 2))]}, "series 0 has 2 dimensions"),
        ({"censored": [[True]]}, "6 values have 1 stock-out flags"),
        ({"censored": []}, "zip"),
        ({"prior": Prior.unlearnt(SeasonalProfile.flat(5))}, "season has 5 days, not 7"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        forecast_arrays(**{"series": [np.arange(6.0)], **arguments})
