"""The simulation as records of the landing contract, in Arrow tables.

Tables of events are sorted by day, so that they can be split by month without another pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from shelfcast.generator.categories import CATEGORIES
from shelfcast.generator.demand import Demand
from shelfcast.generator.stock import Stock
from shelfcast.generator.world import (
    NEVER,
    OPEN_HOURS,
    OPENING_HOUR,
    REGIONS,
    SEGMENTS,
    UNIT,
    Floats,
    Integers,
    World,
)
from shelfcast.landing.contract import ENTITIES

_BRANDS = ("Alder", "Birch", "Cedar", "Fern", "Hazel", "Juniper", "Linden", "Maple", "Rowan")
_CHANNELS = ("store", "web")
_MOVEMENT_TYPES = ("receipt", "adjustment", "write_off")
_CLOSING_MINUTE = (OPENING_HOUR + OPEN_HOURS) * 60
_ADJUSTMENT_MINUTE = 21 * 60 + 30
_WRITE_OFF_MINUTE = 21 * 60 + 45
_PIECES_OF_A_DAY = (0.85, 0.12, 0.03)
_JOINS_BASKET_RATE = 0.5
_KNOWN_CUSTOMER_RATE = 0.5
_WEB_RATE = 0.15

_LABEL = pa.dictionary(pa.int32(), pa.string())
_KEYS = [("sku_id", _LABEL), ("location_id", _LABEL), ("demand_on", pa.date32())]
TRUE_DEMAND = pa.schema(
    [
        *_KEYS,
        ("demand_quantity", pa.float64()),
        ("sales_quantity", pa.float64()),
        ("is_stocked_out", pa.bool_()),
        ("expected_demand", pa.float64()),
    ]
)
FUTURE_DEMAND = pa.schema(
    [*_KEYS, ("demand_quantity", pa.float64()), ("expected_demand", pa.float64())]
)


def reference_tables(world: World) -> dict[str, pa.Table]:
    """Return the entities that do not grow with the days: all but sales, stock and orders."""
    catalogue, suppliers, customers = world.catalogue, world.suppliers, world.customers
    locations, promotions, calendar = world.locations, world.promotions, world.calendar
    region_names = np.array(REGIONS)[locations.region]
    subcategory = [
        CATEGORIES[category].subcategories[index]
        for category, index in zip(catalogue.category, catalogue.subcategory, strict=True)
    ]
    shelf_life = [CATEGORIES[category].shelf_life_days for category in catalogue.category]
    supplier_sd = suppliers.lead_sd_days[catalogue.supplier]
    holidays = [
        holiday
        for holiday in calendar.holidays
        if holiday.region is None or holiday.region in region_names
    ]
    oil_days = np.arange(calendar.days)
    oil_steps = np.random.default_rng((world.seed, *b"oil")).normal(0, 0.015, calendar.days)
    return {
        "skus": _table(
            "skus",
            sku_id=identifiers("SKU-", np.arange(len(catalogue)), 5),
            sku_name=[
                f"{_BRANDS[sku % len(_BRANDS)]} {name} {sku + 1}"
                for sku, name in enumerate(subcategory)
            ],
            category=[CATEGORIES[category].name for category in catalogue.category],
            subcategory=subcategory,
            supplier_id=identifiers("SUP-", catalogue.supplier, 3),
            lead_time_days=pa.array(catalogue.lead_days, mask=~catalogue.has_lead_days),
            lead_time_sd_days=pa.array(supplier_sd, mask=~catalogue.has_lead_days),
            unit_cost=catalogue.unit_cost,
            unit_price=catalogue.unit_price,
            pack_size=catalogue.pack / UNIT,
            min_order_quantity=catalogue.min_order / UNIT,
            shelf_life_days=pa.array(shelf_life, pa.int64()),
            launched_on=_dates(world, catalogue.launch_day),
            discontinued_on=_dates(world, catalogue.discontinued_day),
            predecessor_sku_id=identifiers("SKU-", catalogue.predecessor, 5),
        ),
        "suppliers": _table(
            "suppliers",
            supplier_id=identifiers("SUP-", np.arange(len(suppliers)), 3),
            supplier_name=[
                f"{_BRANDS[supplier % len(_BRANDS)]} Trading {supplier + 1}"
                for supplier in range(len(suppliers))
            ],
            lead_time_days=suppliers.lead_days,
            lead_time_sd_days=suppliers.lead_sd_days,
            review_period_days=suppliers.review_days,
            order_weekdays=[
                " ".join(str(weekday + 1) for weekday in np.flatnonzero(orders_on))
                for orders_on in suppliers.orders_on
            ],
        ),
        "locations": _table(
            "locations",
            location_id=identifiers("LOC-", np.arange(len(locations)), 2),
            location_name=[
                f"{region} {1 + list(region_names[:index]).count(region)}"
                for index, region in enumerate(region_names)
            ],
            region=region_names,
            location_type=["store"] * len(locations),
            opened_on=_dates(world, locations.opened_day),
            closed_on=pa.nulls(len(locations), pa.date32()),
        ),
        "customers": _table(
            "customers",
            customer_id=identifiers("CUS-", np.arange(len(customers)), 6),
            segment=_labels(SEGMENTS, customers.segment),
            region=_labels(REGIONS, customers.region),
            signed_up_on=_dates(world, customers.signed_up_day),
        ),
        "promotions": _table(
            "promotions",
            promotion_id=identifiers("PRM-", np.arange(len(promotions)), 4),
            category=[CATEGORIES[category].name for category in promotions.category],
            sku_id=identifiers("SKU-", promotions.sku, 5),
            region=_labels(REGIONS, promotions.region),
            starts_on=_dates(world, promotions.first_day),
            ends_on=_dates(world, promotions.last_day),
            discount_rate=promotions.discount_rate,
        ),
        "holidays": _table(
            "holidays",
            holiday_date=pa.array([holiday.day for holiday in holidays], pa.date32()),
            holiday_name=pa.array([holiday.name for holiday in holidays], pa.string()),
            region=pa.array([holiday.region for holiday in holidays], pa.string()),
        ),
        "external_signals": _table(
            "external_signals",
            signal=["oil_price"] * calendar.days,
            signal_date=_dates(world, oil_days),
            region=pa.nulls(calendar.days, pa.string()),
            value=np.round(75 * np.exp(np.cumsum(oil_steps)), 2),
        ),
    }


def sales_lines(
    world: World, block: slice, demand: Demand, stock: Stock, first_transaction: int
) -> tuple[pa.Table, int]:
    """Return the sales and return lines of a block, and the number of transactions they make.

    What a SKU × location sells in a day is split into one to three lines; lines of a location and
    day share baskets. Half of the baskets have a known customer. A sale precedes the hour at which
    the shelf of any of its lines was empty. A return takes back one unit of an earlier line.
    """
    rng = world.random("sales", block)
    catalogue, places = world.catalogue, len(world.locations)
    day, series = np.nonzero(stock.sales)
    step = np.where(catalogue.is_weighed[block], 1, UNIT)[series // places]
    pieces = rng.multinomial(stock.sales[day, series] // step, _PIECES_OF_A_DAY)
    cell, piece = np.nonzero(pieces)
    quantity = pieces[cell, piece] * step[cell]

    place_day = day * places + series % places
    order = np.lexsort((rng.random(len(cell)), place_day[cell]))
    cell, quantity = cell[order], quantity[order]
    starts = np.diff(place_day[cell], prepend=-1) != 0
    starts |= rng.random(len(cell)) >= _JOINS_BASKET_RATE
    first_line = np.flatnonzero(starts)
    basket = np.cumsum(starts) - 1
    baskets = len(first_line)
    basket_cell = cell[first_line]
    hours = OPEN_HOURS - stock.hours_out[day, series]
    hours = np.minimum.reduceat(hours[cell], first_line) if baskets else np.zeros(0)
    second = (rng.random(baskets) * hours * 3600).astype(np.int64)
    customer = _buyer(world, day[basket_cell], series[basket_cell] % places, rng)
    channel = (rng.random(baskets) < _WEB_RATE).astype(np.int64)

    return_day = stock.return_day[day, series][cell]
    _, first_of_cell = np.unique(cell, return_index=True)
    returned = first_of_cell[return_day[first_of_cell] > 0]
    line = np.concatenate((np.arange(len(cell)), returned))
    is_return = np.arange(len(line)) >= len(cell)
    line_day = np.where(is_return, return_day[line], day[cell[line]])
    return_second = rng.integers(0, OPEN_HOURS * 3600, len(line))
    line_second = np.where(is_return, return_second, second[basket[line]])
    transaction = np.where(is_return, baskets - len(cell) + np.arange(len(line)), basket[line])
    line_number = np.where(is_return, 1, line - first_line[basket[line]] + 1)
    line_quantity = np.where(is_return, -UNIT, quantity[line])

    by_day = np.argsort(line_day, kind="stable")
    line = line[by_day]
    line_series, line_basket = series[cell[line]], basket[line]
    promotion = demand.promotion[day[cell[line]], line_series]
    discount_rate = np.append(world.promotions.discount_rate, 0.0)[promotion]
    list_price = catalogue.unit_price[block][line_series // places]
    table = _table(
        "sales",
        transaction_id=identifiers("T", first_transaction + transaction[by_day], 9),
        line_number=line_number[by_day],
        sold_at=_times(world, line_day[by_day], OPENING_HOUR * 3600 + line_second[by_day]),
        **_keys(world, block, line_series),
        customer_id=identifiers("CUS-", customer[line_basket], 6),
        quantity=line_quantity[by_day] / UNIT,
        unit_price=np.round(list_price * (1 - discount_rate), 2),
        discount_rate=discount_rate,
        promotion_id=identifiers("PRM-", promotion, 4),
        channel=_labels(_CHANNELS, channel[line_basket]),
    )
    return table, baskets + len(returned)


def inventory_snapshots(world: World, block: slice, stock: Stock) -> pa.Table:
    """Return stock at close of every day from the eve of the first to the end of a SKU's sale.

    The first snapshot of a SKU that is on sale from the start lies before the first day and holds
    the opening stock; on the day of discontinuation the rest is written off.
    """
    closing = np.vstack((stock.opening, stock.closing))
    hours_out = np.vstack((np.zeros_like(stock.hours_out[:1]), stock.hours_out))
    launch, end = _life(world, block)
    snapshot_day = np.arange(-1, world.calendar.days)[:, None]
    row, series = np.nonzero((snapshot_day >= launch - 1) & (snapshot_day <= end))
    return _table(
        "inventory",
        snapshot_date=_dates(world, row - 1),
        **_keys(world, block, series),
        stock_on_hand=closing[row, series] / UNIT,
        stockout_hours=hours_out[row, series],
    )


def stock_movements(world: World, block: slice, stock: Stock) -> pa.Table:
    """Return receipts, adjustments and write-offs of a block.

    Deliveries arrive after closing time, as many minutes after it as their lead time has days: two
    deliveries of one day never share a moment.
    """
    orders = stock.orders
    arrived = orders.received_day < world.calendar.days
    receipt_day, receipt_series = orders.received_day[arrived], orders.series[arrived]
    lead_days = receipt_day - orders.ordered_day[arrived]
    adjusted_day, adjusted_series = np.nonzero(stock.adjustment)
    written_day, written_series = np.nonzero(stock.write_off)
    day = np.concatenate((receipt_day, adjusted_day, written_day))
    by_day = np.argsort(day, kind="stable")
    kind = np.repeat(np.arange(3), (len(receipt_day), len(adjusted_day), len(written_day)))
    minute = np.array((_CLOSING_MINUTE, _ADJUSTMENT_MINUTE, _WRITE_OFF_MINUTE))[kind]
    minute[: len(receipt_day)] += lead_days
    series = np.concatenate((receipt_series, adjusted_series, written_series))
    quantity = np.concatenate(
        (
            orders.received[arrived],
            stock.adjustment[adjusted_day, adjusted_series],
            stock.write_off[written_day, written_series],
        )
    )
    return _table(
        "inventory_movements",
        moved_at=_times(world, day[by_day], minute[by_day] * 60),
        **_keys(world, block, series[by_day]),
        quantity=quantity[by_day] / UNIT,
        movement_type=_labels(_MOVEMENT_TYPES, kind[by_day]),
    )


def order_lines(world: World, block: slice, stock: Stock, first_order: int) -> tuple[pa.Table, int]:
    """Return the order lines of a block and the number of orders they make.

    What one location orders from one supplier on one day is one order.
    """
    orders, catalogue, places = stock.orders, world.catalogue, len(world.locations)
    sku, place = block.start + orders.series // places, orders.series % places
    desk = catalogue.supplier[sku] * places + place
    desks = len(world.suppliers) * places
    keys, order = np.unique(orders.ordered_day * desks + desk, return_inverse=True)
    by_order = np.lexsort((orders.series, order))
    series, ordered_day = orders.series[by_order], orders.ordered_day[by_order]
    received_day = orders.received_day[by_order]
    is_open = received_day >= world.calendar.days
    table = _table(
        "purchase_orders",
        purchase_order_id=identifiers("PO-", first_order + order[by_order], 7),
        **_keys(world, block, series),
        ordered_on=_dates(world, ordered_day),
        expected_on=_dates(world, ordered_day + catalogue.lead_days[sku[by_order]]),
        received_on=_dates(world, np.where(is_open, NEVER, received_day)),
        ordered_quantity=orders.ordered[by_order] / UNIT,
        received_quantity=pa.array(orders.received[by_order] / UNIT, mask=is_open),
    )
    return table, len(keys)


def true_demand(world: World, block: slice, demand: Demand, stock: Stock) -> pa.Table:
    """Return demand and what became of it, one row per SKU × location × day on sale."""
    days = world.calendar.days
    launch, end = _life(world, block)
    every_day = np.arange(days)[:, None]
    day, series = np.nonzero((every_day >= launch) & (every_day < end))
    return pa.table(
        {
            **_keys(world, block, series),
            "demand_on": _dates(world, day),
            "demand_quantity": demand.quantity[day, series] / UNIT,
            "sales_quantity": stock.sales[day, series] / UNIT,
            "is_stocked_out": stock.hours_out[day, series] > 0,
            "expected_demand": demand.expected[day, series],
        }
    )


def future_demand(world: World, block: slice, demand: Demand) -> pa.Table:
    """Return demand of the days ahead: its expectation and one draw."""
    launch, end = _life(world, block)
    days = world.calendar.days
    days_ahead = np.arange(days, world.calendar.length)[:, None]
    row, series = np.nonzero((days_ahead >= launch) & (days_ahead < end))
    day = days + row
    return pa.table(
        {
            **_keys(world, block, series),
            "demand_on": _dates(world, day),
            "demand_quantity": demand.quantity[day, series] / UNIT,
            "expected_demand": demand.expected[day, series],
        }
    )


def identifiers(prefix: str, index: Integers, width: int) -> pa.Array:
    """Return ``prefix`` and the index counted from 1, padded with zeros; null below index 0."""
    numbers = pc.cast(pa.array(index + 1, mask=index < 0), pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(numbers, width, "0"), "")


def _labels(names: Sequence[str], index: Integers) -> pa.Array:
    """Return names by index; null below index 0."""
    return pa.DictionaryArray.from_arrays(
        pa.array(index.astype(np.int32), mask=index < 0), pa.array(names, pa.string())
    )


def _keys(world: World, block: slice, series: Integers) -> dict[str, pa.Array]:
    places = len(world.locations)
    skus = identifiers("SKU-", np.arange(block.start, block.stop), 5)
    locations = identifiers("LOC-", np.arange(places), 2)
    return {
        "sku_id": _labels(skus, series // places),
        "location_id": _labels(locations, series % places),
    }


def _life(world: World, block: slice) -> tuple[Integers, Integers]:
    """Return the first day on sale and the first no longer, of each series."""
    places = len(world.locations)
    catalogue = world.catalogue
    return (
        np.repeat(catalogue.launch_day[block], places),
        np.repeat(catalogue.discontinued_day[block], places),
    )


def _buyer(world: World, day: Integers, place: Integers, rng: np.random.Generator) -> Integers:
    """Return a customer of the location's region who has signed up by the day, or -1."""
    customers = world.customers
    region = world.locations.region[place]
    first_of_region = np.searchsorted(customers.region, region)
    days = np.arange(world.calendar.days)
    signed_up = np.array(
        [
            np.searchsorted(customers.signed_up_day[customers.region == each], days, side="right")
            for each in range(len(REGIONS))
        ]
    )
    known = signed_up[region, day]
    rank = (rng.random(len(day)) ** 2 * known).astype(np.int64)
    is_known = (rng.random(len(day)) < _KNOWN_CUSTOMER_RATE) & (known > 0)
    return np.where(is_known, first_of_region + rank, -1)


def _dates(world: World, day: Integers) -> pa.Array:
    """Return dates of day numbers; null for ``NEVER``."""
    return pa.array(world.calendar.dates(day), mask=day == NEVER)


def _times(world: World, day: Integers, second: Integers) -> pa.Array:
    """Return local times from days and seconds of the day."""
    return pa.array(world.calendar.dates(day).astype("datetime64[s]") + second)


def _table(
    entity: str, **columns: pa.Array | Sequence[str] | Floats | Integers | npt.NDArray[np.str_]
) -> pa.Table:
    """Return the columns in the order of the contract; all of them, and no others."""
    names = ENTITIES[entity].column_names
    if set(columns) != set(names):
        raise KeyError(f"{entity} has the columns {names}, not {tuple(columns)}")
    return pa.table([pa.array(columns[name]) for name in names], names=names)
