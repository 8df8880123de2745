"""Young series: what their level is worth, how sure it is, and one law for all that follows."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from stock_panels import panel

from shelfcast.forecasting import (
    ErrorPool,
    Panel,
    Prior,
    SeasonalProfile,
    build_pool,
    fit_panel,
    forecast_arrays,
    learn_levels,
    learn_prior,
    nodes,
)
from shelfcast.forecasting.levels import VARIATION_STEP, level_table
from shelfcast.inventory import plan_orders

AHEAD = 28
LEVELS = (0.9, 0.95, 0.99)
LAST_ON = dt.date(2026, 3, 1)


def draw(rng, rate, days, overdispersion):
    """Counts (n, days); with overdispersion their variance is rate + overdispersion × rate²."""
    if overdispersion:
        rate = rate * rng.gamma(1 / overdispersion, overdispersion, (rate.shape[0], days))
    return rng.poisson(rate, (rate.shape[0], days)).astype(float)


@pytest.fixture(scope="module", params=[0.0, 0.6], ids=["poisson", "overdispersed"])
def world(request):
    """What 250 series of 220 days teach, and a way to draw others of the same kind."""
    rng = np.random.default_rng(17)
    demand = draw(rng, rng.gamma(1.0, 4.0, (250, 1)), 220, request.param)
    series = Panel.from_series(list(demand))
    prior = learn_prior(series, SeasonalProfile.flat(7), AHEAD)
    pool = build_pool(fit_panel(series, prior, AHEAD))
    sales = demand[:, 1:29]
    first_weeks = zip(
        sales.sum(axis=1), (sales**2).sum(axis=1), (sales > 0).sum(axis=1), strict=True
    )
    levels = learn_levels(launches([("", True, 28, *sums) for sums in first_weeks]))
    learned = {"prior": prior, "pool": pool, "levels": levels}
    return request.param, learned


@pytest.mark.parametrize("days", [1, 2, 3, 7, 14, 28, 60, 150])
def test_demand_falls_below_its_quantiles_as_often_as_promised(world, days):
    """Within 3.5 points; with 1,000 series the standard error of 0.9 is one point."""
    overdispersion, learned = world
    rng = np.random.default_rng(1000 + days)
    demand = draw(rng, rng.gamma(1.0, 4.0, (1000, 1)), days + AHEAD, overdispersion)
    past, future = demand[:, :days], demand[:, days:]
    forecast = forecast_arrays(list(past), AHEAD, 7, LEVELS, **learned)
    for position, level in enumerate(LEVELS):
        total = future.sum(axis=1) <= forecast.cumulative.quantile(level, AHEAD) + 0.5
        assert total.mean() == pytest.approx(level, abs=0.035)
        # of a day with a small whole number there are more below any quantile
        day = future <= forecast.quantiles[:, :, position] + 0.5
        assert level - 0.02 < day.mean() < level + 0.05
    assert forecast.mean.sum() == pytest.approx(future.sum(), rel=0.06)


@pytest.mark.parametrize("rate", [0.5, 2.0, 10.0, 60.0])
@pytest.mark.parametrize("days", [1, 3, 7])
def test_a_rate_that_nothing_is_known_of_is_covered_too(rate, days):
    """Jeffreys' prior, one rate at a time: never 4 points too low, and not 6 too high at .9."""
    rng = np.random.default_rng(int(10 * rate) + days)
    demand = draw(rng, np.full((1500, 1), rate), days + AHEAD, 0.0)
    forecast = forecast_arrays(
        list(demand[:, :days]), AHEAD, 7, LEVELS,
        prior=FLAT_PRIOR, pool=poisson_pool(), levels=jeffreys(1.0),
    )  # fmt: skip
    total = demand[:, days:].sum(axis=1)
    for level in LEVELS:
        share = np.mean(total <= forecast.cumulative.quantile(level, AHEAD) + 0.5)
        assert share > level - 0.04
        assert rate < 2 or share < level + 0.06


FLAT_PRIOR = Prior.unlearnt(SeasonalProfile.flat(7))


def poisson_pool():
    """Errors of fast Poisson series with a known rate: independent normal days."""
    errors = np.random.default_rng(5).standard_normal((1, 500, AHEAD))
    errors = (errors - errors.mean(axis=1, keepdims=True)) / errors.std(axis=1, keepdims=True)
    order = np.argsort(errors[0].sum(axis=1))
    return ErrorPool(np.zeros(1), errors[:, order])


def jeffreys(dispersion, shape=0.5, mean=1e12, selling_share=1.0):
    """What is learned of all series, by default next to nothing of their level."""
    row = [None], [100], [mean], [shape], [dispersion], [0.0], [selling_share]
    return pa.table(list(map(list, row)), schema=nodes.LEVEL_SCHEMA)


@pytest.mark.parametrize(("units", "days"), [(9, 1), (31, 3), (64, 7), (700, 7), (3, 1)])
def test_a_sum_has_the_gamma_poisson_predictive_distribution(units, days):
    """scipy's negative binomial, which has no part in the forecaster: shape ½ + u, p = n/(n+h)."""
    past = np.full(days, units / days)
    if units > days > 1:  # with the variance of Poisson days
        wave = np.sin(np.arange(days) + 1.0)
        past += np.sqrt(units / days) * (wave - wave.mean()) / wave.std(ddof=1)
    forecast = forecast_arrays(
        [past], AHEAD, 7, prior=FLAT_PRIOR, pool=poisson_pool(), levels=jeffreys(1.0)
    )
    expected = stats.nbinom(0.5 + units, days / (days + AHEAD))
    for p in (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99):
        quantile = forecast.cumulative.quantile(p, AHEAD)[0]
        # the candidates have a small part, and days are normal rather than Poisson
        assert expected.cdf(quantile) == pytest.approx(p, abs=0.03)
    assert forecast.mean.sum() == pytest.approx(expected.mean(), rel=0.02)


def test_levels_of_paths_are_a_gamma_distribution():
    table = level_table(500)
    assert table.mean(axis=1) == pytest.approx(np.ones(len(table)))
    for row in (1, 4, 16, 32):
        shape = (row * VARIATION_STEP) ** -2.0
        middle = stats.gamma(shape, scale=1 / shape).ppf((np.arange(500) + 0.5) / 500)
        assert np.sort(table[row])[5:-5] == pytest.approx(middle[5:-5], rel=0.01, abs=1e-3)
        assert table[row].std() == pytest.approx(row * VARIATION_STEP, rel=0.02)
    # trajectories are sorted by their sum; levels are spread evenly over them
    assert abs(np.corrcoef(np.arange(500), table[8])[0, 1]) < 0.01
    for part in table[8].reshape(10, 50):
        assert part.mean() == pytest.approx(1.0, abs=0.05)


def test_a_launch_does_not_explode():
    """Poisson 10 a day for a week: about 10 a day, never twice the highest day."""
    rng = np.random.default_rng(7)
    past = draw(rng, np.full((300, 1), 10.0), 7, 0.0)
    learned = {"prior": FLAT_PRIOR, "pool": poisson_pool(), "levels": jeffreys(1.0)}
    forecast = forecast_arrays(list(past), 35, 7, prior=FLAT_PRIOR, levels=jeffreys(1.0))
    assert forecast.mean.mean() == pytest.approx(10, abs=0.5)
    assert (forecast.mean.max(axis=1) <= 1.5 * past.max(axis=1)).all()
    # a steep slope of two weeks is damped and bounded: 30 a day would go on to 58
    steep = forecast_arrays([np.arange(2.0, 30.0, 2.0)], AHEAD, 7, **learned)
    assert 15 < steep.mean[0, 0] < 20
    assert steep.mean.max() < 2 * 15.5
    # and of two hundred days it is a slope
    grown = forecast_arrays([np.arange(1.0, 201.0)], AHEAD, 7, **learned)
    assert grown.mean[0, 0] > 195


def newcomer(quantities, **columns):
    """A row of fits with what new series of the category sell."""
    days = len(quantities)
    table = pa.table(
        {
            "sku_id": ["new"] * days,
            "location_id": ["Hull"] * days,
            "demand_on": [LAST_ON - dt.timedelta(days - 1 - day) for day in range(days)],
            "demand_quantity": np.asarray(quantities, dtype=float),
        }
    )
    fits = nodes.fit_series(table, prior=FLAT_PRIOR, horizon=AHEAD)
    return with_levels(fits, **columns)


def with_levels(fits, **columns):
    learned = {
        "level_mean": 0.2, "level_shape": 0.5, "level_dispersion": 1.2, "dispersion_slope": 0.0,
        "selling_share": 0.12,
        "is_begun_by_sale": True, **columns,
    }  # fmt: skip
    for name, value in learned.items():
        kind = pa.bool_() if name == "is_begun_by_sale" else pa.float64()
        fits = fits.append_column(name, pa.array([value] * fits.num_rows, kind))
    return fits


def forecast_rows(fits):
    table = nodes.forecast_series(fits, prior=FLAT_PRIOR, pool=poisson_pool(), as_of=LAST_ON)
    return table.to_pylist()


def test_one_sale_is_not_a_sale_a_day():
    """By hand: 0.12 of the unit counts, (½ + 0.12 / 1.2) / (½ / 0.2 + 1 / 1.2) = 0.18 a day."""
    rows = forecast_rows(newcomer([1.0]))
    # and a little more, as one new series in a hundred is unlike the others
    assert rows[0]["forecast_quantity"] == pytest.approx(0.6 / (2.5 + 1 / 1.2), rel=0.03)
    assert rows[0]["method"] == "launch_level"
    assert rows[0]["fallback_reason"] == "TOO_FEW_OBSERVATIONS"
    assert rows[0]["selling_days"] == 1
    assert rows[0]["level_variation"] == pytest.approx(np.sqrt(1 / 0.6), rel=0.2)
    # where a launch date says that it was on sale, the day counts in full
    rows = forecast_rows(newcomer([1.0], is_begun_by_sale=False))
    assert rows[0]["forecast_quantity"] == pytest.approx((0.5 + 1 / 1.2) / (2.5 + 1 / 1.2), rel=0.1)


def test_a_success_is_not_drawn_back_to_slow_sellers():
    """The first Coffee where 40 Teas sold one in four days: 70 units in a week are ten a day."""
    rows = forecast_rows(
        newcomer([8.0, 11, 12, 9, 10, 13, 7], level_mean=0.25, level_shape=0.84,
            level_dispersion=1.0, is_begun_by_sale=False)
    )  # fmt: skip
    assert np.mean([row["forecast_quantity"] for row in rows]) == pytest.approx(10, rel=0.05)
    assert rows[0]["level_variation"] < 0.2


def test_methods_say_who_spoke():
    week = forecast_rows(newcomer([3.0, 2, 4, 1, 0, 2, 3]))[0]
    assert (week["method"], week["fallback_reason"]) == ("launch_level", "YOUNG_SERIES")
    two_months = forecast_rows(newcomer([3.0, 2, 4, 1, 0, 2, 3] * 9))[0]
    assert two_months["method"] != "launch_level"
    assert two_months["fallback_reason"] is None
    nothing_yet = forecast_rows(newcomer([0.0, 0, 0]))[0]
    assert nothing_yet["fallback_reason"] == "NO_DEMAND"
    assert 0 < nothing_yet["forecast_quantity"] < 0.2
    dead = forecast_rows(newcomer([0.0] * 40))[0]
    assert dead["forecast_quantity"] == dead["level_variation"] == 0
    unknown = forecast_rows(newcomer([np.nan]))[0]
    assert unknown["forecast_quantity"] == unknown["level_variation"] == 0
    assert unknown["fallback_reason"] == "NO_OBSERVATIONS"
    # without anything learned its own mean counts, and half a selling day
    alone = newcomer([4.0], level_mean=None, level_shape=None, level_dispersion=None,
        dispersion_slope=None, selling_share=None, is_begun_by_sale=False)  # fmt: skip
    assert forecast_rows(alone)[0]["forecast_quantity"] == pytest.approx(6.0)


def test_newcomers_of_a_night_are_forecast_alike():
    past = [3.0, 2, 4]
    table = pa.table(
        {
            "sku_id": ["new"] * 3,
            "location_id": ["Hull"] * 3,
            "demand_on": [LAST_ON - dt.timedelta(day) for day in (2, 1, 0)],
            "demand_quantity": past,
        }
    )
    fits = nodes.fall_back_series(table, prior=FLAT_PRIOR, horizon=AHEAD)
    tonight = forecast_rows(with_levels(fits))[0]
    fitted = forecast_rows(newcomer(past))[0]
    assert tonight["forecast_quantity"] == pytest.approx(fitted["forecast_quantity"], rel=0.02)
    assert tonight["fallback_reason"] == "NOT_YET_FITTED"
    assert tonight["method"] == "launch_level"
    assert tonight["level_variation"] == fitted["level_variation"]


def test_long_series_are_left_alone(world):
    _, learned = world
    rng = np.random.default_rng(3)
    past = list(rng.poisson(rng.gamma(1, 4, (40, 1)), (40, 200)).astype(float))
    fits = fit_panel(Panel.from_series(past), learned["prior"], AHEAD)
    forecast = forecast_arrays(past, AHEAD, 7, **learned)
    assert np.array_equal(forecast.mean, fits.states.forecast(learned["prior"].grid, AHEAD))
    group, scale = learned["pool"].place(fits)
    assert np.array_equal(forecast.cumulative.error_scale, scale)
    assert np.array_equal(forecast.cumulative.group, group)
    assert not forecast.cumulative.level_variation.any()


def test_a_series_does_not_depend_on_its_batch_mates(world):
    _, learned = world
    rng = np.random.default_rng(4)
    past = [
        rng.poisson(rng.gamma(1, 4), days).astype(float) for days in (1, 2, 3, 9, 30, 80, 150, 210)
    ]
    together = forecast_arrays(past, AHEAD, 7, LEVELS, **learned)
    for i, one in enumerate(past):
        alone = forecast_arrays([one], AHEAD, 7, LEVELS, **learned)
        assert np.array_equal(alone.mean[0], together.mean[i])
        assert np.array_equal(alone.quantiles[0], together.quantiles[i])
        assert np.array_equal(alone.cumulative_quantiles[0], together.cumulative_quantiles[i])


def test_orders_hold_the_uncertainty_of_the_level(world):
    """Demand over lead time and review stays below the order-up-to level 95 times in 100."""
    overdispersion, learned = world
    rng = np.random.default_rng(29)
    for days in (1, 7, 28):
        demand = draw(rng, rng.gamma(1.0, 4.0, (500, 1)), days + 14, overdispersion)
        forecast = forecast_arrays(list(demand[:, :days]), AHEAD, 7, **learned)
        law = forecast.cumulative
        plans = pa.concat_tables(
            panel(
                mean,
                sku=f"{row:03}",
                stock_on_hand=0.0,
                error_scale=law.error_scale[row],
                level_variation=law.level_variation[row],
                calibration_group=law.group[row],
            )
            for row, mean in enumerate(forecast.mean)
        )
        plan = plan_orders(plans, trajectories=learned["pool"].trajectories)
        upper = plan["order_up_to_quantity"].to_numpy()
        covered = demand[:, days:].sum(axis=1) <= upper + 0.5
        assert covered.mean() == pytest.approx(0.95, abs=0.03)
        # the level of the same law
        assert upper == pytest.approx(law.quantile(0.95, 14), abs=1e-9)


def launches(rows):
    """A table for `learn_levels` from (category, is_new, days, units, squares, selling_days)."""
    names = ("category", "is_new", "known_days", "known_units", "squares", "selling_days")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def test_levels_are_learned_by_category():
    rng = np.random.default_rng(8)
    rows = []
    for category, mean in (("Tea", 2.0), ("Coffee", 8.0)):
        for rate in rng.gamma(2.0, mean / 2.0, 400):
            sales = rng.poisson(rate, 28)
            rows.append(
                (category, True, 28, float(sales.sum()), float((sales**2).sum()), (sales > 0).sum())
            )
    learned = learn_levels(launches(rows)).to_pylist()
    assert [row["category"] for row in learned] == ["Coffee", "Tea", None]
    assert learned[0]["level_mean"] == pytest.approx(8.0, rel=0.1)
    assert learned[1]["level_mean"] == pytest.approx(2.0, rel=0.1)
    assert learned[0]["level_shape"] == pytest.approx(2.0, rel=0.2)
    assert learned[2]["level_dispersion"] == pytest.approx(1.0, rel=0.05)
    shuffled = [rows[i] for i in rng.permutation(len(rows))]
    assert learn_levels(launches(shuffled)).to_pylist() == learned
    # one hit of a million a day does not decide
    hit = learn_levels(launches([*rows, ("Tea", True, 28, 28e6, 28e12, 28)])).to_pylist()
    assert hit[1]["level_mean"] < 1.3 * learned[1]["level_mean"]


def test_a_category_of_few_is_drawn_to_all_by_hand():
    rows = [("Tea", True, 28, 28.0, 56.0, 14)] * 30 + [("Soup", True, 28, 140.0, 840.0, 28)] * 10
    learned = {row["category"]: row for row in learn_levels(launches(rows)).to_pylist()}
    # all: (30 × 1 + 10 × 5) / 40 = 2; Soup: (10 × 5 + 10 × 2) / 20
    assert learned[None]["level_mean"] == pytest.approx(2.0)
    assert learned["Soup"]["level_mean"] == pytest.approx(3.5)
    assert learned["Soup"]["selling_share"] == pytest.approx((10 + 10 * 25 / 40) / 20)
    assert learned["Soup"]["series"] == 10


def test_old_series_stand_for_new_ones_that_are_too_few():
    old = [("Tea", False, 28, 28.0, 56.0, 14)] * 50
    new = [("Tea", True, 28, 280.0, 3000.0, 28)] * 29
    assert learn_levels(launches(old + new)).to_pylist()[1]["series"] == 79
    assert learn_levels(launches([*old, *new, new[0]])).to_pylist()[1]["series"] == 30
    assert learn_levels(launches([("Tea", True, 6, 60.0, 600.0, 6)])).num_rows == 0
    assert learn_levels(launches([("Tea", True, 28, 0.0, 0.0, 0)] * 9)).num_rows == 0
