"""What the gate counts as surplus copies of a key is what silver rejects as such."""

from __future__ import annotations

from datetime import timedelta

import pytest
from gate_shop import LANDED_AT, LOCATIONS, SKUS, GateShop
from warehouses import Warehouse

from shelfcast.quality import Limits
from shelfcast.quality.suites import build_suites

HEADER = (
    "transaction_id,line_number,sold_at,sku_id,location_id,customer_id,quantity,unit_price,channel"
)
NUMBERED = """
T1,1,2024-04-01,A1,L1,C1,2,9.5,web
T1,2,2024-04-01,A1,L1,C1,2,9.5,web
T1,2.0,2024-04-01,A1,L1,C1,2,9.50,web
T1,2,2024-04-01,B1,L1,C1,5,9.5,web
T2,1,2024-04-02,A1,L1,C1,many,9.5,web
T2,1,2024-04-02,A1,L1,C1,3,9.5,web
T3,1,2024-04-02,ZZ,L1,C1,3,9.5,web
T3,1,2024-04-02,A2,L1,C1,3,9.5,web
T4,1,2024-04-02,A2,L1,C1,2000000,9.5,web
T4,1,2024-04-02,A2,L1,C1,2,9.5,web
T5,1,2024-04-02,A2,,C1,2,9.5,web
T5,1,2024-04-02,A2,L1,C1,2,9.5,web
T5,1,2024-04-02,A2,L1,C1,-2,9.5,web
"""
LINELESS = """
T1,,2024-04-01,A1,L1,C1,2,9.5,web
T1,,2024-04-01,A1,L1,C1,2,9.5,store
T1,,2024-04-01,A1,L1,C1,2.0,9.5,web
T1,,2024-04-01,A1,L1,C1,3,9.5,web
T1,,2024-04-01 00:00,A1,L1,C1,2,9.5,web
T1,,2024-04-01,A1,L1,,2,9.5,web
T1,,2024-04-01,A1,L1,,2,9.5,web
"""
COPIES = """
T7,,2024-04-01 10:00,A1,L1,C1,2,9.5,web
T7,,2024-04-01 10:00,A1,L1,C1,2,9.5,web
,,2024-04-01 10:00,A1,L1,C1,2,9.5,web
,,2024-04-01 10:00,A1,L1,C1,2,9.5,web
,,2024-04-03,A1,L1,,20,9.5,
,,2024-04-03,A1,L1,,20,9.5,
,,2024-04-03,A1,L1,,21,9.5,
"""
TOTALS = """
,,2024-04-01,A1,L1,,20,9.5,
,,2024-04-01,A1,L1,,20,9.5,
,,2024-04-01,A1,L1,,21,9.5,
,,2024-04-01,A1,L1,,-1,9.5,
,,2024-04-01,A1,L1,,-2,9.5,
,,2024-04-01,A1,L2,,20,9.5,
,,2024-04-02,A1,L1,,20,9.5,web
,,2024-04-02,A1,L1,,20,9.5,store
"""
LATER = """
T1,1,2024-04-01,A1,L1,C1,2,9.5,web
T1,,2024-04-01,A1,L1,C1,3,9.5,web
,,2024-04-01,A1,L2,,25,9.5,
T1,1,2024-04-01,A1,L2,C1,5,9.5,web
T1,1,2024-04-02,A1,L1,C1,5,9.5,web
,,2024-04-01 10:00,A1,L1,C1,2,9.5,web
T9,1,2024-04-03,A1,L2,,25,9.5,
"""


@pytest.mark.slow
def test_surplus_copies_are_the_rows_that_silver_rejects_as_copies(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    shop.write("locations.csv", LOCATIONS)
    shop.write("sales_numbered.csv", HEADER + NUMBERED)
    shop.write("sales_lineless.csv", HEADER + LINELESS)
    shop.write("sales_totals.csv", HEADER + TOTALS)
    shop.land()
    shop.write("sales_copies.csv", HEADER + COPIES)
    shop.write("landing.yml", "entities: {sales: {equal_lines: copies}}\n")
    shop.land(LANDED_AT + timedelta(days=1))
    (shop.source / "landing.yml").unlink()
    shop.write("sales_later.csv", HEADER + LATER)
    shop.land(LANDED_AT + timedelta(days=2))

    (unique,) = [
        one
        for one in build_suites(Limits(), ("sales", "skus", "locations"))["sales"]
        if one.check == "sales__keys_are_unique"
    ]
    relations = shop.relations()
    surplus = relations.execute(
        f"""
        select _file, _row, if(_surplus like '%: copy', 'DUPLICATE', 'CONFLICT')
        from sales where {unique.failing}
        """
    ).fetchall()

    warehouse = Warehouse(shop.lake.parent)
    result = warehouse.dbt("run", "--select", "+int_sales_judged")
    assert result.returncode == 0, result.stdout[-6000:]
    copies = warehouse.query(
        """
        select _file, _row, reject_codes from silver.int_sales_judged
        where reject_codes in ('DUPLICATE', 'CONFLICT')
        """
    )
    assert sorted(surplus) == sorted(copies)
    assert {(file, row) for file, row, code in copies if code == "CONFLICT"} == {
        ("sales_numbered.csv", 5)
    }
    rows = {file: sorted(row for name, row, _ in copies if name == file) for file, *_ in copies}
    assert rows == {
        "sales_numbered.csv": [4, 5],
        "sales_copies.csv": [3, 5, 7],
        "sales_later.csv": [2, 3, 7],
    }
