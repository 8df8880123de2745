"""What exists before the first sale: calendar, locations, suppliers, SKUs, customers, promotions.

Everything is drawn once from the seed and held as parallel arrays, so that ten thousand SKUs cost
a few megabytes. Days are counted from 0 at ``World.starts_on``; earlier days are negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from shelfcast.generator.categories import CATEGORIES

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

UNIT = 1000
"""Quantities are integers in thousandths of a unit, so that stock adds up exactly."""
DAYS_AHEAD = 60
"""Days after the last sale for which demand is drawn and promotions are planned."""
NEVER = 1_000_000
"""The day of what does not happen."""
OPENING_HOUR = 8
OPEN_HOURS = 12
SKUS_PER_BLOCK = 120
"""SKUs simulated at a time; all SKUs of a supplier lie within one block."""
REGIONS = ("West", "East", "North", "South")
SEGMENTS = ("loyal", "regular", "occasional")
WEIGHT_OF_PURCHASE = 0.45
"""Mean weight of one purchase of a SKU sold by weight."""

_LOCATION_SIZES = (1.3, 0.9, 1.0, 0.7, 0.6, 1.4)
_LOCATION_CAUTION = (1.2, 0.7, 1.0, 1.0, 0.6, 1.1)
_CUSTOMERS_PER_LOCATION = 500
_ORDER_WEEKDAYS = (
    (1, ((1, 2, 3, 4, 5, 6, 7),)),
    (3, ((1, 3, 5), (2, 4, 6))),
    (7, ((1,), (2,), (3,), (4,), (5,))),
)
_DISCOUNT_RATES = (0.10, 0.15, 0.20, 0.25, 0.30)
_DAYS_BETWEEN_CAMPAIGNS = 90
_SKU_PROMOTIONS_PER_YEAR = 1.5
_HOLIDAY_RUN_UP = (1.0, 0.7, 0.4, 0.2)


@dataclass(frozen=True)
class Holiday:
    """A day that a region, or every region (``region`` is None), keeps."""

    day: date
    name: str
    region: str | None = None


@dataclass(frozen=True)
class Calendar:
    """The days of the run and the ``DAYS_AHEAD`` after them; every array has one entry per day.

    Attributes
    ----------
    starts_on, days
        First day, and number of days with sales.
    weekday
        0 is Monday.
    day_of_year
        1 to 366.
    is_open
        False on 25 December and 1 January.
    holiday_lift
        (days, regions): share of a category's ``holiday`` lift that the day carries, 0 to 1.
    holidays
        What keeps those days.
    """

    starts_on: date
    days: int
    weekday: Integers
    day_of_year: Integers
    is_open: Flags
    holiday_lift: Floats
    holidays: tuple[Holiday, ...]

    @property
    def length(self) -> int:
        """Days with sales plus days ahead."""
        return len(self.weekday)

    def dates(self, day: Integers) -> npt.NDArray[np.datetime64]:
        """Dates of day numbers."""
        return np.datetime64(self.starts_on, "D") + day


@dataclass(frozen=True)
class Locations:
    """Locations; ``size`` scales demand and ``caution`` safety stock."""

    region: Integers
    size: Floats
    caution: Floats
    opened_day: Integers

    def __len__(self) -> int:
        return len(self.region)


@dataclass(frozen=True)
class Suppliers:
    """Suppliers; ``orders_on`` is (suppliers, 7) by weekday; ``late_rate`` is nowhere recorded."""

    lead_days: Integers
    lead_sd_days: Floats
    late_rate: Floats
    review_days: Integers
    orders_on: Flags

    def __len__(self) -> int:
        return len(self.lead_days)


@dataclass(frozen=True)
class Catalogue:
    """SKUs and the parameters of their demand.

    Attributes
    ----------
    predecessor
        Index of the SKU that this one replaces, or -1.
    launch_day, discontinued_day, replaced_day
        First day on sale, first day no longer, first day of its successor.
    level
        Mean purchases per day at a location of size 1; for intermittent SKUs, occasions per day.
    units_per_occasion
        Mean units of an occasion of an intermittent SKU.
    dispersion
        r of the negative binomial: variance = mean + mean² / r.
    hype
        Demand on launch day relative to later, less 1.
    elasticity
        Power to which a promotion's uplift is raised.
    pack, min_order
        In thousandths of a unit.
    has_lead_days
        The SKU file states the lead time.
    """

    category: Integers
    supplier: Integers
    subcategory: Integers
    predecessor: Integers
    launch_day: Integers
    discontinued_day: Integers
    replaced_day: Integers
    is_intermittent: Flags
    is_weighed: Flags
    level: Floats
    units_per_occasion: Floats
    dispersion: Floats
    hype: Floats
    elasticity: Floats
    unit_price: Floats
    unit_cost: Floats
    pack: Integers
    min_order: Integers
    lead_days: Integers
    has_lead_days: Flags

    def __len__(self) -> int:
        return len(self.category)


@dataclass(frozen=True)
class Customers:
    """Customers sorted by region, then by day of signing up."""

    region: Integers
    signed_up_day: Integers
    segment: Integers

    def __len__(self) -> int:
        return len(self.region)


@dataclass(frozen=True)
class Promotions:
    """Promotions, campaigns of a category first; -1 in ``sku`` or ``region`` stands for all.

    ``last_day`` is inclusive. ``log_uplift`` differs between events at the same discount.
    """

    category: Integers
    sku: Integers
    region: Integers
    first_day: Integers
    last_day: Integers
    discount_rate: Floats
    log_uplift: Floats

    def __len__(self) -> int:
        return len(self.category)


@dataclass(frozen=True)
class World:
    """Everything that the simulation is given."""

    seed: int
    calendar: Calendar
    locations: Locations
    suppliers: Suppliers
    catalogue: Catalogue
    customers: Customers
    promotions: Promotions

    def blocks(self) -> Iterator[slice]:
        """SKUs in the portions in which they are simulated."""
        skus = len(self.catalogue)
        for first in range(0, skus, SKUS_PER_BLOCK):
            yield slice(first, min(first + SKUS_PER_BLOCK, skus))

    def random(self, purpose: str, block: slice) -> np.random.Generator:
        """Random numbers of one purpose for one block of SKUs."""
        return np.random.default_rng((self.seed, block.start, *purpose.encode()))


def build_world(skus: int, locations: int, days: int, seed: int, ends_on: date) -> World:
    """Draw the world.

    Parameters
    ----------
    skus, locations, days
        Sizes, each at least 1.
    seed
        Not negative.
    ends_on
        Last day with sales.
    """
    rng = np.random.default_rng(seed)
    calendar = _calendar(ends_on - timedelta(days=days - 1), days)
    where = _locations(rng, locations)
    suppliers = _suppliers(rng, skus)
    catalogue = _catalogue(rng, skus, calendar, suppliers)
    return World(
        seed=seed,
        calendar=calendar,
        locations=where,
        suppliers=suppliers,
        catalogue=catalogue,
        customers=_customers(rng, where, days),
        promotions=_promotions(rng, catalogue, calendar, min(locations, len(REGIONS))),
    )


def _calendar(starts_on: date, days: int) -> Calendar:
    every_day = [starts_on + timedelta(days=day) for day in range(days + DAYS_AHEAD)]
    holidays = tuple(
        holiday
        for year in range(every_day[0].year, every_day[-1].year + 1)
        for holiday in _holidays(year)
        if every_day[0] <= holiday.day <= every_day[-1]
    )
    lift = np.zeros((len(every_day), len(REGIONS)))
    for holiday in holidays:
        regions = slice(None) if holiday.region is None else REGIONS.index(holiday.region)
        holiday_day = (holiday.day - starts_on).days
        for days_before, share in enumerate(_HOLIDAY_RUN_UP[: holiday_day + 1]):
            run_up = lift[holiday_day - days_before]
            run_up[regions] = np.maximum(run_up[regions], share)
    return Calendar(
        starts_on=starts_on,
        days=days,
        weekday=np.array([day.weekday() for day in every_day]),
        day_of_year=np.array([day.timetuple().tm_yday for day in every_day]),
        is_open=np.array([(day.month, day.day) not in ((12, 25), (1, 1)) for day in every_day]),
        holiday_lift=lift,
        holidays=holidays,
    )


def _holidays(year: int) -> tuple[Holiday, ...]:
    thanksgiving = _nth_weekday(year, 11, 3, 4)
    return (
        Holiday(date(year, 1, 1), "New Year's Day"),
        Holiday(_nth_weekday(year, 2, 5, 2), "Winter Carnival", "North"),
        Holiday(_nth_weekday(year, 5, 0, 5), "Memorial Day"),
        Holiday(date(year, 7, 4), "Independence Day"),
        Holiday(_nth_weekday(year, 9, 0, 1), "Labor Day"),
        Holiday(_nth_weekday(year, 10, 5, 3), "Harvest Fair", "South"),
        Holiday(thanksgiving, "Thanksgiving"),
        Holiday(thanksgiving + timedelta(days=1), "Black Friday"),
        Holiday(date(year, 12, 25), "Christmas Day"),
    )


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """Return the nth weekday of a month; the last one when there are fewer."""
    first = date(year, month, 1)
    day = first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))
    return day if day.month == month else day - timedelta(days=7)


def _locations(rng: np.random.Generator, locations: int) -> Locations:
    index = np.arange(locations)
    return Locations(
        region=index % len(REGIONS),
        size=np.array(_LOCATION_SIZES)[index % len(_LOCATION_SIZES)],
        caution=np.array(_LOCATION_CAUTION)[index % len(_LOCATION_CAUTION)],
        opened_day=-rng.integers(400, 6000, locations),
    )


def _supplier_of(sku: Integers) -> Integers:
    """About fifteen SKUs of one category per supplier, none across two blocks."""
    return sku // SKUS_PER_BLOCK * len(CATEGORIES) + sku % len(CATEGORIES)


def _suppliers(rng: np.random.Generator, skus: int) -> Suppliers:
    suppliers = int(_supplier_of(np.arange(skus)).max()) + 1
    lead_days = rng.integers(3, 22, suppliers)
    review_days = np.empty(suppliers, dtype=np.int64)
    orders_on = np.zeros((suppliers, 7), dtype=bool)
    for supplier in range(suppliers):
        review_days[supplier], choices = _ORDER_WEEKDAYS[rng.integers(len(_ORDER_WEEKDAYS))]
        orders_on[supplier, np.array(choices[rng.integers(len(choices))]) - 1] = True
    return Suppliers(
        lead_days=lead_days,
        lead_sd_days=np.round(0.3 + 0.12 * lead_days, 1),
        late_rate=rng.uniform(0.05, 0.25, suppliers),
        review_days=review_days,
        orders_on=orders_on,
    )


def _catalogue(
    rng: np.random.Generator, skus: int, calendar: Calendar, suppliers: Suppliers
) -> Catalogue:
    index = np.arange(skus)
    category = index % len(CATEGORIES)
    supplier = _supplier_of(index)
    subcategory = rng.integers(0, 4, skus)
    is_intermittent = _chosen(rng, np.ones(skus, dtype=bool), round(0.2 * skus))
    can_be_weighed = np.array([each.is_weighed for each in CATEGORIES])[category] & ~is_intermittent
    is_weighed = _chosen(rng, can_be_weighed, round(0.05 * skus))
    level = np.where(
        is_intermittent, rng.uniform(0.04, 0.2, skus), 1.3 * rng.lognormal(0, 0.7, skus)
    )
    price = np.array([each.price for each in CATEGORIES])[category] * rng.lognormal(0, 0.4, skus)

    launches = _chosen(rng, np.ones(skus, dtype=bool), round(0.12 * skus))
    launch_day = -rng.integers(30, 1800, skus)
    launch_day[launches] = 1 + (rng.uniform(0.1, 0.96, launches.sum()) * calendar.days).astype(int)
    discontinued_day = np.full(skus, NEVER)
    replaced_day = np.full(skus, NEVER)
    predecessor = np.full(skus, -1)
    for sku in np.flatnonzero(launches)[::2]:
        replaceable = np.flatnonzero(
            (category == category[sku]) & (launch_day < 0) & (replaced_day == NEVER)
        )
        if replaceable.size:
            old = replaceable[np.argmin(np.abs(replaceable - sku))]
            predecessor[sku] = old
            replaced_day[old] = launch_day[sku]
            discontinued_day[old] = launch_day[sku] + rng.integers(0, 22)
            level[sku] = level[old] * rng.uniform(0.8, 1.3)
            price[sku] = price[old] * rng.uniform(1.0, 1.1)
            for inherited in (subcategory, is_intermittent, is_weighed):
                inherited[sku] = inherited[old]
    ends = _chosen(rng, (launch_day < 0) & (replaced_day == NEVER), round(0.02 * skus))
    discontinued_day[ends] = (
        rng.uniform(0.3, 1, ends.sum()) * (calendar.days + DAYS_AHEAD - 15)
    ).astype(int)

    units_per_occasion = 1 + rng.exponential(1.5, skus)
    daily = level * np.where(is_intermittent, units_per_occasion, 1.0)
    packs = np.array([1, 2, 4, 6, 12, 24])
    pack = packs[np.minimum(np.searchsorted(packs, 3 * daily), len(packs) - 1)] * UNIT
    return Catalogue(
        category=category,
        supplier=supplier,
        subcategory=subcategory,
        predecessor=predecessor,
        launch_day=launch_day,
        discontinued_day=discontinued_day,
        replaced_day=replaced_day,
        is_intermittent=is_intermittent,
        is_weighed=is_weighed,
        level=level,
        units_per_occasion=units_per_occasion,
        dispersion=rng.uniform(1.5, 8, skus),
        hype=np.where(launches, rng.uniform(-0.7, 1.0, skus), 0.0),
        elasticity=rng.lognormal(0, 0.25, skus),
        unit_price=np.round(price, 1) + 0.99,
        unit_cost=np.round(price * rng.uniform(0.45, 0.7, skus) + 0.5, 2),
        pack=pack,
        min_order=pack * rng.integers(1, 4, skus),
        lead_days=suppliers.lead_days[supplier] + rng.choice([0, 0, 0, 0, 1, 2], skus),
        has_lead_days=rng.random(skus) >= 0.15,
    )


def _chosen(rng: np.random.Generator, candidates: Flags, count: int) -> Flags:
    """Flag ``count`` of the candidates, or all when there are fewer."""
    chosen = np.zeros(len(candidates), dtype=bool)
    chosen[rng.permutation(np.flatnonzero(candidates))[:count]] = True
    return chosen


def _customers(rng: np.random.Generator, locations: Locations, days: int) -> Customers:
    region = np.sort(np.repeat(locations.region, _CUSTOMERS_PER_LOCATION))
    signed_up_day = rng.integers(-1500, days, len(region))
    order = np.lexsort((signed_up_day, region))
    return Customers(
        region=region,
        signed_up_day=signed_up_day[order],
        segment=rng.choice(len(SEGMENTS), len(region), p=(0.25, 0.45, 0.3)),
    )


def _promotions(
    rng: np.random.Generator, catalogue: Catalogue, calendar: Calendar, regions: int
) -> Promotions:
    planned_day = rng.integers(1, DAYS_AHEAD - 20, len(CATEGORIES)) + calendar.days
    scopes: list[tuple[int, int, int, int]] = []
    for category in np.unique(catalogue.category):
        first_days = np.arange(0, calendar.days - 20, _DAYS_BETWEEN_CAMPAIGNS)
        first_days = first_days + rng.integers(0, _DAYS_BETWEEN_CAMPAIGNS - 20, len(first_days))
        for first_day in (*first_days[first_days < calendar.days - 20], planned_day[category]):
            scopes.append((category, -1, first_day, first_day + rng.integers(6, 14)))
    expected_promotions = _SKU_PROMOTIONS_PER_YEAR * calendar.length / 365
    for sku, promotions in enumerate(rng.poisson(expected_promotions, len(catalogue))):
        for first_day in rng.integers(0, calendar.length, promotions):
            last_day = first_day + rng.integers(2, 10)
            if catalogue.launch_day[sku] <= first_day and last_day < min(
                catalogue.discontinued_day[sku], calendar.length
            ):
                scopes.append((catalogue.category[sku], sku, first_day, last_day))
    category, sku, first_day, last_day = np.array(scopes, dtype=np.int64).T
    discount_rate = rng.choice(_DISCOUNT_RATES, len(scopes))
    region = np.where(rng.random(len(scopes)) < 0.4, -1, rng.integers(0, regions, len(scopes)))
    log_uplift = np.maximum(discount_rate * rng.normal(3.0, 1.2, len(scopes)), 0.02)
    kept = _first_of_overlapping(category, sku, region, first_day, last_day)
    return Promotions(
        category=category[kept],
        sku=sku[kept],
        region=region[kept],
        first_day=first_day[kept],
        last_day=last_day[kept],
        discount_rate=discount_rate[kept],
        log_uplift=log_uplift[kept],
    )


def _first_of_overlapping(
    category: Integers, sku: Integers, region: Integers, first_day: Integers, last_day: Integers
) -> Flags:
    """Flag promotions that start when no earlier one of the same scope that is flagged runs."""
    kept = np.zeros(len(category), dtype=bool)
    ends: dict[tuple[int, int, int], int] = {}
    for index in np.argsort(first_day, kind="stable"):
        scope = int(category[index]), int(sku[index]), int(region[index])
        if first_day[index] > ends.get(scope, -1):
            kept[index] = True
            ends[scope] = int(last_day[index])
    return kept
