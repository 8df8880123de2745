"""The comparison methods against numbers worked out by hand."""

import numpy as np
import pytest

from shelfcast.forecasting.comparisons import (
    adida,
    best_alpha,
    croston_sba,
    imapa,
    mean_interval,
    seasonal_naive,
    smooth,
    tsb,
)

NAN = np.nan
INTERMITTENT = [0.0, 0.0, 3.0, 0.0, 5.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def test_seasonal_naive_repeats_the_last_season():
    assert seasonal_naive([9, 9, 9, 1, 2, 3], 5, 3).tolist() == [1, 2, 3, 1, 2]
    assert seasonal_naive([9, 9, 4], 2, 1).tolist() == [4, 4]


def test_seasonal_naive_looks_further_back_for_an_unknown_day():
    assert seasonal_naive([7, 8, 9, 1, NAN, np.inf], 3, 3).tolist() == [1, 8, 9]


def test_seasonal_naive_takes_the_last_value_for_a_day_never_seen():
    # the days before the first value are the ones never seen: phases 0 to 2 of 5
    assert seasonal_naive([4, 6], 6, 5).tolist() == [6, 6, 6, 4, 6, 6]


def test_croston_sba():
    # sizes 3; 3 + 0.2 (5 - 3) = 3.4; 3.4 + 0.2 (1 - 3.4) = 2.92
    # intervals 3; 3 + 0.2 (2 - 3) = 2.8; 2.8 + 0.2 (4 - 2.8) = 3.04
    assert croston_sba(INTERMITTENT, 2, 0.2) == pytest.approx([0.9 * 2.92 / 3.04] * 2)


def test_tsb():
    # sizes as above; the probability starts at 0 and moves by a half every day:
    # 0, 0, 1/2, 1/4, 5/8, 5/16, 5/32, 5/64, 69/128, 69/256
    assert tsb(INTERMITTENT, 2, 0.2, 0.5) == pytest.approx([2.92 * 69 / 256] * 2)


def test_adida():
    # mean interval (3 + 2 + 4)/3 = 3; sums of (0 3 0) (5 0 0) (0 1 0) are 3, 5, 1. From level 3 +
    # 2 a the squared error is (1 - 3 - 2 a)², least for the smallest gain: 3.2 - 0.22 = 2.98
    assert adida(INTERMITTENT, 2) == pytest.approx([2.98 / 3] * 2, rel=1e-8)


def test_imapa():
    # blocks of 1, 2 and 3 days; each with its own gain
    rates = []
    for days, sums in ((1, INTERMITTENT), (2, [0, 3, 5, 0, 1]), (3, [3, 5, 1])):
        gains = np.linspace(0.1, 0.3, 20001)
        errors = [smooth(np.array(sums, float), gain)[1] for gain in gains]
        rates.append(smooth(np.array(sums, float), gains[np.argmin(errors)])[0] / days)
    assert imapa(INTERMITTENT, 2) == pytest.approx([np.mean(rates)] * 2, rel=1e-4)


def test_smooth():
    # levels 2, 3, 4.5; errors 2 and 3
    assert smooth(np.array([2.0, 4.0, 6.0]), 0.5) == (4.5, 13.0)


def test_the_gain_is_the_best_within_its_bounds():
    rng = np.random.default_rng(5)
    level = 100 + 0.22 * rng.normal(size=4000).cumsum()
    x = level + rng.normal(size=4000)
    gains = np.linspace(0.1, 0.3, 2001)
    best = gains[np.argmin([smooth(x, gain)[1] for gain in gains])]
    assert 0.15 < best < 0.25
    assert best_alpha(x) == pytest.approx(best, abs=1e-4)
    assert best_alpha(np.arange(50.0)) == pytest.approx(0.3, abs=1e-8)
    assert best_alpha(np.array([3.0, 5.0, 1.0])) == pytest.approx(0.1, abs=1e-8)
    # no gain is better than another
    assert best_alpha(np.full(9, 4.0)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("y", "expected"),
    [([0, 0], 0), ([1, 1], 1), ([0, 1, 0, 0, 1], 2), ([0, 1, 0], 2), ([1, 0, 0, 0, 1], 2)],
)
def test_the_mean_interval_is_rounded_half_to_even(y, expected):
    assert mean_interval(np.array(y, float)) == expected


@pytest.mark.parametrize("method", [croston_sba, tsb, adida, imapa])
def test_an_unknown_day_is_left_out(method):
    gappy = [NAN, 0.0, 0.0, NAN, 3.0, 0.0, 5.0, 0.0, np.inf, 0.0, 0.0, 1.0, 0.0, NAN]
    np.testing.assert_array_equal(method(gappy, 3), method(INTERMITTENT, 3))


@pytest.mark.parametrize("method", [croston_sba, tsb, adida, imapa])
def test_a_return_counts_with_its_sign(method):
    np.testing.assert_array_equal(method(-np.array(INTERMITTENT), 3), -method(INTERMITTENT, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: seasonal_naive([1.0], 0), "horizon is 0"),
        (lambda: seasonal_naive([1.0], 1, 0), "season_length is 0"),
        (lambda: croston_sba([1.0], -1), "horizon is -1"),
        (lambda: croston_sba([1.0], 1, 1.5), "alpha is 1.5"),
        (lambda: tsb([1.0], 1, -0.1), "alpha is -0.1"),
        (lambda: tsb([1.0], 1, 0.1, NAN), "probability_alpha is nan"),
        (lambda: adida(np.ones((2, 2)), 1), "has 2 dimensions"),
        (lambda: imapa([1.0], 0), "horizon is 0"),
    ],
)
def test_bad_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
