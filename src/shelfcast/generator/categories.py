"""The eight categories of the simulated retailer and how their demand moves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Category:
    """A category of the catalogue.

    Attributes
    ----------
    price
        Median list price.
    weekend
        Log lift of a Saturday.
    peak_day, swing
        Day of the year of the highest demand, and log height of the yearly wave.
    christmas
        Log height of the bump before Christmas.
    holiday
        Lift of a holiday; 0.5 adds half.
    return_rate
        Share of sold units that come back.
    shelf_life_days
        Days for which a unit can be sold; None when it keeps.
    is_weighed
        Some of its SKUs are sold by weight.
    """

    name: str
    subcategories: tuple[str, ...]
    price: float
    weekend: float
    peak_day: int
    swing: float
    christmas: float
    holiday: float
    return_rate: float
    shelf_life_days: int | None = None
    is_weighed: bool = False


CATEGORIES = (
    Category(
        name="Beauty",
        subcategories=("Shampoo", "Soap", "Skin cream", "Lipstick"),
        price=9,
        weekend=0.25,
        peak_day=130,
        swing=0.10,
        christmas=0.35,
        holiday=0.10,
        return_rate=0.02,
    ),
    Category(
        name="Snacks",
        subcategories=("Nuts", "Crisps", "Biscuits", "Dried fruit"),
        price=3.5,
        weekend=0.35,
        peak_day=350,
        swing=0.12,
        christmas=0.30,
        holiday=0.60,
        return_rate=0.002,
        shelf_life_days=180,
        is_weighed=True,
    ),
    Category(
        name="Beverages",
        subcategories=("Water", "Juice", "Lemonade", "Iced tea"),
        price=2.2,
        weekend=0.30,
        peak_day=200,
        swing=0.45,
        christmas=0.15,
        holiday=0.70,
        return_rate=0.001,
        shelf_life_days=365,
    ),
    Category(
        name="Household",
        subcategories=("Detergent", "Towels", "Sponges", "Candles"),
        price=6,
        weekend=0.15,
        peak_day=90,
        swing=0.08,
        christmas=0.15,
        holiday=0.10,
        return_rate=0.01,
    ),
    Category(
        name="Toys",
        subcategories=("Puzzle", "Doll", "Board game", "Building blocks"),
        price=18,
        weekend=0.50,
        peak_day=340,
        swing=0.25,
        christmas=1.40,
        holiday=0.30,
        return_rate=0.04,
    ),
    Category(
        name="Garden",
        subcategories=("Seeds", "Soil", "Shears", "Pots"),
        price=14,
        weekend=0.70,
        peak_day=135,
        swing=0.90,
        christmas=-0.30,
        holiday=0.20,
        return_rate=0.02,
    ),
    Category(
        name="Electronics",
        subcategories=("Cable", "Lamp", "Speaker", "Battery"),
        price=60,
        weekend=0.35,
        peak_day=330,
        swing=0.20,
        christmas=1.00,
        holiday=0.35,
        return_rate=0.06,
    ),
    Category(
        name="Pet care",
        subcategories=("Dry food", "Wet food", "Litter", "Treats"),
        price=8,
        weekend=0.10,
        peak_day=20,
        swing=0.05,
        christmas=0.10,
        holiday=0.05,
        return_rate=0.005,
        shelf_life_days=540,
        is_weighed=True,
    ),
)
