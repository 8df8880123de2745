"""The public function over every kind of series."""

import numpy as np
import pytest
from scipy.stats import poisson

from shelfcast.forecasting import FallbackReason, forecast_arrays, forecasts

NAN = np.nan
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def degenerate_series():
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
        "one_known": np.array([NAN, 4.0, NAN]),
        "intermittent": (rng.random(200) < 0.08) * rng.poisson(4, 200).astype(float),
        "sold_once": np.array([0.0] * 90 + [1.0, 0.0, 0.0]),
        "leading_zeros": np.r_[np.zeros(80), rng.poisson(5, 30)].astype(float),
        "leading_gap": np.r_[np.full(60, NAN), rng.poisson(5, 30)],
        "trailing_gap": np.r_[rng.poisson(5, 60), np.full(10, NAN)],
        "long_trailing_gap": np.r_[rng.poisson(5, 10), np.full(300, NAN)],
        "gaps": np.where(rng.random(150) < 0.4, NAN, rng.poisson(6, 150)),
        "exact_season": np.tile(np.arange(7.0), 20),
        "returns": rng.poisson(4, 90) - 3.0,
        "negative": -rng.gamma(2.0, 3.0, 90),
        "infinite": np.r_[rng.poisson(5, 60), np.inf, rng.poisson(5, 10), -np.inf],
        "large": 1e300 * rng.random(80),
        "small": 1e-300 * rng.random(80),
        "step": np.r_[np.full(60, 1.0), np.full(20, 1000.0)],
        "ramp": np.arange(60.0) ** 2,
        "ordinary": rng.poisson(10, 365).astype(float),
    }


@pytest.mark.parametrize("season_length", [1, 7, 12])
@pytest.mark.parametrize("horizon", [1, 28])
def test_every_kind_of_series(season_length, horizon):
    series = degenerate_series()
    together = forecast_arrays(list(series.values()), horizon, season_length, LEVELS)
    assert together.mean.shape == (len(series), horizon)
    assert together.quantiles.shape == (len(series), horizon, len(LEVELS))
    assert together.cumulative_quantiles.shape == (len(series), horizon, len(LEVELS))
    alone = [forecast_arrays([y], horizon, season_length, LEVELS) for y in series.values()]
    for position, (name, y) in enumerate(series.items()):
        for result, row in ((together, position), (alone[position], 0)):
            mean, daily = result.mean[row], result.quantiles[row]
            cumulative = result.cumulative_quantiles[row]
            assert np.isfinite(mean).all(), name
            assert np.isfinite(daily).all(), name
            assert np.isfinite(cumulative).all(), name
            assert (np.diff(daily, axis=1) >= 0).all(), name
            assert (np.diff(cumulative, axis=1) >= 0).all(), name
            if not (y < 0).any():
                assert min(mean.min(), daily.min(), cumulative.min()) >= 0, name


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


def test_infinite_values_count_as_unknown_and_are_reported():
    y = degenerate_series()["infinite"]
    found, expected = (forecast_arrays([s]) for s in (y, np.where(np.isinf(y), NAN, y)))
    np.testing.assert_array_equal(found.quantiles, expected.quantiles)
    assert found.fallback_reason.tolist() == [FallbackReason.NON_FINITE_VALUES]
    assert expected.fallback_reason.tolist() == [None]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("constant", np.full(10, 3.0)), ("exact_season", np.tile(np.arange(7.0), 2)[:10])],
)
def test_certain_series_are_forecast_exactly(name, expected):
    result = forecast_arrays([degenerate_series()[name]], 10)
    assert result.mean[0] == pytest.approx(expected, abs=1e-6)
    assert result.quantiles[0, :, 2] == pytest.approx(expected, abs=1e-4)


def test_a_trend_is_followed():
    rng = np.random.default_rng(2)
    y = 50 + 0.5 * np.arange(200) + rng.normal(0, 3, 200)
    truth = 50 + 0.5 * np.arange(200, 214)
    assert forecast_arrays([y], 14, 1).mean[0] == pytest.approx(truth, abs=3.0)


def retail_panel(n, seed):
    rng = np.random.default_rng(seed)
    return [
        rng.poisson(rng.gamma(2, 3) * (1 + 0.4 * np.sin(np.arange(length) * 2 * np.pi / 7)))
        for length in rng.integers(20, 300, n)
    ]


def test_the_result_of_a_series_does_not_depend_on_the_others():
    series = retail_panel(40, 31) + list(degenerate_series().values())
    learnt = forecast_arrays(retail_panel(40, 32), 14)
    pool, prior = (
        learnt.cumulative.pool,
        forecasts.learn_prior(forecasts.Panel.from_series(retail_panel(40, 32)), 7),
    )
    together = forecast_arrays(series, 14, quantiles=LEVELS, pool=pool, prior=prior)
    for i, y in enumerate(series):
        alone = forecast_arrays([y], 14, quantiles=LEVELS, pool=pool, prior=prior)
        np.testing.assert_array_equal(alone.mean[0], together.mean[i])
        np.testing.assert_array_equal(alone.quantiles[0], together.quantiles[i])
        np.testing.assert_array_equal(
            alone.cumulative_quantiles[0], together.cumulative_quantiles[i]
        )
        assert alone.method[0] == together.method[i]


def test_the_division_among_threads_does_not_show(monkeypatch):
    series = retail_panel(30, 33)
    whole = forecast_arrays(series)
    monkeypatch.setattr(forecasts, "SERIES_PER_TASK", 7)
    parts = forecast_arrays(series)
    np.testing.assert_array_equal(parts.quantiles, whole.quantiles)
    np.testing.assert_array_equal(parts.method, whole.method)


def test_order_does_not_matter():
    series = retail_panel(60, 34)
    forwards, backwards = forecast_arrays(series), forecast_arrays(series[::-1])
    np.testing.assert_array_equal(backwards.mean[::-1], forwards.mean)
    np.testing.assert_array_equal(backwards.quantiles[::-1], forwards.quantiles)


@pytest.mark.parametrize("unit", [0.001, 12.0, 1e9])
def test_forecasts_follow_the_unit(unit):
    series = [y.astype(float) for y in retail_panel(30, 35)]
    one, other = forecast_arrays(series), forecast_arrays([unit * y for y in series])
    np.testing.assert_allclose(other.mean, unit * one.mean, rtol=1e-7)
    np.testing.assert_allclose(other.quantiles, unit * one.quantiles, rtol=1e-5, atol=1e-6 * unit)


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"horizon": 0}, "horizon is 0"),
        ({"season_length": 0}, "season_length is 0"),
        ({"quantiles": (0.5, 0.1)}, "quantiles must rise"),
        ({"quantiles": (0.0, 0.5)}, "quantiles must rise"),
        ({"series": [np.ones((2, 2))]}, "series 0 has 2 dimensions"),
        ({"censored": [[True]]}, "6 values have 1 stock-out flags"),
        ({"censored": []}, "zip"),
        ({"prior": forecasts.Prior.flat(5)}, "season has 5 days, not 7"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        forecast_arrays(**{"series": [np.arange(6.0)], **arguments})
