"""The recursions against statsforecast's, whose forecasts `golden.json` holds.

`benchmarks/golden/make.py` writes it, in an environment of its own. A recursion of ours starts from
no state; it must agree to 1e-9 with one that starts from the state after the warm-up. What has no
counterpart (unknown days, the warm-up of a damped trend and of the season, Holt-Winters with a
slope or with ratios, whose days count as much as they sell) is compared with the formulas in plain
Python, for every candidate of the grid.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from shelfcast.forecasting import comparisons, forecast_arrays, recursions
from shelfcast.forecasting.candidates import (
    HOLT_WINTERS,
    MULTIPLICATIVE,
    SEASONAL,
    THETA,
    build_grid,
)

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
NAN = np.nan

RECURSIONS = ("simple_smoothing", "trend", "holt_winters", "seasonal_smoothing", "theta")


def run(
    kind, y, alpha, beta=0.0, phi=1.0, gamma=0.0, theta=0.0, index=None, is_ratio=False,
    season_length=1, h=6,
):  # fmt: skip
    """Forecasts of the days after ``y``, and the sum of squared errors from the second day on."""
    y = np.array(y, float)
    forecasts, squares = np.empty((1, h)), np.empty(1)
    m = season_length if index is None else len(index)
    ratios = np.array(index) if is_ratio else np.ones(m)
    gains = recursions.young_gains(y, ratios[np.arange(-y.size, 0) % m])
    table = recursions.gain_table(y.size + h + recursions.VISITS_BEFORE)
    given = y, np.ones(y.size), gains
    steps = recursions.own_steps(alpha, ratios)
    ends = np.array([y.size]), np.array([[-np.inf, np.inf]])
    found = forecasts, squares
    if kind == "theta":
        recursions.run_theta(*given, steps, table, *ends, alpha, theta, *found)
    elif kind == "seasonal_smoothing":
        recursions.run_seasonal(*given, ends[0], alpha, np.empty(season_length), *found)
    elif kind == "holt_winters":
        season = np.array(index, float)
        recursions.run_holt_winters(
            *given, steps, table, *ends, is_ratio, -np.inf, alpha, beta, phi, gamma, season, *found
        )
    elif beta == 0.0:
        recursions.run_simple(*given, steps, *ends, *found)
    else:
        recursions.run_trend(*given, steps, *ends, beta, phi, *found)
    return forecasts.ravel(), squares.item()


def cases(*methods):
    return [
        pytest.param(case, id=f"{case['method']}-{case['series']}-{number}")
        for number, case in enumerate(GOLDEN["cases"])
        if case["method"] in methods and not case["parameters"].get("is_ratio")
    ]


@pytest.mark.parametrize("case", cases(*RECURSIONS))
def test_recursions(case):
    y = GOLDEN["series"][case["series"]]
    found, _ = run(case["method"], y, **case["parameters"])
    np.testing.assert_allclose(found, case["forecast"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", cases("seasonal_naive", "croston_sba", "tsb"))
def test_comparisons(case):
    method = getattr(comparisons, case["method"])
    found = method(GOLDEN["series"][case["series"]], len(case["forecast"]), **case["parameters"])
    np.testing.assert_allclose(found, case["forecast"], rtol=1e-9)


@pytest.mark.parametrize("case", cases("adida", "imapa"))
def test_comparisons_that_search_for_a_gain(case):
    """Squared errors hardly change near their minimum, so that a gain is known to about 1e-7."""
    method = getattr(comparisons, case["method"])
    found = method(GOLDEN["series"][case["series"]], len(case["forecast"]))
    np.testing.assert_allclose(found, case["forecast"], rtol=1e-6)


def line_gains(days, ratios):
    """Gains of mean, level and slope at the last of the days, by weighted least squares."""
    weight, day = np.array(ratios), np.array(days) - days[-1]
    moments = [np.sum(weight * day**k) for k in range(3)]
    gains = np.linalg.pinv([moments[:2], moments[1:]]) @ [weight[-1], 0.0] if len(days) > 1 else 0
    return weight[-1] / moments[0], *(gains if len(days) > 1 else (1.0, 0.0))


def smooth(y, alpha, beta, phi, h):
    """Run simple smoothing, Holt's method or damped trend, with gains that fall from those of OLS.

    statsforecast starts from a state of its own, and knows no unknown days.
    """
    level, slope, squares, days = y[0], 0.0, 0.0, [0]
    for t, value in enumerate(y[1:], 1):
        slope, expected = phi * slope, level + phi * slope
        level = expected
        if not np.isnan(value):
            days.append(t)
            mean, line, of_slope = line_gains(days, np.ones(len(days)))
            squares += (value - expected) ** 2
            level += max(alpha, line if beta > 0 else mean) * (value - expected)
            own = alpha * beta / (days[-1] - days[-2])
            slope += max(own, of_slope if beta > 0 else 0.0) * (value - expected)
    return [level + slope * sum(phi**i for i in range(1, d + 1)) for d in range(1, h + 1)], squares


def dynamic_theta(y, alpha, theta, h):
    """Run dynamic Theta with its line refitted each day, a forecast in place of an unknown value.

    statsforecast optimises the level before the first value; here it is that value / theta.
    """
    values, level, squares, expected = [], y[0] / theta, 0.0, y[0]
    for value in [*y, *[NAN] * h]:
        squares += 0.0 if np.isnan(value) else (value - expected) ** 2
        values.append(expected if np.isnan(value) else value)
        level += alpha * (values[-1] - level)
        n = len(values)
        slope = np.polyfit(np.arange(n), values, 1)[0] if n > 1 else 0.0
        intercept = np.mean(values) - slope * (n + 1) / 2
        kept = (1 - alpha) ** n
        growth = (1 - kept * (1 - alpha)) / alpha
        expected = level + (1 - 1 / theta) * (kept * intercept + growth * slope)
    return values[-h:], squares


def holt_winters(y, index, is_ratio, alpha, beta, phi, gamma, h):
    """Run Holt-Winters with gains that fall from those of OLS, also the seasonal one.

    statsforecast keeps its gains; it may divide by a ratio near 0, and does not hold its step.
    """
    m = len(index)
    phases = [(t - len(y)) % m for t in range(len(y) + h)]
    season, visits = list(index), [recursions.VISITS_BEFORE] * m
    slope, squares, days = 0.0, 0.0, [0]
    ratios = [index[k] if is_ratio else 1.0 for k in phases]
    first = season[phases[0]]
    level = y[0] / max(first, recursions.SMALLEST_RATIO) if is_ratio else y[0] - first
    for t, (k, value) in enumerate(zip(phases[1 : len(y)], y[1:], strict=True), 1):
        slope, expected = phi * slope, level + phi * slope
        level = expected
        if not np.isnan(value):
            days.append(t)
            visits[k] += 1
            mean, line, of_slope = line_gains(days, [ratios[d] for d in days])
            gain = max(gamma, 1 / visits[k]) * (1 - alpha)
            error = value - (expected * season[k] if is_ratio else expected + season[k])
            squares += error**2
            divisor = max(season[k], recursions.SMALLEST_RATIO) if is_ratio else 1.0
            if is_ratio:
                step = gain * error / expected if expected > 0 else 0.0
                season[k] += np.clip(step, -divisor / 2, divisor / 2)
                divisor = max(divisor, index[k])
            else:
                season[k] += gain * error
            own = 1 - (1 - alpha) ** ratios[t]
            level += max(own, line if beta > 0 else mean) * error / divisor
            own *= beta / (days[-1] - days[-2])
            slope += max(own, of_slope) * error / divisor if beta > 0 else 0.0
    ahead = [level + slope * sum(phi**i for i in range(1, d + 1)) for d in range(1, h + 1)]
    forecast = [
        value * season[k] if is_ratio else value + season[k]
        for k, value in zip(phases[-h:], ahead, strict=True)
    ]
    return forecast, squares


def smooth_days_of_the_season(y, m, alpha, h):
    """Smooth each day of the season by itself; one not seen yet takes a mean of all values.

    statsforecast leaves the first days out that are no whole season, and unknown days are not known
    to it. The mean has a gain of at least YOUNG_MEAN_GAIN.
    """
    seen, mean, squares, n = {}, y[0], 0.0, 0
    for t, value in enumerate(y):
        if not np.isnan(value):
            k = (t - len(y)) % m
            if t > 0:
                squares += (value - seen.get(k, mean)) ** 2
            seen[k] = seen.get(k, value) + alpha * (value - seen.get(k, value))
            n += 1
            mean += max(1 / n, recursions.YOUNG_MEAN_GAIN) * (value - mean)
    return [seen.get(d % m, mean) for d in range(h)], squares


def gappy_series():
    rng = np.random.default_rng(81)
    y = rng.poisson(8 * (1 + 0.6 * np.sin(2 * np.pi * np.arange(47) / 4))).astype(float)
    y[[2, 9, 10, 11, 12, 30]] = NAN
    return y


def test_every_candidate_follows_its_formula():
    y, h, m = gappy_series(), 6, 4
    indices = {False: np.array([-4.0, 0.5, 4.0, -0.5]), True: np.array([0.03, 1.0, 1.97, 1.0])}
    grid = build_grid(m)
    for j, (recursion, season) in enumerate(zip(grid.recursion, grid.season, strict=True)):
        alpha, beta, phi = grid.alpha[j], grid.beta[j], grid.phi[j]
        if recursion == THETA:
            expected = dynamic_theta(y, alpha, grid.theta[j], h)
            found = run("theta", y, alpha, theta=grid.theta[j])
        elif recursion == SEASONAL:
            expected = smooth_days_of_the_season(y, m, alpha, h)
            found = run("seasonal_smoothing", y, alpha, season_length=m)
        elif recursion == HOLT_WINTERS:
            is_ratio = bool(season == MULTIPLICATIVE)
            index, gamma = indices[is_ratio], grid.gamma[j]
            expected = holt_winters(y, index, is_ratio, alpha, beta, phi, gamma, h)
            found = run("holt_winters", y, alpha, beta, phi, gamma, 0.0, index, is_ratio)
        else:
            expected = smooth(y, alpha, beta, phi, h)
            found = run("trend", y, alpha, beta, phi)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-9)
        assert found[1] == pytest.approx(expected[1], rel=1e-9)


def test_forecasts_lie_near_those_of_statsforecast():
    """Sums of 14 days: at most 5 % apart in the middle, and none far outside what the peers span.

    The rules differ, and so do the peers: AutoETS has one series that dies out, and DOT does not.
    """
    peers = np.array(
        [[sum(one["auto_ets"]), sum(one["dynamic_optimized_theta"])] for one in GOLDEN["realistic"]]
    )
    series = [one["series"] for one in GOLDEN["realistic"]]
    horizon = len(GOLDEN["realistic"][0]["auto_ets"])
    ours = forecast_arrays(series, horizon, GOLDEN["season_length"]).mean.sum(axis=1)
    assert np.median(ours / peers.mean(axis=1)) == pytest.approx(1.0, abs=0.05)
    assert (ours > peers.min(axis=1) / 1.25).all()
    assert (ours < peers.max(axis=1) * 1.25).all()
