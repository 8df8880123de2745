"""The recursions against numbers worked out by hand."""

import math

import numpy as np
import pytest

from shelfcast.forecasting import kernels, recursions
from shelfcast.forecasting.candidates import (
    METHODS,
    Tempering,
    base_prior,
    build_grid,
    family_names,
)

NAN = np.nan


FREE = np.array([[-np.inf, np.inf]])


def run(recursion, x, *parameters, horizon=2, weight=None, ratio=None, bounds=FREE):
    """Forecasts of the days after ``x``, and the sum of squared errors from the second day on.

    A parameter that is the name of another argument of the recursion stands for that.
    """
    x = np.array(x, float)
    ratio = np.ones(x.size) if ratio is None else np.array(ratio, float)
    given = {
        "table": recursions.gain_table(x.size + horizon + 10),
        "origins": np.array([x.size]),
        "bounds": np.array(bounds, float),
    }
    forecasts, squares = np.empty((1, horizon)), np.empty(1)
    recursion(
        x, np.ones(x.size) if weight is None else np.array(weight),
        recursions.young_gains(x, ratio),
        *(given.get(one, one) if isinstance(one, str) else one for one in parameters),
        forecasts, squares,
    )  # fmt: skip
    return forecasts[0], squares.item()


def steps(alpha, m=1):
    return np.full(m, alpha)


def smooth(x, alpha, **options):
    return run(recursions.run_simple, x, steps(alpha), "origins", "bounds", **options)


def trend(x, alpha, beta, phi=1.0, **options):
    return run(recursions.run_trend, x, steps(alpha), "origins", "bounds", beta, phi, **options)


def theta(x, alpha, parameter, horizon=2, **options):
    given = steps(alpha), "table", "origins", "bounds", alpha, parameter
    return run(recursions.run_theta, x, *given, horizon=horizon, **options)


def holt_winters(y, index, is_ratio, beta=0.0, phi=1.0, alpha=0.5):
    index = np.array(index)
    own = recursions.own_steps(alpha, index) if is_ratio else steps(alpha, index.size)
    ratio = index[np.arange(-len(y), 0) % index.size] if is_ratio else None
    given = own, "table", "origins", "bounds", is_ratio, -np.inf, alpha, beta, phi, 0.2, index
    return run(recursions.run_holt_winters, y, *given, ratio=ratio)


def test_simple_smoothing():
    # levels 2; 2 + 1/2 (4 - 2) = 3; 3 + 1/2 (6 - 3) = 4.5. errors 2 and 3
    forecasts, squares = smooth([2, 4, 6], 0.5)
    assert forecasts == pytest.approx([4.5, 4.5])
    assert squares == pytest.approx(13.0)


def test_simple_smoothing_starts_as_a_running_mean():
    assert smooth([2, 4, 9], 0.01)[0] == pytest.approx([5.0, 5.0])


def test_holt_starts_as_a_running_line():
    # least squares through (1, 1), (2, 3), (3, 8): slope 3.5, value at 3 is 7.5. errors 2 and 3
    forecasts, squares = trend([1, 3, 8], 0.1, 0.1)
    assert forecasts == pytest.approx([11.0, 14.5])
    assert squares == pytest.approx(13.0)


def test_holt_keeps_to_its_own_gains_in_the_end():
    # after many days on a line the next error e moves level by 0.5 e and slope by 0.5 × 0.2 e
    line = list(range(200))
    forecasts, _ = trend([*line, 210], 0.5, 0.2)
    level, slope = 200 + 0.5 * 10, 1 + 0.1 * 10
    assert forecasts == pytest.approx([level + slope, level + 2 * slope])


def test_damped_trend():
    # day 2: error 2, level 3, slope 2. day 3: expected 3 + 1 = 4, error 4, gains 5/6 and 1/2:
    # level 4 + 10/3, slope 1 + 2 = 3. ahead + 1.5, then + 0.75
    forecasts, squares = trend([1, 3, 8], 0.1, 0.1, 0.5)
    assert forecasts == pytest.approx([22 / 3 + 1.5, 22 / 3 + 2.25])
    assert squares == pytest.approx(20.0)


def test_an_unknown_day_is_a_time_update():
    # level 3, slope 2, then level 3 + 1 = 4, slope 1; ahead + 0.5, then + 0.25
    forecasts, squares = trend([1, 3, NAN], 0.1, 0.1, 0.5)
    assert forecasts == pytest.approx([4.5, 4.75])
    assert squares == pytest.approx(4.0)


def test_errors_return_to_the_unit_of_the_series_by_their_weights():
    _, squares = smooth([2.0, 4.0, 6.0], 0.5, weight=[1.0, 9.0, 0.25])
    assert squares == pytest.approx(9.0 * 4.0 + 0.25 * 9.0)


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


def test_a_sale_on_a_day_that_hardly_sells_is_one_sale():
    # ratios 0.04 and 1.96: the level is Σ y / Σ ratio, (2 + 1)/2.04, not a mean that holds 1/0.04
    ratio = [1.96, 0.04]
    forecasts, _ = smooth([2 / 1.96, 1 / 0.04], 0.01, ratio=ratio)
    assert forecasts == pytest.approx([3 / 2, 3 / 2])
    # and a gain of its own counts such a day as 0.04 days
    assert recursions.own_steps(0.5, np.array(ratio)) == pytest.approx(
        [1 - 0.5**1.96, 1 - 0.5**0.04]
    )
    assert recursions.own_steps(0.3, np.ones(2)).tolist() == [0.3, 0.3]


def test_gains_are_those_of_weighted_least_squares():
    rng = np.random.default_rng(8)
    y, ratio, day = rng.gamma(2.0, 1.0, 30), rng.uniform(0.02, 3.0, 30), np.arange(30)
    known = rng.random(30) < 0.6
    known[0] = True
    x = np.where(known, y, NAN)
    gains = recursions.young_gains(x, ratio)
    mean, level, slope, of_all, all_slope = y[0], y[0], 0.0, y[0], 0.0
    for t in range(1, 30):
        level += slope
        deviation = y[t] - of_all
        of_all += gains[recursions.THETA_MEAN, t] * deviation
        all_slope *= gains[recursions.THETA_KEPT, t]
        all_slope += gains[recursions.THETA_SLOPE, t] * deviation
        if known[t]:
            error = y[t] - level
            mean += gains[recursions.YOUNG_MEAN, t] * (y[t] - mean)
            level += gains[recursions.YOUNG_LINE, t] * error
            slope += gains[recursions.YOUNG_SLOPE, t] * error
    root = np.sqrt(ratio[known])
    line = np.polyfit(day[known], y[known], 1, w=root)
    assert mean == pytest.approx(np.average(y[known], weights=ratio[known]))
    assert [slope, level] == pytest.approx(
        [
            line[0],
            np.polyval(line, np.flatnonzero(known)[-1])
            + line[0] * (29 - np.flatnonzero(known)[-1]),
        ]
    )
    assert of_all == pytest.approx(np.average(y, weights=ratio))
    assert all_slope == pytest.approx(np.polyfit(day, y, 1, w=np.sqrt(ratio))[0])


def test_equal_days_have_the_gains_of_the_table():
    table = recursions.gain_table(40)
    found = recursions.young_gains(np.arange(39.0), np.ones(39))
    np.testing.assert_allclose(found[:, 1:], recursions.gains_of_days(table, 39)[:, 1:], rtol=1e-12)


def test_a_line_over_a_gap_is_no_steeper_than_its_days_are_apart():
    # through (0, -16), (9, 16), (18, -15): slope 1/18, middle -5, and -5 + 9/18 on the last day;
    # counted as neighbours it would be 32 - 0.5 × 319 = -127.5 a day
    gap = [NAN] * 8
    forecasts, _ = trend([-16, *gap, 16, *gap, -15], 0.05, 0.1)
    assert forecasts == pytest.approx([-4.5 + 1 / 18, -4.5 + 2 / 18])


def test_a_level_stays_within_what_was_seen():
    # of 1, 2, 4 in one week: 3 × 7/7 a day, and the line may go from -2 to 7
    y = np.array([1.0, 2.0, 4.0])
    found = recursions.level_bounds(y, np.stack([y, y, y]), np.ones(3), np.array([2, 3]), 7)
    assert found[0] == pytest.approx(np.array([[0.0, 9 / 7], [-2.0, 3.0]]))
    # with a return only the line's, and in a season of 2 the level of 1 and 3 is 4/2
    y = np.array([-16.0, 16.0, -15.0])
    found = recursions.level_bounds(y, np.stack([y, y, y]), np.ones(3), np.array([3]), 7)
    assert found[0].tolist() == [[-48.0, 48.0]]
    y = np.r_[np.zeros(30), 1, 0, 0, 1, np.zeros(6), 5.0]
    found = recursions.level_bounds(y, np.stack([y, y, y]), np.ones(41), np.array([40, 41]), 7)
    assert found[0, :, 1] == pytest.approx([3 * 2 / 7, 3 * 5 / 7])


@pytest.mark.parametrize("phi", [1.0, 0.9])
def test_a_slope_reaches_the_bound_on_the_last_day(phi):
    free, _ = trend([1, 3, 8], 0.1, 0.1, phi, horizon=5)
    held, _ = trend([1, 3, 8], 0.1, 0.1, phi, horizon=5, bounds=[[-9.0, 12.0]])
    assert free[-1] > 12.0
    assert held[-1] == pytest.approx(12.0)
    assert (np.diff(held) > 0).all()
    held, _ = theta([1, 3, 8], 0.4, 1.5, 5, bounds=[[-9.0, 7.0]])
    assert theta([1, 3, 8], 0.4, 1.5, 5)[0].max() > 7.0
    assert held.max() == pytest.approx(7.0)


def test_a_floor_at_zero_leaves_the_season_its_sum():
    # 1 + (-2, 0, 2): 0 for -1, and 1 and 3 give the one unit back: 3/4 of them
    season, found = np.array([-2.0, 0.0, 2.0]), np.ones(4)
    recursions.put_season(False, 0.0, season, 1, found)
    assert found == pytest.approx([0.75, 2.25, 0.0, 0.75])
    found = np.ones(4)
    recursions.put_season(False, -np.inf, season, 1, found)
    assert found.tolist() == [1.0, 3.0, -1.0, 1.0]
    found = np.full(3, -0.5)
    recursions.put_season(False, 0.0, season, 0, found)
    assert found.tolist() == [0.0, 0.0, 0.0]


def test_holt_winters_additive():
    # level 3 - 1 = 2. day 2: error 3 - 2 + 1 = 2, season -1 + max(0.2, 1/6) 0.5 × 2 = -0.8,
    # level 2 + 0.5 × 2 = 3
    forecasts, squares = holt_winters([3, 3], [1.0, -1.0], False)
    assert forecasts == pytest.approx([3 + 1, 3 - 0.8])
    assert squares == pytest.approx(4.0)


def test_holt_winters_multiplicative():
    # level 3/1.5 = 2. day 2: error 2 - 2 × 0.5 = 1, season 0.5 + 0.1 × 1/2 = 0.55; the gain is the
    # greater of 1 - 0.5^0.5 = 0.293 and of the mean, 0.5/(1.5 + 0.5): level 2 + 0.293 × 1/0.5
    forecasts, squares = holt_winters([3, 2], [1.5, 0.5], True)
    level = 2 + 2 * (1 - 0.5**0.5)
    assert forecasts == pytest.approx([level * 1.5, level * 0.55])
    assert squares == pytest.approx(1.0)


def test_holt_winters_with_a_trend():
    # as above, of the line 2, 4 without a season: gains 1 and 1 of the second value, level 4, slope
    # 2; the third day is not known: 5 + season 0; phi 0.5 halves the slope from day to day
    forecasts, squares = holt_winters([2, 4, NAN], [0.0], False, beta=0.1, phi=0.5)
    assert squares == pytest.approx(4.0)
    # the season took 0.2 × 0.5 × 2 = 0.2, its gain being the greater of gamma and 1/6
    assert forecasts == pytest.approx([5.5 + 0.2, 5.75 + 0.2])


def test_seasonal_smoothing():
    # each phase by itself: 2, then 2 + 1/2 (6 - 2) = 4; 5, then unknown. errors: 5 - 2, of a phase
    # that was not seen and so takes the mean, and 6 - 2
    season = np.empty(2)
    forecasts, squares = run(
        recursions.run_seasonal, [2.0, 5.0, 6.0, NAN], "origins", 0.5, season, horizon=3
    )
    assert forecasts == pytest.approx([4.0, 5.0, 4.0])
    assert season == pytest.approx([4.0, 5.0])
    assert squares == pytest.approx(9.0 + 16.0)


def run_grid(y, indices, grid, horizon=3):
    """Forecasts (n_candidates, h) at the end, the squares, and those from the states alone."""
    states, seasons = np.zeros((3, grid.size)), np.zeros((indices.shape[1], grid.with_seasons))
    forecasts, squares = np.empty((grid.size, 1, horizon)), np.empty((grid.size, 1))
    gains = recursions.gain_table(y.size + horizon + 10)
    kernels.run_grid(
        y, indices, grid, gains, np.array([y.size]), 1, 0.0, states, seasons, forecasts, squares
    )
    again = np.empty((grid.size, horizon))
    for weights, mean in zip(np.eye(grid.size), again, strict=True):
        kernels.grid_ahead(y.size, indices, grid, gains, 0.0, weights, states, seasons, mean)
    return forecasts[:, 0], squares[:, 0], again


def test_a_candidate_gets_its_season_back():
    # smoothing of an exact season about 10, without its indices or by them, forecasts that season
    y = np.tile([8.0, 10.0, 12.0], 6) / 16
    grid = build_grid(3)
    indices = np.array([np.zeros(3), np.array([-2.0, 0.0, 2.0]) / 16, [0.8, 1.0, 1.2]])
    forecasts, squares, _ = run_grid(y, indices, grid)
    families = family_names(3)
    for name in ("simple_smoothing_additive", "theta_multiplicative", "holt_winters_additive"):
        first = int(np.argmax(grid.family == families.index(name)))
        assert 16 * forecasts[first] == pytest.approx([8.0, 10.0, 12.0], abs=1e-6)
        assert squares[first] == pytest.approx(0.0, abs=1e-12)
    raw = int(np.argmax(grid.family == families.index("simple_smoothing")))
    assert 16 * forecasts[raw] == pytest.approx([10.0] * 3)


@pytest.mark.parametrize("season_length", [1, 7])
def test_forecasts_from_the_states_are_those_of_the_run(season_length):
    rng = np.random.default_rng(4)
    y = rng.poisson(6, 100) / 32
    y[[5, 60, 99]] = NAN
    ratios = rng.uniform(0.5, 1.5, season_length)
    indices = np.array([np.zeros(season_length), ratios / 8, ratios])
    forecasts, _, again = run_grid(y, indices, build_grid(season_length), 20)
    np.testing.assert_array_equal(again, forecasts)


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
    forecasts = np.array([[[2.0, 2.0], [3.0, 3.0], [0.0, 0.0]]])
    squares = np.array([[0.0, 1.0, 5.0]])
    one_step, ahead = np.empty((2, 3, 1))
    kernels.score_grid(
        np.array([1.0, 2.0, 4.0]), np.array([1, 2, 3]), np.array([0.0, 1.0, 2.0]), 0.5,
        forecasts, squares, one_step, ahead,
    )  # fmt: skip
    assert one_step.ravel() == pytest.approx(np.log([0.0 + 0.5, 1.0 + 0.5, 2.5 + 0.5]))
    expected = [NAN, math.log(0.0 + 0.5), math.log((0.0 + 4.0 + 1.0) / 3 + 0.5)]
    assert ahead.ravel() == pytest.approx(expected, nan_ok=True)


def test_a_score_weighs_one_step_and_several():
    score, tempering = np.empty(2), Tempering(share=0.25, one_step=0.75)
    kernels.score(np.array([1.0, 2.0]), np.array([5.0, -2.0]), tempering, score)
    assert score == pytest.approx([0.75 * 1 + 0.25 * 5, 0.75 * 2 - 0.25 * 2])
    kernels.score(np.array([1.0, 2.0]), np.array([NAN, NAN]), tempering, score)
    assert score == pytest.approx([1.0, 2.0])


def test_weights_are_prior_times_likelihood():
    # of 8 observations a quarter counts: likelihoods 1 and exp(-2/2 × ln 3) = 1/3, odds 1 : 3
    weights, tempering = np.empty(2), Tempering(share=0.25, one_step=0.5)
    scores, observed = np.array([7.0, 7.0 + math.log(3)]), np.array([8.0, 5.0])
    kernels.likelihoods(scores, observed, tempering, weights)
    assert weights == pytest.approx([1.0, 1 / 3])
    kernels.weigh(np.array([0.25, 0.75]), weights)
    assert weights == pytest.approx([0.5, 0.5])


def test_rare_sales_tell_no_more_than_they_are():
    # of 800 days a quarter would count, and 40 at most; of 3 sales only 2 × 3: exp(-6/2 × ln 3)
    weights, tempering = np.empty(2), Tempering(share=0.25, one_step=0.5)
    scores = np.array([7.0, 7.0 + math.log(3)])
    kernels.likelihoods(scores, np.array([800.0, 3.0]), tempering, weights)
    assert weights == pytest.approx([1.0, 1 / 27])
    counts = kernels.observed_so_far(np.array([0.0, NAN, 2.0, 0.0, -1.0]), np.array([2, 4, 5]))
    assert counts.tolist() == [[1.0, 0.0], [3.0, 1.0], [4.0, 2.0]]


def test_a_small_weight_is_none():
    weights = np.array([1.0, 0.5, 0.001])
    kernels.weigh(np.full(3, 1 / 3), weights)
    assert weights == pytest.approx([2 / 3, 1 / 3, 0.0])


def test_the_grid_spreads_a_method_s_odds_over_its_candidates():
    grid, prior = build_grid(7), base_prior(7)
    names = family_names(7)
    assert prior.shape == grid.number.shape == (grid.size,)
    assert prior.sum() == pytest.approx(1.0)
    mass = {name: prior[grid.family == family] for family, name in enumerate(names)}
    assert all(np.ptp(weights) == 0 for weights in mass.values())
    theta, holt = METHODS["theta"].odds, METHODS["holt"].odds
    assert mass["theta"].sum() / mass["holt"].sum() == pytest.approx(theta / holt)
    assert mass["simple_smoothing_multiplicative"].sum() == pytest.approx(
        mass["simple_smoothing"].sum()
    )
    assert set(family_names(1)) < set(names)


def test_a_part_of_the_grid_keeps_what_it_keeps():
    whole = build_grid(7)
    is_kept = np.random.default_rng(5).random(whole.size) < 0.2
    part = whole.part(is_kept)
    for name in (*whole._fields, "has_seasons"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[is_kept])
