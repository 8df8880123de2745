"""Plan orders: how much to order on the next order day so that service is kept, and why."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from shelfcast.inventory import kernels
from shelfcast.inventory.groups import (
    FloatArray,
    Groups,
    calibration_groups,
    days_after,
    last_days,
    nullable,
)
from shelfcast.inventory.lead_time import lead_time_pmfs
from shelfcast.inventory.sentences import decimals_for, number, percent

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
        ("net_requirement_quantity", pa.float64()),
        ("recommended_order_quantity", pa.float64()),
        ("order_cost_amount", pa.float64()),
        ("order_on", pa.date32()),
        ("order_by_on", pa.date32()),
        ("order_due_on", pa.date32()),
        ("probability_before_order", pa.float64()),
        ("probability_before_next_order", pa.float64()),
        ("units_at_risk", pa.float64()),
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
    kernels.END_OF_SALE: "end of sale",
    kernels.MINIMUM_EXCEEDS_END_OF_SALE: "minimum order exceeds end of sale",
}
"""What decided the quantity; ``no stock record`` where none can be worked out."""


def plan_orders(table: pa.Table, *, trajectories: FloatArray) -> pa.Table:
    """Plan the order of the next order day under periodic review (R, S).

    The next order day is t0 days ahead, 0 if it is today, and the one after it R days later. With
    lead time L, an order of t0 is on the shelf from day t0 + L + 1 and must last until the next one
    is, on day t0 + R + L + 1:

    * order-up-to level S: the smallest S with sum over l of P(L = l) P(D_(t0 + l + R) <= S) >=
      cycle service level, the exact weighted quantile over demand paths;
    * safety stock: S less the expected demand over t0 + L + R; 0, by policy, where that is negative
      (skewed demand at a low service level);
    * inventory position: stock on hand (below zero counts as none) plus receipts that are on the
      shelf by day t0 + L + R, with the mean lead time L rounded down: with L = 6.5 and R = 7 the
      next order comes on day 14 half of the time, and a receipt of day 14 serves no day before;
    * net requirement: S less the position, or more where receipts come too late in the interval:
      the smallest q with sum over l of P(L = l) P(max over t0 + l < d <= t0 + l + R of
      (D_d - supply_d) - lost by t0 + l <= q) >= cycle service level, supply counted on its days;
    * reorder point, for those who review daily: the smallest s with P(D_L + U <= s) >= cycle
      service level, U the undershoot of daily review;
    * recommended order: the net requirement, raised to the minimum order, rounded up to packs.
      What arrives must be sold within its shelf life and before the end of sale: the most is the
      expected demand from arrival until then, less what stock and receipts leave for that time,
      rounded down to packs. Where that is less than the minimum order nothing is ordered.

    S, s and the net requirement are rounded up to whole units where ``is_whole_unit``. Days beyond
    the horizon: each path, and the expected demand, goes on at its own mean pace over the horizon,
    up to the last day on sale.

    The risk of a stock-out is worked out from the same paths: for the days before the order of t0
    is on the shelf, sum over l of P(L = l) P(stock-out by day t0 + l), and for those before the
    next order is, sum over l of P(L = l) P(stock-out by day t0 + R + l), with the units lost.

    Parameters
    ----------
    table
        Whole groups, sorted, with the columns that ``project_stock`` reads; ``is_order_day``
        (whether an order can be placed on the day) and ``open_order_id`` (an order received at
        close of the day before, or null); and, the same on all days of a group,
        ``lead_time_days``, ``lead_time_sd_days``, ``days_to_order`` (t0, >= 0),
        ``review_period_days`` (R, >= 1), ``cycle_service_level`` (0 to 1), ``high_probability``,
        ``pack_size`` and ``min_order_quantity`` (units; null: none), ``shelf_life_days`` (null:
        none), ``last_sale_day`` (last day on sale, counted from today; null: no end),
        ``is_whole_unit``, ``selling_days`` (known days with demand), ``unit_cost`` and
        ``supplier_name`` (may be null).
    trajectories
        Standardised daily errors, shape (calibration groups, paths, days >= h).

    Returns
    -------
    :data:`PLAN_SCHEMA`, one row per group. ``order_on`` is the next order day, t0. Without a stock
    record the position, the order, its other dates and the risk are null. ``order_due_on`` is the
    day an order, if any is recommended, is received. ``order_by_on`` is the last order day on which
    an order placed lands before the probability of a stock-out passes
    ``EARLY_STOCKOUT_PROBABILITY``, at the earliest t0; null if it does not within the horizon or
    before the order after the next one is on the shelf, whichever is later.

    Raises
    ------
    ValueError
        As for ``project_stock``; or an order day before today, a review period below 1 day or a
        service level outside 0 to 1.
    """
    groups = Groups(table)
    lead_time, lead_sd = groups.constants("lead_time_days"), groups.constants("lead_time_sd_days")
    days_to_order = groups.whole_constants("days_to_order")
    review_days = groups.whole_constants("review_period_days")
    level = groups.constants("cycle_service_level")
    if (days_to_order < 0).any():
        raise ValueError("days_to_order must not be negative")
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
    last_sale_day = last_days(
        groups.constants("last_sale_day", is_nullable=True), kernels.NO_END_OF_SALE
    )
    unit_cost = groups.constants("unit_cost", is_nullable=True)
    pmfs, pmf_row = lead_time_pmfs(lead_time, lead_sd)
    amounts = np.empty((12, stock.size))
    days_and_reason = np.empty((5, stock.size), dtype=np.int64)
    kernels.plan_groups(
        groups.offsets,
        groups.floats("forecast_quantity"),
        groups.floats("demand_factor"),
        groups.floats("receipts_quantity"),
        groups.floats("is_order_day") > 0,
        stock,
        groups.constants("error_scale"),
        groups.constants("level_variation"),
        *calibration_groups(groups, trajectories),
        pmfs,
        pmf_row,
        lead_time,
        days_to_order,
        review_days,
        last_sale_day,
        level,
        is_whole_unit,
        pack,
        minimum,
        shelf_life,
        amounts,
        days_and_reason,
    )
    on_order, expected, order_up_to, reorder_point, recommended, most_sellable, need = amounts[:7]
    wanted, received, before_order, before_next_order, at_risk = amounts[7:]
    order_by, eve, expedited_day, reason, arrival = days_and_reason
    position = np.maximum(stock, 0.0) + on_order
    reasons = [
        "no stock record" if is_unknown else CONSTRAINT_REASONS[code]
        for is_unknown, code in zip(np.isnan(stock), reason.tolist(), strict=True)
    ]
    as_of = days_after(groups.as_of, np.zeros_like(arrival)).to_pylist()
    orders = map(
        _Order,
        as_of,
        stock.tolist(),
        on_order.tolist(),
        lead_time.tolist(),
        lead_sd.tolist(),
        days_to_order.tolist(),
        review_days.tolist(),
        expected.tolist(),
        order_up_to.tolist(),
        level.tolist(),
        eve.tolist(),
        wanted.tolist(),
        received.tolist(),
        recommended.tolist(),
        reasons,
        pack.tolist(),
        minimum.tolist(),
        shelf_life.tolist(),
        last_sale_day.tolist(),
        arrival.tolist(),
        most_sellable.tolist(),
        before_order.tolist(),
        groups.constants("high_probability").tolist(),
        expedited_day.tolist(),
        groups.texts_on("open_order_id", expedited_day),
        groups.text_constants("supplier_name"),
    )
    columns = [
        *groups.keys(),
        nullable(stock),
        on_order,
        nullable(position),
        days_to_order + lead_time + review_days,
        expected,
        np.maximum(order_up_to - expected, 0.0),
        reorder_point,
        order_up_to,
        nullable(need),
        nullable(recommended),
        nullable(recommended * unit_cost),
        days_after(groups.as_of, days_to_order),
        days_after(groups.as_of, order_by),
        days_after(groups.as_of, np.where(recommended > 0, arrival, -1)),
        nullable(before_order),
        nullable(before_next_order),
        nullable(at_risk),
        reasons,
        [
            _explain(order) + _few_sales(order.recommended, selling_days)
            for order, selling_days in zip(
                orders, groups.whole_constants("selling_days").tolist(), strict=True
            )
        ],
    ]
    return pa.table(columns, schema=PLAN_SCHEMA)


def is_high(
    stock_on_hand: float, demand: float, probability_before_order: float, threshold: float
) -> bool:
    """Tell whether risk is High: out now, or likely to be before an order is on the shelf.

    ``demand`` is that of the protection interval: what is wanted later, the next orders answer.
    """
    return demand > 0 and (stock_on_hand <= 0 or probability_before_order >= threshold)


class _Order(NamedTuple):
    """The figures behind one recommendation; quantities in units, days counted from today."""

    as_of: date
    stock_on_hand: float
    on_order: float
    lead_time_days: float
    lead_time_sd_days: float
    days_to_order: int
    review_days: int
    expected_demand: float
    order_up_to: float
    service_level: float
    eve_of_late_receipt: int
    wanted_by_eve: float
    received_by_eve: float
    recommended: float
    reason: str
    pack_size: float
    minimum: float
    shelf_life_days: float
    last_sale_day: int
    arrival_day: int
    most_sellable: float
    probability_before_order: float
    high_probability: float
    expedited_day: int
    expedited_order_id: str | None
    supplier_name: str | None

    def on(self, days: int) -> str:
        """Return the date some days ahead."""
        return (self.as_of + timedelta(days)).isoformat()

    @property
    def service(self) -> str:
        """What the policy promises."""
        return f"{number(100 * self.service_level, 2)} % service"

    @property
    def is_high(self) -> bool:
        """Whether the risk of this row is tagged High."""
        return is_high(
            self.stock_on_hand,
            self.expected_demand,
            self.probability_before_order,
            self.high_probability,
        )


def _explain(order: _Order) -> str:
    """Return a sentence or two with numbers that add up as shown."""
    if order.expected_demand <= 0 and order.order_up_to <= 0:
        return "No demand expected; nothing to order."
    decimals = decimals_for(order.order_up_to)

    def units(quantity: float) -> str:
        return number(quantity, decimals)

    expected = round(order.expected_demand, decimals)
    upper = round(order.order_up_to, decimals)
    lead_time = number(order.lead_time_days, 1)
    spread = f" ± {number(order.lead_time_sd_days, 1)}" if order.lead_time_sd_days > 0 else ""
    wait = f"{order.days_to_order} to the next order day + " if order.days_to_order else ""
    days = order.days_to_order + order.lead_time_days + order.review_days
    basis = (
        f"Expect {units(expected)} units in {number(days, 1)} "
        f"days ({wait}lead time {lead_time}{spread} + review {order.review_days}); "
        + (
            f"hold {units(upper - expected)} more for {order.service}; "
            if upper >= expected
            else f"{units(upper)} give {order.service}; "
        )
    )
    if math.isnan(order.stock_on_hand):
        return f"{basis}no stock record, so no order can be worked out."
    on_hand = round(max(order.stock_on_hand, 0.0), decimals)
    on_order = round(order.on_order, decimals)
    basis += f"{units(on_hand)} on hand and {units(on_order)} on order"
    if order.reason == "none" and order.recommended <= 0:
        return f"{basis}{_nothing_to_order(order)}."
    if order.eve_of_late_receipt > 0:
        wanted = round(order.wanted_by_eve, decimals)
        late = round(on_order - order.received_by_eve, decimals)
        need = wanted - on_hand - (on_order - late)
        leave = (
            f", of which {units(late)} come after {order.on(order.eve_of_late_receipt)}; "
            f"{units(wanted)} are needed by then for {order.service}, which leaves"
        )
    else:
        need = upper - on_hand - on_order
        leave = " leave"
    when = f" on {order.on(order.days_to_order)}" if order.days_to_order else ""
    constraint = _constraint(order, units(order.recommended))
    advice = _expedite(order) if order.recommended <= 0 and order.is_high else ""
    return f"{basis}{leave} {units(need)} to order{when}{constraint}{advice}."


def _nothing_to_order(order: _Order) -> str:
    """Return why there is no need, which is never that stock is enough where risk is High."""
    before_order = order.probability_before_order
    is_short = before_order > 1 - order.service_level + kernels.ROUNDING
    if not (is_short or order.is_high):
        return " are enough: nothing to order"
    risk = (
        "out of stock now"
        if order.stock_on_hand <= 0
        else f"{percent(before_order)} likely to run out before an order can arrive"
    )
    text = f" leave nothing to order; {risk}"
    if not order.is_high:
        return text
    no_more = f", which no order changes: {order.service} asks for no more"
    return text + (_expedite(order) or no_more)


def _expedite(order: _Order) -> str:
    """Return which open order to expedite; empty where none is to come."""
    if order.expedited_order_id is None:
        return ""
    source = f" from {order.supplier_name}" if order.supplier_name is not None else ""
    # on the shelf the morning after it is received
    due = order.on(order.expedited_day - 1)
    return f"; expedite open order {order.expedited_order_id}{source}, due on {due}"


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
    if order.reason == "none":
        return ""
    sellable = number(max(order.most_sellable, 0.0), 1)
    if order.reason.endswith("shelf life"):
        limit = f", but {number(order.shelf_life_days, 0)} days of shelf life allow {sellable}"
    elif order.last_sale_day <= order.arrival_day:
        return (
            f", but the sale ends on {order.on(order.last_sale_day)}, before an order can be on "
            f"the shelf ({order.on(order.arrival_day + 1)}): nothing to order"
        )
    else:
        limit = (
            f", but the sale ends on {order.on(order.last_sale_day)} and allows {sellable} from "
            f"{order.on(order.arrival_day + 1)} on"
        )
    if order.reason.startswith("minimum order"):
        return (
            f"{limit}, less than the minimum order of {number(order.minimum, 2)}: nothing to order"
        )
    if order.recommended <= 0:
        return f"{limit}: nothing to order"
    return (
        f"{limit}: {recommended} in {packs}" if order.pack_size > 0 else f"{limit}: {recommended}"
    )
