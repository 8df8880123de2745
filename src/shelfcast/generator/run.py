"""``shelfcast generate``: simulate a retailer and write its landing, and the truth beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow.compute as pc

from shelfcast.generator.demand import draw_demand
from shelfcast.generator.dirt import PLANTED_FILE, plant
from shelfcast.generator.files import (
    MonthlyFiles,
    csv_appender,
    json_lines_appender,
    parquet_appender,
    partial,
    replace_folders,
)
from shelfcast.generator.records import (
    FUTURE_DEMAND,
    TRUE_DEMAND,
    future_demand,
    inventory_snapshots,
    order_lines,
    reference_tables,
    sales_lines,
    stock_movements,
    true_demand,
)
from shelfcast.generator.stock import simulate_stock
from shelfcast.generator.world import World, build_world

EARLIEST, LATEST = date(1971, 1, 1), date(2098, 12, 31)
"""Days that can be simulated: silver takes earlier ones for mistakes."""

MARKER = "generated.json"
TRUE_DEMAND_FILE = "true_demand.parquet"
FUTURE_DEMAND_FILE = "future_demand.parquet"
_MOST_SKUS_IN_CSV = 1_000


@dataclass(frozen=True)
class GeneratedSummary:
    """What a run wrote.

    Attributes
    ----------
    landing, truth
        The two folders.
    rows
        Good rows by entity of the landing.
    stockout_rate
        Share of SKU × location × days on sale on which the shelf was empty for some of the day.
    planted
        Bad rows among the good ones.
    """

    landing: Path
    truth: Path
    rows: dict[str, int]
    stockout_rate: float
    planted: int

    def __str__(self) -> str:
        rows = ", ".join(f"{count:,} {entity}" for entity, count in self.rows.items())
        dirt = f" {self.planted:,} bad rows were planted among them." if self.planted else ""
        rejects = f" {PLANTED_FILE} lists the bad rows." if self.planted else ""
        return (
            f"{self.landing}: {rows}; "
            f"{self.stockout_rate:.1%} of days on sale met an empty shelf.{dirt}\n"
            f"{self.truth}: what customers truly wanted, to judge forecasts by.{rejects}"
        )


def generate(
    folder: Path,
    *,
    skus: int = 300,
    locations: int = 6,
    days: int = 730,
    seed: int = 20260630,
    ends_on: date = date(2026, 6, 30),
    dirt: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> GeneratedSummary:
    """Write the landing of a simulated retailer to ``folder`` and the truth beside it.

    Equal arguments give equal bytes. Blocks of ``SKUS_PER_BLOCK`` pass from demand to file one
    after the other, so that memory hardly grows with the number of SKUs.

    Parameters
    ----------
    folder
        Landing folder. It and its sibling ``<folder>-truth`` must not exist, be empty, or come
        from an earlier run, which they then replace.
    skus, locations, days
        Sizes; regions repeat every four locations.
    seed
        Not negative.
    ends_on
        Last day with sales.
    dirt
        Bad rows of each kind to plant, as a share of the rows of each file; at least one of each
        kind unless 0. The good rows and the truth are those of a run without.
    progress
        Called with the number of SKUs just finished.

    Returns
    -------
    GeneratedSummary
        Folders, rows by entity, the stock-out rate and the number of bad rows.

    Raises
    ------
    ValueError
        A size below 1, a negative seed, dirt outside 0 to 1, or days out of bounds.
    FileExistsError
        A folder holds something that this function did not write.

    Notes
    -----
    The landing holds every entity of the contract. Sales are CSV, and Parquet beyond 1,000 SKUs,
    one file a month; inventory is Parquet, movements are CSV, one file a month; order lines are
    JSON lines; the rest is CSV.

    The truth holds ``true_demand.parquet`` (sku_id, location_id, demand_on, demand_quantity,
    sales_quantity, is_stocked_out, expected_demand), ``future_demand.parquet`` (the 60 days after
    ``ends_on``: demand_quantity is one draw, expected_demand its mean) and the arguments in
    ``generated.json``. ``sales_quantity`` is before returns. With dirt it also holds
    ``planted_rejects.csv`` (file, row, entity, reject_codes).
    """
    if min(skus, locations, days) < 1 or seed < 0:
        raise ValueError("skus, locations and days must be at least 1, and seed not negative")
    if not 0 <= dirt <= 1:
        raise ValueError("dirt must be a share, from 0 to 1")
    first = ends_on.toordinal() - days + 1
    if first < EARLIEST.toordinal() or ends_on > LATEST:
        raise ValueError(f"days must lie between {EARLIEST} and {LATEST}")
    truth = folder.with_name(f"{folder.name}-truth")
    _refuse_foreign(folder, truth)
    for target in (folder, truth):
        shutil.rmtree(partial(target), ignore_errors=True)
        partial(target).mkdir(parents=True)

    world = build_world(skus, locations, days, seed, ends_on)
    rows, stockout_rate = _write(world, partial(folder), partial(truth), progress)
    planted = plant(world, partial(folder), partial(truth), dirt) if dirt else 0
    marker = {
        "skus": skus,
        "locations": locations,
        "days": days,
        "seed": seed,
        "ends_on": ends_on.isoformat(),
        **({"dirt": dirt} if dirt else {}),
        "landing_files": _files(partial(folder)),
    }
    (partial(truth) / MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
    replace_folders(folder, truth)
    return GeneratedSummary(folder, truth, rows, stockout_rate, planted)


def _files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    )


def _refuse_foreign(folder: Path, truth: Path) -> None:
    """Raise unless the folders are absent or hold nothing but what an earlier run wrote."""
    marker = truth / MARKER
    landing_files: list[str] = []
    truth_files: list[str] = []
    if marker.is_file():
        landing_files = json.loads(marker.read_text(encoding="utf-8"))["landing_files"]
        truth_files = [MARKER, TRUE_DEMAND_FILE, FUTURE_DEMAND_FILE, PLANTED_FILE]
    for target, known in ((folder, landing_files), (truth, truth_files)):
        foreign = {target.name} if target.is_file() else set(_files(target)) - set(known)
        if foreign:
            raise FileExistsError(
                f"{target}: {min(foreign)} was not generated and will not be replaced"
            )


def _write(
    world: World, landing: Path, truth: Path, progress: Callable[[int], None] | None
) -> tuple[dict[str, int], float]:
    """Simulate block by block; return rows by entity and the stock-out rate."""
    rows = {}
    for entity, table in reference_tables(world).items():
        with csv_appender(landing / f"{entity}.csv", table.schema) as append:
            append(table)
        rows[entity] = len(table)

    many = len(world.catalogue) > _MOST_SKUS_IN_CSV
    transactions = orders = order_rows = days_on_sale = days_stocked_out = 0
    with ExitStack() as stack:
        opened = stack.enter_context
        sales = opened(MonthlyFiles(landing, "sales", "parquet" if many else "csv"))
        inventory = opened(MonthlyFiles(landing, "inventory", "parquet"))
        movements = opened(MonthlyFiles(landing, "inventory_movements", "csv"))
        write_orders = opened(json_lines_appender(landing / "purchase_orders.jsonl"))
        write_demand = opened(parquet_appender(truth / TRUE_DEMAND_FILE, TRUE_DEMAND))
        write_future = opened(parquet_appender(truth / FUTURE_DEMAND_FILE, FUTURE_DEMAND))
        for block in world.blocks():
            demand = draw_demand(world, block)
            stock = simulate_stock(world, block, demand)

            lines, new_transactions = sales_lines(world, block, demand, stock, transactions)
            transactions += new_transactions
            sales.write(lines)
            inventory.write(inventory_snapshots(world, block, stock))
            movements.write(stock_movements(world, block, stock))
            lines, new_orders = order_lines(world, block, stock, orders)
            orders += new_orders
            order_rows += len(lines)
            write_orders(lines)

            truth_rows = true_demand(world, block, demand, stock)
            days_on_sale += len(truth_rows)
            days_stocked_out += pc.sum(truth_rows["is_stocked_out"]).as_py() or 0
            write_demand(truth_rows)
            write_future(future_demand(world, block, demand))
            if progress is not None:
                progress(block.stop - block.start)
    rows |= {
        "sales": sales.rows,
        "inventory": inventory.rows,
        "inventory_movements": movements.rows,
        "purchase_orders": order_rows,
    }
    return rows, days_stocked_out / days_on_sale if days_on_sale else 0.0
