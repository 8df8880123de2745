"""Promises kept on a generated panel: what lies below a quantile, and the error of the mean."""

import numpy as np
import pytest

from shelfcast.forecasting import forecast_arrays

DAYS, AHEAD = 400, 28
ORIGINS = (330, 344, 358)
LEVELS = (0.5, 0.9, 0.95, 0.975)


def generate(n, seed):
    """Counts with a weekly season, a drifting level and more variance than Poisson's."""
    rng = np.random.default_rng(seed)
    level = np.log(rng.lognormal(1.8, 0.9, (n, 1)))
    level = level + np.cumsum(rng.normal(0, 0.015, (n, DAYS)), axis=1)
    week = np.array([-0.15, -0.1, -0.1, 0.0, 0.1, 0.2, 0.05]) * rng.uniform(0.3, 1.7, (n, 1))
    rate = np.exp(level + week[:, np.arange(DAYS) % 7])
    shape = rng.choice([2.0, 6.0, 50.0], (n, 1))
    return rng.poisson(rate * rng.gamma(shape, 1 / shape, (n, DAYS))).astype(float)


@pytest.fixture(scope="module")
def backtests():
    """Forecasts and the demand that followed, from three origins."""
    demand = generate(1500, 41)
    return [
        (
            forecast_arrays(list(demand[:, :o]), AHEAD, 7, LEVELS),
            demand[:, :o],
            demand[:, o:][:, :AHEAD],
        )
        for o in ORIGINS
    ]


@pytest.mark.parametrize("days", [7, 28])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.975])
def test_sums_fall_below_their_upper_quantiles_as_often_as_promised(backtests, days, level):
    position = LEVELS.index(level)
    share = np.mean(
        [
            future[:, :days].sum(axis=1) <= forecast.cumulative_quantiles[:, days - 1, position]
            for forecast, _, future in backtests
        ]
    )
    assert share == pytest.approx(level, abs=0.02)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_days_fall_below_their_upper_quantiles_as_often_as_promised(backtests, level):
    position = LEVELS.index(level)
    share = np.mean([f.quantiles[:, :, position] >= future for f, _, future in backtests])
    assert share == pytest.approx(level, abs=0.02)


def test_the_expected_shortage_is_that_of_the_future(backtests):
    for forecast, _, future in backtests:
        stock = forecast.cumulative.quantile(0.8, 14)
        found = np.maximum(future[:, :14].sum(axis=1) - stock, 0).sum()
        assert forecast.cumulative.loss(stock, 14).sum() == pytest.approx(found, rel=0.3)


def test_paths_keep_to_the_mean_forecast(backtests):
    for forecast, _, _ in backtests:
        expected = forecast.cumulative.loss(0.0, AHEAD)
        assert expected.sum() == pytest.approx(forecast.mean.sum(), rel=0.01)


def test_the_mean_beats_last_week(backtests):
    ours = naive = total = bias = 0.0
    for forecast, past, future in backtests:
        ours += np.abs(forecast.mean - future).sum()
        naive += np.abs(np.tile(past[:, -7:], 4) - future).sum()
        bias += (forecast.mean - future).sum()
        total += future.sum()
    assert ours < 0.8 * naive
    assert abs(bias) < 0.03 * total
