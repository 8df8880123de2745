"""What a data set lacks and a plan needs: suppliers, orders, receipts and stock counts.

Nothing here draws from a generator. Whatever differs between SKUs comes from a hash of their ids,
so that equal input makes equal rows, and a SKU more changes no other.

Stock follows recorded sales, all of which were delivered. On its supplier's weekday an SKU orders
up to

    mean · protection + z · sqrt(variance_to_mean · mean · protection),
    protection = lead time + review period,

where the mean is that of its net sales of the last eight weeks, and z differs between SKUs. Where
the day's stock would not have sufficed, an emergency receipt of that morning covers it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Booleans = np.ndarray[Any, np.dtype[np.bool_]]

SUPPLIERS = 20
REVIEW_DAYS = 7
_LEAD_DAYS = (7, 28)
_LEAD_SD_SHARE = 0.15
_MEMORY_DAYS = 56
_VARIANCE_TO_MEAN = 30.0
_SAFETY = (0.0, 3.0)
_OPENING_SHARE = (0.6, 1.0)
_EMERGENCY_DAYS = 7
_EMERGENCY_TIME = np.timedelta64(6, "h")
_RECEIPT_TIME = np.timedelta64(20, "h")

COUNTS = pa.schema(
    [
        ("snapshot_date", pa.date32()),
        ("sku_id", pa.string()),
        ("location_id", pa.string()),
        ("stock_on_hand", pa.float64()),
    ]
)
RECEIPTS = pa.schema(
    [
        ("moved_at", pa.timestamp("us")),
        ("sku_id", pa.string()),
        ("location_id", pa.string()),
        ("quantity", pa.float64()),
        ("movement_type", pa.string()),
    ]
)
ORDERS = pa.schema(
    [
        ("purchase_order_id", pa.string()),
        ("sku_id", pa.string()),
        ("location_id", pa.string()),
        ("ordered_on", pa.date32()),
        ("expected_on", pa.date32()),
        ("received_on", pa.date32()),
        ("ordered_quantity", pa.float64()),
        ("received_quantity", pa.float64()),
    ]
)


def uniform(keys: Iterable[str], purpose: str) -> Floats:
    """Return a number from 0 up to 1 for every key: its SHA-256 together with the purpose."""
    digests = b"".join(hashlib.sha256(f"{purpose}|{key}".encode()).digest()[:8] for key in keys)
    numbers: Floats = (np.frombuffer(digests, ">u8") >> np.uint64(11)).astype(float) / 2.0**53
    return numbers


@dataclass(frozen=True)
class Suppliers:
    """Simulated suppliers; arrays are (suppliers,).

    Attributes
    ----------
    ids
        SIM-01 and so on.
    lead_days, lead_sd_days
        Mean and standard deviation of the lead time in days.
    order_weekday
        ISO weekday, 1 to 5, on which orders are placed.
    """

    ids: list[str]
    lead_days: Floats
    lead_sd_days: Floats
    order_weekday: Integers

    @classmethod
    def simulate(cls) -> Suppliers:
        """Return the twenty suppliers."""
        ids = [f"SIM-{number:02d}" for number in range(1, SUPPLIERS + 1)]
        shortest, longest = _LEAD_DAYS
        lead_days = np.floor(shortest + uniform(ids, "lead time") * (longest - shortest + 1))
        weekday = 1 + np.arange(SUPPLIERS, dtype=np.int64) % 5
        return cls(ids, lead_days, np.round(lead_days * _LEAD_SD_SHARE, 1), weekday)

    def of(self, sku_ids: Iterable[str]) -> Integers:
        """Return the place of each SKU's supplier."""
        return (uniform(sku_ids, "supplier") * len(self.ids)).astype(np.int64)

    def table(self) -> pa.Table:
        """Return the rows that land."""
        return pa.table(
            {
                "supplier_id": self.ids,
                "supplier_name": [f"Simulated supplier {each[-2:]}" for each in self.ids],
                "lead_time_days": self.lead_days.astype(np.int64),
                "lead_time_sd_days": self.lead_sd_days,
                "review_period_days": pa.array([REVIEW_DAYS] * len(self.ids)),
                "order_weekdays": [str(weekday) for weekday in self.order_weekday],
            }
        )


@dataclass(frozen=True)
class StockHistory:
    """Simulated stock of one location.

    Attributes
    ----------
    counts, receipts, orders
        Rows of inventory, inventory_movements and purchase_orders, in the order of day and SKU.
    emergencies
        Number of receipts that no order announced.
    """

    counts: pa.Table
    receipts: pa.Table
    orders: pa.Table
    emergencies: int


def simulate_stock(
    sku_ids: Sequence[str],
    location_id: str,
    starts_on: date,
    first_day: Integers,
    sold: Floats,
    moved: Floats,
) -> StockHistory:
    """Simulate orders, receipts and counts that agree with what was sold and moved.

    Each SKU is counted at close of every Sunday from its first sale on, and of the last day. From
    one count to the next, stock changes by receipts and ``moved`` less ``sold``, to the unit.

    Parameters
    ----------
    sku_ids
        (skus,).
    location_id
        The one location.
    starts_on
        Day 0 of the arrays.
    first_day
        (skus,): day of the first sale; before it nothing counts.
    sold
        (days, skus): units sold less units returned.
    moved
        (days, skus): other movements, positive where they add to the stock.

    Returns
    -------
    StockHistory
        Stock is above zero at every close.
    """
    days, skus = sold.shape
    calendar = np.datetime64(starts_on) + np.arange(days)
    suppliers = Suppliers.simulate()
    supplier = suppliers.of(sku_ids)
    lead, lead_sd = suppliers.lead_days[supplier], suppliers.lead_sd_days[supplier]
    order_weekday = suppliers.order_weekday[supplier]
    protection = lead + REVIEW_DAYS
    lowest, highest = _SAFETY
    safety = lowest + uniform(sku_ids, "safety") * (highest - lowest)

    is_on_sale = np.arange(days)[:, None] >= first_day
    sold = np.where(is_on_sale, sold, 0.0)
    change = np.where(is_on_sale, moved, 0.0) - sold
    summed = np.vstack([np.zeros(skus), np.cumsum(sold, axis=0)])
    column = np.arange(skus)
    memory_end = np.minimum(first_day + _MEMORY_DAYS, days)
    guess = np.maximum(summed[memory_end, column], 0.0) / (memory_end - first_day)

    def order_up_to(mean: Floats) -> Floats:
        cycle = mean * protection
        level: Floats = np.ceil(cycle + safety * np.sqrt(_VARIANCE_TO_MEAN * cycle))
        return np.maximum(level, 1.0)

    least, most = _OPENING_SHARE
    opening = np.ceil((least + uniform(sku_ids, "opening") * (most - least)) * order_up_to(guess))

    closing = np.zeros((days, skus))
    emergency = np.zeros((days, skus))
    longest = int(np.ceil((lead + 2 * lead_sd).max(initial=0))) + 1
    arriving = np.zeros((days + longest, skus))
    on_order = np.zeros(skus)
    stock = np.zeros(skus)
    lines: list[tuple[Integers, Integers, Integers, Integers, Floats]] = []
    for today in range(days):
        starting = first_day == today
        stock[starting] = opening[starting]
        active = is_on_sale[today]

        age = np.minimum(today + 1 - first_day, _MEMORY_DAYS)
        remembered = summed[today + 1] - summed[max(0, today + 1 - _MEMORY_DAYS)]
        mean = np.maximum(remembered + guess * (_MEMORY_DAYS - age), 0.0) / _MEMORY_DAYS

        left = stock + change[today]
        week = np.ceil(np.maximum(_EMERGENCY_DAYS * mean, 1.0))
        emergency[today] = np.where(active & (left <= 0), week - left, 0.0)
        stock = left + emergency[today] + arriving[today]
        on_order -= arriving[today]
        closing[today] = stock

        weekday = calendar[today].astype(date).isoweekday()
        need = np.floor(order_up_to(mean) - stock - on_order)
        buy = np.flatnonzero(active & (order_weekday == weekday) & (need >= 1) & (mean > 0))
        keys = [f"{sku_ids[sku]}|{calendar[today]}" for sku in buy.tolist()]
        # a uniform law of the supplier's standard deviation
        delay = lead_sd[buy] * np.sqrt(3.0) * (2 * uniform(keys, "delay") - 1)
        arrival = today + np.maximum(np.rint(lead[buy] + delay), 1).astype(np.int64)
        arriving[arrival, buy] += need[buy]
        on_order[buy] += need[buy]
        ordered = np.full(len(buy), today, dtype=np.int64)
        lines.append((buy, ordered, today + lead[buy].astype(np.int64), arrival, need[buy]))

    counted = is_on_sale & (
        np.array([day.astype(date).isoweekday() == 7 for day in calendar])[:, None]
        | (np.arange(days) == days - 1)[:, None]
    )
    return StockHistory(
        counts=_counts(sku_ids, location_id, calendar, closing, counted),
        receipts=_receipts(sku_ids, location_id, calendar, emergency, arriving[:days]),
        orders=_orders(sku_ids, location_id, starts_on, days, suppliers, supplier, lines),
        emergencies=int((emergency > 0).sum()),
    )


def _counts(
    sku_ids: Sequence[str],
    location_id: str,
    calendar: Any,
    closing: Floats,
    counted: Booleans,
) -> pa.Table:
    day, sku = np.nonzero(counted)
    columns = [
        calendar[day],
        _taken(sku_ids, sku),
        [location_id] * len(day),
        closing[day, sku],
    ]
    return _table(COUNTS, columns)


def _receipts(
    sku_ids: Sequence[str],
    location_id: str,
    calendar: Any,
    emergency: Floats,
    arriving: Floats,
) -> pa.Table:
    moved_at, skus, quantities = [], [], []
    for quantity, time in ((emergency, _EMERGENCY_TIME), (arriving, _RECEIPT_TIME)):
        day, sku = np.nonzero(quantity)
        moved_at.append(calendar[day].astype("datetime64[us]") + time)
        skus.append(sku)
        quantities.append(quantity[day, sku])
    at, sku, units = np.concatenate(moved_at), np.concatenate(skus), np.concatenate(quantities)
    order = np.lexsort((sku, at))
    columns = [
        at[order],
        _taken(sku_ids, sku[order]),
        [location_id] * len(order),
        units[order],
        ["receipt"] * len(order),
    ]
    return _table(RECEIPTS, columns)


def _orders(
    sku_ids: Sequence[str],
    location_id: str,
    starts_on: date,
    days: int,
    suppliers: Suppliers,
    supplier: Integers,
    lines: list[tuple[Integers, Integers, Integers, Integers, Floats]],
) -> pa.Table:
    sku, ordered, expected, received, quantity = map(np.concatenate, zip(*lines, strict=True))

    def on(day: int) -> date:
        return starts_on + timedelta(days=int(day))

    is_received = received < days
    columns = [
        [
            f"{suppliers.ids[each]}-{on(day)}"
            for each, day in zip(supplier[sku], ordered, strict=True)
        ],
        _taken(sku_ids, sku),
        [location_id] * len(sku),
        [on(day) for day in ordered],
        [on(day) for day in expected],
        [on(day) if come else None for day, come in zip(received, is_received, strict=True)],
        quantity,
        pa.array(quantity, mask=~is_received),
    ]
    return _table(ORDERS, columns)


def _taken(sku_ids: Sequence[str], places: Integers) -> pa.Array:
    return pa.array(sku_ids, pa.string()).take(pa.array(places))


def _table(schema: pa.Schema, columns: list[Any]) -> pa.Table:
    arrays = [
        pa.array(column, field.type) if not isinstance(column, pa.Array) else column
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
