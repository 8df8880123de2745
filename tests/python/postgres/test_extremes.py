"""Rows at the bounds of the landing contract are built, with the right figures, on both engines.

The bounds are those of ``shelfcast.landing.contract``: a million units, a price of a million, a
year of lead time, a hundred years of shelf life. Values in this file were worked out by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import mean, stdev

import pytest
from parity import gold_differences
from warehouses import PostgresWarehouse, Warehouse, write

from shelfcast.landing import land

pytestmark = pytest.mark.slow

AS_OF = date(2026, 4, 30)
MOST = 1_000_000
LEAST = "0.0001"
LINES = 150
"""Lines at both maxima on one day: a revenue of 1.5e14, which numeric(18,4) cannot hold."""


def day(offset: int) -> str:
    return (AS_OF + timedelta(days=offset)).isoformat()


def write_landing(folder: Path) -> None:
    write(
        folder,
        "skus.csv",
        "sku_id,category,supplier_id,lead_time_days,lead_time_sd_days,unit_cost,unit_price,pack_size,"
        "min_order_quantity,shelf_life_days,launched_on,discontinued_on",
        [
            ["most", "Top", "S", 365, 365, MOST, MOST, MOST, MOST, 36500, day(-150), "9999-12-31"],
            ["free", "Top", "s", 0, 0, 0, 0, LEAST, 0, 1, "", ""],
            ["least", "Low", "s", 0, 365, LEAST, LEAST, LEAST, 0, 1, "1000-01-01", ""],
            ["spike", "Low", "", "", "", "20", "30", "", "", "", "", ""],
            ["old", "Low", "s", 0, LEAST, 1, 2, "", "", "", "1000-01-01", "1000-01-02"],
        ],
    )
    write(
        folder,
        "suppliers.csv",
        "supplier_id,lead_time_days,lead_time_sd_days,review_period_days,order_weekdays",
        [["S", 365, 365, 365, ""], ["s", 0, 0, 1, "1 2 3 4 5 6 7"]],
    )
    write(
        folder,
        "locations.csv",
        "location_id,region,opened_on",
        [["A", "West", "1000-01-01"], ["B", "West", "9999-12-31"]],
    )
    write(folder, "customers.csv", "customer_id,segment", [["C", "big"], ["D", "big"]])
    write_sales(folder)
    write(
        folder,
        "inventory.csv",
        "snapshot_date,sku_id,location_id,stock_on_hand,stockout_hours",
        [
            [day(-1), "most", "A", MOST, 0],
            [day(0), "most", "B", -MOST, 24],  # NEGATIVE_STOCK
            [day(-3), "least", "A", LEAST, 24],
            [day(0), "free", "A", MOST, ""],
        ],
    )
    write(
        folder,
        "inventory_movements.csv",
        "moved_at,sku_id,location_id,quantity,movement_type",
        [
            [f"{day(0)} 08:00", "most", "A", MOST, "receipt"],
            [f"{day(0)} 09:00", "most", "A", MOST, "adjustment"],
            [f"{day(0)} 10:00", "free", "B", -MOST, "write_off"],
        ],
    )
    write(
        folder,
        "purchase_orders.csv",
        "purchase_order_id,sku_id,location_id,ordered_on,expected_on,received_on,"
        "ordered_quantity,received_quantity",
        [
            *([f"P{at}", "most", "A", day(0), day(5), "", MOST, 0] for at in range(9)),
            ["late", "most", "A", day(0), "9999-12-31", "", MOST, ""],
            ["slow", "spike", "A", "1970-01-02", "9999-12-31", day(0), LEAST, MOST],
        ],
    )
    write(
        folder,
        "promotions.csv",
        "promotion_id,category,sku_id,region,starts_on,ends_on,discount_rate",
        [["P", "Low", "", "", "1000-01-01", "9999-12-31", 1]],
    )
    write(
        folder,
        "external_signals.csv",
        "signal,signal_date,region,value",
        [["oil", day(0), "", "99999999999999.9999"], ["oil", day(-1), "", "-9.9e13"]],
    )


def write_sales(folder: Path) -> None:
    columns = (
        "transaction_id,line_number,sold_at,sku_id,location_id,customer_id,quantity,unit_price,"
        "discount_rate"
    )
    lines: list[list[object]] = []
    for offset in range(-149, 1):
        lines += [
            [f"A{offset}", 1, day(offset), "most", "A", "", MOST, "", ""],
            [f"A{offset}", 2, day(offset), "free", "A", "", MOST, MOST, 1],
            [f"A{offset}", 3, day(offset), "least", "A", "", LEAST, "", LEAST],
            [f"A{offset}", 4, day(offset), "spike", "A", "", 10, "", ""],
            [f"B{offset}", 1, day(offset), "most", "B", "", MOST - offset % 3, "", ""],
            [f"B{offset}", 2, day(offset), "spike", "B", "", 10 + offset % 2, "", ""],
            [f"B{offset}", 3, day(offset), "least", "B", "", MOST if offset % 50 else 1, "", ""],
        ]
    lines += [["full", at, day(-20), "most", "A", "C", MOST, "", ""] for at in range(1, LINES)]
    lines += [
        ["odd", 1, day(-30), "spike", "A", "", 150_000 - 10, "", ""],
        ["odd", 2, day(-31), "spike", "B", "D", MOST - 11, "", ""],
        ["back", 1, f"{day(-9)} 08:00", "most", "A", "C", MOST, MOST, 0],
        ["back", 2, f"{day(-9)} 09:00", "most", "A", "C", -MOST, MOST, 0],
        ["back", 3, f"{day(-8)} 09:00", "most", "A", "D", -MOST, MOST, 0],
        ["first", 1, "1970-01-02", "old", "A", "", MOST, MOST, 1],
    ]
    write(folder, "sales.csv", columns, lines)


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> tuple[Warehouse, PostgresWarehouse]:
    folder = tmp_path_factory.mktemp("extremes")
    write_landing(folder / "landing")
    duckdb = Warehouse(folder / "home")
    postgres = PostgresWarehouse(duckdb.home, url=new_database())
    report = land(folder / "landing", duckdb.home / "lake", landed_at=datetime(2026, 5, 1))
    assert (report.refused, report.skipped) == ((), ())
    postgres.load()
    duckdb.build()
    postgres.build()
    return duckdb, postgres


def test_both_engines_give_the_same_gold(pair: tuple[Warehouse, PostgresWarehouse]) -> None:
    assert gold_differences(*pair) == []


def test_only_stock_below_zero_is_rejected(pair: tuple[Warehouse, PostgresWarehouse]) -> None:
    for warehouse in pair:
        assert warehouse.query("select entity, reject_codes from silver.int_rejected_rows") == [
            ("inventory", "NEGATIVE_STOCK")
        ]


def test_units_and_money_are_added_up_exactly(pair: tuple[Warehouse, PostgresWarehouse]) -> None:
    for warehouse in pair:
        # 150 days and 149 lines more of a million; what C took back is cancelled, what D did is not
        assert warehouse.query(
            """
            select sum(sales_quantity), sum(returned_quantity), sum(cancelled_quantity),
                sum(revenue_amount), max(revenue_amount)
            from gold.fct_daily_demand where sku_id = 'most' and location_id = 'A'
            """
        ) == [(299 * MOST, MOST, MOST, 298 * MOST**2, LINES * MOST**2)]
        assert warehouse.query(
            """
            select sales_quantity, returned_quantity, revenue_amount, cost_amount, margin_amount
            from gold.fct_segment_demand where segment = 'big' and month_on = date '2026-04-01'
            """
        ) == [(149 * MOST, MOST, 148 * MOST**2, 148 * MOST**2, 0)]
        # 150 days at 0.0001: units keep their scale; revenue, 0.00000001 a day, is below money's
        assert warehouse.query(
            """
            select sum(sales_quantity), sum(revenue_amount) from gold.fct_daily_demand
            where sku_id = 'least' and location_id = 'A'
            """
        ) == [(Decimal("0.0150"), 0)]


def test_measures_of_demand_are_those_of_the_bounds(
    pair: tuple[Warehouse, PostgresWarehouse],
) -> None:
    # the day of 150 million is odd, and damped
    totals = [2 * MOST - offset % 3 for offset in range(-149, 1)]
    variation = (stdev(totals) / mean(totals)) ** 2
    for warehouse in pair:
        ((interval, squared),) = warehouse.query(
            """
            select average_demand_interval, squared_coefficient_of_variation
            from gold.dim_skus where sku_id = 'most'
            """
        )
        assert (interval, float(squared)) == (1, pytest.approx(variation, abs=1e-6))  # type: ignore[arg-type]
        # one order took the 20,572 days from 1970-01-02; the policy's 7 ± 2 count five times:
        # (20572 + 5 * 7) / 6, and sqrt((5 * 2^2 + 5 * 20565^2 / 6) / 5)
        assert warehouse.query(
            "select lead_time_days, lead_time_sd_days from gold.dim_skus where sku_id = 'spike'"
        ) == [(Decimal("3434.5000"), Decimal("8395.6263"))]
        # a day of 150,000 units among 10s, which is where the square overflowed
        rows = warehouse.query(
            """
            select series_count, bottom_up_rmsse, averaged_rmsse
            from silver.int_reconciliation_weights order by category
            """
        )
        assert [count for count, *_ in rows] == [3, 1]
        assert all(0 < float(error) <= 10 for _, *errors in rows for error in errors)  # type: ignore[arg-type]


def test_a_plan_at_the_bounds_holds_its_money(pair: tuple[Warehouse, PostgresWarehouse]) -> None:
    for warehouse in pair:
        ((stock, order, cost),) = warehouse.query(
            """
            select stock_on_hand, recommended_order_quantity, order_cost_amount
            from gold.fct_replenishment_plan
            where scenario_id = 'baseline' and sku_id = 'most' and location_id = 'A'
            """
        )
        # counted 1, received and adjusted 1 each, sold 1 million
        assert stock == 2 * MOST
        assert order % MOST == 0  # type: ignore[operator]
        assert cost == order * MOST > 10**14  # type: ignore[operator]
        ((units, revenue, margin, probability),) = warehouse.query(
            """
            select units_at_risk, revenue_at_risk_amount, margin_at_risk_amount,
                stockout_probability
            from gold.fct_stockout_risks
            where scenario_id = 'baseline' and sku_id = 'most' and location_id = 'A'
            """
        )
        assert probability == 1
        assert margin == 0
        assert float(revenue) == pytest.approx(float(units) * MOST, rel=1e-9)  # type: ignore[arg-type]
        assert revenue > 10**14  # type: ignore[operator]
