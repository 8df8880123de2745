"""The three kernels together: groups do not touch each other, and a healthy item is left alone."""

import numpy as np
import pyarrow as pa
from stock_panels import panel

from shelfcast.inventory import plan_orders, project_stock, tag_risks

TAG_CONSTANTS = (
    "stock_on_hand",
    "days_to_order",
    "high_probability",
    "medium_probability",
    "unit_price",
    "unit_cost",
)
PLANNED = (
    "expected_protection_demand_quantity",
    "probability_before_order",
    "probability_before_next_order",
    "units_at_risk",
)


def tag(table, trajectories):
    """Project, plan and tag, as the models of the DAG do one after the other."""
    projected = project_stock(table, trajectories=trajectories)
    for name in TAG_CONSTANTS:
        projected = projected.append_column(name, table[name])
    days = [table[name].to_numpy() for name in ("days_to_order", "review_period_days")]
    projected = projected.append_column("days_to_review", pa.array(sum(days)))
    plans = plan_orders(table, trajectories=trajectories)
    group = np.cumsum(table["lead_day"].to_numpy() == 1) - 1
    for name in PLANNED:
        projected = projected.append_column(name, plans[name].take(pa.array(group)))
    return tag_risks(projected)


def test_groups_do_not_depend_on_each_other():
    rng = np.random.default_rng(11)
    trajectories = rng.standard_normal((3, 101, 40))
    groups = [
        panel(
            rng.gamma(1, 4, horizon) * (rng.random(horizon) < 0.7),
            sku=f"S{at:03d}",
            factor=rng.choice([1.0, 1.7]),
            receipts={int(rng.integers(1, 12)): 20},
            stock_on_hand=None if at % 9 == 0 else float(rng.integers(0, 80)),
            error_scale=float(rng.gamma(2, 2)),
            calibration_group=int(rng.integers(3)),
            lead_time_days=float(rng.uniform(0, 20)),
            lead_time_sd_days=float(rng.choice([0, 1, 3])),
            days_to_order=int(rng.integers(7)),
            review_period_days=int(rng.integers(1, 9)),
            last_sale_day=float(rng.integers(60)) if at % 4 == 0 else None,
            shelf_life_days=float(rng.integers(1, 30)) if at % 5 == 0 else None,
            pack_size=float(rng.choice([1, 6])),
            is_whole_unit=bool(rng.random() < 0.5),
        )
        for at, horizon in enumerate(rng.integers(1, 41, 60))
    ]
    together = pa.concat_tables(groups)
    for kernel in (project_stock, plan_orders, tag):
        alone = [kernel(group, trajectories=trajectories) for group in groups]
        assert kernel(together, trajectories=trajectories).equals(pa.concat_tables(alone))


def test_quantiles_are_in_order_and_probability_never_falls():
    rng = np.random.default_rng(4)
    table = panel(rng.gamma(1, 4, 30), receipts={9: 60}, stock_on_hand=40, error_scale=5)
    rows = project_stock(table, trajectories=rng.standard_normal((1, 300, 30)))
    low, middle, high = (rows[f"stock_p{level}_quantity"].to_numpy() for level in (10, 50, 90))
    assert (low >= 0).all()
    assert (low <= middle).all()
    assert (middle <= high).all()
    for name in ("stockout_probability", "lost_sales_quantity"):
        assert (np.diff(rows[name].to_numpy()) >= 0).all()


def test_tag_of_a_healthy_item_says_which_order_it_needs():
    # Ordered up to S every Monday, L = R = 7, in packs of four weeks' demand: the order of the next
    # Monday is needed in about one week of four, and seldom comes too late.
    rng = np.random.default_rng(2)
    trajectories = rng.standard_normal((1, 400, 21))
    level = plan_orders(panel([20] * 21, error_scale=6), trajectories=trajectories)
    upper, pack = level["order_up_to_quantity"][0].as_py(), 560
    stock, due, days, orders = upper, {}, [], []
    for today in range(7 * 120):
        stock = max(0.0, stock - rng.normal(20, 6)) + due.pop(today, 0.0)
        open_orders = {on - today + 1: quantity for on, quantity in due.items()}
        days.append(
            panel(
                [20] * 21,
                sku=f"{today:04d}",
                error_scale=6,
                stock_on_hand=stock,
                receipts=open_orders,
                days_to_order=-today % 7,
            )
        )
        if today % 7 == 0:
            need = upper - stock - sum(due.values())
            orders.append(need > 0)
            due[today + 7] = pack * np.ceil(max(need, 0) / pack)
    levels = np.array(tag(pa.concat_tables(days), trajectories)["risk_level"].to_pylist())
    assert (levels == "Low").mean() > 0.6
    assert (levels == "High").mean() < 0.05
    # on the Monday on which an order is placed, and on no other, the tag asked for it
    assert np.mean((levels[::7] != "Low") == np.array(orders)) > 0.9
