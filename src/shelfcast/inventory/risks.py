"""Tag stock-out risk: how likely, when, how much, and whether an order can still help."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shelfcast.inventory import kernels
from shelfcast.inventory.groups import Groups, days_after, nullable
from shelfcast.inventory.replenishment import is_high
from shelfcast.inventory.sentences import decimals_for, number, percent, plural_days

RISK_SCHEMA = pa.schema(
    [
        ("scenario_id", pa.string()),
        ("sku_id", pa.string()),
        ("location_id", pa.string()),
        ("stock_on_hand", pa.float64()),
        ("expected_demand_quantity", pa.float64()),
        ("days_of_cover", pa.int64()),
        ("stockout_probability", pa.float64()),
        ("stockout_probability_before_order", pa.float64()),
        ("stockout_on", pa.date32()),
        ("stockout_on_p10", pa.date32()),
        ("units_at_risk", pa.float64()),
        ("revenue_at_risk", pa.float64()),
        ("margin_at_risk", pa.float64()),
        ("risk_level", pa.string()),
        ("risk_reason", pa.string()),
    ]
)
"""One row per scenario × SKU × location; quantities in units, money in the retailer's currency."""


def tag_risks(table: pa.Table) -> pa.Table:
    """Tag the risk of running out before the next order can land.

    The next order day is t0 days ahead, 0 if it is today, and the one after it R days later. An
    order placed at the close of day t with lead time L is on the shelf from the opening of day
    t + 1 + L. ``plan_orders`` says how likely a stock-out is before the order of t0 is on the shelf
    (no order prevents it) and before the one after it is (the order of t0 is there to prevent it).

    High: out now with demand expected, or the first is at least ``high_probability``. Medium: not
    High and the second is at least ``medium_probability``. Unknown: no stock record. Low: all else.

    Parameters
    ----------
    table
        Whole groups, sorted, with the columns of ``PROJECTION_SCHEMA`` and, the same on all days of
        a group, ``stock_on_hand``, ``expected_protection_demand_quantity``,
        ``probability_before_order``, ``probability_before_next_order`` and ``units_at_risk`` of
        ``PLAN_SCHEMA``, ``days_to_order`` (t0), ``days_to_review`` (t0 + R), ``high_probability``,
        ``medium_probability``, ``unit_price``, ``unit_cost`` (the last two may be null).

    Returns
    -------
    :data:`RISK_SCHEMA`, one row per group. ``stockout_probability`` counts up to the order after
    the next one, ``stockout_probability_before_order`` up to the next one. ``days_of_cover`` is
    forward: the most days whose expected demand the stock on hand meets, at most the horizon.
    ``stockout_on`` and ``stockout_on_p10`` are the days by which the probability passes 0.5 and
    0.1, null if it does not within the horizon.

    Raises
    ------
    ValueError
        A required column holds a null, or lead days do not count from 1.
    """
    groups = Groups(table)
    stock = groups.constants("stock_on_hand", is_nullable=True)
    total = np.empty(stock.size)
    days = np.empty((3, stock.size), dtype=np.int64)
    kernels.tag_groups(
        groups.offsets,
        groups.floats("demand_quantity"),
        groups.floats("stockout_probability", is_nullable=True),
        stock,
        total,
        days,
    )
    before_order = groups.constants("probability_before_order", is_nullable=True)
    before_next_order = groups.constants("probability_before_next_order", is_nullable=True)
    units = groups.constants("units_at_risk", is_nullable=True)
    price = groups.constants("unit_price", is_nullable=True)
    tags = map(
        _tag,
        stock.tolist(),
        groups.constants("expected_protection_demand_quantity").tolist(),
        total.tolist(),
        groups.lengths.tolist(),
        days[0].tolist(),
        groups.whole_constants("days_to_order").tolist(),
        groups.whole_constants("days_to_review").tolist(),
        before_order.tolist(),
        before_next_order.tolist(),
        groups.constants("high_probability").tolist(),
        groups.constants("medium_probability").tolist(),
    )
    levels, reasons = zip(*tags, strict=True) if stock.size else ((), ())
    columns = [
        *groups.keys(),
        nullable(stock),
        groups.constants("expected_protection_demand_quantity"),
        pa.array(days[0], mask=np.isnan(stock)),
        nullable(before_next_order),
        nullable(before_order),
        days_after(groups.as_of, days[1]),
        days_after(groups.as_of, days[2]),
        nullable(units),
        nullable(units * price),
        nullable(units * (price - groups.constants("unit_cost", is_nullable=True))),
        levels,
        reasons,
    ]
    return pa.table(columns, schema=RISK_SCHEMA)


def _tag(
    stock: float,
    protection_demand: float,
    total_demand: float,
    horizon_days: int,
    cover_days: int,
    days_to_order: int,
    days_to_review: int,
    before_order: float,
    before_next_order: float,
    high: float,
    medium: float,
) -> tuple[str, str]:
    """Return the risk level of one group and the reason in a sentence."""
    daily = total_demand / horizon_days
    wanted = f"{number(daily, decimals_for(daily))} units a day wanted"
    if np.isnan(stock):
        return "Unknown", f"No stock record; {wanted if daily > 0 else 'no demand expected'}."
    if daily <= 0:
        return "Low", "No demand expected."
    if is_high(stock, protection_demand, before_order, high):
        if stock <= 0:
            return "High", f"Out of stock now; {wanted}."
        return "High", _likely(before_order, days_to_order)
    if before_next_order >= medium:
        return "Medium", _likely(before_next_order, days_to_review)
    cover = plural_days(cover_days)
    cover = cover if cover_days < horizon_days else f"at least {cover}"
    return "Low", f"Stock covers {cover}; {_likely(before_next_order, days_to_review)}"


def _likely(probability: float, days: int) -> str:
    placed = f"in {plural_days(days)}" if days else "today"
    return f"{percent(probability)} likely to run out before an order placed {placed} can arrive."
