"""Plan and risk over time: order days, open orders on their days, ends of sale, long lead times."""

import re

import numpy as np
import pyarrow as pa
import pytest
from stock_panels import day, normal_errors, panel
from test_inventory_panels import tag
from test_replenishment import plan

from shelfcast.inventory import lead_time_pmf, plan_orders

POISSON = (np.random.default_rng(3).poisson(10, (1, 5_000, 35)) - 10) / np.sqrt(10)


def poisson_panel(**constants):
    return panel([10] * 35, error_scale=np.sqrt(10), is_whole_unit=True, **constants)


def risk(table, trajectories=np.zeros((1, 2, 60))):  # noqa: B008
    return tag(table, trajectories).to_pylist()[0]


def test_stock_runs_out_before_the_open_order_comes():
    # 75 on hand and 140 due in 12 days cover 14 days, and yet not days 8 to 12, when 50 are wanted
    # and 5 are left. The right order by simulation: the least with which 95 % of runs do not run
    # out between its arrival and that of the next one.
    row = plan(poisson_panel(stock_on_hand=75, receipts={13: 140}), POISSON)
    demand = np.random.default_rng(8).poisson(10, (20_000, 14))
    wanted = np.empty(len(demand))
    for run, days in enumerate(demand):
        stock, least = 75, 0
        for today, units in enumerate(days, 1):
            stock += 140 * (today == 13) - units
            if today <= 7:
                stock = max(stock, 0)  # lost
            else:
                least = max(least, -stock)
        wanted[run] = least
    right = np.quantile(wanted, 0.95)
    assert right == pytest.approx(60, abs=3)
    assert row["recommended_order_quantity"] == pytest.approx(right, abs=1.5)
    assert row["inventory_position_quantity"] == 215 > row["order_up_to_quantity"]
    assert "enough" not in row["explanation"]
    assert row["explanation"].endswith(
        "75 on hand and 140 on order, of which 140 come after 2026-03-13; 134 are needed by then "
        "for 95 % service, which leaves 59 to order."
    )


def test_a_late_receipt_by_hand():
    # 5 are left after day 7; days 8 to 12 want 50.
    table = panel([10] * 20, error_scale=0, stock_on_hand=75, receipts={13: 140})
    row = plan(table)
    assert row["net_requirement_quantity"] == row["recommended_order_quantity"] == 45
    assert risk(table)["risk_level"] == "Medium"
    # What is wanted before any order can come is lost: 20 of days 1 to 7, and 60 of days 8 to 13.
    # Ordered up to S, the position makes good the days before as well.
    row = plan(panel([10] * 20, error_scale=0, stock_on_hand=20, receipts={14: 30}))
    assert row["net_requirement_quantity"] == 90


@pytest.mark.parametrize(
    ("lead_time", "receipt", "counted"),
    [(7.0, 14, 30), (7.0, 15, 0), (6.5, 13, 30), (6.5, 14, 0), (7.5, 14, 30), (7.5, 15, 0)],
)
def test_receipts_count_up_to_the_whole_days_of_the_interval(lead_time, receipt, counted):
    # With 6.5 days the next order is on the shelf on day 14 half of the time: what else comes on
    # day 14 is then no help on the days before.
    row = plan(panel([10] * 20, error_scale=0, lead_time_days=lead_time, receipts={receipt: 30}))
    assert row["on_order_quantity"] == counted


def test_an_order_lasts_to_the_order_after_the_next():
    # Mondays only, and today is one: two weeks of 10 a day and a lead time of one week.
    monday = plan(poisson_panel(stock_on_hand=0), POISSON)
    assert monday["order_up_to_quantity"] == pytest.approx(160, abs=1)
    daily = plan(poisson_panel(stock_on_hand=0, review_period_days=1), POISSON)
    assert daily["order_up_to_quantity"] == pytest.approx(96, abs=1)
    # On the Wednesday before it, 5 days more.
    row = plan(panel([10] * 30, error_scale=0, stock_on_hand=165, days_to_order=5))
    assert row["protection_days"] == 19
    assert row["expected_protection_demand_quantity"] == row["order_up_to_quantity"] == 190
    assert row["recommended_order_quantity"] == 25
    assert row["order_on"] == day(5)
    assert row["order_due_on"] == day(12)
    # Day 17 runs short: an order of day 9 would do, and the last order day before it is day 5.
    assert row["order_by_on"] == day(5)
    assert row["explanation"] == (
        "Expect 190 units in 19 days (5 to the next order day + lead time 7 + review 7); "
        "hold 0 more for 95 % service; 165 on hand and 0 on order leave 25 to order on 2026-03-06."
    )


@pytest.mark.parametrize(
    ("stock", "order_by"), [(20, 5), (165, 5), (189, 5), (190, 12), (259, 12), (260, 19)]
)
def test_order_by_lies_on_the_calendar(stock, order_by):
    # Order days are 5, 12, 19 …; 190 last 19 days, and an order of day 12 is there on day 20.
    row = plan(panel([10] * 40, error_scale=0, stock_on_hand=stock, days_to_order=5))
    assert row["order_by_on"] == day(order_by)


def test_risk_goes_by_the_same_days():
    # An order of day 5 is on the shelf on day 13, the one after it on day 20.
    for stock, level in ((120, "Medium"), (119, "High"), (190, "Low"), (189, "Medium")):
        table = panel([10] * 30, error_scale=0, stock_on_hand=stock, days_to_order=5)
        row = risk(table)
        assert row["risk_level"] == level, stock
        assert (plan(table)["recommended_order_quantity"] > 0) == (level != "Low")
    assert row["risk_reason"].endswith("before an order placed in 12 days can arrive.")
    assert risk(panel([10] * 30, error_scale=0, stock_on_hand=119, days_to_order=5))[
        "risk_reason"
    ].endswith("before an order placed in 5 days can arrive.")


def test_an_empty_shelf_that_nobody_wants_yet_waits():
    # A shop is refitted for three weeks, and 14 days are planned: the next orders answer day 22.
    factor = np.repeat([0.0, 1.0], [21, 14])
    table = panel([4] * 35, error_scale=1, factor=factor, stock_on_hand=0)
    row = plan(table, normal_errors(100, 35))
    assert row["recommended_order_quantity"] == 0
    assert row["explanation"] == "No demand expected; nothing to order."
    assert risk(table, normal_errors(100, 35))["risk_level"] == "Low"


def test_probabilities_over_a_random_lead_time():
    # Without a receipt, P(stock-out by day d) = P(D_d > stock).
    errors = normal_errors(4_000, 40)
    row = plan(panel([10] * 40, error_scale=3, lead_time_sd_days=2.0, days_to_order=2), errors)
    total = np.cumsum(10 + 3 * errors[0], axis=1)
    out = (np.maximum.accumulate(total, axis=1) > 100).mean(axis=0)
    lost = np.maximum(np.maximum.accumulate(total, axis=1) - 100, 0).mean(axis=0)
    out, lost = np.concatenate([[0], out]), np.concatenate([[0], lost])
    pmf = lead_time_pmf(7, 2, 19)
    assert row["probability_before_order"] == pytest.approx(pmf @ out[2:22], abs=1e-6)
    assert row["probability_before_next_order"] == pytest.approx(pmf @ out[9:29], abs=1e-6)
    assert row["units_at_risk"] == pytest.approx(pmf @ lost[9:29], abs=1e-6)


def test_a_lead_time_beyond_the_horizon():
    # 500 last 50 days; an order takes 60, and only 35 are forecast.
    table = panel([10] * 35, error_scale=0, stock_on_hand=500, lead_time_days=60.0)
    row = risk(table)
    assert row["risk_level"] == "High"
    assert row["stockout_probability_before_order"] == 1
    assert row["units_at_risk"] == pytest.approx(170)
    assert plan(table)["recommended_order_quantity"] == pytest.approx(170)
    assert plan(table)["order_by_on"] == day(0)
    # On sale for 45 days, it does not run out.
    table = panel(
        [10] * 35, error_scale=0, stock_on_hand=500, lead_time_days=60.0, last_sale_day=45.0
    )
    assert risk(table)["risk_level"] == "Low"
    assert plan(table)["recommended_order_quantity"] == 0


@pytest.mark.parametrize(
    ("constants", "quantity", "reason", "explanation"),
    [
        # Discontinued in 10 days, lead time 14.
        (
            {"last_sale_day": 9.0, "lead_time_days": 14.0, "stock_on_hand": 60.0},
            0,
            "end of sale",
            "30 to order, but the sale ends on 2026-03-10, before an order can be on the shelf "
            "(2026-03-16): nothing to order.",
        ),
        # On sale for 10 days: 100 are wanted, and what comes after day 7 can still be sold.
        (
            {"last_sale_day": 10.0, "stock_on_hand": 85.0, "min_order_quantity": 12.0},
            15,
            "none",
            "85 on hand and 0 on order leave 15 to order.",
        ),
        # 15 are left on day 7, and 3 days sell 30; not the 20 of a minimum order.
        (
            {"last_sale_day": 10.0, "stock_on_hand": 85.0, "min_order_quantity": 20.0},
            0,
            "minimum order exceeds end of sale",
            "15 to order, but the sale ends on 2026-03-11 and allows 15 from 2026-03-09 on, less "
            "than the minimum order of 20: nothing to order.",
        ),
        (
            {"last_sale_day": 10.0, "stock_on_hand": 85.0, "pack_size": 6.0},
            12,
            "end of sale",
            "the sale ends on 2026-03-11 and allows 15 from 2026-03-09 on: 12 in packs of 6.",
        ),
        # Shelf life ends before the sale does.
        (
            {"last_sale_day": 10.0, "stock_on_hand": 70.0, "shelf_life_days": 2.0},
            20,
            "shelf life",
            "2 days of shelf life allow 20: 20 in packs of 1.",
        ),
    ],
)
def test_nothing_is_bought_that_cannot_be_sold(constants, quantity, reason, explanation):
    end = int(constants["last_sale_day"])
    row = plan(panel([10] * end + [0] * (30 - end), error_scale=0, **constants))
    assert row["recommended_order_quantity"] == pytest.approx(quantity)
    assert row["constraint_reason"] == reason
    assert row["explanation"].endswith(explanation)


def test_an_order_that_is_too_late_is_expedited():
    # Out now; 300 come on day 4, which is enough for all that follows.
    table = panel([10] * 30, error_scale=0, stock_on_hand=0, receipts={4: 300})
    row = plan(table)
    assert risk(table)["risk_level"] == "High"
    assert row["recommended_order_quantity"] == 0
    assert row["explanation"].endswith(
        "0 on hand and 300 on order leave nothing to order; out of stock now; expedite open order "
        "P4 from Acme, due on 2026-03-04."
    )
    # 50 last to day 5: not the order of day 3 is late, but that of day 8.
    receipts = {3: 10, 8: 300}
    row = plan(panel([10] * 30, error_scale=0, stock_on_hand=50, receipts=receipts))
    assert row["explanation"].endswith(
        "100 % likely to run out before an order can arrive; expedite open order P8 from Acme, "
        "due on 2026-03-08."
    )
    unnamed = plan(
        panel([10] * 30, error_scale=0, stock_on_hand=0, receipts={4: 300}, supplier_name=None)
    )
    assert unnamed["explanation"].endswith("expedite open order P4, due on 2026-03-04.")


def test_high_risk_that_the_service_level_allows():
    # Half of the time 100 more are wanted on the first day: 20 % service asks for none of it.
    errors = np.zeros((1, 10, 20))
    errors[0, :5, 0], errors[0, 5:, 0] = 10, -10
    table = panel([10] * 20, error_scale=10, cycle_service_level=0.2, stock_on_hand=150)
    row = plan(table, errors)
    assert row["recommended_order_quantity"] == 0
    assert risk(table, errors)["risk_level"] == "High"
    assert row["explanation"].endswith(
        "150 on hand and 0 on order leave nothing to order; 50 % likely to run out before an order "
        "can arrive, which no order changes: 20 % service asks for no more."
    )


def random_worlds(count, rng):
    """Groups of every kind: lumpy demand, open orders, calendars, constraints, ends of sale."""
    for at in range(count):
        horizon = int(rng.integers(5, 60))
        end = int(rng.integers(0, 70)) if rng.random() < 0.3 else None
        mean = rng.gamma(1, 5) * (rng.random(horizon) < rng.choice([0.3, 1])) * rng.gamma(4, 0.25)
        if end is not None:
            mean[end:] = 0
        due = rng.integers(1, 30, rng.integers(0, 4)).tolist()
        yield panel(
            mean,
            sku=f"S{at:04d}",
            receipts={on: float(rng.integers(1, 120)) for on in due},
            stock_on_hand=float(rng.choice([0, rng.integers(0, 200)])),
            error_scale=float(mean.mean() * rng.gamma(2, 0.4)),
            lead_time_days=float(rng.uniform(0, 40) if rng.random() < 0.1 else rng.uniform(0, 12)),
            lead_time_sd_days=float(rng.choice([0, 1, 3])),
            days_to_order=int(rng.choice([0, rng.integers(0, 14)])),
            review_period_days=int(rng.choice([1, 3, 7, 14])),
            last_sale_day=None if end is None else float(end),
            shelf_life_days=float(rng.integers(1, 30)) if rng.random() < 0.2 else None,
            min_order_quantity=float(rng.choice([0, 0, 24])),
            pack_size=float(rng.choice([1, 6])),
            cycle_service_level=float(rng.choice([0.5, 0.8, 0.9, 0.95, 0.99])),
            is_whole_unit=bool(rng.random() < 0.5),
        )


def test_plan_and_risk_never_contradict_each_other():
    rng = np.random.default_rng(5)
    trajectories = rng.standard_normal((1, 200, 60))
    table = pa.concat_tables(random_worlds(1_500, rng))
    plans = plan_orders(table, trajectories=trajectories).to_pylist()
    tags = tag(table, trajectories).to_pylist()
    starts = np.flatnonzero(table["lead_day"].to_numpy() == 1)
    service = table["cycle_service_level"].to_numpy()[starts]
    levels = {row["risk_level"] for row in tags}
    assert levels == {"High", "Medium", "Low"}
    kinds = {"order": 0, "expedite": 0, "limit": 0, "allowed": 0}
    for row, tagged, level in zip(plans, tags, service, strict=True):
        text, quantity = row["explanation"], row["recommended_order_quantity"]
        before, after = row["probability_before_order"], row["probability_before_next_order"]
        assert 0 <= before <= after <= 1
        # What the order of t0 could prevent is more than the policy allows: it is ordered, or a
        # limit that is named keeps it from being ordered.
        if after - before > 1 - level + 1e-9:
            assert quantity > 0 or row["constraint_reason"] != "none", text
        if quantity == 0 and row["constraint_reason"] == "none":
            assert row["net_requirement_quantity"] <= 1e-9
        if tagged["risk_level"] == "High" or before > 1 - level + 1e-9:
            assert "are enough" not in text
        if tagged["risk_level"] == "High":
            kind = (
                ("order" if quantity > 0 else None)
                or ("expedite" if "; expedite open order P" in text else None)
                or ("limit" if row["constraint_reason"] != "none" else None)
                or "allowed"
            )
            kinds[kind] += 1
            if kind == "allowed":
                assert before <= 1 - level + 1e-9 or "asks for no more" in text
        if "are enough: nothing" in text:
            assert after <= 2 * (1 - level) + 1e-9
    assert min(kinds.values()) > 0, kinds


def test_explanations_add_up():
    rng = np.random.default_rng(6)
    trajectories = rng.standard_normal((1, 200, 60))
    table = pa.concat_tables(random_worlds(800, rng))
    late = 0
    for row in plan_orders(table, trajectories=trajectories).to_pylist():
        text = row["explanation"].replace(",", "")
        parts = re.search(
            r"Expect (?P<expected>[\d.]+) units .*; "
            r"(hold (?P<held>[\d.]+) more|(?P<give>[\d.]+) give).*; "
            r"(?P<hand>[\d.]+) on hand and (?P<order>[\d.]+) on order"
            r"( of which (?P<late>[\d.]+) come .*; (?P<wanted>[\d.]+) are .* which leaves"
            r"| leave) (?P<need>[\d.]+) to order",
            text,
        )
        if parts is None:
            assert row["recommended_order_quantity"] == 0
            continue
        figure = {name: float(value) for name, value in parts.groupdict().items() if value}
        if "wanted" in figure:
            late += 1
            supply = figure["hand"] + figure["order"] - figure["late"]
            assert figure["wanted"] - supply == pytest.approx(figure["need"], abs=1e-6)
        else:
            level = figure["expected"] + figure["held"] if "held" in figure else figure["give"]
            supply = figure["hand"] + figure["order"]
            assert level - supply == pytest.approx(figure["need"], abs=1e-6)
    assert late > 10


@pytest.mark.parametrize(
    ("days_to_order", "lead_time", "wanted"), [(0, 7, 0.95), (5, 7, 0.95), (5, 10, 0.95)]
)
def test_weekly_order_days_keep_the_service_promised(days_to_order, lead_time, wanted):
    # Planned on one weekday for the order of another, week after week, with whole units and lost
    # sales. A cycle runs from the day on which an order is on the shelf to the eve of the next.
    runs, weeks, horizon = 150, 24, 35
    rng = np.random.default_rng(9)
    trajectories = (rng.poisson(10, (1, 400, horizon)) - 10) / np.sqrt(10)
    stock = np.full(runs, 150.0)
    due = np.zeros((runs, 7 * weeks + horizon))
    demand = rng.poisson(10, (runs, 7 * weeks))
    is_out = np.zeros((runs, 7 * weeks), bool)
    for today in range(7 * weeks - 1):
        if today % 7 == 0:
            table = pa.concat_tables(
                panel(
                    [10] * horizon,
                    sku=f"{run:03d}",
                    error_scale=np.sqrt(10),
                    stock_on_hand=stock[run],
                    receipts={
                        on - today: due[run, on]
                        for on in range(today + 1, today + horizon)
                        if due[run, on]
                    },
                    days_to_order=days_to_order,
                    lead_time_days=float(lead_time),
                    is_whole_unit=True,
                )
                for run in range(runs)
            )
            plans = plan_orders(table, trajectories=trajectories)
            due[:, today + days_to_order + lead_time + 1] += plans["recommended_order_quantity"]
        tomorrow = today + 1
        stock = stock + due[:, tomorrow] - demand[:, tomorrow]
        is_out[:, tomorrow] = stock < 0
        stock = np.maximum(stock, 0)
    first = 7 * 4 + days_to_order + lead_time + 1
    cycles = is_out[:, first : first + 7 * ((7 * weeks - first) // 7)].reshape(runs, -1, 7)
    achieved = 1 - cycles.any(axis=2).mean()
    assert achieved == pytest.approx(wanted, abs=0.015)
