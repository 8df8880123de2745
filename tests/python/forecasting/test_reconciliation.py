"""Reconciliation: hand-computed examples, and what holds whatever the forecasts."""

from __future__ import annotations

import numpy as np
import pytest

from shelfcast.forecasting.panel import FloatArray, IntArray
from shelfcast.forecasting.reconciliation import (
    like_for_like,
    prefers_average,
    reconcile,
    top_down_factors,
)

NAN = np.nan
ONE_TOTAL = np.zeros(2, dtype=np.int64)
SERIES, HORIZON = 40, 14


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def total(random: np.random.Generator) -> IntArray:
    """Total of each series; every total has some."""
    return np.append(np.arange(5), random.integers(0, 5, SERIES - 5)).astype(np.int64)


@pytest.fixture
def forecast(random: np.random.Generator) -> FloatArray:
    """Forecasts in sixteenths, so that sums are exact in any order; a fifth of them are 0."""
    made = random.integers(0, 160, (SERIES, HORIZON)) / 16
    return np.where(random.random((SERIES, HORIZON)) < 0.2, 0.0, made)


def sums(values: FloatArray, total: IntArray) -> FloatArray:
    return np.stack([values[total == one].sum(axis=0) for one in np.unique(total)])


def test_a_missing_series_counts_at_its_share() -> None:
    values = np.array([[3.0, 2.0, NAN, 0.0], [NAN, 1.0, 1.0, NAN]])
    made = like_for_like(values, ONE_TOTAL, np.array([3.0, 1.0]))
    # 3 of 4 known: 3 × 4/3; all known: 2 + 1; 1 of 4 known: too little; 3 of 4: 0
    np.testing.assert_allclose(made, [[4.0, 3.0, NAN, 0.0]])


def test_half_of_a_total_is_enough() -> None:
    values = np.array([[5.0], [NAN]])
    assert like_for_like(values, ONE_TOTAL, np.array([2.0, 2.0])) == [[10.0]]
    assert np.isnan(like_for_like(values, ONE_TOTAL, np.array([2.0, 2.1])))


def test_a_launch_is_no_growth() -> None:
    values = np.full((4, 60), 2.0)
    values[2:, :30] = NAN
    made = like_for_like(values, np.zeros(4, dtype=np.int64), np.full(4, 2.0))
    np.testing.assert_array_equal(made, np.full((1, 60), 8.0))


def test_factors_by_hand() -> None:
    forecast = np.array([[4.0, 4.0, 0.0, 1.0], [4.0, 0.0, 0.0, NAN]])
    total_forecast = np.array([[12.0, 800.0, 5.0, 1.0]])
    made = top_down_factors(forecast, total_forecast, ONE_TOTAL, np.array([1.0, 1.0]))
    # 12/8; 800/4, at most 2; nothing below; 1 / (1 × 2/1), as one of two is not forecast
    np.testing.assert_array_equal(made, [[1.5, 2.0, 1.0, 0.5], [1.5, 2.0, 1.0, 0.5]])


def test_a_negative_total_is_not_shared_out() -> None:
    made = top_down_factors(np.ones((2, 1)), np.array([[-1.0]]), ONE_TOTAL, np.ones(2))
    np.testing.assert_array_equal(made, [[1.0], [1.0]])


def test_the_mean_of_three_by_hand() -> None:
    made = reconcile(
        np.array([[4.0], [4.0]]),
        [np.array([[1.5], [1.5]]), np.array([[0.5], [2.0]])],
        np.array([True, True]),
    )
    np.testing.assert_allclose(made, [[4.0], [6.0]], rtol=1e-15)


def test_what_is_not_averaged_stays_bit_for_bit(random: np.random.Generator) -> None:
    forecast = random.lognormal(0, 9, (SERIES, HORIZON))
    factors = [random.random((SERIES, HORIZON)) * 2 for _ in range(2)]
    is_averaged = np.arange(SERIES) % 2 == 0
    made = reconcile(forecast, factors, is_averaged)
    np.testing.assert_array_equal(made[1::2], forecast[1::2])
    assert (made[::2] != forecast[::2]).all()


def test_totals_that_agree_already_change_nothing(forecast: FloatArray, total: IntArray) -> None:
    factor = top_down_factors(forecast, sums(forecast, total), total, np.ones(SERIES))
    np.testing.assert_array_equal(factor, np.ones_like(factor))
    made = reconcile(forecast, [factor, factor], np.ones(SERIES, dtype=bool))
    np.testing.assert_array_equal(made, forecast)


def test_sums_are_the_mean_of_the_forecasts_of_the_total(
    forecast: FloatArray, total: IntArray, random: np.random.Generator
) -> None:
    forecast = forecast + 1
    below = sums(forecast, total)
    total_forecast = below * random.uniform(0.1, 1.9, below.shape)
    factor = top_down_factors(forecast, total_forecast, total, np.ones(SERIES))
    made = reconcile(forecast, [factor], np.ones(SERIES, dtype=bool))
    np.testing.assert_allclose(sums(made, total), (below + total_forecast) / 2, rtol=1e-13)


def test_nothing_is_negative_or_unknown(
    forecast: FloatArray, total: IntArray, random: np.random.Generator
) -> None:
    total_forecast = random.normal(0, 1e3, (5, HORIZON))
    factor = top_down_factors(forecast, total_forecast, total, np.ones(SERIES))
    made = reconcile(forecast, [factor, factor], np.ones(SERIES, dtype=bool))
    assert (made >= 0).all()
    assert (made <= 2 * forecast).all()


def test_the_order_of_series_changes_nothing(
    forecast: FloatArray, total: IntArray, random: np.random.Generator
) -> None:
    forecast[random.random(forecast.shape) < 0.1] = NAN
    mean = random.integers(1, 9, SERIES).astype(np.float64)
    total_forecast = random.random((5, HORIZON)) * 50
    shuffled = random.permutation(SERIES)
    np.testing.assert_array_equal(
        top_down_factors(forecast, total_forecast, total, mean)[shuffled],
        top_down_factors(forecast[shuffled], total_forecast, total[shuffled], mean[shuffled]),
    )


def test_a_segment_with_many_series_decides_for_itself() -> None:
    segment = np.repeat([0, 1], [400, 400])
    bottom_up = np.ones(800)
    averaged = np.repeat([0.9, 1.05], 400)
    np.testing.assert_array_equal(prefers_average(bottom_up, averaged, segment), [True, False])


def test_a_segment_with_few_series_follows_the_pool() -> None:
    segment = np.repeat([0, 1], [400, 4])
    averaged = np.repeat([0.9, 1.05], [400, 4])
    np.testing.assert_array_equal(prefers_average(np.ones(404), averaged, segment), [True, True])
    averaged = np.repeat([1.05, 0.9], [400, 4])
    np.testing.assert_array_equal(prefers_average(np.ones(404), averaged, segment), [False, False])


def test_own_errors_and_a_hundred_means_are_added() -> None:
    # gains .505, .505 and -1, mean .01/3: of the single series -1 + 1/3, of the two 1.01 + 1/3
    made = prefers_average(np.array([1, 1, 0]), np.array([0.495, 0.495, 1.0]), [0, 0, 1])
    np.testing.assert_array_equal(made, [True, False])
    # gains .7, .7 and -1, mean .4/3: now -1 + 40/3
    made = prefers_average(np.array([1, 1, 0]), np.array([0.3, 0.3, 1.0]), [0, 0, 1])
    np.testing.assert_array_equal(made, [True, True])


def test_one_wild_series_does_not_decide() -> None:
    bottom_up = np.append(np.ones(300), 1e9)
    averaged = np.append(np.full(300, 1.1), 1.0)
    np.testing.assert_array_equal(prefers_average(bottom_up, averaged, np.zeros(301)), [False])


@pytest.mark.parametrize("error", [[NAN, NAN], [1.0, 1.0]])
def test_without_evidence_forecasts_stay_as_they_are(error: list[float]) -> None:
    np.testing.assert_array_equal(
        prefers_average(np.array(error), np.array(error), [0, 1]), [False, False]
    )


def test_no_series_is_no_error() -> None:
    nothing, nobody = np.empty((0, HORIZON)), np.empty(0, dtype=np.int64)
    assert like_for_like(nothing, nobody, np.empty(0)).shape == (0, HORIZON)
    assert top_down_factors(nothing, nothing, nobody, np.empty(0)).shape == (0, HORIZON)
    assert prefers_average(np.empty(0), np.empty(0), nobody).shape == (0,)
    assert reconcile(nothing, [nothing, nothing], np.empty(0, dtype=bool)).shape == (0, HORIZON)
