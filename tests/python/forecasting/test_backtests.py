"""Backtests: every fold is a forecast that knew nothing of later days."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from shelfcast.forecasting import (
    Panel,
    Prior,
    SeasonalProfile,
    forecast_arrays,
    nodes,
    teach,
)

HORIZON = 9
LAST_DAY = date(2026, 6, 30)
FOLDS = 3


def make_table(series, is_censored=None):
    """Rows of series, NaN being null, that are never out of stock unless it is said."""
    lengths = [len(y) for y in series.values()]
    values = pa.array(np.concatenate(list(series.values())), pa.float64(), from_pandas=True)
    return pa.table(
        {
            "sku_id": np.repeat(list(series), lengths),
            "location_id": ["X"] * sum(lengths),
            "demand_on": np.concatenate(
                [np.datetime64(LAST_DAY) + np.arange(1 - length, 1) for length in lengths]
            ),
            "sales_quantity": values,
            "demand_quantity": values,
            "is_censored": pa.array(
                np.zeros(sum(lengths), bool) if is_censored is None else is_censored
            ),
            "is_special_day": pa.array(np.zeros(sum(lengths), bool)),
        }
    )


def week(days):
    """Demand of some days up to the last one, twice as high on Saturdays."""
    weekdays = [(LAST_DAY - timedelta(day)).weekday() for day in range(days)]
    return np.array([20.0 if weekday == 5 else 10.0 for weekday in reversed(weekdays)])


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(61)
    panel = {f"S{i}": rng.poisson(0.2 * i * week(60 + 5 * i)).astype(float) for i in range(1, 9)}
    panel["S2"][[4, 50, -1, -12]] = np.nan
    panel["of two days"] = np.array([3.0, 5.0])
    panel["of three weeks"] = rng.poisson(5, 21).astype(float)
    panel["unknown at first"] = np.r_[np.full(40, np.nan), rng.poisson(5, 10)]
    panel["unsold at first"] = np.r_[np.zeros(30), rng.poisson(5, 9)]
    return panel


@pytest.fixture(scope="module")
def learnt(series):
    """Prior and pool of today."""
    panel = Panel.from_series(list(series.values()))
    prior = teach(panel, 7, HORIZON)
    pool = forecast_arrays(list(series.values()), HORIZON, prior=prior).cumulative.pool
    return {"prior": prior, "pool": pool}


@pytest.fixture(scope="module")
def backtests(series, learnt):
    return nodes.backtest_series(make_table(series), **learnt, folds=FOLDS)


def test_a_fold_is_a_forecast_of_its_origin(series, learnt, backtests):
    levels = tuple(nodes.FORECAST_PROBABILITIES.values())
    prior, pool = learnt["prior"], learnt["pool"]
    for fold in range(FOLDS):
        held_out = HORIZON + 7 * fold
        profile = prior.profile  # of phase p today was phase p - held_out at the origin
        phases = (np.arange(7) - held_out) % 7
        then = replace(
            profile,
            additive=replace(profile.additive, profile=profile.additive.profile[phases]),
            multiplicative=replace(
                profile.multiplicative, profile=profile.multiplicative.profile[phases]
            ),
        )
        past = {name: y[:-held_out] for name, y in series.items() if len(y) > held_out}
        expected = forecast_arrays(
            list(past.values()), HORIZON, 7, levels, prior=replace(prior, profile=then), pool=pool
        )
        rows = backtests.filter(pa.compute.equal(backtests["fold_number"], fold))
        assert rows["sku_id"].to_pylist()[::HORIZON] == list(past)
        np.testing.assert_array_equal(rows["forecast_quantity"], expected.mean.ravel())
        for position, name in enumerate(nodes.FORECAST_PROBABILITIES):
            np.testing.assert_array_equal(rows[name], expected.quantiles[:, :, position].ravel())
        assert rows["method"].to_pylist()[::HORIZON] == expected.method.tolist()
        reasons = rows["fallback_reason"].to_pylist()[::HORIZON]
        assert reasons == expected.fallback_reason.tolist()
        unknown = "NO_OBSERVATIONS" if fold else "TOO_FEW_OBSERVATIONS"
        assert set(reasons) == {None, "NO_DEMAND", unknown}


def test_young_series_are_forecast_as_they_were_to_be_planned(learnt):
    """The category's level of each series, and its first day; one began after the origin."""
    rng = np.random.default_rng(63)
    tables = []
    for name, days, mean, is_begun_by_sale in (
        ("late", HORIZON - 1, 1.0, True),
        ("Coffee", HORIZON + 5, 9.0, False),
        ("Tea", HORIZON + 5, 0.3, True),
    ):
        table = make_table({name: rng.poisson(3, days) + 1.0})
        for column, value in (
            ("level_mean", mean), ("level_shape", 0.8), ("level_dispersion", 1.5),
            ("dispersion_slope", 0.0), ("selling_share", 0.2),
            ("is_begun_by_sale", is_begun_by_sale),
        ):  # fmt: skip
            table = table.append_column(column, pa.array([value] * days))
        tables.append(table)
    table = pa.concat_tables(tables)
    prior, pool = Prior.unlearnt(SeasonalProfile.flat(7)), learnt["pool"]
    backtests = nodes.backtest_series(table, prior=prior, pool=pool, folds=1)
    origin_on = LAST_DAY - timedelta(HORIZON)
    past = table.filter(pa.compute.less_equal(table["demand_on"], pa.scalar(origin_on)))
    fits = nodes.fit_series(past, prior=prior, horizon=HORIZON)
    for column in table.column_names[-6:]:
        fits = fits.append_column(column, past[column].take([0, 5]))
    planned = nodes.forecast_series(fits, prior=prior, pool=pool, as_of=origin_on)
    for column in ("sku_id", "forecast_on", "forecast_quantity", "method", "fallback_reason",
        *nodes.FORECAST_PROBABILITIES):  # fmt: skip
        assert backtests[column].to_pylist() == planned[column].to_pylist()
    assert set(backtests["method"].to_pylist()) == {"launch_level"}


def test_rows_lie_beside_the_demand_of_their_day(series, backtests):
    assert backtests.schema == nodes.BACKTEST_SCHEMA
    rows = backtests.to_pylist()
    # three folds of ten series, two of that of three weeks, and none of that of two days
    assert len(rows) == (3 * 10 + 2) * HORIZON
    keys = [(row["sku_id"], row["fold_number"], row["lead_day"]) for row in rows]
    order = {name: position for position, name in enumerate(series)}
    assert keys == sorted(set(keys), key=lambda key: (order[key[0]], *key[1:]))
    for row in rows:
        origin_on = LAST_DAY - timedelta(HORIZON + 7 * row["fold_number"])
        assert row["origin_on"] == origin_on
        assert row["forecast_on"] == origin_on + timedelta(row["lead_day"])
        actual = series[row["sku_id"]][-1 - (LAST_DAY - row["forecast_on"]).days]
        assert row["demand_quantity"] == (None if np.isnan(actual) else actual)


def test_a_fold_knows_the_phase_of_its_origin(learnt):
    """A history of five days has no season of its own, and takes that of the others."""
    prior = teach(Panel.from_series([scale * week(90) for scale in range(1, 9)]), 7, HORIZON)
    rows = nodes.backtest_series(
        make_table({"young": week(HORIZON + 5)}), prior=prior, pool=learnt["pool"], folds=1
    ).to_pylist()
    quantities = {row["forecast_on"]: row["forecast_quantity"] for row in rows}
    saturdays = {day for day in quantities if day.weekday() == 5}
    others = [quantity for day, quantity in quantities.items() if day not in saturdays]
    assert saturdays
    assert all(quantities[day] > 1.3 * max(others) for day in saturdays)


def test_a_fold_knows_nothing_of_later_days(learnt):
    rng = np.random.default_rng(62)
    is_censored = rng.random(120) < 0.2
    sales = rng.poisson(20, 120) * np.where(is_censored, 0.5, 1.0)
    changed, other_flags = sales.copy(), is_censored.copy()
    changed[-HORIZON:] = 900.0
    other_flags[-HORIZON:] = ~is_censored[-HORIZON:]
    before, after = (
        nodes.backtest_series(make_table({"A": y}, flags), **learnt, folds=1)
        for y, flags in ((sales, is_censored), (changed, other_flags))
    )
    aside = "demand_quantity"
    assert after.drop_columns(aside).equals(before.drop_columns(aside))
    assert after[aside].to_pylist() == [900.0] * HORIZON
    # what stocked out is completed by then: 20, where sales alone would give 18
    assert np.mean(before["forecast_quantity"].to_pylist()) == pytest.approx(20, rel=0.06)


def test_what_forecasts_are_compared_with(learnt):
    # steps 2, unknown, unknown, 4 and -1
    history = [5.0, 7.0, np.nan, 6.0, 10.0, 9.0]
    table = make_table({"A": np.r_[history, np.arange(9.0)], "B": np.arange(10.0)})
    rows = nodes.backtest_series(table, **learnt, folds=1).to_pylist()
    first, second = rows[:HORIZON], rows[HORIZON:]
    # the day a week before; the last known one where that is not known or before the first
    assert [row["seasonal_naive_quantity"] for row in first] == [9, 5, 7, 9, 6, 10, 9, 9, 5]
    assert {row["mean_squared_step"] for row in first} == {(4 + 16 + 1) / 3}
    assert {row["mean_absolute_step"] for row in first} == {(2 + 4 + 1) / 3}
    assert {row["mean_squared_step"] for row in second} == {None}
    assert {row["mean_absolute_step"] for row in second} == {None}
    assert {row["seasonal_naive_quantity"] for row in second} == {0.0}


def test_a_fold_has_28_days_at_most():
    table = make_table({"A": week(200)})
    fits = forecast_arrays([week(200)], 35)
    prior = teach(Panel.from_series([week(200)]), 7, 35)
    rows = nodes.backtest_series(table, prior=prior, pool=fits.cumulative.pool, folds=2)
    assert rows["lead_day"].to_pylist() == [*range(1, 29)] * 2
    assert rows["forecast_quantity"].to_pylist() == pytest.approx(
        rows["demand_quantity"].to_pylist(), rel=1e-3
    )


def test_backtests_of_a_series_do_not_depend_on_its_batch(series, learnt, backtests):
    parts = [
        nodes.backtest_series(make_table({name: y}), **learnt, folds=FOLDS)
        for name, y in series.items()
    ]
    assert pa.concat_tables(parts).equals(backtests)


def test_nothing_to_backtest(series, learnt):
    for table in (make_table(series).slice(0, 0), make_table({"young": np.ones(HORIZON)})):
        rows = nodes.backtest_series(table, **learnt, folds=FOLDS)
        assert rows.num_rows == 0
        assert rows.schema == nodes.BACKTEST_SCHEMA


def test_series_that_end_on_another_day_are_refused(series, learnt):
    table = make_table(series)
    with pytest.raises(ValueError, match="ends on 2026-06-29, others on 2026-06-30"):
        nodes.backtest_series(table.slice(0, table.num_rows - 1), **learnt, folds=FOLDS)
