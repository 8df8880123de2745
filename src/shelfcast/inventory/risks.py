"""Tag stock-out risk: how likely, when, how much, and whether an order can still help."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shelfcast.inventory import kernels
from shelfcast.inventory.groups import Groups, days_after, nullable
from shelfcast.inventory.lead_time import lead_time_pmfs
from shelfcast.inventory.sentences import decimals_for, number, percent

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
    """Tag the risk of running out before an order can land.

    An order placed at the close of day t with lead time L is on the shelf from the opening of day
    t + 1 + L; days 1 to L must be met from what there is. With r days to the next regular review:

    * ``stockout_probability_before_order`` = sum over l of P(L = l) P(stock-out by day l);
    * ``stockout_probability`` = sum over l of P(L = l) P(stock-out by day l + r).

    Days beyond the horizon count with its last day, which is a lower bound; expected demand goes on
    at its mean pace. High: out now with demand expected, or the first is at least
    ``high_probability``. Medium: not High and the second is at least ``medium_probability``.
    Unknown: no stock record. Low: all else.

    Parameters
    ----------
    table
        Whole groups, sorted, with the columns of ``PROJECTION_SCHEMA`` and, the same on all days of
        a group, ``stock_on_hand``, ``lead_time_days``, ``lead_time_sd_days``, ``days_to_review``,
        ``high_probability``, ``medium_probability``, ``unit_price``, ``unit_cost`` (the last two
        may be null).

    Returns
    -------
    :data:`RISK_SCHEMA`, one row per group. ``days_of_cover`` is forward: the most days whose
    expected demand the stock on hand meets, at most the horizon. ``stockout_on`` and
    ``stockout_on_p10`` are the days by which the probability passes 0.5 and 0.1, null if it does
    not within the horizon.

    Raises
    ------
    ValueError
        A required column holds a null, or lead days do not count from 1.
    """
    groups = Groups(table)
    stock = groups.constants("stock_on_hand", is_nullable=True)
    review_days = groups.whole_constants("days_to_review")
    pmfs, pmf_row = lead_time_pmfs(
        groups.constants("lead_time_days"), groups.constants("lead_time_sd_days")
    )
    amounts = np.empty((5, stock.size))
    days = np.empty((3, stock.size), dtype=np.int64)
    kernels.tag_groups(
        groups.offsets,
        groups.floats("demand_quantity"),
        groups.floats("stockout_probability", is_nullable=True),
        groups.floats("lost_sales_quantity", is_nullable=True),
        stock,
        pmfs,
        pmf_row,
        review_days,
        amounts,
        days,
    )
    expected, at_review, before_order, units, total = amounts
    price = groups.constants("unit_price", is_nullable=True)
    tags = map(
        _tag,
        stock.tolist(),
        total.tolist(),
        groups.lengths.tolist(),
        days[0].tolist(),
        review_days.tolist(),
        before_order.tolist(),
        at_review.tolist(),
        groups.constants("high_probability").tolist(),
        groups.constants("medium_probability").tolist(),
    )
    levels, reasons = zip(*tags, strict=True) if stock.size else ((), ())
    columns = [
        *groups.keys(),
        nullable(stock),
        expected,
        pa.array(days[0], mask=np.isnan(stock)),
        nullable(at_review),
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
    total_demand: float,
    horizon_days: int,
    cover_days: int,
    review_days: int,
    before_order: float,
    at_review: float,
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
    if stock <= 0:
        return "High", f"Out of stock now; {wanted}."
    if before_order >= high:
        return "High", _likely(before_order, "an order placed today")
    next_order = f"an order placed {f'in {_days(review_days)}' if review_days else 'today'}"
    if at_review >= medium:
        return "Medium", _likely(at_review, next_order)
    cover = _days(cover_days) if cover_days < horizon_days else f"at least {_days(cover_days)}"
    return "Low", f"Stock covers {cover}; {_likely(at_review, next_order)}"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _likely(probability: float, order: str) -> str:
    return f"{percent(probability)} likely to run out before {order} can arrive."
