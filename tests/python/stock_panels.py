"""Small panels for the tests of inventory: one call per group, one row per day."""

import datetime as dt

import numpy as np
import pyarrow as pa

AS_OF = dt.date(2026, 3, 1)

CONSTANTS = {
    "stock_on_hand": 100.0,
    "error_scale": 1.0,
    "level_variation": 0.0,
    "selling_days": 100,
    "calibration_group": 0,
    "lead_time_days": 7.0,
    "lead_time_sd_days": 0.0,
    "days_to_order": 0,
    "review_period_days": 7,
    "last_sale_day": None,
    "cycle_service_level": 0.95,
    "high_probability": 0.2,
    "medium_probability": 0.1,
    "pack_size": 1.0,
    "min_order_quantity": 0.0,
    "shelf_life_days": None,
    "is_whole_unit": False,
    "unit_price": 10.0,
    "unit_cost": 6.0,
    "supplier_name": "Acme",
}


def panel(mean, *, sku="A", factor=1.0, receipts=None, order_days=None, **constants):
    """Rows of one group with the mean of each day.

    ``receipts`` maps day to units, brought by order P and the day; orders can be placed on
    ``order_days``, or else every review period from the next order day.
    """
    horizon = len(mean)
    receipts = receipts or {}
    if order_days is None:
        first, step = (
            constants.get(name, CONSTANTS[name]) for name in ("days_to_order", "review_period_days")
        )
        order_days = range(first, horizon + 1, max(step, 1))
    columns = {
        "scenario_id": ["baseline"] * horizon,
        "sku_id": [sku] * horizon,
        "location_id": ["north"] * horizon,
        "forecast_on": [AS_OF + dt.timedelta(day + 1) for day in range(horizon)],
        "lead_day": np.arange(1, horizon + 1),
        "forecast_quantity": np.asarray(mean, dtype=float),
        "demand_factor": np.broadcast_to(np.asarray(factor, dtype=float), horizon),
        "receipts_quantity": [float(receipts.get(day + 1, 0)) for day in range(horizon)],
        "open_order_id": pa.array(
            [f"P{day + 1}" if day + 1 in receipts else None for day in range(horizon)], pa.string()
        ),
        "is_order_day": [day + 1 in order_days for day in range(horizon)],
    }
    for name, default in CONSTANTS.items():
        value = constants.pop(name, default)
        kind = None
        if value is None:
            kind = pa.string() if name == "supplier_name" else pa.float64()
        columns[name] = pa.array([value] * horizon, kind)
    assert not constants
    return pa.table(columns)


def normal_errors(paths, horizon, seed=7):
    """Independent standard normal errors, made symmetric so that their mean is exactly zero."""
    half = np.random.default_rng(seed).standard_normal((paths // 2, horizon))
    return np.concatenate([half, -half])[None]


def day(number):
    """The date of day ``number`` after the as-of day."""
    return AS_OF + dt.timedelta(number)
