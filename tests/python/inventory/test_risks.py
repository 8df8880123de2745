"""Stock-out risk: figures by hand, and the rule that tags them."""

import numpy as np
import pyarrow as pa
import pytest
from stock_panels import day, panel

from shelfcast.inventory import RISK_SCHEMA, lead_time_pmf, tag_risks


def projected(probability, *, demand=4.0, lost=0.0, **constants):
    """Rows as ``project_stock`` gives them, with a stated probability of each day."""
    horizon = len(probability)
    table = panel(np.broadcast_to(demand, horizon), **constants)
    table = table.rename_columns(
        ["demand_quantity" if name == "forecast_quantity" else name for name in table.column_names]
    )
    for name, values in {
        "stockout_probability": pa.array(probability, pa.float64()),
        "lost_sales_quantity": pa.array(np.broadcast_to(lost, horizon), from_pandas=True),
    }.items():
        table = table.append_column(name, values)
    return table


def tag(*args, **constants):
    result = tag_risks(projected(*args, **constants))
    assert result.schema == RISK_SCHEMA
    return result.to_pylist()[0]


def ramp(horizon, step=0.01):
    return [step * (at + 1) for at in range(horizon)]


def test_figures_by_hand():
    # Lead time 2 or 3 days, equally likely; next review in 2 days; probability d %.
    row = tag(
        ramp(20, 0.04),
        demand=[4, 0, 8] + [5] * 17,
        lost=ramp(20, 0.5),
        stock_on_hand=13.0,
        lead_time_days=2.5,
        days_to_review=2,
    )
    assert row["stockout_probability_before_order"] == pytest.approx(0.5 * 0.08 + 0.5 * 0.12)
    assert row["stockout_probability"] == pytest.approx(0.5 * 0.16 + 0.5 * 0.20)
    assert row["units_at_risk"] == pytest.approx(0.5 * 2.0 + 0.5 * 2.5)
    assert row["revenue_at_risk"] == pytest.approx(22.5)
    assert row["margin_at_risk"] == pytest.approx(9.0)
    assert row["expected_demand_quantity"] == pytest.approx(0.5 * 17 + 0.5 * 22)
    assert row["days_of_cover"] == 3
    assert row["stockout_on"] == day(13)
    assert row["stockout_on_p10"] == day(3)


def test_random_lead_time_weighs_every_day():
    probability = np.linspace(0, 1, 60) ** 2
    row = tag(probability.tolist(), lead_time_sd_days=2.0, days_to_review=7)
    pmf = lead_time_pmf(7, 2, 40)
    before = np.concatenate([[0], probability])
    assert row["stockout_probability_before_order"] == pytest.approx(pmf @ before[:41], abs=1e-6)
    assert row["stockout_probability"] == pytest.approx(pmf @ before[7:48], abs=1e-6)
    assert row["expected_demand_quantity"] == pytest.approx(4 * (pmf @ np.arange(41) + 7))


def test_days_beyond_the_horizon_count_with_the_last():
    row = tag([0.0, 0.3, 0.4], lead_time_days=5.0, lost=[0, 1, 2])
    assert row["stockout_probability"] == pytest.approx(0.4)
    assert row["units_at_risk"] == pytest.approx(2)
    assert row["expected_demand_quantity"] == pytest.approx(20)


def test_order_that_lands_at_once_leaves_no_risk_before_it():
    row = tag([0.9] * 5, lead_time_days=0.0, days_to_review=0)
    assert row["stockout_probability"] == row["stockout_probability_before_order"] == 0


@pytest.mark.parametrize(
    ("probability", "constants", "level", "reason"),
    [
        ([0.0] * 20, {"stock_on_hand": 0.0}, "High", "Out of stock now; 4 units a day wanted."),
        (
            [0.63] * 20,
            {},
            "High",
            "63 % likely to run out before an order placed today can arrive.",
        ),
        ([0.2] * 20, {"days_to_review": 3}, "High", "20 % likely to run out before"),
        ([0.199] * 20, {"days_to_review": 3}, "Medium", "before an order placed in 3 days can"),
        ([0.0] * 7 + [0.1] * 13, {"days_to_review": 1}, "Medium", "in 1 day can arrive."),
        (
            [0.0] * 7 + [0.1] * 13,
            {"days_to_review": 0},
            "Low",
            "Stock covers at least 20 days; 0 %",
        ),
        ([0.0999] * 20, {"stock_on_hand": 9.0}, "Low", "Stock covers 2 days; 10 % likely"),
        ([0.003] * 20, {"stock_on_hand": 5.0}, "Low", "Stock covers 1 day; <1 % likely"),
        ([0.9] * 20, {"demand": 0.0, "stock_on_hand": 0.0}, "Low", "No demand expected."),
        ([0.25] * 20, {"high_probability": 0.3, "medium_probability": 0.3}, "Low", "25 %"),
    ],
)
def test_rule(probability, constants, level, reason):
    row = tag(probability, **{"stock_on_hand": 100.0, **constants})
    assert row["risk_level"] == level
    assert reason in row["risk_reason"]


def test_no_stock_record_is_unknown():
    row = tag([None] * 5, lost=np.nan, stock_on_hand=None, lead_time_days=2.0)
    assert row["risk_level"] == "Unknown"
    assert row["risk_reason"] == "No stock record; 4 units a day wanted."
    assert row["expected_demand_quantity"] == pytest.approx(8)
    unknown = set(RISK_SCHEMA.names[5:13]) | {"stock_on_hand"}
    assert {name for name, value in row.items() if value is None} == unknown
    nothing = tag([None] * 5, demand=0.0, lost=np.nan, stock_on_hand=None)
    assert nothing["risk_reason"] == "No stock record; no demand expected."


def test_no_cost_no_margin():
    row = tag([0.5] * 9, lost=1.0, unit_cost=None)
    assert row["margin_at_risk"] is None
    assert row["revenue_at_risk"] == pytest.approx(10)


def test_zero_rows():
    assert tag_risks(projected([0.1]).slice(0, 0)).schema == RISK_SCHEMA
