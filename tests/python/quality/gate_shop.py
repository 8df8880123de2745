"""A small retailer whose files a test lands, with the faults that it plants in them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb

from shelfcast.landing import land
from shelfcast.quality.relations import build_relations

FIRST_DAY = date(2024, 3, 4)
DAYS = 56
LANDED_AT = datetime(2024, 4, 29, 6, 0)
"""The morning after the last day of sales."""

SKUS = "sku_id,category,unit_cost\nA1,Food,1\nA2,Food,1\nB1,Toys,5\n"
LOCATIONS = "location_id,region\nL1,North\nL2,South\n"
INVENTORY = "snapshot_date,sku_id,location_id,stock_on_hand\n" + "".join(
    f"2024-04-28,{sku},{location},7\n" for sku in ("A1", "A2", "B1") for location in ("L1", "L2")
)
SALES_HEADER = "transaction_id,line_number,sold_at,sku_id,location_id,quantity,unit_price\n"


def sales_lines(day: date, lines: int = 12) -> list[str]:
    """Lines of one day, as many of each SKU and location."""
    return [
        f"{day:%m%d}-{line},1,{day} 10:00:00,{('A1', 'A2', 'B1')[line % 3]},L{1 + line % 2},2,9.5\n"
        for line in range(lines)
    ]


def sales_files() -> dict[str, list[str]]:
    """The lines of sales by file: one file a week, the newest day a Sunday."""
    weeks: dict[str, list[str]] = {}
    for offset in range(DAYS):
        day = FIRST_DAY + timedelta(days=offset)
        weeks.setdefault(f"sales_{day:%Y-w%W}.csv", []).extend(sales_lines(day))
    return weeks


class GateShop:
    """A folder of files and the lake into which they land."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        self.lake = folder / "lake"
        self.docs = folder / "docs"
        self.source.mkdir()

    def write(self, file: str, text: str) -> None:
        path = self.source / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_clean(self) -> None:
        """Write the files of a retailer without a fault."""
        self.write("skus.csv", SKUS)
        self.write("locations.csv", LOCATIONS)
        self.write("inventory.csv", INVENTORY)
        for file, lines in sales_files().items():
            self.write_sales(file, lines)

    def write_sales(self, file: str, lines: list[str]) -> None:
        self.write(file, SALES_HEADER + "".join(lines))

    def land(self, landed_at: datetime = LANDED_AT) -> None:
        report = land(self.source, self.lake, landed_at=landed_at)
        assert report.refused == ()

    def relations(self) -> duckdb.DuckDBPyConnection:
        """Return a database with the relations of the gate over what has landed."""
        connection = duckdb.connect()
        build_relations(connection, self.lake, LANDED_AT.date())
        return connection
