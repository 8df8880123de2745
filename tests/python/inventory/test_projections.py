"""Projected stock: by hand, and against a simulation of each day."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from stock_panels import normal_errors, panel

from shelfcast.inventory import PROJECTION_SCHEMA, project_stock

NO_ERRORS = np.zeros((1, 4, 20))


def project(table, trajectories=NO_ERRORS):
    result = project_stock(table, trajectories=trajectories)
    assert result.schema == PROJECTION_SCHEMA
    return result.to_pydict()


def test_certain_demand_by_hand():
    # 10 on hand, 4 a day, 5 sellable from the opening of day 4.
    # Day 3 wants 12 of 10: 2 lost. Day 4 opens with 5, sells 4. Day 5 opens with 1: 3 lost.
    rows = project(panel([4] * 5, stock_on_hand=10, receipts={4: 5}, error_scale=0))
    assert rows["lead_day"] == [1, 2, 3, 4, 5]
    assert rows["demand_quantity"] == [4] * 5
    assert rows["receipts_quantity"] == [0, 0, 0, 5, 0]
    assert rows["stock_mean_quantity"] == [6, 2, 0, 1, 0]
    assert rows["stock_p10_quantity"] == rows["stock_p50_quantity"] == [6, 2, 0, 1, 0]
    assert rows["lost_sales_quantity"] == [0, 0, 2, 2, 5]
    assert rows["stockout_probability"] == [0, 0, 1, 1, 1]


def test_exactly_enough_is_no_stockout():
    assert project(panel([0.1] * 10, stock_on_hand=1.0, error_scale=0))["stockout_probability"] == (
        [0] * 10
    )


def test_receipts_do_not_undo_a_stockout():
    # formulas.md section 4: mu 20, sigma 12, 180 on hand, 145 due on day 8: 0.199, not 0.159.
    errors = normal_errors(60_000, 14)
    rows = project(panel([20] * 14, stock_on_hand=180, receipts={8: 145}, error_scale=12), errors)
    assert rows["stockout_probability"][-1] == pytest.approx(0.199, abs=0.005)


def test_stock_law_against_simulation_day_by_day():
    # Independent bookkeeping: sell what there is, lose the rest, one day after the other.
    errors = np.random.default_rng(3).standard_normal((1, 50_000, 10)) * 0.5
    rows = project(panel([20] * 10, stock_on_hand=70, receipts={5: 90}, error_scale=6), errors)
    stock, lost, ran_out = np.full(50_000, 70.0), np.zeros(50_000), np.zeros(50_000, bool)
    for at in range(10):
        stock += 90 * (at == 4)
        demand = 20 + 6 * errors[0, :, at]
        sold = np.minimum(stock, demand)
        stock, lost, ran_out = stock - sold, lost + demand - sold, ran_out | (demand > sold)
        assert rows["stock_mean_quantity"][at] == pytest.approx(stock.mean(), abs=1e-6)
        assert rows["lost_sales_quantity"][at] == pytest.approx(lost.mean(), abs=1e-6)
        assert rows["stockout_probability"][at] == pytest.approx(ran_out.mean(), abs=1e-9)
        for level in (10, 50, 90):
            expected = np.quantile(stock, level / 100, method="inverted_cdf")
            assert rows[f"stock_p{level}_quantity"][at] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("mean", "sd", "probability", "lost"),
    [(140, 43.0349, 0.3211, 8.9898), (280, 45.8694, 0.9956, None)],
)
def test_normal_demand_over_an_interval(mean, sd, probability, lost):
    # formulas.md section 4: position 160, over L and over L + R.
    rows = project(panel([mean], stock_on_hand=160, error_scale=sd), normal_errors(400_000, 1))
    assert rows["stockout_probability"][0] == pytest.approx(probability, abs=0.002)
    if lost is not None:
        assert rows["lost_sales_quantity"][0] == pytest.approx(lost, abs=0.1)


def test_no_stock_record_leaves_stock_null():
    rows = project(panel([4] * 3, stock_on_hand=None))
    assert rows["demand_quantity"] == [4] * 3
    for name in PROJECTION_SCHEMA.names[7:]:
        assert rows[name] == [None] * 3


def test_no_demand_expected_draws_none():
    rows = project(panel([0] * 3, stock_on_hand=0, error_scale=5), normal_errors(100, 3))
    assert rows["stockout_probability"] == [0] * 3
    assert rows["lost_sales_quantity"] == [0] * 3


def test_stock_below_zero_counts_as_none():
    below = project(panel([4] * 3, stock_on_hand=-3, error_scale=0))
    assert below == project(panel([4] * 3, stock_on_hand=0, error_scale=0))


def test_cumulative_demand_never_falls_below_zero():
    rows = project(panel([1] * 3, stock_on_hand=5, error_scale=1), np.full((1, 2, 3), -9.0))
    assert rows["stock_p90_quantity"] == [5] * 3


def test_engine_types_are_cast_at_the_door():
    plain = panel([4.5, 3.25], stock_on_hand=10, error_scale=2)
    errors = normal_errors(50, 2)
    engine = plain
    for at, name in enumerate(plain.column_names):
        column = plain[name]
        if name == "sku_id":
            column = column.cast(pa.large_string())
        elif name == "location_id":
            column = column.combine_chunks().dictionary_encode()
        elif name in ("forecast_quantity", "demand_factor", "stock_on_hand"):
            values = [Decimal(str(value)) for value in column.to_pylist()]
            column = pa.array(values, pa.decimal128(18, 4))
        elif name == "forecast_on":
            column = column.cast(pa.timestamp("us"))
        elif name == "lead_day":
            column = column.cast(pa.int32())
        engine = engine.set_column(at, name, column)
    assert project(engine, errors) == project(plain, errors)


def test_zero_rows():
    assert project_stock(panel([1]).slice(0, 0), trajectories=NO_ERRORS).num_rows == 0


def test_order_of_rows_is_kept():
    table = pa.concat_tables([panel([1, 2], sku="A"), panel([3], sku="B"), panel([4, 5], sku="C")])
    rows = project(table)
    assert rows["sku_id"] == ["A", "A", "B", "C", "C"]
    assert rows["demand_quantity"] == [1, 2, 3, 4, 5]
    assert rows["forecast_on"][2] == dt.date(2026, 3, 2)


@pytest.mark.parametrize(
    ("table", "match"),
    [
        (panel([1] * 21), "cannot cover"),
        (panel([1], calibration_group=1), "calibration_group"),
        (panel([1], calibration_group=-1), "calibration_group"),
        (panel([1, 2]).slice(1), "lead_day"),
        (panel([1, float("nan")]), "forecast_quantity must not be null"),
        (panel([1], error_scale=None), "error_scale must not be null"),
    ],
)
def test_unusable_rows_are_refused(table, match):
    with pytest.raises(ValueError, match=match):
        project_stock(table, trajectories=NO_ERRORS)
