"""Order-up-to levels, reorder points and orders: closed forms, simulated service, constraints."""

import numpy as np
import pytest
from scipy import optimize, stats
from stock_panels import day, normal_errors, panel

from shelfcast.inventory import PLAN_SCHEMA, lead_time_pmf, plan_orders
from shelfcast.inventory.kernels import constrain_order, order_up_to, undershoot_points

EXACT = np.zeros((1, 2, 60))


def plan(table, trajectories=EXACT):
    result = plan_orders(table, trajectories=trajectories)
    assert result.schema == PLAN_SCHEMA
    return result.to_pylist()[0]


def mixture_quantile(level, pmf, extra_days, mean=20.0, sd=6.0):
    """Quantile of independent normal demand over a random interval, from scipy alone."""
    days = np.maximum(np.arange(pmf.size) + extra_days, 1e-12)
    return optimize.brentq(
        lambda x: pmf @ stats.norm.cdf(x, mean * days, sd * np.sqrt(days)) - level, 0, 5000
    )


def normal_pmf(mean, sd, longest=25):
    """Normal lead time rounded to days; 1/12 is the variance that rounding adds."""
    cdf = stats.norm.cdf(np.arange(longest + 2) - 0.5, mean, np.sqrt(sd**2 - 1 / 12))
    return np.diff(cdf) / (cdf[-1] - cdf[0])


def test_normal_demand_and_normal_lead_time():
    # formulas.md section 1: S = 355.4484 over L + R = 14; over L = 7 a safety stock of 70.8 with
    # the variance of lead time, 26.1 without.
    paths = np.cumsum(20 + 6 * normal_errors(40_000, 35)[0], axis=1).T.copy()
    certain = lead_time_pmf(7, 0, 25)
    assert order_up_to(paths, normal_pmf(7, 2), 7, 0.95) == pytest.approx(355.4484, abs=1.5)
    assert order_up_to(paths, normal_pmf(7, 2), 0, 0.95) - 140 == pytest.approx(70.7861, abs=1.5)
    assert order_up_to(paths, certain, 0, 0.95) - 140 == pytest.approx(26.1, abs=0.5)


def test_order_up_to_is_the_quantile_of_the_mixture():
    row = plan(panel([20] * 35, error_scale=6, lead_time_sd_days=2.0), normal_errors(40_000, 35))
    expected = mixture_quantile(0.95, lead_time_pmf(7, 2, 25), 7)
    assert row["order_up_to_quantity"] == pytest.approx(expected, abs=1.0)
    assert row["safety_stock_quantity"] == pytest.approx(expected - 280, abs=1.0)
    assert row["expected_protection_demand_quantity"] == pytest.approx(280, abs=0.1)
    assert row["protection_days"] == 14


def test_poisson_demand_of_a_slow_mover():
    draws = np.random.default_rng(5).poisson(1.05, (1, 20_000, 1)) - 1.05
    table = panel(
        [1.05], stock_on_hand=0, lead_time_days=0.0, review_period_days=1, is_whole_unit=True
    )
    assert plan(table, draws)["order_up_to_quantity"] == 3


def test_persistent_errors_are_not_spread_as_root_of_time():
    # One error for all days: the sum over 14 days has 14 times its spread, not sqrt(14).
    same = np.repeat(normal_errors(20_000, 1), 14, axis=2)
    row = plan(panel([20] * 14, error_scale=6), same)
    assert row["safety_stock_quantity"] == pytest.approx(1.6449 * 6 * 14, rel=0.02)


def test_scenario_scales_mean_and_error_alike():
    errors = normal_errors(1_000, 35)
    table = {"error_scale": 6, "lead_time_sd_days": 2.0}
    base = plan(panel([20] * 35, **table), errors)
    shocked = plan(panel([20] * 35, factor=1.7, **table), errors)
    for name in ("order_up_to_quantity", "reorder_point_quantity", "safety_stock_quantity"):
        assert shocked[name] == pytest.approx(1.7 * base[name], rel=1e-9)


def test_forecast_is_dated_not_averaged():
    # A promotion on days 8 to 14 is what an order with lead time 7 must cover.
    row = plan(panel([10] * 7 + [30] * 7 + [10] * 7, error_scale=0, stock_on_hand=70))
    assert row["order_up_to_quantity"] == pytest.approx(280)
    assert row["recommended_order_quantity"] == pytest.approx(210)
    assert row["reorder_point_quantity"] - 70 == pytest.approx(10, abs=1)


def test_beyond_the_horizon_paths_go_on_at_their_own_pace():
    errors = normal_errors(4_000, 28)
    table = {"error_scale": 6, "lead_time_days": 12.0, "review_period_days": 9}
    short = plan(panel([20] * 14, **table), errors)
    whole = plan(panel([20] * 28, **table), errors)
    assert short["expected_protection_demand_quantity"] == pytest.approx(420)
    fortnight = plan(
        panel([20] * 14, error_scale=6, lead_time_days=5.0, review_period_days=9), errors
    )
    assert short["order_up_to_quantity"] == pytest.approx(fortnight["order_up_to_quantity"] * 1.5)
    assert short["order_up_to_quantity"] >= whole["order_up_to_quantity"]


def test_safety_stock_is_floored_at_zero():
    # Half of the time nothing is wanted: the median lies below the mean.
    errors = np.array([[[-1.0], [-1.0], [-1.0], [3.0]]])
    table = panel([1], lead_time_days=0.0, review_period_days=1, cycle_service_level=0.5)
    row = plan(table, errors)
    assert row["order_up_to_quantity"] == 0
    assert row["expected_protection_demand_quantity"] == 1
    assert row["safety_stock_quantity"] == 0


def test_undershoot_has_the_law_of_the_residual_life():
    # E[U] = (sigma^2 + mu^2) / (2 mu); constant demand makes it uniform.
    steady = np.cumsum(np.full((7, 140), 16.0), axis=0)
    assert undershoot_points(steady) == pytest.approx(np.arange(16) + 0.5)
    paths = np.cumsum(20 + 6 * normal_errors(14_000, 7)[0], axis=1).T.copy()
    assert undershoot_points(paths).mean() == pytest.approx((36 + 400) / 40, rel=0.02)
    assert undershoot_points(np.zeros((7, 10))).tolist() == [0] * 16


def cycle_service(reorder_point, rng, *, cycles=20_000, lot=140, lead_time=7):
    """Share of cycles without a stock-out under daily (s, nQ) review with backorders."""
    demand = rng.normal(20, 6, cycles * 8)
    position, net, due, served = 600.0, 600.0, {}, []
    for today, wanted in enumerate(demand):
        net -= wanted
        position -= wanted
        arriving = due.pop(today, 0.0)
        if arriving:
            served.append(net >= 0)
            net += arriving
        if position <= reorder_point:
            order = lot * np.ceil((reorder_point - position) / lot + 1e-12)
            due[today + lead_time] = order
            position += order
    return np.mean(served)


def test_reorder_point_keeps_its_promise_under_daily_review():
    row = plan(panel([20] * 35, error_scale=6), normal_errors(40_000, 35))
    point = row["reorder_point_quantity"]
    assert cycle_service(point, np.random.default_rng(1)) == pytest.approx(0.95, abs=0.01)
    without_undershoot = 140 + 1.6449 * 6 * np.sqrt(7)
    assert cycle_service(without_undershoot, np.random.default_rng(1)) == pytest.approx(
        0.81, abs=0.015
    )


@pytest.mark.parametrize("law", ["normal", "negative binomial"])
def test_order_up_to_keeps_its_promise_under_periodic_review(law):
    def draw(size, seed):
        rng = np.random.default_rng(seed)
        return rng.normal(20, 6, size) if law == "normal" else rng.negative_binomial(1, 0.25, size)

    mean, sd = (20, 6) if law == "normal" else (3, np.sqrt(12))
    errors = (draw((1, 20_000, 14), 1) - mean) / sd
    level = plan(panel([mean] * 14, error_scale=sd), errors)["order_up_to_quantity"]
    weeks = draw((40_000, 7), 2).sum(axis=1)
    # Ordered up to S every 7 days, each order lands 7 days later: a cycle is served when the two
    # weeks since its order want no more than S.
    net_at_receipt = level - (weeks[1:] + weeks[:-1])
    assert (net_at_receipt >= 0).mean() == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(
    ("need", "minimum", "pack", "most", "quantity", "reason"),
    [
        (0.0, 50, 12, np.inf, 0, 0),
        (-5.0, 50, 12, np.inf, 0, 0),
        (1e-12, 50, 12, np.inf, 0, 0),
        (72.0, 0, 12, np.inf, 72, 0),
        (71.0, 0, 12, np.inf, 72, 2),
        (71.3, 0, 0, np.inf, 71.3, 0),
        (0.1 * 3, 0, 0.1, np.inf, 0.3, 0),
        (1.02, 0, 1, np.inf, 2, 2),
        (72.0000000001, 0, 12, np.inf, 72, 0),
        (20.0, 48, 12, np.inf, 48, 1),
        (20.0, 50, 12, np.inf, 60, 1),
        (71.0, 0, 12, 71.0, 60, 3),
        (71.0, 0, 12, 72.0, 72, 2),
        (71.0, 0, 12, 11.0, 0, 3),
        (71.0, 0, 12, -4.0, 0, 3),
        (71.0, 0, 0, 40.5, 40.5, 3),
        (71.0, 60, 12, 71.0, 60, 3),
        (20.0, 50, 12, 50.0, 0, 4),
        (20.0, 50, 12, 40.0, 0, 4),
    ],
)
def test_constraints(need, minimum, pack, most, quantity, reason):
    ordered, decided = constrain_order(need, float(minimum), float(pack), most)
    assert ordered == pytest.approx(quantity, abs=1e-9)
    assert decided == reason
    if pack:
        assert ordered / pack == pytest.approx(round(ordered / pack), abs=1e-9)


def test_explanation_adds_up():
    # 120 expected in 14 days; one path in ten wants 155, so 95 % service needs 155.
    errors = np.zeros((1, 20, 14))
    errors[0, :, 0] = [35, 35] + [-70 / 18] * 18
    row = plan(
        panel(
            [120 / 14] * 14,
            stock_on_hand=60,
            receipts={3: 24},
            pack_size=12.0,
            is_whole_unit=True,
        ),
        errors,
    )
    assert row["recommended_order_quantity"] == 72
    assert row["order_cost_amount"] == pytest.approx(432)
    assert row["constraint_reason"] == "pack size"
    assert row["explanation"] == (
        "Expect 120 units in 14 days (lead time 7 + review 7); hold 35 more for 95 % service; "
        "60 on hand and 24 on order leave 71 to order, rounded up to 72 (packs of 12)."
    )


BASIS = "Expect 140 units in 14 days (lead time 7 + review 7); hold 0 more for 95 % service; "


@pytest.mark.parametrize(
    ("constants", "quantity", "reason", "explanation"),
    [
        ({}, 40, "none", "100 on hand and 0 on order leave 40 to order."),
        (
            {"stock_on_hand": 150.0},
            0,
            "none",
            "150 on hand and 0 on order are enough: nothing to order.",
        ),
        (
            {"min_order_quantity": 50.0},
            50,
            "minimum order",
            "leave 40 to order, raised to the minimum order of 50.",
        ),
        (
            {"min_order_quantity": 50.0, "pack_size": 12.0},
            60,
            "minimum order",
            "raised to the minimum order of 50, rounded up to 60 (packs of 12).",
        ),
        # Received on day 7, when 30 of the 100 are left; sold by day 12: 50 - 30.
        (
            {"shelf_life_days": 5.0, "pack_size": 12.0},
            12,
            "shelf life",
            "leave 40 to order, but 5 days of shelf life allow 20: 12 in packs of 12.",
        ),
        (
            {"shelf_life_days": 5.0, "min_order_quantity": 30.0},
            0,
            "minimum order exceeds shelf life",
            "but 5 days of shelf life allow 20, less than the minimum order of 30: "
            "nothing to order.",
        ),
        ({"shelf_life_days": 7.0}, 40, "none", "leave 40 to order."),
        # Nothing is left on day 7: all that sells from then on may be ordered, not 50 - 10.
        (
            {"shelf_life_days": 5.0, "stock_on_hand": 10.0},
            50,
            "shelf life",
            "leave 130 to order, but 5 days of shelf life allow 50: 50 in packs of 1.",
        ),
    ],
)
def test_order_under_constraints(constants, quantity, reason, explanation):
    row = plan(panel([10] * 20, error_scale=0, **constants))
    assert row["recommended_order_quantity"] == pytest.approx(quantity)
    assert row["constraint_reason"] == reason
    assert row["explanation"].startswith(BASIS)
    assert row["explanation"].endswith(explanation)
    assert row["order_due_on"] == (day(7) if quantity else None)


def test_only_receipts_due_within_protection_count():
    row = plan(panel([10] * 20, error_scale=0, stock_on_hand=20, receipts={14: 30, 15: 500}))
    assert row["on_order_quantity"] == 30
    assert row["inventory_position_quantity"] == 50
    assert row["recommended_order_quantity"] == 90


def test_an_order_due_later_is_neither_lost_nor_ordered_twice():
    # Ordered today for day 15 on; at the next review, 7 days later, the same order is due within.
    today = plan(panel([10] * 30, error_scale=0, stock_on_hand=140, receipts={15: 70}))
    later = plan(panel([10] * 30, error_scale=0, stock_on_hand=70, receipts={8: 70}))
    assert today["recommended_order_quantity"] == later["recommended_order_quantity"] == 0


def test_order_by_date():
    # 100 on hand, 10 a day: day 11 runs short; an order of day 3 is on the shelf on day 11.
    row = plan(panel([10] * 20, error_scale=0, order_days=range(1, 21)))
    assert row["order_by_on"] == day(3)
    assert plan(panel([10] * 20, error_scale=0, stock_on_hand=20))["order_by_on"] == day(0)
    assert plan(panel([10] * 20, error_scale=0, stock_on_hand=500))["order_by_on"] is None
    fractional = plan(panel([10] * 20, error_scale=0, lead_time_days=6.5, order_days=range(1, 21)))
    assert fractional["order_by_on"] == day(3)
    assert fractional["order_due_on"] == day(7)
    assert fractional["protection_days"] == 13.5


def test_no_stock_record():
    row = plan(panel([10] * 20, error_scale=0, stock_on_hand=None))
    assert row["order_up_to_quantity"] == 140
    assert row["safety_stock_quantity"] == 0
    assert row["reorder_point_quantity"] > 70
    assert row["constraint_reason"] == "no stock record"
    assert row["explanation"] == f"{BASIS}no stock record, so no order can be worked out."
    assert {name for name, value in row.items() if value is None} == {
        "stock_on_hand",
        "inventory_position_quantity",
        "net_requirement_quantity",
        "recommended_order_quantity",
        "order_cost_amount",
        "order_by_on",
        "order_due_on",
        "probability_before_order",
        "probability_before_next_order",
        "units_at_risk",
    }


def test_no_demand_no_order():
    row = plan(panel([0] * 20, stock_on_hand=0, error_scale=4, min_order_quantity=10.0), EXACT + 1)
    for name in PLAN_SCHEMA.names:
        if name.endswith(("quantity", "amount")):
            assert row[name] == 0
    assert row["explanation"] == "No demand expected; nothing to order."


def test_unknown_cost_pack_and_minimum():
    row = plan(
        panel([10.25] * 14, error_scale=0, stock_on_hand=0)
        .drop_columns(["unit_cost", "pack_size", "min_order_quantity"])
        .append_column("unit_cost", panel([1] * 14, unit_cost=None)["unit_cost"])
        .append_column("pack_size", panel([1] * 14, pack_size=None)["pack_size"])
        .append_column(
            "min_order_quantity", panel([1] * 14, min_order_quantity=None)["min_order_quantity"]
        )
    )
    assert row["recommended_order_quantity"] == pytest.approx(143.5)
    assert row["order_cost_amount"] is None


def test_whole_units_are_rounded_up():
    row = plan(
        panel([10.25] * 14, error_scale=0, stock_on_hand=0, is_whole_unit=True, pack_size=None)
    )
    assert row["order_up_to_quantity"] == row["recommended_order_quantity"] == 144
    assert row["reorder_point_quantity"] % 1 == 0


@pytest.mark.parametrize(
    ("constants", "match"),
    [
        ({"review_period_days": 0}, "review_period_days"),
        ({"days_to_order": -1}, "days_to_order"),
        ({"cycle_service_level": 1.0}, "cycle_service_level"),
        ({"cycle_service_level": 0.0}, "cycle_service_level"),
        ({"lead_time_days": -1.0}, "lead time"),
    ],
)
def test_nonsense_is_refused(constants, match):
    with pytest.raises(ValueError, match=match):
        plan(panel([10] * 5, **constants))


def test_zero_rows():
    empty = plan_orders(panel([1]).slice(0, 0), trajectories=EXACT)
    assert empty.schema == PLAN_SCHEMA
    assert empty.num_rows == 0


@pytest.mark.parametrize(
    ("selling_days", "stock", "sentence"),
    [
        (1, 0, " The order rests on one day with sales."),
        (0, 0, " The order rests on no sale so far, only on what new SKUs sell."),
        (2, 0, None),
        (1, 1000, None),
    ],
)
def test_an_order_that_rests_on_one_sale_says_so(selling_days, stock, sentence):
    row = plan(panel([1] * 20, stock_on_hand=stock, selling_days=selling_days))
    assert row["explanation"].endswith(sentence) if sentence else True
    assert ("rests on" in row["explanation"]) == (sentence is not None)


def test_an_unsure_level_raises_the_order():
    """By hand: a gamma level of shape 4 around 20 a day; its 95 % quantile is 1.94 times 20."""
    errors = np.zeros((1, 500, 14))
    row = plan(panel([20] * 14, error_scale=0, level_variation=0.5), errors)
    assert row["order_up_to_quantity"] == pytest.approx(
        280 * stats.gamma(4, scale=0.25).ppf(0.95), rel=0.01
    )
    assert row["expected_protection_demand_quantity"] == pytest.approx(280)
