"""Write the planning table to files that other tools read."""

from __future__ import annotations

import os
from pathlib import Path

from shelfcast.spreadsheets import write_csv
from shelfcast.warehouse import read_only, schema

TABLE = "sku_demand_forecast"
STEM = "forecast_metrics"


def export_forecast(folder: Path) -> list[tuple[Path, int]]:
    """Write gold's ``sku_demand_forecast`` as CSV and Parquet, ordered by its key.

    A file is complete or absent: it is written under a temporary name and then renamed.

    Parameters
    ----------
    folder
        Where to write ``forecast_metrics.csv`` and ``forecast_metrics.parquet``; made if absent.

    Returns
    -------
    Path and number of rows of each file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    with read_only() as connection:
        table = connection.table(f"{schema('gold')}.{TABLE}").order(
            "scenario_id, sku_id, region, date"
        )
        rows = len(table)
        for path in (folder / f"{STEM}.csv", folder / f"{STEM}.parquet"):
            temporary = path.with_name(f".{path.name}.partial")
            if path.suffix == ".csv":
                write_csv(table, temporary)
            else:
                table.write_parquet(str(temporary))
            os.replace(temporary, path)
            written.append((path, rows))
    return written
