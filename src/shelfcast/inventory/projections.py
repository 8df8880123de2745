"""Project stock day by day: what will be left, and how likely it is to have run out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from shelfcast.inventory import kernels
from shelfcast.inventory.groups import FloatArray, Groups, calibration_groups, nullable

PROJECTION_SCHEMA = pa.schema(
    [
        ("scenario_id", pa.string()),
        ("sku_id", pa.string()),
        ("location_id", pa.string()),
        ("forecast_on", pa.date32()),
        ("lead_day", pa.int64()),
        ("demand_quantity", pa.float64()),
        ("receipts_quantity", pa.float64()),
        ("stock_mean_quantity", pa.float64()),
        ("stock_p10_quantity", pa.float64()),
        ("stock_p50_quantity", pa.float64()),
        ("stock_p90_quantity", pa.float64()),
        ("stockout_probability", pa.float64()),
        ("lost_sales_quantity", pa.float64()),
    ]
)
"""One row per scenario × SKU × location × day; quantities in units."""


def project_stock(table: pa.Table, *, trajectories: FloatArray) -> pa.Table:
    """Project closing stock, stock-out probability and lost sales of every day.

    Receipts of a day are sellable from its opening; unmet demand is lost. The probability is that
    of a stock-out on any day so far, counted over paths: the greatest probability of a single day
    would be too low where receipts fall in between. Quantiles are the smallest path value up to
    which the stated share of paths lies. Stock below zero counts as none.

    Parameters
    ----------
    table
        Whole groups, sorted: ``scenario_id``, ``sku_id``, ``location_id``, ``forecast_on``,
        ``lead_day`` (1 to h), ``forecast_quantity`` (baseline mean, units), ``demand_factor``,
        ``receipts_quantity``, ``stock_on_hand`` (units at close of the as-of day; null: no record),
        ``error_scale`` (units), ``level_variation`` (coefficient of variation of the level),
        ``calibration_group`` (row of ``trajectories``). The last four are the same on all days of a
        group.
    trajectories
        Standardised daily errors, shape (calibration groups, paths, days >= h).

    Returns
    -------
    :data:`PROJECTION_SCHEMA`, one row per input row in the same order. Stock, probability and lost
    sales are null where there is no stock record. Where no demand is expected on any day, none is
    drawn.

    Raises
    ------
    ValueError
        A required column holds a null, lead days do not count from 1, or the trajectories lack a
        calibration group or days.
    """
    groups = Groups(table)
    forecast, factor = groups.floats("forecast_quantity"), groups.floats("demand_factor")
    receipts = groups.floats("receipts_quantity")
    stock = np.empty((4, table.num_rows))
    probability = np.empty(table.num_rows)
    lost = np.empty(table.num_rows)
    kernels.project_groups(
        groups.offsets,
        forecast,
        factor,
        receipts,
        groups.constants("stock_on_hand", is_nullable=True),
        groups.constants("error_scale"),
        groups.constants("level_variation"),
        *calibration_groups(groups, trajectories),
        stock,
        probability,
        lost,
    )
    columns = [
        *groups.key_rows(),
        groups.dates("forecast_on"),
        groups.integers("lead_day"),
        factor * forecast,
        receipts,
        *map(nullable, stock),
        nullable(probability),
        nullable(lost),
    ]
    return pa.table(columns, schema=PROJECTION_SCHEMA)
