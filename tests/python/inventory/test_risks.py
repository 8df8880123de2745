"""Stock-out risk: figures by hand, and the rule that tags them."""

import numpy as np
import pyarrow as pa
import pytest
from stock_panels import day, panel

from shelfcast.inventory import RISK_SCHEMA, tag_risks


def projected(probability, *, demand=4.0, before=0.0, after=0.0, at_risk=0.0, **constants):
    """Rows as ``project_stock`` gives them, with a stated probability of each day.

    ``before`` and ``after`` are the probabilities before the next order is on the shelf and before
    the one after it is.
    """
    horizon = len(probability)
    days_to_review = constants.pop("days_to_review", 7)
    table = panel(np.broadcast_to(demand, horizon), **constants)
    table = table.rename_columns(
        ["demand_quantity" if name == "forecast_quantity" else name for name in table.column_names]
    )
    for name, value in {
        "stockout_probability": probability,
        "probability_before_order": [before] * horizon,
        "probability_before_next_order": [after] * horizon,
        "units_at_risk": [at_risk] * horizon,
        "expected_protection_demand_quantity": [8.0] * horizon,
        "days_to_review": [days_to_review] * horizon,
    }.items():
        table = table.append_column(name, pa.array(value, pa.float64()))
    return table


def tag(*args, **constants):
    result = tag_risks(projected(*args, **constants))
    assert result.schema == RISK_SCHEMA
    return result.to_pylist()[0]


def ramp(horizon, step=0.01):
    return [step * (at + 1) for at in range(horizon)]


def test_figures_by_hand():
    row = tag(
        ramp(20, 0.04),
        demand=[4, 0, 8] + [5] * 17,
        before=0.1,
        after=0.18,
        at_risk=2.25,
        stock_on_hand=13.0,
    )
    assert row["stockout_probability_before_order"] == pytest.approx(0.1)
    assert row["stockout_probability"] == pytest.approx(0.18)
    assert row["units_at_risk"] == pytest.approx(2.25)
    assert row["revenue_at_risk"] == pytest.approx(22.5)
    assert row["margin_at_risk"] == pytest.approx(9.0)
    assert row["expected_demand_quantity"] == 8
    assert row["days_of_cover"] == 3
    assert row["stockout_on"] == day(13)
    assert row["stockout_on_p10"] == day(3)


@pytest.mark.parametrize(
    ("probabilities", "constants", "level", "reason"),
    [
        ((0.0, 0.0), {"stock_on_hand": 0.0}, "High", "Out of stock now; 4 units a day wanted."),
        (
            (0.63, 1.0),
            {},
            "High",
            "63 % likely to run out before an order placed today can arrive.",
        ),
        ((0.2, 0.2), {"days_to_order": 3}, "High", "before an order placed in 3 days can arrive."),
        ((0.199, 0.2), {"days_to_review": 10}, "Medium", "20 % likely to run out before"),
        ((0.0, 0.1), {"days_to_review": 1}, "Medium", "an order placed in 1 day can arrive."),
        ((0.0, 0.0), {}, "Low", "Stock covers at least 20 days; 0 % likely to run out before"),
        ((0.0, 0.0999), {"stock_on_hand": 9.0}, "Low", "Stock covers 2 days; 10 % likely"),
        ((0.0, 0.003), {"stock_on_hand": 5.0}, "Low", "Stock covers 1 day; <1 % likely"),
        ((0.9, 0.9), {"demand": 0.0, "stock_on_hand": 0.0}, "Low", "No demand expected."),
        ((0.25, 0.25), {"high_probability": 0.3, "medium_probability": 0.3}, "Low", "25 %"),
    ],
)
def test_rule(probabilities, constants, level, reason):
    before, after = probabilities
    row = tag([0.0] * 20, before=before, after=after, **{"stock_on_hand": 100.0, **constants})
    assert row["risk_level"] == level
    assert reason in row["risk_reason"]


def test_no_stock_record_is_unknown():
    unknown = dict.fromkeys(("before", "after", "at_risk", "stock_on_hand"))
    row = tag([None] * 5, **unknown)
    assert row["risk_level"] == "Unknown"
    assert row["risk_reason"] == "No stock record; 4 units a day wanted."
    empty = set(RISK_SCHEMA.names[5:13]) | {"stock_on_hand"}
    assert {name for name, value in row.items() if value is None} == empty
    nothing = tag([None] * 5, demand=0.0, **unknown)
    assert nothing["risk_reason"] == "No stock record; no demand expected."


def test_no_cost_no_margin():
    row = tag([0.5] * 9, at_risk=1.0, unit_cost=None)
    assert row["margin_at_risk"] is None
    assert row["revenue_at_risk"] == pytest.approx(10)


def test_zero_rows():
    assert tag_risks(projected([0.1]).slice(0, 0)).schema == RISK_SCHEMA
