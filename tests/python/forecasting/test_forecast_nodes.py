"""The nodes of the DAG: tables in, tables out."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

import shelfcast
from shelfcast.forecasting import ErrorPool, Prior, SeasonalProfile, forecast_arrays, nodes

HORIZON = 9
LAST_DAY = date(2026, 6, 30)


def make_table(series, value_name="demand_quantity", value_type=None):
    """Rows of series by (sku_id, location_id), None = unknown, all ending on the last day."""
    rows = [
        (sku, location, LAST_DAY - timedelta(len(values) - 1 - day), value)
        for (sku, location), values in series.items()
        for day, value in enumerate(values)
    ]
    sku, location, day, value = zip(*rows, strict=True)
    return pa.table(
        {
            "sku_id": pa.array(sku),
            "location_id": pa.array(location),
            "demand_on": pa.array(day),
            value_name: pa.array(value, value_type),
        }
    )


def learn(table, season_length=7):
    """What a pilot teaches, through its tables."""
    profile = SeasonalProfile.from_table(nodes.learn_profiles(table, season_length))
    priors = nodes.learn_priors(table, profile=profile, horizon=HORIZON)
    return Prior.from_table(priors, profile)


def forecast(fits, prior, as_of=LAST_DAY):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, prior=prior, horizon=HORIZON))
    return nodes.forecast_series(fits, prior=prior, pool=pool, as_of=as_of)


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(51)
    panel = {
        (f"S{i // 2}", "NORTH" if i % 2 else "SOUTH"): rng.poisson(3 + i, 60 + 5 * i).tolist()
        for i in range(8)
    }
    panel["S1", "NORTH"][4] = None
    panel["S8", "NORTH"] = [None] * 20
    panel["S9", "NORTH"] = [0, 2]
    return panel


@pytest.fixture(scope="module")
def table(series):
    return make_table(series, value_type=pa.float64())


@pytest.fixture(scope="module")
def prior(table):
    return learn(table)


@pytest.fixture(scope="module")
def fits(table, prior):
    return nodes.fit_series(table, prior=prior, horizon=HORIZON)


def test_the_nodes_make_the_public_function(series, prior, fits):
    rows = forecast(fits, prior)
    assert rows.schema == nodes.FORECAST_SCHEMA
    expected = forecast_arrays(
        [np.array(values, float) for values in series.values()],
        HORIZON,
        quantiles=tuple(nodes.FORECAST_PROBABILITIES.values()),
    )
    np.testing.assert_array_equal(rows["forecast_quantity"], expected.mean.ravel())
    for position, name in enumerate(nodes.FORECAST_PROBABILITIES):
        np.testing.assert_array_equal(rows[name], expected.quantiles[:, :, position].ravel())
    assert rows["method"].to_pylist()[::HORIZON] == expected.method.tolist()
    assert rows["fallback_reason"].to_pylist()[::HORIZON] == expected.fallback_reason.tolist()


def test_forecast_rows_count_days_from_the_last_one(prior, fits):
    rows = forecast(fits, prior).to_pylist()
    assert len(rows) == 10 * HORIZON
    assert [row["lead_day"] for row in rows[:HORIZON]] == list(range(1, HORIZON + 1))
    assert all(row["forecast_on"] == LAST_DAY + timedelta(row["lead_day"]) for row in rows)
    assert {(row["sku_id"], row["location_id"]) for row in rows[:HORIZON]} == {("S0", "SOUTH")}


def test_the_states_of_an_older_fit_reach_further_ahead(prior, fits):
    young, old = (forecast(fits, prior, LAST_DAY + timedelta(age)).to_pylist() for age in (0, 4))
    assert [row["lead_day"] for row in old[:HORIZON]] == list(range(1, HORIZON + 1))
    assert old[0]["forecast_on"] == LAST_DAY + timedelta(5)
    names = ("sku_id", "location_id", "forecast_on")
    means = {tuple(row[name] for name in names): row["forecast_quantity"] for row in young}
    known = [row for row in old if row["lead_day"] <= HORIZON - 4]
    assert len(known) == 10 * (HORIZON - 4)
    for row in known:
        assert row["forecast_quantity"] == means[tuple(row[name] for name in names)]
    assert [row["calibration_group"] for row in old] == [row["calibration_group"] for row in young]
    growth = {
        after["error_scale"] / before["error_scale"]
        for before, after in zip(young, old, strict=True)
        if before["error_scale"]
    }
    assert min(growth) == pytest.approx(max(growth))
    assert min(growth) >= 1


def test_errors_grow_with_the_age_of_a_fit():
    # random walks: after t days the error of a day has t times the variance
    walks = np.random.default_rng(53).normal(size=(1, 4000, 20)).cumsum(axis=2)
    pool = ErrorPool(np.zeros(1), walks)
    growth = pool.growth(np.array([0, 4, 0, 9]))
    assert growth[[0, 2]].tolist() == [1.0, 1.0]
    # the sum over n days of which the first comes after a: n²a + n(n + 1)(2n + 1) / 6
    for position, age in ((1, 4), (3, 9)):
        n = 20 - age
        young = n * (n + 1) * (2 * n + 1) / 6
        expected = ((n**2 * age + young) / young) ** 0.5
        assert growth[position] == pytest.approx(expected, rel=0.05)
    # errors that do not add up from day to day are no greater, and never less
    assert ErrorPool(np.zeros(1), np.zeros((1, 5, 20))).growth(np.array([3])).tolist() == [1.0]


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        (-1, "fitted as of 2026-06-30, later than 2026-06-29"),
        (5, "half the horizon of 9 days before"),
    ],
)
def test_fits_that_do_not_serve_are_refused(prior, fits, days, fault):
    with pytest.raises(ValueError, match=fault):
        forecast(fits, prior, LAST_DAY + timedelta(days))


def test_a_series_without_a_fit_is_forecast_by_its_mean(prior):
    table = make_table(
        {
            ("A", "X"): [4, None, 6, 8],
            ("B", "X"): [3, None],
            ("C", "X"): [0, 0, 0, 0],
            ("D", "X"): [None],
        },
        value_type=pa.float64(),
    )
    fallback = nodes.fall_back_series(table, prior=prior, horizon=HORIZON)
    assert fallback.schema == nodes.FIT_SCHEMA
    rows = fallback.to_pylist()
    assert [row["fallback_reason"] for row in rows] == [
        "NOT_YET_FITTED",
        "TOO_FEW_OBSERVATIONS",
        "NO_DEMAND",
        "NO_OBSERVATIONS",
    ]
    assert [row["fallback_mean"] for row in rows] == [6, 3, 0, 0]
    assert [row["mean_quantity"] for row in rows] == [6, 3, 0, 0]
    assert [row["method"] for row in rows] == ["mean", "mean", "zero", "zero"]
    assert [row["candidates"] for row in rows] == [[]] * 4
    # of the first three values: standard deviation 2, and that of their mean beside it
    assert rows[0]["scale"] == pytest.approx(2 * (4 / 3) ** 0.5)
    assert [row["observations"] for row in rows] == [3, 1, 4, 0]
    # those that cannot be fitted are forecast as by a fit
    fits = nodes.fit_series(table, prior=prior, horizon=HORIZON)
    aside = ["additive_indices", "multiplicative_indices"]
    assert_same_rows(fallback.slice(1).drop_columns(aside), fits.slice(1).drop_columns(aside))
    means = forecast(fallback, prior)["forecast_quantity"].to_pylist()
    assert means == [mean for mean in (6, 3, 0, 0) for _ in range(HORIZON)]


def test_fits_hold_one_row_per_series(series, fits):
    assert fits.schema == nodes.FIT_SCHEMA
    assert list(zip(*fits.select(["sku_id", "location_id"]).to_pydict().values(), strict=True)) == (
        list(series)
    )
    by_key = {(row["sku_id"], row["location_id"]): row for row in fits.to_pylist()}
    assert by_key["S1", "NORTH"]["observations"] == len(series["S1", "NORTH"]) - 1
    assert by_key["S8", "NORTH"]["fallback_reason"] == "NO_OBSERVATIONS"
    assert by_key["S9", "NORTH"]["fallback_reason"] == "TOO_FEW_OBSERVATIONS"
    assert by_key["S0", "SOUTH"]["fallback_reason"] is None
    assert {row["last_on"] for row in by_key.values()} == {LAST_DAY}
    assert {row["version"] for row in by_key.values()} == {shelfcast.__version__}
    assert by_key["S1", "NORTH"]["days"] == len(series["S1", "NORTH"])
    assert sum(by_key["S1", "NORTH"]["weights"]) == pytest.approx(1.0)
    assert {len(row["errors"]) for row in by_key.values()} == {8 * HORIZON}


def test_fits_of_a_series_do_not_depend_on_its_batch(series, prior, fits):
    parts = [
        nodes.fit_series(
            make_table({key: values}, value_type=pa.float64()), prior=prior, horizon=HORIZON
        )
        for key, values in series.items()
    ]
    assert_same_rows(pa.concat_tables(parts), fits)


def test_order_of_rows_does_not_matter_to_what_is_learnt(table, prior, fits):
    rng = np.random.default_rng(52)
    shuffled = table.take(rng.permutation(table.num_rows))
    assert_same_prior(learn(shuffled), prior)
    mixed = fits.take(rng.permutation(fits.num_rows))
    pools = [nodes.pool_errors(rows, prior=prior, horizon=HORIZON) for rows in (fits, mixed)]
    assert pools[0].equals(pools[1])


def test_any_arrow_type_of_an_engine_is_read(series, prior, fits):
    decimals = {
        key: [None if value is None else Decimal(value) for value in values]
        for key, values in series.items()
    }
    exotic = make_table(decimals, value_type=pa.decimal128(18, 4))
    exotic = exotic.set_column(0, "sku_id", exotic["sku_id"].dictionary_encode())
    exotic = exotic.set_column(1, "location_id", exotic["location_id"].cast(pa.large_string()))
    chunked = pa.concat_tables([exotic.slice(0, 77), exotic.slice(77)])
    assert_same_rows(nodes.fit_series(chunked, prior=prior, horizon=HORIZON), fits)
    assert_same_prior(learn(chunked), prior)
    large = fits
    for position, field in enumerate(fits.schema):
        if pa.types.is_list(field.type):
            lists = fits[field.name].cast(pa.large_list(field.type.value_type))
            large = large.set_column(position, field.name, lists)
    assert forecast(large, prior).equals(forecast(fits, prior))


def test_tables_without_rows(table, prior, fits):
    pool_rows = nodes.pool_errors(fits.slice(0, 0), prior=prior, horizon=HORIZON)
    assert pool_rows.schema == nodes.POOL_SCHEMA
    pool = ErrorPool.from_table(pool_rows)
    assert pool.mean_squares == pytest.approx(np.arange(1, HORIZON + 1))
    none, learnt = table.slice(0, 0), {"prior": prior, "horizon": HORIZON}
    for empty, schema in (
        (nodes.fit_series(none, **learnt), nodes.FIT_SCHEMA),
        (nodes.fall_back_series(none, **learnt), nodes.FIT_SCHEMA),
        (forecast(fits.slice(0, 0), prior), nodes.FORECAST_SCHEMA),
        (forecast(fits.slice(0, 0), prior, as_of=None), nodes.FORECAST_SCHEMA),
    ):
        assert empty.num_rows == 0
        assert empty.schema == schema
    assert learn(none).profile.to_table().equals(SeasonalProfile.flat(7).to_table())
    assert learn(none).grid.size > 0


def test_completion_gives_the_stocked_out_days():
    table = make_table(
        {("A", "X"): [4, 0, 2, None], ("B", "X"): [5, 9], ("C", "X"): [None, None]},
        "sales_quantity",
        pa.float64(),
    ).append_column("is_censored", pa.array([False, True, False, True, None, True, True, False]))
    table = table.append_column("is_special_day", pa.array([False] * 8))
    completed = nodes.complete_demand(table)
    assert completed.schema == nodes.COMPLETION_SCHEMA
    assert [tuple(row.values()) for row in completed.to_pylist()] == [
        ("A", "X", date(2026, 6, 28), 3.0, 3.0, False),
        ("A", "X", LAST_DAY, 3.0, 3.0, False),
        ("B", "X", LAST_DAY, 9.0, 9.0, False),
        ("C", "X", date(2026, 6, 29), None, None, False),
    ]
    assert nodes.complete_demand(table.slice(0, 0)).num_rows == 0


def test_a_missing_day_is_refused_by_name(table, prior):
    holed = pa.concat_tables([table.slice(0, 70), table.slice(71)])
    message = "sku_id S0, location_id NORTH are not consecutive: 2026-05-08 follows 2026-05-06"
    with pytest.raises(ValueError, match=message):
        nodes.fit_series(holed, prior=prior, horizon=HORIZON)
    with pytest.raises(ValueError, match=message):
        nodes.learn_profiles(holed, 7)


def test_a_repeated_day_is_refused(table, prior):
    doubled = pa.concat_tables([table.slice(0, 10), table.slice(9)])
    with pytest.raises(ValueError, match="not consecutive"):
        nodes.fit_series(doubled, prior=prior, horizon=HORIZON)


def test_series_that_end_on_another_day_are_refused(table, prior):
    with pytest.raises(ValueError, match="sku_id S9, location_id NORTH ends on 2026-06-29"):
        nodes.fit_series(table.slice(0, table.num_rows - 1), prior=prior, horizon=HORIZON)


def assert_same_prior(found, expected):
    """Compare what is learnt bit for bit."""
    assert found.profile.to_table().equals(expected.profile.to_table())
    np.testing.assert_array_equal(found.grid.number, expected.grid.number)
    np.testing.assert_array_equal(found.weights, expected.weights)


def assert_same_rows(found, expected):
    """Compare tables bit for bit, NaN being equal to NaN."""
    assert found.schema == expected.schema
    for name in expected.schema.names:
        if pa.types.is_list(expected.schema.field(name).type):
            np.testing.assert_array_equal(
                *(t[name].combine_chunks().flatten() for t in (found, expected)), err_msg=name
            )
        else:
            assert found[name].to_pylist() == expected[name].to_pylist(), name
