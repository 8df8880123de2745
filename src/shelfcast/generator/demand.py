"""True demand: what customers would have bought had the shelf never been empty.

Expected demand of SKU i at location j on day t is a product,

    level_i · size_j · affinity_ij · week_ij(t) · year_i(t) · shifts_ij(t) · launch_i(t)
    · holiday_ij(t) · uplift_e ^ elasticity_i,

where e is the promotion that runs. Demand about it is negative binomial, an occasional batch for
intermittent SKUs, and a gamma weight per purchase for SKUs sold by weight. No exponential
smoothing, Croston or regression model of the forecasting library generates such a series.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shelfcast.generator.categories import CATEGORIES
from shelfcast.generator.world import (
    REGIONS,
    UNIT,
    WEIGHT_OF_PURCHASE,
    Floats,
    Integers,
    World,
)

_MOST_LEVEL_SHIFTS = 3
_SHIFTS_PER_DAY = 1.2 / 730
_PREDECESSOR_KEEPS = 0.5
_LAUNCH_DECAY_DAYS = 21
_WEIGHT_SHAPE = 4


@dataclass(frozen=True)
class Demand:
    """Demand of one block of SKUs; a series is a SKU × location, locations fastest.

    Attributes
    ----------
    expected
        (days and days ahead, series), in units.
    quantity
        The same shape, in thousandths of a unit.
    promotion
        (days and days ahead, series): index of the promotion that runs, or -1.
    """

    expected: Floats
    quantity: Integers
    promotion: Integers


def draw_demand(world: World, block: slice) -> Demand:
    """Draw the demand of a block of SKUs."""
    rng = world.random("demand", block)
    promotion = _promotion_in_force(world, block)
    mean = _mean(world, block, promotion, rng)
    expected, quantity = _draw(world, block, mean, rng)
    series = (world.calendar.length, -1)
    return Demand(expected.reshape(series), quantity.reshape(series), promotion.reshape(series))


def _mean(world: World, block: slice, promotion: Integers, rng: np.random.Generator) -> Floats:
    """Return mean purchases, or occasions of intermittent SKUs, (days, SKUs, locations)."""
    calendar, catalogue, locations = world.calendar, world.catalogue, world.locations
    category = catalogue.category[block]
    skus, places = len(category), len(locations)
    day = np.arange(calendar.length)[:, None]

    log_mean = np.log(catalogue.level[block])[:, None] + np.log(locations.size)
    log_mean = log_mean + rng.normal(0, 0.3, (skus, places))
    log_mean = log_mean + _week(category, places, rng)[calendar.weekday]
    log_mean += _year(category, calendar.day_of_year, rng)[:, :, None]
    log_mean += _level_shifts(calendar.days, calendar.length, (skus, places), rng)
    holiday = np.array([each.holiday for each in CATEGORIES])[category]
    log_mean += np.log1p(
        holiday[:, None] * calendar.holiday_lift[:, None, :][:, :, locations.region]
    )
    log_uplift = np.append(world.promotions.log_uplift, 0.0)[promotion]
    log_mean += catalogue.elasticity[block][:, None] * log_uplift

    age = day - catalogue.launch_day[block]
    life = 1 + catalogue.hype[block] * np.exp(-np.maximum(age, 0) / _LAUNCH_DECAY_DAYS)
    life = life * np.where(day >= catalogue.replaced_day[block], _PREDECESSOR_KEEPS, 1.0)
    life = life * ((age >= 0) & (day < catalogue.discontinued_day[block]))
    mean: Floats = np.exp(log_mean) * (life * calendar.is_open[:, None])[:, :, None]
    return mean


def _week(category: Integers, places: int, rng: np.random.Generator) -> Floats:
    """Return the log profile of the week, (7, SKUs, locations), of mean zero over the week."""
    weekend = np.array([each.weekend for each in CATEGORIES])[category]
    shape = np.array([-0.2, -0.2, -0.1, 0.0, 0.5, 1.0, 0.6])
    profile = shape[:, None, None] * weekend[:, None]
    profile = profile + rng.normal(0, 0.1, (7, len(category), places))
    centred: Floats = profile - profile.mean(axis=0)
    return centred


def _year(category: Integers, day_of_year: Integers, rng: np.random.Generator) -> Floats:
    """Return the log profile of the year, (days, SKUs): a wave of its own phase, and Christmas."""
    skus = len(category)
    peak = np.array([each.peak_day for each in CATEGORIES])[category] + rng.normal(0, 10, skus)
    swing = np.array([each.swing for each in CATEGORIES])[category] * rng.lognormal(0, 0.3, skus)
    christmas = np.array([each.christmas for each in CATEGORIES])[category]
    day = day_of_year[:, None]
    wave = swing * np.cos(2 * np.pi * (day - peak) / 365.25)
    bump: Floats = christmas * np.exp(-0.5 * ((day - 350) / 10) ** 2)
    return wave + bump


def _level_shifts(
    days: int, length: int, shape: tuple[int, int], rng: np.random.Generator
) -> Floats:
    """Return log level, (days, SKUs, locations): lasting jumps at random days with sales."""
    log_level = np.zeros((length, *shape))
    day = np.arange(length)[:, None, None]
    for _ in range(_MOST_LEVEL_SHIFTS):
        happens = rng.random(shape) < days * _SHIFTS_PER_DAY / _MOST_LEVEL_SHIFTS
        jump = rng.normal(0, 0.35, shape) * happens
        log_level += np.where(day >= rng.integers(0, days, shape), jump, 0.0)
    return log_level


def _promotion_in_force(world: World, block: slice) -> Integers:
    """Return the promotion's index or -1, (days, SKUs, locations); a SKU's own goes first."""
    promotions, calendar = world.promotions, world.calendar
    category = world.catalogue.category[block]
    by_region = np.full((calendar.length, len(category), len(REGIONS)), -1)
    of_block = (promotions.sku == -1) | (
        (promotions.sku >= block.start) & (promotions.sku < block.stop)
    )
    for index in np.flatnonzero(of_block):
        sku, region = promotions.sku[index], promotions.region[index]
        skus = category == promotions.category[index] if sku == -1 else sku - block.start
        by_region[
            promotions.first_day[index] : promotions.last_day[index] + 1,
            skus,
            slice(None) if region == -1 else region,
        ] = index
    return by_region[:, :, world.locations.region]


def _draw(
    world: World, block: slice, mean: Floats, rng: np.random.Generator
) -> tuple[Floats, Integers]:
    """Return expected demand in units and drawn demand in thousandths, both shaped as ``mean``."""
    catalogue = world.catalogue
    expected = mean.copy()
    quantity = np.zeros(mean.shape, dtype=np.int64)

    steady = ~catalogue.is_intermittent[block]
    dispersion = catalogue.dispersion[block][steady][:, None]
    purchases = rng.negative_binomial(dispersion, dispersion / (dispersion + mean[:, steady]))
    quantity[:, steady] = purchases * UNIT

    occasional = catalogue.is_intermittent[block]
    units = catalogue.units_per_occasion[block][occasional][:, None]
    rate = -np.expm1(-mean[:, occasional])
    occurs = rng.random(rate.shape) < rate
    quantity[:, occasional] = occurs * (1 + rng.poisson(units - 1, rate.shape)) * UNIT
    expected[:, occasional] = rate * units

    weighed = catalogue.is_weighed[block]
    shape = _WEIGHT_SHAPE * quantity[:, weighed] / UNIT
    weight = rng.gamma(shape, WEIGHT_OF_PURCHASE / _WEIGHT_SHAPE)
    quantity[:, weighed] = np.rint(weight * UNIT).astype(np.int64)
    expected[:, weighed] *= WEIGHT_OF_PURCHASE
    return expected, quantity
