"""What each step costs: rows, seconds, CPU and peak memory, beside what the machine can do at all.

Run by ``make bench``. Each step runs in a process of its own, kernels warm. Figures are for people;
no test asserts them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from shelfcast.forecasting import Prior

SERIES, DAYS, HORIZON, FOLDS = 2_000, 730, 35, 6
PILOT = 500
SALES_LINES = 1_000_000


def copy_memory(_: Path) -> int:
    """Copy 1 GB: the bandwidth of the memory, the limit of every streaming step."""
    block = np.zeros(2**27)
    block.copy()
    return block.size


def land_csv(folder: Path) -> int:
    """Land a CSV file of a million sales lines and a SKU file."""
    from shelfcast.landing import land

    return land(folder / "landing", folder / "lake").rows


def generate_sample(folder: Path) -> int:
    """Simulate the default sample: 300 SKUs × 6 locations × 730 days."""
    from shelfcast.generator import generate

    return sum(generate(folder / "sample").rows.values())


def fit(_: Path) -> int:
    """Fit series of 730 days, horizon 35, by the candidates that a pilot of them keeps."""
    from shelfcast.forecasting.nodes import fit_series

    table = demand_table()
    prior = learn(table)
    fit_series(table.slice(0, DAYS), prior=prior, horizon=HORIZON)
    reset_clock()
    return fit_series(table, prior=prior, horizon=HORIZON).num_rows


def backtest(_: Path) -> int:
    """Forecast series of 730 days from six origins, fitted anew from each."""
    from shelfcast.forecasting import ErrorPool
    from shelfcast.forecasting.nodes import backtest_series, fit_series, pool_errors

    table = demand_table()
    prior = learn(table)
    fits = fit_series(table.slice(0, PILOT * DAYS), prior=prior, horizon=HORIZON)
    pool = ErrorPool.from_table(pool_errors(fits, prior=prior, horizon=HORIZON))
    never = pa.array(np.zeros(table.num_rows, bool))
    table = (
        table.append_column("sales_quantity", table["demand_quantity"])
        .append_column("is_censored", never)
        .append_column("is_special_day", never)
    )
    backtest_series(table.slice(0, DAYS), prior=prior, pool=pool, folds=1)
    reset_clock()
    backtest_series(table, prior=prior, pool=pool, folds=FOLDS)
    return SERIES


def project(_: Path) -> int:
    """Project the stock of groups over 35 days on 500 paths."""
    from shelfcast.inventory import project_stock

    return run_plans(project_stock)


def plan(_: Path) -> int:
    """Plan the orders of groups over 35 days on 500 paths."""
    from shelfcast.inventory import plan_orders

    return run_plans(plan_orders)


STEPS: dict[str, Callable[[Path], int]] = {
    "copy 1 GB of memory (limit)": copy_memory,
    "land CSV sales": land_csv,
    "generate the sample": generate_sample,
    "fit series": fit,
    "backtest series, 6 folds": backtest,
    "project stock": project,
    "plan orders": plan,
}

_clock = [0.0, 0.0]


def reset_clock() -> None:
    """Start measuring here: what came before was preparation."""
    _clock[:] = [time.perf_counter(), time.process_time()]


def demand_table() -> pa.Table:
    """Poisson demand with a weekly season; whole series, sorted."""
    random = np.random.default_rng(1)
    level = random.gamma(2.0, 3.0, (SERIES, 1))
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(DAYS) / 7)
    days = [date(2024, 1, 1) + timedelta(day) for day in range(DAYS)]
    return pa.table(
        {
            "sku_id": np.repeat([f"S{i:05d}" for i in range(SERIES)], DAYS),
            "location_id": ["L"] * (SERIES * DAYS),
            "demand_on": pa.array(days * SERIES, pa.date32()),
            "demand_quantity": random.poisson(level * season).astype(float).ravel(),
        }
    )


def learn(table: pa.Table) -> Prior:
    """Learn what a pilot of series teaches the others."""
    from shelfcast.forecasting import Prior, SeasonalProfile
    from shelfcast.forecasting.nodes import learn_priors, learn_profiles

    pilot = table.slice(0, PILOT * DAYS)
    profile = SeasonalProfile.from_table(learn_profiles(pilot, 7))
    return Prior.from_table(learn_priors(pilot, profile=profile, horizon=HORIZON), profile)


def run_plans(kernel: Callable[..., pa.Table]) -> int:
    """Run a kernel of the inventory library over groups; return their number."""
    random = np.random.default_rng(1)
    rows = SERIES * HORIZON
    days = [date(2026, 1, 1) + timedelta(day) for day in range(HORIZON)]
    constants = {
        "stock_on_hand": 60.0,
        "error_scale": 2.5,
        "calibration_group": 0,
        "level_variation": 0.0,
        "selling_days": 300,
        "lead_time_days": 7.5,
        "lead_time_sd_days": 2.0,
        "days_to_order": 0,
        "review_period_days": 7,
        "cycle_service_level": 0.95,
        "pack_size": 6.0,
        "min_order_quantity": 12.0,
        "shelf_life_days": 90.0,
        "is_whole_unit": True,
        "unit_cost": 2.0,
        "last_sale_day": 1_000.0,
        "high_probability": 0.2,
        "supplier_name": "Acme",
    }
    table = pa.table(
        {
            "scenario_id": ["baseline"] * rows,
            "sku_id": np.repeat([f"S{i:05d}" for i in range(SERIES)], HORIZON),
            "location_id": ["L"] * rows,
            "forecast_on": pa.array(days * SERIES, pa.date32()),
            "lead_day": np.tile(np.arange(1, HORIZON + 1), SERIES),
            "forecast_quantity": random.gamma(2.0, 3.0, rows),
            "demand_factor": np.ones(rows),
            "receipts_quantity": np.zeros(rows),
            "open_order_id": pa.nulls(rows, pa.string()),
            "is_order_day": np.tile(np.arange(1, HORIZON + 1) % 7 == 0, SERIES),
            **{name: pa.array([value] * rows) for name, value in constants.items()},
        }
    )
    trajectories = random.normal(size=(1, 500, HORIZON))
    kernel(table.slice(0, HORIZON), trajectories=trajectories)
    reset_clock()
    return kernel(table, trajectories=trajectories).num_rows // (
        HORIZON if kernel.__name__ == "project_stock" else 1
    )


def write_landing(folder: Path) -> None:
    """Write the files that ``land_csv`` lands."""
    folder.mkdir()
    (folder / "skus.csv").write_text("sku_id,category\nS1,All\n")
    duckdb.execute(
        f"""
        copy (
            select 'T' || i as transaction_id, 1 as line_number,
                timestamp '2026-01-01 09:00' + to_seconds(i) as sold_at, 'S1' as sku_id,
                'L' || i % 50 as location_id, 1 + i % 5 as quantity, 2.50 as unit_price
            from range({SALES_LINES}) as t (i)
        ) to '{folder / "sales.csv"}' (header)
        """
    )


def measure(step: str, folder: Path) -> None:
    """Run one step in this process and print its figures as JSON."""
    reset_clock()
    rows = STEPS[step](folder)
    figures = {
        "rows": rows,
        "seconds": time.perf_counter() - _clock[0],
        "cpu": time.process_time() - _clock[1],
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def main() -> None:
    """Measure every step and print a table."""
    header = ("step", "rows", "seconds", "CPU s", "µs CPU a row", "peak MB")
    print("{:<28}{:>12}{:>10}{:>8}{:>14}{:>9}".format(*header))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_landing(folder / "landing")
        for step in STEPS:
            command = [sys.executable, __file__, step, name]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            got = json.loads(output.splitlines()[-1])
            print(
                f"{step:<28}{got['rows']:>12,}{got['seconds']:>10.2f}{got['cpu']:>8.2f}"
                f"{1e6 * got['cpu'] / got['rows']:>14.2f}{got['memory']:>9,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
