"""The nodes of the DAG: tables in, tables out."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from shelfcast.forecasting import ErrorPool, Prior, forecast_arrays, nodes

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


def forecast(fits, pool, as_of=LAST_DAY):
    return nodes.forecast_series(fits, pool=pool, as_of=as_of, season_length=7)


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
    return Prior.from_table(nodes.learn_priors(table, 7))


@pytest.fixture(scope="module")
def fits(table, prior):
    return nodes.fit_series(table, prior=prior, horizon=HORIZON)


def test_the_nodes_make_the_public_function(series, table, prior, fits):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, HORIZON))
    rows = forecast(fits, pool)
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


def test_forecast_rows_count_days_from_the_last_one(fits):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, HORIZON))
    rows = forecast(fits, pool).to_pylist()
    assert len(rows) == 10 * HORIZON
    assert [row["lead_day"] for row in rows[:HORIZON]] == list(range(1, HORIZON + 1))
    assert all(row["forecast_on"] == LAST_DAY + timedelta(row["lead_day"]) for row in rows)
    assert {(row["sku_id"], row["location_id"]) for row in rows[:HORIZON]} == {("S0", "SOUTH")}


def test_an_older_fit_is_carried_forward(fits):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, HORIZON))
    young = forecast(fits, pool).to_pylist()
    old = forecast(fits, pool, LAST_DAY + timedelta(4)).to_pylist()
    assert [row["lead_day"] for row in old[:HORIZON]] == list(range(1, HORIZON + 1))
    assert old[0]["forecast_on"] == LAST_DAY + timedelta(5)
    names = ("sku_id", "location_id", "forecast_on")
    means = {tuple(row[name] for name in names): row["forecast_quantity"] for row in young}
    for row in old:
        # beyond the fit's nine days, the same weekday of its last week
        week = timedelta(7 * (row["lead_day"] > HORIZON - 4))
        day = row["forecast_on"] - week
        assert row["forecast_quantity"] == means[row["sku_id"], row["location_id"], day]
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


def test_a_season_longer_than_the_horizon_repeats_the_last_day(fits):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, HORIZON))
    old = nodes.forecast_series(
        fits, pool=pool, as_of=LAST_DAY + timedelta(2), season_length=365
    ).to_pylist()
    assert len({row["forecast_quantity"] for row in old[HORIZON - 3 : HORIZON]}) == 1


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        (-1, "fitted as of 2026-06-30, later than 2026-06-29"),
        (5, "half the horizon of 9 days before"),
    ],
)
def test_fits_that_do_not_serve_are_refused(fits, days, fault):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, HORIZON))
    with pytest.raises(ValueError, match=fault):
        forecast(fits, pool, LAST_DAY + timedelta(days))


def test_fits_of_another_horizon_are_refused(fits):
    pool = ErrorPool.from_table(nodes.pool_errors(fits, HORIZON))
    shorter = ErrorPool(pool.lower_ratio, pool.trajectories[:, :, :5])
    with pytest.raises(ValueError, match="fit them anew"):
        forecast(fits, shorter)


def test_a_series_without_a_fit_is_forecast_by_its_mean():
    table = make_table(
        {
            ("A", "X"): [4, None, 6, 8],
            ("B", "X"): [3, None],
            ("C", "X"): [0, 0, 0, 0],
            ("D", "X"): [None],
        },
        value_type=pa.float64(),
    )
    fallback = nodes.fall_back_series(table, horizon=HORIZON)
    assert fallback.schema == nodes.FIT_SCHEMA
    rows = fallback.to_pylist()
    assert [row["fallback_reason"] for row in rows] == [
        "NOT_YET_FITTED",
        "TOO_FEW_OBSERVATIONS",
        "NO_DEMAND",
        "NO_OBSERVATIONS",
    ]
    assert [row["mean_forecast"] for row in rows] == [[mean] * HORIZON for mean in (6, 3, 0, 0)]
    assert [row["method"] for row in rows] == ["mean", "mean", "zero", "zero"]
    # of the first three values: standard deviation 2, and that of their mean beside it
    assert rows[0]["scale"] == pytest.approx(2 * (4 / 3) ** 0.5)
    assert [row["observations"] for row in rows] == [3, 1, 4, 0]
    # those that cannot be fitted are forecast as by a fit
    fits = nodes.fit_series(table, prior=Prior.flat(7), horizon=HORIZON)
    assert_same_rows(fallback.slice(1), fits.slice(1))
    pool = ErrorPool.from_table(nodes.pool_errors(fits, HORIZON))
    assert forecast(fallback, pool).num_rows == 4 * HORIZON


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
    assert {len(row["mean_forecast"]) for row in by_key.values()} == {HORIZON}
    assert {len(row["errors"]) for row in by_key.values()} == {8 * HORIZON}


def test_fits_of_a_series_do_not_depend_on_its_batch(series, prior, fits):
    parts = [
        nodes.fit_series(
            make_table({key: values}, value_type=pa.float64()), prior=prior, horizon=HORIZON
        )
        for key, values in series.items()
    ]
    assert_same_rows(pa.concat_tables(parts), fits)


def test_order_of_rows_does_not_matter_to_what_is_learnt(table, fits):
    rng = np.random.default_rng(52)
    shuffled = table.take(rng.permutation(table.num_rows))
    assert nodes.learn_priors(shuffled, 7).equals(nodes.learn_priors(table, 7))
    mixed = fits.take(rng.permutation(fits.num_rows))
    assert nodes.pool_errors(mixed, HORIZON).equals(nodes.pool_errors(fits, HORIZON))


def test_any_arrow_type_of_an_engine_is_read(series, table, prior, fits):
    decimals = {
        key: [None if value is None else Decimal(value) for value in values]
        for key, values in series.items()
    }
    exotic = make_table(decimals, value_type=pa.decimal128(18, 4))
    exotic = exotic.set_column(0, "sku_id", exotic["sku_id"].dictionary_encode())
    exotic = exotic.set_column(1, "location_id", exotic["location_id"].cast(pa.large_string()))
    chunked = pa.concat_tables([exotic.slice(0, 77), exotic.slice(77)])
    assert_same_rows(nodes.fit_series(chunked, prior=prior, horizon=HORIZON), fits)
    assert nodes.learn_priors(chunked, 7).equals(nodes.learn_priors(table, 7))
    large = fits.set_column(
        fits.schema.get_field_index("errors"),
        "errors",
        fits["errors"].cast(pa.large_list(pa.float64())),
    )
    assert nodes.pool_errors(large, HORIZON).equals(nodes.pool_errors(fits, HORIZON))


def test_tables_without_rows(table, prior, fits):
    pool_rows = nodes.pool_errors(fits.slice(0, 0), HORIZON)
    assert pool_rows.schema == nodes.POOL_SCHEMA
    pool = ErrorPool.from_table(pool_rows)
    assert pool.mean_squares == pytest.approx(np.arange(1, HORIZON + 1))
    for empty, schema in (
        (nodes.fit_series(table.slice(0, 0), prior=prior, horizon=HORIZON), nodes.FIT_SCHEMA),
        (nodes.fall_back_series(table.slice(0, 0), horizon=HORIZON), nodes.FIT_SCHEMA),
        (forecast(fits.slice(0, 0), pool), nodes.FORECAST_SCHEMA),
        (forecast(fits.slice(0, 0), pool, as_of=None), nodes.FORECAST_SCHEMA),
    ):
        assert empty.num_rows == 0
        assert empty.schema == schema
    priors = nodes.learn_priors(table.slice(0, 0), 7)
    assert priors.schema == nodes.PRIOR_SCHEMA
    assert priors["multiplicative_profile"].to_pylist() == [1.0] * 7


def test_completion_gives_the_stocked_out_days():
    table = make_table(
        {("A", "X"): [4, 0, 2, None], ("B", "X"): [5, 9], ("C", "X"): [None, None]},
        "sales_quantity",
        pa.float64(),
    ).append_column("is_censored", pa.array([False, True, False, True, None, True, True, False]))
    completed = nodes.complete_demand(table)
    assert completed.schema == nodes.COMPLETION_SCHEMA
    assert [tuple(row.values()) for row in completed.to_pylist()] == [
        ("A", "X", date(2026, 6, 28), 3.0),
        ("A", "X", LAST_DAY, 3.0),
        ("B", "X", LAST_DAY, 9.0),
        ("C", "X", date(2026, 6, 29), None),
    ]
    assert nodes.complete_demand(table.slice(0, 0)).num_rows == 0


def test_a_missing_day_is_refused_by_name(table, prior):
    holed = pa.concat_tables([table.slice(0, 70), table.slice(71)])
    message = "sku_id S0, location_id NORTH are not consecutive: 2026-05-08 follows 2026-05-06"
    with pytest.raises(ValueError, match=message):
        nodes.fit_series(holed, prior=prior, horizon=HORIZON)
    with pytest.raises(ValueError, match=message):
        nodes.learn_priors(holed, 7)


def test_a_repeated_day_is_refused(table, prior):
    doubled = pa.concat_tables([table.slice(0, 10), table.slice(9)])
    with pytest.raises(ValueError, match="not consecutive"):
        nodes.fit_series(doubled, prior=prior, horizon=HORIZON)


def test_series_that_end_on_another_day_are_refused(table, prior):
    with pytest.raises(ValueError, match="sku_id S9, location_id NORTH ends on 2026-06-29"):
        nodes.fit_series(table.slice(0, table.num_rows - 1), prior=prior, horizon=HORIZON)


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
