"""A small landing of rows on which engines may differ gives the same gold on both.

Names that sort one way by code point and another by language, or differ in case alone; white space
of every kind; halves of the last place, in text, in sums and in means; exact ties and limits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from parity import gold_differences
from warehouses import PostgresWarehouse, Warehouse, write

from shelfcast.landing import land

pytestmark = pytest.mark.slow

AS_OF = date(2026, 4, 30)
SPACE = "\u00a0\u3000\t \u2009"

NAMES = [
    *("a", "A", "b", "B", "ä", "Ä", "_", "-", "aa", "a b", "z", "Z", "ß", "ss", "é", "e\u0301"),
    *("O'Brien", 'quo"ted', "semi;colon", "100 %_", "back\\slash", "{{ braces }}", "😀", "１２"),
    *("0e1", "null", "nan", "None", "select", "x" * 200),
]
"""Ids of SKUs, each also the start of its name."""

LOCATIONS = {"ä": "Ost", "a": "ost", "B": "OST", "_": "Öst", "Z'": "O;st"}
"""Regions by location; they differ in case, in an accent, in a sign."""


def day(offset: int) -> str:
    return (AS_OF + timedelta(days=offset)).isoformat()


def write_landing(folder: Path) -> None:
    prices = ["0.33335", "1e-3", "5e-10", ".5", "+7.", "1E2", "2.00005", "0.00015", "12.34565", ""]
    write(
        folder,
        "skus.csv",
        "sku_id,sku_name,category,supplier_id,lead_time_days,lead_time_sd_days,unit_cost,"
        "unit_price,pack_size,min_order_quantity,launched_on,discontinued_on",
        [
            [
                f"{SPACE}{name}{SPACE}",
                f"{name}{SPACE}article" if at % 3 else "",
                ["Beauty", "beauty", "BEAUTY", "Béauty"][at % 4],
                ["S", "s", "ſ", ""][at % 4],
                "6.00005" if at % 5 == 0 else "",
                "0.00005" if at % 7 == 0 else "",
                prices[(at + 3) % len(prices)],
                prices[at % len(prices)],
                ["", "6", "0.5"][at % 3],
                ["", "2.5"][at % 2],
                "",
                day(-3) if at == 5 else "",
            ]
            for at, name in enumerate(NAMES)
        ],
    )
    write(
        folder,
        "suppliers.csv",
        "supplier_id,supplier_name,lead_time_days,lead_time_sd_days,review_period_days,order_weekdays",
        [
            ["S", "", "5", "1.5", "7", "1 4"],
            ["s", "ſmall", "", "", "3", "135"],
            ["ſ", "", "", "", "15", "3"],
        ],  # every second Wednesday
    )
    write(
        folder,
        "locations.csv",
        "location_id,location_name,region,closed_on",
        [
            *([f"{SPACE}{name}", "", region, ""] for name, region in LOCATIONS.items()),
            ["silent", "", "Ost", ""],
            ["closing", "", "Ost", day(9)],
        ],
    )
    write(
        folder,
        "customers.csv",
        "customer_id,segment,region",
        [["C", "Größe", ""], ["c", "große", "Ost"], ["č", "", "ost"]],
    )
    write_sales(folder)
    write_stock(folder)
    write(  # of one discount and day, the first id by code point counts
        folder,
        "promotions.csv",
        "promotion_id,category,sku_id,region,starts_on,ends_on,discount_rate",
        [
            ["b", "Beauty", "", "", day(-9), day(-1), "0.25"],
            ["B", "", "", "Ost", day(-8), day(9), "0.2500004"],
            ["ä", "", "a", "", day(-8), day(9), "2.5e-1"],
            ["_", "", "", "", day(-8), day(9), "0.2499995"],
        ],
    )


def write_sales(folder: Path) -> None:
    columns = (
        "transaction_id,line_number,sold_at,sku_id,location_id,customer_id,quantity,unit_price,"
        "discount_rate"
    )
    lines: list[list[object]] = []
    for offset in range(-59, 1):
        for at, name in enumerate(NAMES):
            if (offset + at) % (1 + at % 4):
                continue
            location = list(LOCATIONS)[(at + offset) % 3 if at % 2 else at % len(LOCATIONS)]
            lines.append(
                [
                    f"T{offset}",
                    at,
                    f"{day(offset)} {['09:00', '23:59:59.9999999', '10:00:00+02'][at % 3]}",
                    f"{SPACE}{name}",
                    location,
                    ["C", "c", "č", ""][at % 4],
                    ["3", "1.00005", "0.33335", "2e0", "5e-5"][(at + offset) % 5],
                    ["", "", "0.33335", "7.77775"][at % 4],
                    ["", "0.3333335", "1e-1"][at % 3],
                ]
            )
    write(folder, "sales.csv", columns, lines)
    write(  # CV² is exactly 0.49, ADI exactly 1; and a return of what a customer bought that day
        folder,
        "sales/sales_limits.csv",
        columns,
        [
            *([f"L{at}", 1, day(-at), "limit", "a", "C", sold, "1", ""] for at, sold in
              enumerate([3, 10, 17])),
            ["L9", 1, f"{day(0)} 08:00", "limit", "a", "c", "4", "1", ""],
            ["L9", 2, f"{day(0)} 09:00", "limit", "a", "c", "-4", "1", ""],
        ],
    )  # fmt: skip
    write(folder, "skus_limit.csv", "sku_id,category", [["limit", "Beauty"]])
    write(  # two receipts of one number, equal lines, a return of a numbered line, a ledger
        folder,
        "sales/sales_equal.csv",
        columns,
        [
            *(["E1", 1, f"{day(-1)} 09:00", "z", place, "", "1", "1", ""] for place in ("a", "B")),
            ["E1", 1, f"{day(-1)} 15:00", "z", "a", "", "-1", "1", ""],
            *[["E2", "", f"{day(-1)} 09:00", "z", "a", "", "1", "1", ""]] * 2,
            *[["", "", f"{day(-1)} 09:00", "z", "a", "", "1", "1", ""]] * 3,
        ],
    )
    write_moved(folder, "a")
    totals = "sold_at,sku_id,location_id,quantity"
    write(
        folder,
        "sales/sales_closed.csv",
        totals,
        [
            *([day(offset), "a", "silent", "3"] for offset in range(-59, -20)),
            *([day(offset), "a", "closing", "3"] for offset in range(-59, 1)),
        ],
    )
    for file, sold in (("sales_a.csv", "5"), ("sales_B.csv", "7"), ("sales_ä.csv", "11")):
        write(folder, f"sales/{file}", totals, [[day(-2), "z", "_", sold]])  # which is the latest?


def write_moved(folder: Path, place: str) -> None:
    """Write a file of two receipts; a later version has the second one at another place."""
    lines = [["M1", 1, f"{day(-1)} 09:00", "Z", "a", "5"], ["M2", 1, day(-1), "Z", place, "6"]]
    columns = "transaction_id,line_number,sold_at,sku_id,location_id,quantity"
    write(folder, "sales/sales_moved.csv", columns, lines)


def write_stock(folder: Path) -> None:
    columns = "snapshot_date,sku_id,location_id,stock_on_hand,stockout_hours"
    for file, stock in (("inventory_a.csv", "4.00005"), ("inventory_B.csv", "8")):
        rows = [
            [day(-at % 4), name, location, stock if at % 4 else "0", "0.5" if at % 6 == 0 else ""]
            for at, name in enumerate(NAMES)
            for location in LOCATIONS
        ]
        write(folder, f"inventory/{file}", columns, rows)
    write(folder, "inventory/inventory_c.csv", columns, [[day(0), "Z", "a", "-3", ""]])
    write(  # the mean of 27 deliveries and a prior that weighs 5 ends in half of the last place
        folder,
        "purchase_orders.csv",
        "purchase_order_id,sku_id,location_id,ordered_on,expected_on,received_on,"
        "ordered_quantity,received_quantity",
        [
            [f"P{at}", "b", "a", day(at - 80), "", day(at - 75 + (at == 0)), "2.00005", ""]
            for at in range(27)
        ]
        + [  # which comes first by code point?
            [order, name, "ä", day(-4), "", "", "10", ""]
            for order in ("p", "a", "B")
            for name in NAMES[:9]
        ]
        + [["q", "Z", "a", day(-4), day(-2), "", "10", "4"]],
    )


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> tuple[Warehouse, PostgresWarehouse]:
    folder = tmp_path_factory.mktemp("rows")
    write_landing(folder / "landing")
    duckdb = Warehouse(folder / "home")
    postgres = PostgresWarehouse(duckdb.home, url=new_database())
    report = land(folder / "landing", duckdb.home / "lake", landed_at=datetime(2026, 5, 1))
    assert (report.refused, report.skipped) == ((), ())
    write_moved(folder / "landing", "B")
    land(folder / "landing", duckdb.home / "lake", landed_at=datetime(2026, 5, 2))
    postgres.load()
    duckdb.build()
    postgres.build()
    return duckdb, postgres


def test_both_engines_give_the_same_gold(pair: tuple[Warehouse, PostgresWarehouse]) -> None:
    assert gold_differences(*pair) == []


def test_both_engines_reject_the_same_rows(pair: tuple[Warehouse, PostgresWarehouse]) -> None:
    rows = "select entity, _file, _row, reject_codes from silver.int_rejected_rows"
    duckdb, postgres = (sorted(warehouse.query(rows)) for warehouse in pair)
    assert duckdb == postgres
    assert ("sales", "sales/sales_B.csv", 2, "SUPERSEDED") in duckdb
    assert [row[1:] for row in duckdb if row[1] == "sales/sales_moved.csv"] == [
        ("sales/sales_moved.csv", 2, "SUPERSEDED"),
        ("sales/sales_moved.csv", 3, "SUPERSEDED"),
    ]
    assert [row for row in duckdb if row[1] == "sales/sales_equal.csv"] == []


def test_the_rows_reach_what_they_are_meant_to(
    pair: tuple[Warehouse, PostgresWarehouse],
) -> None:
    for warehouse in pair:
        skus = warehouse.query("select sku_id from gold.dim_skus")
        assert sorted(str(sku) for (sku,) in skus) == sorted([*NAMES, "limit"])
        assert warehouse.query(
            """
            select average_demand_interval, squared_coefficient_of_variation, demand_class
            from gold.dim_skus where sku_id = 'limit'
            """
        ) == [(Decimal(1), Decimal("0.49"), "erratic")]
        assert warehouse.query("select lead_time_days from gold.dim_skus where sku_id = 'b'") == [
            (Decimal("5.3438"),)
        ]
        assert warehouse.query(
            "select sales_quantity from silver.int_daily_demand "
            f"where sku_id = 'z' and location_id = '_' and demand_on = date '{day(-2)}'"
        ) == [(Decimal(11),)]


def test_postgres_knows_what_its_tables_hold(pair: tuple[Warehouse, PostgresWarehouse]) -> None:
    tables = pair[1].query(
        """
        select relname, reltuples from pg_class
        inner join pg_namespace on relnamespace = pg_namespace.oid
        where relkind = 'r' and nspname in ('seeds', 'silver', 'gold')
        """
    )
    assert len(tables) > 50
    assert [name for name, rows in tables if rows == -1] == []  # as a table that was never analysed
