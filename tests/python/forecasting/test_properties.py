"""What must hold of every forecast, whatever the data: units, order, batches, threads, launches."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from degenerate_series import degenerate_series, equal_prior

from shelfcast.forecasting import Panel, SeasonalProfile, forecast_arrays, teach
from shelfcast.forecasting.candidates import MULTIPLICATIVE, build_grid, family_names
from shelfcast.forecasting.comparisons import adida, croston_sba, imapa, seasonal_naive, smooth, tsb

SEEDS = (1, 2, 3)
LEVELS = (0.05, 0.5, 0.95, 0.99)
HORIZON = 12
COMPARISONS = (seasonal_naive, croston_sba, tsb, adida, imapa)
FIELDS = ("mean", "quantiles", "cumulative_quantiles", "method", "fallback_reason")


@pytest.fixture(autouse=True)
def _a_small_pilot(monkeypatch):
    """Panels here have more series than teach the others, as large ones do."""
    monkeypatch.setattr("shelfcast.forecasting.priors.PILOT_SERIES", 30)


def retail_panel(seed, n=40):
    """Daily series with a season, from slow to fast, of 8 to 300 days, some with gaps."""
    rng = np.random.default_rng(seed)
    panel = []
    for length in rng.integers(8, 300, n):
        weekly = 1 + 0.5 * np.sin(2 * np.pi * (np.arange(length) + rng.integers(7)) / 7)
        y = rng.poisson(rng.gamma(1.0, 8.0) * weekly).astype(float)
        if rng.random() < 0.3:
            y[1:][rng.random(length - 1) < 0.2] = np.nan
        panel.append(y)
    return panel


def intermittent_panel(seed, n=40):
    rng = np.random.default_rng(seed)
    return [
        rng.poisson(3, length) * (rng.random(length) < rng.uniform(0.05, 0.9)) * 1.0
        for length in rng.integers(1, 120, n)
    ]


def taught(seed, season_length=7):
    """Return a prior and a pool of other series, given which a series depends on no other."""
    others = retail_panel(seed + 1000)
    prior = teach(Panel.from_series(others), season_length, HORIZON)
    forecasts = forecast_arrays(others, HORIZON, season_length, LEVELS, prior=prior)
    return {"prior": prior, "pool": forecasts.cumulative.pool}


def forecast(series, season_length=7, **given):
    return forecast_arrays(series, HORIZON, season_length, LEVELS, **given)


def assert_same(found, expected, rows=slice(None)):
    """Equal bit for bit."""
    for field in FIELDS:
        np.testing.assert_array_equal(
            getattr(found, field), getattr(expected, field)[rows], err_msg=field
        )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("exponent", [-900, -1, 3, 900])
def test_a_unit_that_is_a_power_of_two_does_not_show(seed, exponent):
    series = retail_panel(seed) + intermittent_panel(seed)
    one, other = forecast(series), forecast([np.ldexp(y, exponent) for y in series])
    for field in ("mean", "quantiles", "cumulative_quantiles"):
        np.testing.assert_array_equal(
            getattr(other, field), np.ldexp(getattr(one, field), exponent), err_msg=field
        )
    np.testing.assert_array_equal(other.method, one.method)
    for method in COMPARISONS:
        for y in series[::8]:
            np.testing.assert_array_equal(
                method(np.ldexp(y, exponent), 9), np.ldexp(method(y, 9), exponent)
            )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("unit", [0.001, 3.0, 1e9])
def test_means_follow_the_unit(seed, unit):
    series = retail_panel(seed) + intermittent_panel(seed)
    one, other = forecast(series).mean, forecast([unit * y for y in series]).mean
    np.testing.assert_allclose(other, unit * one, rtol=1e-9, atol=1e-9 * unit)
    for method in COMPARISONS:
        for y in series[::8]:
            # ADIDA and IMAPA search for a gain, which squared errors fix to about 1e-7
            np.testing.assert_allclose(method(unit * y, 9), unit * method(y, 9), rtol=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_series_may_have_units_of_their_own(seed):
    """Given prior and pool; a panel of pieces, pallets and cents is as good as one of pieces."""
    series, given = retail_panel(seed), taught(seed)
    exponents = np.random.default_rng(seed).integers(-30, 30, len(series))
    scaled = [np.ldexp(y, k) for y, k in zip(series, exponents, strict=True)]
    one, other = forecast(series, **given), forecast(scaled, **given)
    np.testing.assert_array_equal(other.mean, np.ldexp(one.mean, exponents[:, None]))
    np.testing.assert_array_equal(
        other.cumulative_quantiles, np.ldexp(one.cumulative_quantiles, exponents[:, None, None])
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("season_length", "pilot"), [(1, 1000), (7, 1000), (7, 30)])
def test_the_order_of_series_does_not_show(seed, season_length, pilot, monkeypatch):
    monkeypatch.setattr("shelfcast.forecasting.priors.PILOT_SERIES", pilot)
    series = retail_panel(seed) + list(degenerate_series().values())
    order = np.random.default_rng(seed).permutation(len(series))
    shuffled = [series[i] for i in order]
    assert_same(forecast(shuffled, season_length), forecast(series, season_length), order)
    given = taught(seed, season_length)
    assert_same(
        forecast(shuffled, season_length, **given), forecast(series, season_length, **given), order
    )


def in_batches(series, size, workers, given):
    batches = [series[start : start + size] for start in range(0, len(series), size)]
    with ThreadPoolExecutor(workers) as executor:
        results = list(executor.map(lambda batch: forecast(batch, **given), batches))
    return [np.concatenate([getattr(one, field) for one in results]) for field in FIELDS]


@pytest.mark.parametrize(("size", "workers"), [(1, 1), (1, 2), (7, 2)])
def test_neither_batches_nor_threads_show(size, workers):
    series = retail_panel(4) + intermittent_panel(4) + list(degenerate_series().values())
    given = taught(4)
    whole = forecast(series, **given)
    found = in_batches(series, size, workers, given)
    for field, values in zip(FIELDS, found, strict=True):
        np.testing.assert_array_equal(values, getattr(whole, field), err_msg=field)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_threads_of_the_rule_do_not_show(workers, monkeypatch):
    series = retail_panel(5, 60)
    whole = forecast(series)
    monkeypatch.setattr("shelfcast.forecasting.forecasts.SERIES_PER_TASK", 3)
    monkeypatch.setattr("shelfcast.forecasting.forecasts.os.cpu_count", lambda: workers)
    assert_same(forecast(series), whole)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("season_length", [1, 4, 7])
def test_the_days_before_a_launch_do_not_show(seed, season_length):
    """Days that are not known before the first value that is, in any number."""
    series = retail_panel(seed) + intermittent_panel(seed)
    lead = np.random.default_rng(seed).integers(1, 400, len(series))
    late = [np.r_[np.full(days, np.nan), y] for days, y in zip(lead, series, strict=True)]
    given = taught(seed, season_length)
    assert_same(forecast(late, season_length, **given), forecast(series, season_length, **given))
    assert_same(forecast(late, season_length), forecast(series, season_length))
    for method in COMPARISONS:
        for i in range(0, len(series), 8):
            np.testing.assert_array_equal(method(late[i], 9), method(series[i], 9))


@pytest.mark.parametrize("seed", SEEDS)
def test_demand_over_more_days_is_never_less(seed):
    """At any level, of series that never are negative."""
    series = retail_panel(seed) + intermittent_panel(seed)
    found = forecast(series)
    assert (np.diff(found.cumulative_quantiles, axis=1) >= 0).all()
    for level, expected in zip(LEVELS, found.cumulative_quantiles.T, strict=True):
        for days in (1, 5, HORIZON):
            quantile = found.cumulative.quantile(level, days)
            np.testing.assert_array_equal(quantile, expected[days - 1])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_further_zero_never_raises_simple_smoothing(seed):
    """Of demand that is never negative: every candidate that neither trends nor has a season."""
    grid = build_grid(1)
    part = grid.part(grid.family == family_names(1).index("simple_smoothing"))
    for j in range(part.size):
        one = part.part(np.arange(part.size) == j)
        prior = equal_prior(SeasonalProfile.flat(1), one)
        series = intermittent_panel(seed)
        before = forecast(series, 1, prior=prior).mean
        after = forecast([np.r_[y, 0.0] for y in series], 1, prior=prior).mean
        assert (after <= before).all()
        assert (after < before).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_further_zero_never_raises_tsb_and_leaves_sba_alone(seed):
    """TSB falls with every zero; SBA changes on days with demand only. ADIDA and IMAPA may rise.

    Their blocks end with the last day, so that a further zero moves demand between blocks.
    """
    for y in intermittent_panel(seed):
        more = np.r_[y, 0.0]
        np.testing.assert_array_equal(croston_sba(more, 3), croston_sba(y, 3))
        assert (tsb(more, 3) <= tsb(y, 3)).all()
        assert (tsb(more, 3) < tsb(y, 3)).all() or not y.any()
        for alpha in (0.0, 0.1, 1.0):
            assert smooth(more, alpha)[0] <= smooth(y, alpha)[0]


@pytest.mark.parametrize("season_length", [1, 7])
@pytest.mark.parametrize("shift", [37.0, 1e4])
def test_families_without_ratios_follow_a_shift(season_length, shift):
    """Each alone, of demand so high that no forecast meets the floor at zero.

    Seasonal indices of the additive families are shrunk relative to the mean of the series, which a
    shift changes; here they are not known beforehand, and Holt-Winters learns them. The floor of a
    squared error is a share of the largest value, which shows in the eighth digit.
    """
    rng = np.random.default_rng(6)
    series = [1000.0 + y for y in retail_panel(6) if y.size > 30]
    series += [3000.0 + rng.normal(0, 10, 90).cumsum() for _ in range(5)]
    whole = build_grid(season_length)
    seasons = whole.season
    profile = SeasonalProfile.flat(season_length)
    for family, name in enumerate(family_names(season_length)):
        grid = whole.part(whole.family == family)
        prior = equal_prior(profile, grid)
        if (seasons[whole.family == family] != MULTIPLICATIVE).all():
            one = forecast(series, season_length, prior=prior).mean
            other = forecast([y + shift for y in series], season_length, prior=prior).mean
            np.testing.assert_allclose(other - shift, one, rtol=1e-7, err_msg=name)
