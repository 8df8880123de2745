"""What the gate costs on ten million sales, beside a bare scan of the same columns.

Run as ``.venv/bin/python benchmarks/gate.py [ROWS]``. The canonical Parquet is made by DuckDB, not
by the lander. Each step runs in a process of its own, and peak memory is that of the whole process.
Figures are for people; no test asserts them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

ROWS = 10_000_000
FILES = 24
SKUS, LOCATIONS = 5_000, 50
LANDED_AT = "timestamp '2026-01-01 03:00:00'"

SALES = {
    "transaction_id": "'T' || i // 3",
    "line_number": "i % 3",
    "sold_at": "timestamp '2024-01-01' + to_seconds(i * 63072000 // {rows})",
    "sku_id": f"'S' || hash(i) % {SKUS}",
    "location_id": f"'L' || i % {LOCATIONS}",
    "customer_id": "'C' || i % 100000",
    "quantity": "1 + i % 5",
    "unit_price": "((100 + i % 900) / 100)::decimal(9, 2)",
    "discount_rate": "case when i % 10 = 0 then 0.1 end",
    "promotion_id": "null",
    "channel": "case when i % 4 = 0 then 'web' else 'store' end",
}
"""Columns of sales, as SQL of the row number ``i``."""


def write_lake(lake: Path, rows: int) -> None:
    """Write canonical files of sales, SKUs and locations, and their manifest."""
    from shelfcast.landing.lake import Lake

    Lake(lake).prepare()
    for number in range(FILES):
        first, end = rows * number // FILES, rows * (number + 1) // FILES
        values = {name: value.format(rows=rows) for name, value in SALES.items()}
        write_file(lake, "sales", f"sales_{number:02}", values, first, end)
    write_file(lake, "skus", "skus", {"sku_id": "'S' || i", "category": "'C' || i % 12"}, 0, SKUS)
    places = {"location_id": "'L' || i", "region": "'R' || i % 4"}
    write_file(lake, "locations", "locations", places, 0, LOCATIONS)


def write_file(
    lake: Path, entity: str, file_id: str, values: dict[str, str], first: int, end: int
) -> None:
    """Write one canonical file, and its manifest row."""
    from shelfcast.landing.contract import ENTITIES

    names = ENTITIES[entity].column_names
    columns = ", ".join(f"cast({values.get(name, 'null')} as varchar) as {name}" for name in names)
    lineage = (
        f"'{file_id}.csv' as _file, i - {first} + 2 as _row, "
        f"concat_ws(',', {', '.join(values)}) as _raw, null::varchar as _parse_error, "
        f"{LANDED_AT} as _landed_at"
    )
    duckdb.execute(
        f"""
        copy (
            select * exclude (i), {lineage}
            from (select i, {columns} from range({first}, {end}) as t (i))
        ) to '{lake}/{entity}/{file_id}.parquet' (compression zstd)
        """
    )
    duckdb.execute(
        f"""
        copy (
            select
                '{file_id}.csv' as file, '{entity}' as entity, '{file_id}' as file_id,
                '' as sha256, 0::bigint as bytes, {end - first}::bigint as rows,
                0::bigint as parse_errors, '' as columns_ignored, '' as columns_missing,
                {LANDED_AT} as landed_at,
                1::bigint as landing_number, null::varchar as landing_folder
        ) to '{lake}/_manifest/{file_id}.parquet'
        """
    )


def scan(folder: Path) -> None:
    """Read every contract column once, and do nothing with it: the limit of any gate."""
    columns = ", ".join(f"max({name})" for name in [*SALES, "_parse_error"])
    threads = os.environ.get("SHELFCAST_THREADS", "4")
    duckdb.execute(f"set threads = {threads}")
    duckdb.execute(f"select {columns} from read_parquet('{folder}/lake/sales/*.parquet')")


def gate(folder: Path) -> None:
    """Run the gate."""
    from shelfcast.quality import Limits, run_gate

    print(run_gate(folder / "lake", Limits(), docs=folder / "docs"), file=sys.stderr)


STEPS = {"scan of the same columns (limit)": scan, "gate": gate}


def measure(step: str, folder: Path) -> None:
    """Run one step in this process and print its figures as JSON."""
    STEPS[step](folder)
    figures = {
        "cpu": time.process_time(),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def main(rows: int) -> None:
    """Measure both steps and print a table."""
    print(f"{'step':<34}{'rows':>12}{'seconds':>10}{'CPU s':>8}{'peak MB':>9}")
    with tempfile.TemporaryDirectory() as name:
        write_lake(Path(name) / "lake", rows)
        for step in STEPS:
            command = [sys.executable, __file__, step, name]
            start = time.perf_counter()
            output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
            seconds = time.perf_counter() - start
            got = json.loads(output.splitlines()[-1])
            print(f"{step:<34}{rows:>12,}{seconds:>10.1f}{got['cpu']:>8.1f}{got['memory']:>9,.0f}")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
