"""Cancelled purchases, stock against the books, customer segments, made-up stock, run records."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from warehouses import Warehouse

from shelfcast.landing import land
from shelfcast.landing.lake import GATE_SCHEMA, Lake

pytestmark = pytest.mark.slow

AS_OF = date(2026, 4, 30)


def day(offset: int) -> str:
    return (AS_OF + timedelta(days=offset)).isoformat()


SALES = (
    # transaction, when, SKU, location, customer, quantity, price
    ("T1", f"{day(-9)} 09:00:00", "A", "Shop", "bulk", 80, 2),
    ("T2", f"{day(-9)} 09:12:00", "A", "Shop", "bulk", -80, 2),  # cancels T1
    ("T3", f"{day(-8)} 09:00:00", "A", "Shop", "bulk", 5, 2),
    ("T4", f"{day(-7)} 09:00:00", "A", "Shop", "bulk", -5, 2),  # a day later: a return
    ("T5", f"{day(-6)} 09:00:00", "A", "Shop", "bulk", -3, 2),  # before the purchase: a return
    ("T6", f"{day(-6)} 10:00:00", "A", "Shop", "bulk", 3, 2),
    ("T7", f"{day(-5)} 09:00:00", "A", "Shop", "other", 4, 2),
    ("T8", f"{day(-5)} 10:00:00", "A", "Shop", "bulk", -4, 2),  # another customer: a return
    ("T9", f"{day(-4)} 09:00:00", "A", "Shop", "", 6, 2),
    ("T10", f"{day(-4)} 10:00:00", "A", "Shop", "", -6, 2),  # nobody known: a return
    ("T11", f"{day(-3)} 09:00:00", "A", "Shop", "bulk", 7, 2),
    ("T12", f"{day(-3)} 10:00:00", "A", "Shop", "bulk", 7, 2),
    ("T13", f"{day(-3)} 11:00:00", "A", "Shop", "bulk", -7, 2),  # cancels one of the two
    ("T18", f"{day(-12)} 09:00:00", "A", "Shop", "bulk", -9, 2),  # before the purchase: a return
    ("T19", f"{day(-12)} 10:00:00", "A", "Shop", "bulk", 9, 2),
    ("T20", f"{day(-12)} 11:00:00", "A", "Shop", "bulk", -9, 2),  # cancels T19
    ("T14", f"{day(0)} 09:00:00", "A", "Shop", "member", 10, 2),
    ("T15", f"{day(-200)} 09:00:00", "A", "Shop", "gone", 1, 2),
    ("T16", f"{day(0)} 09:00:00", "B", "Depot", "member", 2, 3),
    ("T17", f"{day(-130)} 09:00:00", "A", "Shop", "old", 1, 2),
    *(
        (f"F{visit}", f"{day(-20 * visit)} 12:00:00", "A", "Shop", "regular", 1, 2)
        for visit in range(6)
    ),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    source = tmp_path_factory.mktemp("shop") / "landing"
    source.mkdir()
    (source / "skus.csv").write_text(
        "sku_id,category,unit_cost,supplier_id\nA,Fruit,1.50,S\nB,Bread,,S\nC,Bread,,\n"
    )
    (source / "suppliers_simulated.csv").write_text("supplier_id,lead_time_days\nS,9\n")
    (source / "locations.csv").write_text("location_id,region\nShop,West\nDepot,East\n")
    (source / "customers.csv").write_text("customer_id,segment,region\nmember,club,West\nidle,,\n")
    (source / "sales.csv").write_text(
        "transaction_id,sold_at,sku_id,location_id,customer_id,quantity,unit_price\n"
        + "".join(",".join(map(str, line)) + "\n" for line in SALES)
    )
    (source / "inventory.csv").write_text(
        "snapshot_date,sku_id,location_id,stock_on_hand\n"
        f"{day(-10)},A,Shop,50\n"
        f"{day(-10)},C,Shop,10\n"
        f"{day(-5)},A,Shop,61\n"  # 50 - 5 + 5 + 3 - 3 - 4 + 4 + 12 received - 1 written off
        f"{day(-2)},A,Shop,51\n"  # 61 - 6 + 6 - 7 = 54: three are missing
    )
    (source / "inventory_simulated.csv").write_text(
        f"snapshot_date,sku_id,location_id,stock_on_hand\n{day(-2)},B,Depot,30\n{day(0)},B,Depot,1\n"
    )
    (source / "inventory_movements.csv").write_text(
        "moved_at,sku_id,location_id,quantity,movement_type\n"
        f"{day(-6)} 18:00:00,A,Shop,12,receipt\n"
        f"{day(-5)} 18:00:00,A,Shop,-1,write_off\n"
        f"{day(-1)} 18:00:00,A,Shop,20,receipt\n"
        f"{day(-1)} 18:30:00,A,Shop,-2,transfer\n"
    )
    (source / "purchase_orders.csv").write_text(
        "purchase_order_id,sku_id,location_id,ordered_on,received_on,ordered_quantity\n"
        f"P1,A,Shop,{day(-9)},{day(-1)},20\n"  # the receipt that the movements hold too
    )
    (source / "purchase_orders_simulated.csv").write_text(
        "purchase_order_id,sku_id,location_id,ordered_on,received_on,ordered_quantity\n"
        f"P2,C,Shop,{day(-9)},{day(-5)},30\n"  # nothing of C is among the movements
    )
    warehouse = Warehouse(tmp_path_factory.mktemp("shop_home"))
    lake = warehouse.home / "lake"
    land(source, lake, landed_at=datetime(2026, 5, 1))
    results = pa.Table.from_pylist(
        [
            {
                "run_id": "g1",
                "run_at": datetime(2026, 5, 1, 2),
                "suite": "sales",
                "check_name": "sales__volume",
                "severity": "warning",
                "outcome": "failed",
                "observed_value": "it's 12",
                "description": "As many rows as usual.",
            }
        ],
        GATE_SCHEMA,
    )
    Lake(lake).write_gate_results("g1", results)
    warehouse.build()
    return warehouse


def test_a_purchase_taken_back_on_its_day_is_neither_demand_nor_return(shop: Warehouse) -> None:
    rows = shop.query(
        f"""
        select demand_on, sales_quantity, returned_quantity, cancelled_quantity
        from gold.fct_daily_demand
        where sku_id = 'A' and demand_on between date '{day(-12)}' and date '{day(-3)}'
            and sales_quantity + returned_quantity + cancelled_quantity > 0
        order by 1
        """
    )
    assert [(str(on), *map(int, quantities)) for on, *quantities in rows] == [
        (day(-12), 0, 9, 9),
        (day(-9), 0, 0, 80),
        (day(-8), 5, 0, 0),
        (day(-7), 0, 5, 0),
        (day(-6), 3, 3, 0),
        (day(-5), 4, 4, 0),
        (day(-4), 6, 6, 0),
        (day(-3), 7, 0, 7),
    ]


def test_segments_are_landed_or_told_by_purchases(shop: Warehouse) -> None:
    rows = shop.query(
        "select customer_id, segment, segment_source from silver.int_customer_segments"
    )
    assert sorted(rows) == [
        ("bulk", "new", "purchases"),
        ("gone", "lapsed", "purchases"),
        ("idle", "no purchase", "purchases"),
        ("member", "club", "landed"),
        ("old", "occasional", "purchases"),
        ("other", "new", "purchases"),
        ("regular", "frequent", "purchases"),
    ]
    assert shop.query(
        "select customer_region, customer_count, active_customer_count"
        " from gold.dim_customer_segments"
        " where segment in ('club', 'lapsed') order by segment"
    ) == [("West", 1, 1), ("unknown", 1, 0)]


def test_margin_by_segment_is_revenue_less_cost(shop: Warehouse) -> None:
    rows = shop.query(
        """
        select segment, category, sales_quantity, returned_quantity, revenue_amount, margin_amount
        from gold.fct_segment_demand
        where month_on = date '2026-04-01' and segment in ('club', 'new', 'unknown')
        order by segment, category
        """
    )
    assert [
        (*row[:2], *(None if value is None else float(value) for value in row[2:])) for row in rows
    ] == [
        ("club", "Bread", 2, 0, 6, None),  # its cost is unknown
        ("club", "Fruit", 10, 0, 20, 5),
        ("new", "Fruit", 5 + 3 + 4 + 7, 5 + 3 + 4 + 9, (7 - 9) * 2, (7 - 9) * 0.5),
        ("unknown", "Fruit", 6, 6, 0, 0),
    ]


def test_gold_holds_no_personal_data(shop: Warehouse) -> None:
    assert (
        shop.query(
            """
            select table_name, column_name from information_schema.columns
            where table_schema = 'gold'
                and (column_name like '%customer_id%' or column_name in ('signed_up_on', '_raw'))
            """
        )
        == []
    )


def test_a_count_that_the_books_do_not_explain_is_a_break(shop: Warehouse) -> None:
    assert shop.query("select * from silver.int_stock_breaks") == [
        (
            "A",
            "Shop",
            AS_OF - timedelta(days=5),
            AS_OF - timedelta(days=2),
            Decimal("61.0000"),
            Decimal("-7.0000"),
            Decimal("51.0000"),
            Decimal("-3.0000"),
        )
    ]


def test_movements_carry_a_count_forward_and_count_receipts_once(shop: Warehouse) -> None:
    # since the count 20 of A were received, once, 2 moved away, and 10 + 1 sold; of C only an order
    assert shop.query(
        "select sku_id, stock_on_hand from silver.int_stock_positions"
        " where sku_id <> 'B' order by 1"
    ) == [("A", Decimal(51 + 20 - 2 - 10 - 1)), ("C", Decimal(10 + 30))]


def test_what_is_made_up_says_so(shop: Warehouse) -> None:
    for table in ("fct_stockout_risks", "fct_replenishment_plan", "sku_demand_forecast"):
        assert shop.query(
            f"select distinct sku_id, is_stock_simulated from gold.{table} order by 1"
        ) == [("A", False), ("B", True), ("C", False)]
    assert shop.query("select sku_id, lead_time_source from gold.dim_skus order by 1") == [
        ("A", "supplier (simulated)"),
        ("B", "supplier (simulated)"),
        ("C", "policy (simulated)"),
    ]
    assert shop.query(
        """
        select sku_id, max(is_stock_simulated) from gold.fct_daily_demand
        where stock_on_hand is not null group by 1 order by 1
        """
    ) == [("A", False), ("B", True), ("C", False)]


def test_runs_are_on_record_and_never_doubled(shop: Warehouse, tmp_path: Path) -> None:
    again = shop.copy(tmp_path / "again")
    again.build("--select", "fct_data_quality", "int_stock_breaks__none")
    assert again.query("select run_id from audit.gate_results") == [("g1",)]
    runs = again.query("select run_id, count(*) from audit.dbt_results group by 1")
    assert len(runs) == 2
    assert again.query(
        """
        select checked_by, severity, outcome, failing_rows, observed_value, is_latest
        from gold.fct_data_quality
        where check_name in ('sales__volume', 'int_stock_breaks__none') order by run_at
        """
    ) == [
        ("gate", "warning", "failed", None, "it's 12", True),
        ("dbt", "warning", "failed", 1, None, False),
        ("dbt", "warning", "failed", 1, None, True),
    ]


def test_the_hooks_do_without_a_lake_and_without_rows(shop: Warehouse, tmp_path: Path) -> None:
    result = Warehouse(tmp_path / "nothing").dbt("seed", "--select", "risk_policy")
    assert result.returncode == 0, result.stdout[-2000:]
    again = shop.copy(tmp_path / "again")
    result = again.dbt("run", "--empty", "--select", "stg_landing__files")
    assert result.returncode == 0, result.stdout[-2000:]
    assert again.query("select count(*) from audit.gate_results") == [(1,)]
