"""The recursions against numbers worked out by hand."""

import math

import numpy as np
import pytest

from shelfcast.forecasting import kernels
from shelfcast.forecasting.candidates import METHODS, build_grid, family_names

NAN = np.nan


def smooth(x, alpha, beta=0.0, phi=1.0, horizon=2):
    """Forecasts of the days after ``x``, and the sum of squared errors from the second day on."""
    forecasts, squares = np.empty((1, horizon, 1)), np.empty((1, 1))
    kernels.run_smoothing(
        np.array(x, float), np.ones(len(x)), np.array([len(x)]), 1,
        np.array([alpha]), np.array([beta]), np.array([phi]), forecasts, squares,
    )  # fmt: skip
    return forecasts.ravel(), squares.item()


def theta(x, alpha, parameter, horizon=2):
    forecasts, squares = np.empty((1, horizon, 1)), np.empty((1, 1))
    kernels.run_theta(
        np.array(x, float), np.ones(len(x)), np.array([len(x)]), 1,
        np.array([alpha]), np.array([parameter]), forecasts, squares,
    )  # fmt: skip
    return forecasts.ravel(), squares.item()


def holt_winters(y, index, is_ratio):
    forecasts, squares = np.empty((1, 2, 1)), np.empty((1, 1))
    kernels.run_holt_winters(
        np.array(y, float), np.array(index), is_ratio, np.array([len(y)]), 1,
        np.array([0.5]), np.array([0.0]), np.array([1.0]), np.array([0.2]), forecasts, squares,
    )  # fmt: skip
    return forecasts.ravel(), squares.item()


def test_simple_smoothing():
    # levels 2; 2 + 1/2 (4 - 2) = 3; 3 + 1/2 (6 - 3) = 4.5. errors 2 and 3
    forecasts, squares = smooth([2, 4, 6], 0.5)
    assert forecasts == pytest.approx([4.5, 4.5])
    assert squares == pytest.approx(13.0)


def test_simple_smoothing_starts_as_a_running_mean():
    assert smooth([2, 4, 9], 0.01)[0] == pytest.approx([5.0, 5.0])


def test_holt_starts_as_a_running_line():
    # least squares through (1, 1), (2, 3), (3, 8): slope 3.5, value at 3 is 7.5. errors 2 and 3
    forecasts, squares = smooth([1, 3, 8], 0.1, 0.1)
    assert forecasts == pytest.approx([11.0, 14.5])
    assert squares == pytest.approx(13.0)


def test_holt_keeps_to_its_own_gains_in_the_end():
    # after many days on a line the next error e moves level by 0.5 e and slope by 0.5 × 0.2 e
    line = list(range(200))
    forecasts, _ = smooth([*line, 210], 0.5, 0.2)
    level, slope = 200 + 0.5 * 10, 1 + 0.1 * 10
    assert forecasts == pytest.approx([level + slope, level + 2 * slope])


def test_damped_trend():
    # day 2: error 2, level 3, slope 2. day 3: expected 3 + 1 = 4, error 4, gains 5/6 and 1/2:
    # level 4 + 10/3, slope 1 + 2 = 3. ahead + 1.5, then + 0.75
    forecasts, squares = smooth([1, 3, 8], 0.1, 0.1, 0.5)
    assert forecasts == pytest.approx([22 / 3 + 1.5, 22 / 3 + 2.25])
    assert squares == pytest.approx(20.0)


def test_an_unknown_day_is_a_time_update():
    # level 3, slope 2, then level 3 + 1 = 4, slope 1; ahead + 0.5, then + 0.25
    forecasts, squares = smooth([1, 3, NAN], 0.1, 0.1, 0.5)
    assert forecasts == pytest.approx([4.5, 4.75])
    assert squares == pytest.approx(4.0)


def test_errors_return_to_the_unit_of_the_series_by_their_weights():
    forecasts, squares = np.empty((1, 1, 1)), np.empty((1, 1))
    one = np.array([1.0])
    kernels.run_smoothing(
        np.array([2.0, 4.0, 6.0]), np.array([1.0, 9.0, 0.25]), np.array([3]), 1,
        0.5 * one, 0 * one, one, forecasts, squares,
    )  # fmt: skip
    assert squares.item() == pytest.approx(9.0 * 4.0 + 0.25 * 9.0)


def test_theta():
    # alpha 1/2, theta 2. start: level (1/2 + 1/4) 2 = 1.5, forecast 2.
    # 4: level 2.75, line 0 + 2 t, q 1/4, forecast 2.75 + (0 + 0.875/0.5 × 2)/2 = 4.5
    # 6: level 4.375, line 0 + 2 t, q 1/8, forecast 4.375 + (0 + 0.9375/0.5 × 2)/2 = 6.25
    # 6.25: level 5.3125, slope (2 × 2 + 6 × 2.25/4)/5 = 1.475, intercept 4.5625 - 3.6875 = 0.875,
    #       q 1/16, forecast 5.3125 + (0.0546875 + 0.96875/0.5 × 1.475)/2 = 6.76875
    forecasts, squares = theta([2, 4, 6], 0.5, 2.0)
    assert forecasts == pytest.approx([6.25, 6.76875])
    assert squares == pytest.approx(2.0**2 + 1.5**2)


@pytest.mark.parametrize("parameter", [1.5, 2.0, 4.0])
def test_theta_is_the_average_of_a_line_and_a_smoothed_theta_line(parameter):
    # Assimakopoulos & Nikolopoulos (2000): Z = theta y + (1 - theta) (A + B t), smoothed from y_1
    y, alpha = np.random.default_rng(3).gamma(4.0, 1.0, 30), 0.2
    t = np.arange(1, 31)
    slope, intercept = np.polyfit(t, y, 1)
    level = y[0]
    for value in parameter * y + (1 - parameter) * (intercept + slope * t):
        level += alpha * (value - level)
    expected = level / parameter + (1 - 1 / parameter) * (intercept + slope * 31)
    assert theta(y, alpha, parameter, 1)[0].item() == pytest.approx(expected)


def test_theta_puts_its_forecast_in_place_of_an_unknown_day():
    assert theta([2, 4, 6, NAN], 0.5, 2.0)[0][0] == pytest.approx(6.76875)
    assert theta([2, 4, 6, NAN], 0.5, 2.0)[1] == pytest.approx(6.25)


def test_holt_winters_additive():
    # level 3 - 1 = 2. day 2: error 3 - 2 + 1 = 2, season -1 + max(0.2, 1/6) 0.5 × 2 = -0.8,
    # level 2 + 0.5 × 2 = 3
    forecasts, squares = holt_winters([3, 3], [1.0, -1.0], False)
    assert forecasts == pytest.approx([3 + 1, 3 - 0.8])
    assert squares == pytest.approx(4.0)


def test_holt_winters_multiplicative():
    # level 3/1.5 = 2. day 2: error 2 - 2 × 0.5 = 1, season 0.5 + 0.1 × 1/2 = 0.55,
    # level 2 + 0.5 × 1/0.5 = 3
    forecasts, squares = holt_winters([3, 2], [1.5, 0.5], True)
    assert forecasts == pytest.approx([3 * 1.5, 3 * 0.55])
    assert squares == pytest.approx(1.0)


def test_an_additive_candidate_gets_its_season_back():
    # 0.005 smoothing of an exact season about 10 forecasts that season
    y = np.tile([8.0, 10.0, 12.0], 6) / 16
    grid = build_grid(3)
    forecasts, squares = np.empty((1, 3, grid.prior.size)), np.empty((1, grid.prior.size))
    kernels.run_grid(
        y, np.array([-2.0, 0.0, 2.0]) / 16, np.array([0.8, 1.0, 1.2]), grid,
        np.array([18]), 1, 0.0, forecasts, squares,
    )  # fmt: skip
    families = family_names(3)
    for name in ("simple_smoothing_additive", "theta_multiplicative", "holt_winters_additive"):
        family = families.index(name)
        first = grid.bounds[family]
        assert 16 * forecasts[0, :, first] == pytest.approx([8.0, 10.0, 12.0], abs=1e-6)
        assert squares[0, first] == pytest.approx(0.0, abs=1e-12)
    raw = grid.bounds[families.index("simple_smoothing")]
    assert 16 * forecasts[0, :, raw] == pytest.approx([10.0] * 3)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (730, [*range(506, 730, 28), 730]),  # steps of the horizon
        (90, [*range(34, 90, 7), 90]),  # (90 - 30) // 8 = 7
        (5, [4, 5]),
        (3, [3]),
    ],
)
def test_past_origins(length, expected):
    assert kernels.past_origins(length, 7, 28, 8).tolist() == expected


def test_scores_use_the_errors_known_at_an_origin():
    # from origin 1 forecasts 2, 2 of actual 2, 4; from origin 2 forecast 3 of actual 4
    forecasts = np.array([[2.0, 2.0], [3.0, 3.0], [0.0, 0.0]])[:, :, None]
    squares = np.array([[0.0], [1.0], [5.0]])
    scores = np.empty((3, 1))
    kernels.score_grid(
        np.array([1.0, 2.0, 4.0]), np.array([1, 2, 3]), np.array([0.0, 1.0, 2.0]), 0.5,
        forecasts, squares, scores,
    )  # fmt: skip
    assert scores.ravel() == pytest.approx(
        [
            math.log(0.5) / 2,
            math.log(1.0 + 0.5) / 4 + math.log(0.0 + 0.5) / 4,
            math.log(2.5 + 0.5) / 4 + math.log((0.0 + 4.0 + 1.0) / 3 + 0.5) / 4,
        ]
    )


def test_weights_are_prior_times_likelihood():
    # likelihoods 1 and exp(-2 × ln(3)/2) = 1/3, prior odds 1 : 3
    weights = np.empty(2)
    kernels.weigh(np.array([7.0, 7.0 + math.log(3) / 2]), 2.0, np.array([0.25, 0.75]), weights)
    assert weights == pytest.approx([0.5, 0.5])


def test_the_grid_spreads_a_method_s_odds_over_its_candidates():
    grid = build_grid(7)
    names = family_names(7)
    assert grid.prior.size == 228
    assert build_grid(1).prior.size == 64
    assert grid.prior.sum() == pytest.approx(1.0)
    mass = dict(zip(names, np.add.reduceat(grid.prior, grid.bounds[:-1]), strict=True))
    assert mass["theta"] / mass["holt"] == pytest.approx(METHODS["theta"].odds / 0.3)
    assert mass["simple_smoothing_multiplicative"] == pytest.approx(mass["simple_smoothing"])
