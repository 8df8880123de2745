"""A landing folder whose names and values are written to be run rather than read."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

AS_OF = date(2026, 4, 30)
DAYS = 20
"""Days of sales in each of the two files; those of the second cannot be read."""

SKUS = [
    "'; drop schema gold cascade; --",
    '"; drop table dim_skus; --',
    "=cmd|' /C calc'!A0",
    "+1-2@SUM(A1)",
    "{{ env_var('DATABASE_URL') }}",
    "{% do run_query('drop schema gold') %}",
    "$(touch owned)`touch owned`${HOME}",
    "%s %(name)s {0} :name ?",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "$shelfcast$; select 1; $shelfcast$",
]
ERASE = "\x1b[2J\x1b[1;1H"
"""What clears a terminal."""

SALES_FILE = "sales/x'; drop schema gold; --\".csv"
PAGE_FILE = "sales/<img src=x onerror=alert(1)>.csv"
SKUS_FILE = 'arti\'cles; "a".csv'
SKU_COLUMN = "sku'); drop table raw.skus; --"
STOCK_COLUMN = "stock\"]'); --"
LEAD_TIME_COLUMN = "\"; attach 'x' as y; --"


def write_hostile_landing(folder: Path) -> None:
    """Write SKUS with names of files and columns that hold quotes, semicolons and tags."""
    (folder / "sales").mkdir(parents=True)
    mapping = {
        "entities": {
            "skus": {"files": ["arti'cles*.csv"], "columns": {"sku_id": SKU_COLUMN}},
            "inventory": {"columns": {"stock_on_hand": STOCK_COLUMN}},
            "suppliers": {"columns": {"lead_time_days": LEAD_TIME_COLUMN}},
        }
    }
    (folder / "landing.yml").write_text(json.dumps(mapping), encoding="utf-8")  # JSON is YAML
    rows = "".join(
        f'{_quoted(sku)},{_quoted(sku)},{_quoted(ERASE + sku)},"\'; --",2.50\n' for sku in SKUS
    )
    header = f"{_quoted(SKU_COLUMN)},category,sku_name,supplier_id,unit_price\n"
    (folder / SKUS_FILE).write_text(header + rows, encoding="utf-8")
    header = "sold_at,sku_id,location_id,quantity\n"
    for file, quantity, first in ((SALES_FILE, "2", 0), (PAGE_FILE, "two", DAYS)):
        rows = "".join(
            f'{AS_OF - timedelta(days=first + offset)},{_quoted(sku)},"\'; --",{quantity}\n'
            for offset in range(DAYS)
            for sku in SKUS
        )
        (folder / file).write_text(header + rows, encoding="utf-8")
    (folder / "inventory.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "snapshot_date": str(AS_OF),
                    "sku_id": sku,
                    "location_id": "'; --",
                    STOCK_COLUMN: "7",
                }
            )
            + "\n"
            for sku in SKUS
        ),
        encoding="utf-8",
    )
    pq.write_table(
        pa.table({"supplier_id": ["'; --"], LEAD_TIME_COLUMN: [5]}), folder / "suppliers.parquet"
    )


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
