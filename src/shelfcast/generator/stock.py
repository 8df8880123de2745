"""Demand met from stock: a simple ordering policy, late and short deliveries, empty shelves.

On its supplier's order weekdays each SKU × location orders up to

    mean · protection + z · sqrt(2 · mean · protection),   protection = lead time + review period,

where the mean is that of the last four weeks' sales on days with stock, blended with a fixed guess,
and z differs between series at random. The policy knows neither season nor promotion. An order of
day t with lead time L is received at close of day t + L and sellable from the opening after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shelfcast.generator.categories import CATEGORIES
from shelfcast.generator.demand import Demand
from shelfcast.generator.world import OPEN_HOURS, UNIT, Calendar, Floats, Integers, World

_LONGEST_LEAD_DAYS = 60
_MEMORY_DAYS = 28
_GUESS_WEIGHT_DAYS = 5
_VARIANCE_TO_MEAN = 2.0
_SAFETY = 2.5
_SAFETY_SPREAD = 0.8
_OPENING_SHARE = (0.35, 1.0)
_LAUNCH_MARGIN = 1.2
_SHORT_RATE = 0.06
_ADJUSTMENT_RATE = 0.002
_WRITE_OFF_RATE = 0.003
_RETURN_DAYS = (2, 22)


@dataclass(frozen=True)
class OrderLines:
    """Orders of one block, one entry per line; quantities in thousandths of a unit."""

    series: Integers
    ordered_day: Integers
    received_day: Integers
    ordered: Integers
    received: Integers


@dataclass(frozen=True)
class Stock:
    """What became of the demand of one block; arrays are (days, series), series as in ``Demand``.

    Attributes
    ----------
    opening
        (series,): stock at close of the day before the first.
    sales, closing
        In thousandths of a unit.
    hours_out
        Opening hours with an empty shelf.
    return_day
        Day on which one of the units sold on this day comes back, or 0.
    adjustment, write_off
        In thousandths of a unit, as they change the stock.
    orders
        Every line, also those received after the last day.
    """

    opening: Integers
    sales: Integers
    closing: Integers
    hours_out: Floats
    return_day: Integers
    adjustment: Integers
    write_off: Integers
    orders: OrderLines


def simulate_stock(world: World, block: slice, demand: Demand) -> Stock:
    """Run the stock of a block of SKUs through every day with sales."""
    rng = world.random("stock", block)
    calendar, catalogue, suppliers = world.calendar, world.catalogue, world.suppliers
    days, places = calendar.days, len(world.locations)
    sku = np.repeat(np.arange(block.start, block.stop), places)
    place = np.tile(np.arange(places), block.stop - block.start)
    shape = (days, len(sku))
    category = catalogue.category[sku]
    launch, end = catalogue.launch_day[sku], catalogue.discontinued_day[sku]
    day = np.arange(days)[:, None]
    is_active = (day >= launch) & (day < end)

    supplier = catalogue.supplier[sku]
    quoted_lead = catalogue.lead_days[sku]
    received_day = day + quoted_lead + _delays(world, supplier, place, rng)
    received_day = _next_open_day(calendar, np.maximum(received_day, day + 1))
    may_order = is_active & suppliers.orders_on[supplier].T[calendar.weekday[:days]]
    may_order &= received_day < end
    protection = quoted_lead + suppliers.review_days[supplier]
    safety = rng.normal(_SAFETY, _SAFETY_SPREAD, len(sku)) * world.locations.caution[place]
    days_on_sale = np.minimum(end, calendar.length) - np.maximum(launch, 0)
    guess = demand.expected.sum(axis=0) / days_on_sale * UNIT * rng.lognormal(0, 0.3, len(sku))
    pack, min_order = catalogue.pack[sku], catalogue.min_order[sku]
    delivered_share = np.where(rng.random(shape) < _SHORT_RATE, rng.uniform(0.4, 0.95, shape), 1.0)

    step = np.where(catalogue.is_weighed[sku], 1, UNIT)
    return_rate = np.array([each.return_rate for each in CATEGORIES])[category] * (step == UNIT)
    comes_back = rng.random(shape)
    comes_back_day = _next_open_day(calendar, day + rng.integers(*_RETURN_DAYS, shape))
    return_rate = return_rate * (comes_back_day < np.minimum(days, end))
    perishes = np.array([each.shelf_life_days is not None for each in CATEGORIES])[category]
    counted = rng.choice([-2, -1, 1], shape) * (rng.random(shape) < _ADJUSTMENT_RATE) * is_active
    spoiled = (rng.random(shape) < _WRITE_OFF_RATE) & perishes & is_active

    def order_up_to(mean: Floats) -> Floats:
        cycle = mean * protection
        level: Floats = np.maximum(cycle + safety * np.sqrt(_VARIANCE_TO_MEAN * UNIT * cycle), pack)
        return level

    sales, closing, adjustment, write_off, return_day = np.zeros((5, *shape), dtype=np.int64)
    hours_out = np.zeros(shape)
    is_known = np.zeros(shape, dtype=bool)
    arriving, due, returning = np.zeros((3, days + _LONGEST_LEAD_DAYS, len(sku)), dtype=np.int64)

    new = np.flatnonzero(launch >= 0)
    first_order = _packs(_LAUNCH_MARGIN * order_up_to(guess), pack, min_order)[new]
    arriving[launch[new] - 1, new] = due[launch[new] - 1, new] = first_order
    lines = [(new, launch[new] - 1 - quoted_lead[new], launch[new] - 1, first_order, first_order)]

    opening = rng.uniform(*_OPENING_SHARE, len(sku)) * order_up_to(guess) * (launch < 0)
    opening_stock = stock = opening.astype(np.int64) // step * step
    on_order = due.sum(axis=0)
    for today in range(days):
        wanted = demand.quantity[today]
        sold = sales[today] = np.minimum(wanted, stock)
        if calendar.is_open[today]:
            hours_out[today] = _hours_out(stock, wanted) * is_active[today]
            is_known[today] = is_active[today] & (hours_out[today] == 0)
        stock = stock - sold + returning[today] + arriving[today]
        adjustment[today] = np.maximum(counted[today] * UNIT, -stock)
        stock = stock + adjustment[today]
        write_off[today] = -np.where(end == today, stock, np.minimum(stock, spoiled[today] * UNIT))
        stock = stock + write_off[today]
        closing[today] = stock
        on_order -= due[today]

        back = np.flatnonzero(comes_back[today] < 1 - (1 - return_rate[today]) ** (sold / UNIT))
        return_day[today, back] = comes_back_day[today, back]
        returning[comes_back_day[today, back], back] += UNIT

        memory = slice(max(0, today - _MEMORY_DAYS + 1), today + 1)
        mean = ((sales[memory] * is_known[memory]).sum(axis=0) + _GUESS_WEIGHT_DAYS * guess) / (
            is_known[memory].sum(axis=0) + _GUESS_WEIGHT_DAYS
        )
        need = order_up_to(mean) - stock - on_order
        buy = np.flatnonzero(may_order[today] & (need >= pack))
        ordered = _packs(need, pack, min_order)[buy]
        delivered = ordered // pack[buy] * delivered_share[today, buy]
        received = np.maximum(delivered.astype(np.int64), 1) * pack[buy]
        arriving[received_day[today, buy], buy] += received
        due[received_day[today, buy], buy] += ordered
        on_order[buy] += ordered
        lines.append((buy, np.full(len(buy), today), received_day[today, buy], ordered, received))

    return Stock(
        opening=opening_stock,
        sales=sales,
        closing=closing,
        hours_out=hours_out,
        return_day=return_day,
        adjustment=adjustment,
        write_off=write_off,
        orders=OrderLines(*(np.concatenate(column) for column in zip(*lines, strict=True))),
    )


def _delays(
    world: World, supplier: Integers, place: Integers, rng: np.random.Generator
) -> Integers:
    """Return days later (or earlier) than quoted, (days, series), shared by an order's lines."""
    suppliers, places = world.suppliers, len(world.locations)
    present = np.unique(supplier)
    shape = (world.calendar.days, len(present), places)
    jitter = np.rint(rng.normal(0, 0.5, shape) * suppliers.lead_sd_days[present][:, None])
    is_late = rng.random(shape) < suppliers.late_rate[present][:, None]
    late = 1 + rng.poisson(0.35 * suppliers.lead_days[present][:, None], shape)
    delay = (jitter + is_late * late).astype(np.int64)
    longest = _LONGEST_LEAD_DAYS - 5 - suppliers.lead_days[present][:, None]
    return np.minimum(delay, longest)[:, np.searchsorted(present, supplier), place]


def _next_open_day(calendar: Calendar, day: Integers) -> Integers:
    """Move days on which the stores are closed to the day after."""
    return day + ~calendar.is_open[np.minimum(day, calendar.length - 1)]


def _hours_out(stock: Integers, wanted: Integers) -> Floats:
    """Return opening hours after the last unit went, were demand spread evenly over the day."""
    share_met = np.minimum(stock / np.maximum(wanted, 1), 1.0)
    hours = np.maximum(np.ceil(OPEN_HOURS * (1 - share_met) * 100) / 100, 0.0)
    return np.where(stock == 0, float(OPEN_HOURS), np.where(wanted > stock, hours, 0.0))


def _packs(need: Floats, pack: Integers, min_order: Integers) -> Integers:
    """Return whole packs that cover the need, at least the minimum order."""
    packs = -(-need // pack).astype(np.int64)
    order: Integers = np.maximum(packs * pack, min_order)
    return order
