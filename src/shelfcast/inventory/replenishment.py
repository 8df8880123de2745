"""Plan orders: how much to order today so that the promised service is kept, and why."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from shelfcast.inventory import kernels
from shelfcast.inventory.groups import (
    FloatArray,
    Groups,
    calibration_groups,
    days_after,
    nullable,
)
from shelfcast.inventory.lead_time import lead_time_pmfs, whole_days
from shelfcast.inventory.sentences import decimals_for, number

PLAN_SCHEMA = pa.schema(
    [
        ("scenario_id", pa.string()),
        ("sku_id", pa.string()),
        ("location_id", pa.string()),
        ("stock_on_hand", pa.float64()),
        ("on_order_quantity", pa.float64()),
        ("inventory_position_quantity", pa.float64()),
        ("protection_days", pa.float64()),
        ("expected_protection_demand_quantity", pa.float64()),
        ("safety_stock_quantity", pa.float64()),
        ("reorder_point_quantity", pa.float64()),
        ("order_up_to_quantity", pa.float64()),
        ("recommended_order_quantity", pa.float64()),
        ("order_cost_amount", pa.float64()),
        ("order_by_on", pa.date32()),
        ("order_due_on", pa.date32()),
        ("constraint_reason", pa.string()),
        ("explanation", pa.string()),
    ]
)
"""One row per scenario × SKU × location; quantities in units, money in the retailer's currency."""

CONSTRAINT_REASONS = {
    kernels.NONE: "none",
    kernels.MINIMUM_ORDER: "minimum order",
    kernels.PACK_SIZE: "pack size",
    kernels.SHELF_LIFE: "shelf life",
    kernels.MINIMUM_EXCEEDS_SHELF_LIFE: "minimum order exceeds shelf life",
}
"""What decided the quantity; ``no stock record`` where none can be worked out."""


def plan_orders(table: pa.Table, *, trajectories: FloatArray) -> pa.Table:
    """Plan today's order under periodic review (R, S).

    With lead time L and review period R, an order placed today must last until the next one lands,
    L + R days on:

    * order-up-to level S: the smallest S with sum over l of P(L = l) P(D_(l + R) <= S) >= cycle
      service level, the exact weighted quantile over demand paths;
    * safety stock: S less the expected demand over L + R; 0, by policy, where that is negative
      (skewed demand at a low service level);
    * inventory position: stock on hand (below zero counts as none) plus receipts due within the
      mean lead time, rounded up, + R;
    * reorder point, for those who review daily: the smallest s with P(D_L + U <= s) >= cycle
      service level, U the undershoot of daily review;
    * recommended order: S less the position, raised to the minimum order, rounded up to packs.
      What arrives must be sold within its shelf life: the most is the expected demand over the
      shelf life from arrival, less what the position leaves by then, rounded down to packs. Where
      that is less than the minimum order nothing is ordered.

    S and s are rounded up to whole units where ``is_whole_unit``. Days beyond the horizon: each
    path, and the expected demand, goes on at its own mean pace over the horizon.

    Parameters
    ----------
    table
        Whole groups, sorted, with the columns that ``project_stock`` reads and, the same on all
        days of a group, ``lead_time_days``, ``lead_time_sd_days``, ``review_period_days`` (>= 1),
        ``cycle_service_level`` (0 to 1), ``pack_size`` and ``min_order_quantity`` (units; null:
        none), ``shelf_life_days`` (null: none), ``is_whole_unit``, ``selling_days`` (known days
        with demand), ``unit_cost`` (may be null).
    trajectories
        Standardised daily errors, shape (calibration groups, paths, days >= h).

    Returns
    -------
    :data:`PLAN_SCHEMA`, one row per group. Without a stock record the position, the order and its
    dates are null. ``order_due_on`` is the day an order, if any is recommended, is received.
    ``order_by_on`` is the last day on which an order placed lands before the probability of a
    stock-out passes 0.1, at the earliest the as-of day; null if it does not within the horizon.

    Raises
    ------
    ValueError
        As for ``project_stock``; or a review period below 1 day or a service level outside 0 to 1.
    """
    groups = Groups(table)
    lead_time, lead_sd = groups.constants("lead_time_days"), groups.constants("lead_time_sd_days")
    review_days = groups.whole_constants("review_period_days")
    level = groups.constants("cycle_service_level")
    if (review_days < 1).any():
        raise ValueError("review_period_days must be at least 1")
    if not ((level > 0) & (level < 1)).all():
        raise ValueError("cycle_service_level must lie between 0 and 1")
    stock = groups.constants("stock_on_hand", is_nullable=True)
    is_whole_unit = groups.constants("is_whole_unit") > 0
    pack = np.nan_to_num(groups.constants("pack_size", is_nullable=True))
    pack = np.where((pack == 0) & is_whole_unit, 1.0, pack)
    minimum = np.nan_to_num(groups.constants("min_order_quantity", is_nullable=True))
    shelf_life = groups.constants("shelf_life_days", is_nullable=True)
    unit_cost = groups.constants("unit_cost", is_nullable=True)
    lead_days = whole_days(lead_time)
    pmfs, pmf_row = lead_time_pmfs(lead_time, lead_sd)
    amounts = np.empty((6, stock.size))
    days_and_reason = np.empty((2, stock.size), dtype=np.int64)
    kernels.plan_groups(
        groups.offsets,
        groups.floats("forecast_quantity"),
        groups.floats("demand_factor"),
        groups.floats("receipts_quantity"),
        stock,
        groups.constants("error_scale"),
        groups.constants("level_variation"),
        *calibration_groups(groups, trajectories),
        pmfs,
        pmf_row,
        lead_days,
        review_days,
        level,
        is_whole_unit,
        pack,
        minimum,
        shelf_life,
        amounts,
        days_and_reason,
    )
    on_order, expected, order_up_to, reorder_point, recommended, most_sellable = amounts
    stockout_day, reason = days_and_reason
    position = np.maximum(stock, 0.0) + on_order
    order_by = np.where(stockout_day < 0, -1, np.maximum(stockout_day - 1 - lead_days, 0))
    reasons = [
        "no stock record" if is_unknown else CONSTRAINT_REASONS[code]
        for is_unknown, code in zip(np.isnan(stock), reason.tolist(), strict=True)
    ]
    orders = map(
        _Order,
        stock.tolist(),
        on_order.tolist(),
        lead_time.tolist(),
        lead_sd.tolist(),
        review_days.tolist(),
        expected.tolist(),
        order_up_to.tolist(),
        level.tolist(),
        recommended.tolist(),
        reasons,
        pack.tolist(),
        minimum.tolist(),
        shelf_life.tolist(),
        most_sellable.tolist(),
    )
    columns = [
        *groups.keys(),
        nullable(stock),
        on_order,
        nullable(position),
        lead_time + review_days,
        expected,
        np.maximum(order_up_to - expected, 0.0),
        reorder_point,
        order_up_to,
        nullable(recommended),
        nullable(recommended * unit_cost),
        days_after(groups.as_of, order_by),
        days_after(groups.as_of, np.where(recommended > 0, lead_days, -1)),
        reasons,
        [
            _explain(order) + _few_sales(order.recommended, selling_days)
            for order, selling_days in zip(
                orders, groups.whole_constants("selling_days").tolist(), strict=True
            )
        ],
    ]
    return pa.table(columns, schema=PLAN_SCHEMA)


class _Order(NamedTuple):
    """The figures behind one recommendation; quantities in units."""

    stock_on_hand: float
    on_order: float
    lead_time_days: float
    lead_time_sd_days: float
    review_days: int
    expected_demand: float
    order_up_to: float
    service_level: float
    recommended: float
    reason: str
    pack_size: float
    minimum: float
    shelf_life_days: float
    most_sellable: float


def _explain(order: _Order) -> str:
    """Return a sentence or two whose numbers add up as shown."""
    if order.expected_demand <= 0 and order.order_up_to <= 0:
        return "No demand expected; nothing to order."
    decimals = decimals_for(order.order_up_to)

    def units(quantity: float) -> str:
        return number(quantity, decimals)

    expected = round(order.expected_demand, decimals)
    upper = round(order.order_up_to, decimals)
    lead_time = number(order.lead_time_days, 1)
    spread = f" ± {number(order.lead_time_sd_days, 1)}" if order.lead_time_sd_days > 0 else ""
    service = f"{number(100 * order.service_level, 2)} % service"
    basis = (
        f"Expect {units(expected)} units in {number(order.lead_time_days + order.review_days, 1)} "
        f"days (lead time {lead_time}{spread} + review {order.review_days}); "
        + (
            f"hold {units(upper - expected)} more for {service}; "
            if upper >= expected
            else f"{units(upper)} are enough for {service}; "
        )
    )
    if math.isnan(order.stock_on_hand):
        return f"{basis}no stock record, so no order can be worked out."
    on_hand = round(max(order.stock_on_hand, 0.0), decimals)
    on_order = round(order.on_order, decimals)
    need = upper - on_hand - on_order
    basis += f"{units(on_hand)} on hand and {units(on_order)} on order "
    if order.reason == "none" and order.recommended <= 0:
        advice = "; have it expedited" if on_hand <= 0 < on_order else ""
        return f"{basis}are enough: nothing to order{advice}."
    return f"{basis}leave {units(need)} to order{_constraint(order, units(order.recommended))}."


def _few_sales(recommended: float, selling_days: int) -> str:
    """Return a sentence about an order that rests on one day with sales, or on none."""
    if not recommended > 0 or selling_days > 1:
        return ""
    if selling_days == 1:
        return " The order rests on one day with sales."
    return " The order rests on no sale so far, only on what new SKUs sell."


def _constraint(order: _Order, recommended: str) -> str:
    """Return how constraints turned the need into the recommended quantity."""
    packs = f"packs of {number(order.pack_size, 4)}"
    if order.reason == "pack size":
        return f", rounded up to {recommended} ({packs})"
    if order.reason == "minimum order":
        raised = f", raised to the minimum order of {number(order.minimum, 2)}"
        is_packed = order.recommended > order.minimum + kernels.ROUNDING
        return f"{raised}, rounded up to {recommended} ({packs})" if is_packed else raised
    if math.isfinite(order.most_sellable) and order.reason != "none":
        sellable = number(max(order.most_sellable, 0.0), 1)
        life = f"{number(order.shelf_life_days, 0)} days of shelf life allow {sellable}"
        if order.reason == "shelf life":
            kept = f"{recommended} in {packs}" if order.pack_size > 0 else recommended
            return f", but {life}: {kept}"
        return (
            f", but {life}, less than the minimum order of {number(order.minimum, 2)}: "
            "nothing to order"
        )
    return ""
