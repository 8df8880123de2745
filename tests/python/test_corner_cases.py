"""A small retailer with what goes wrong in real ones: young stores, part deliveries, old counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from warehouses import Warehouse

from shelfcast.landing import land
from shelfcast.summary import build_summary

pytestmark = pytest.mark.slow

AS_OF = date(2026, 4, 30)


def day(offset: int) -> str:
    return (AS_OF + timedelta(days=offset)).isoformat()


@pytest.fixture(scope="module")
def corner(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    source = tmp_path_factory.mktemp("corner") / "landing"
    source.mkdir()
    (source / "skus.csv").write_text(
        "sku_id,category,unit_price,unit_cost,supplier_id,discontinued_on\n"
        "A,Fruit,2.50,1.00,S,\n"
        "KG,Fruit,4.00,2.00,,\n"
        f"GONE,Fruit,1.00,0.50,S,{day(-30)}\n"
        "OVER,Bread,1.00,0.50,S,\nTEXT,Bread,1.00,0.50,S,\n"
        "ODD,Nuts,1.00,0.50,S,\n"
    )
    (source / "suppliers.csv").write_text("supplier_id,lead_time_days,lead_time_sd_days\nS,5,1\n")
    (source / "locations.csv").write_text(
        "location_id,region,closed_on\nOld,West,\nNew,East,\nDepot,East,\nShop,South,\n"
        "Silent,North,\n"
        f"Closed,North,{day(-5)}\nClosing,North,{day(4)}\n"
    )
    lines = ["sold_at,sku_id,location_id,quantity"]
    for offset in range(-119, 1):
        lines.append(f"{day(offset)},A,Old,{4 + offset % 3}")
        lines.append(f"{day(offset)},KG,Old,{1.5 + offset % 2}")
        lines += [f"{day(offset)},OVER,Old,10", f"{day(offset)},TEXT,Old,5"]
        lines.append(f"{day(offset)},ODD,Old,{5000 if offset == -9 else 9 + offset % 3}")
        lines.append(f"{day(offset)},ODD,Shop,{9 + offset % 3}")
        if offset <= -20:
            lines.append(f"{day(offset)},GONE,Old,2")
        if offset <= -21:
            lines.append(f"{day(offset)},A,Silent,10")
        if offset <= -2:
            lines.append(f"{day(offset)},A,Closed,10")
        lines.append(f"{day(offset)},A,Closing,10")
        if offset > -3:
            lines.append(f"{day(offset)},A,New,3")
    lines.append(f"{day(-2)},A,Old,-2")
    (source / "sales.csv").write_text("\n".join(lines) + "\n")
    (source / "inventory.csv").write_text(
        "snapshot_date,sku_id,location_id,stock_on_hand\n"
        f"{day(-10)},A,Old,100\n{day(0)},A,Depot,50\n{day(0)},KG,Old,0\n"
        f"{day(-7)},OVER,Old,260\n{day(0)},OVER,Old,-5\n"
        f"{day(-7)},TEXT,Old,50\n{day(0)},TEXT,Old,none\n"
        + "".join(f"{day(0)},A,{place},0\n" for place in ("Silent", "Closed", "Closing"))
    )
    (source / "purchase_orders.csv").write_text(
        "purchase_order_id,sku_id,location_id,ordered_on,expected_on,received_on,"
        "ordered_quantity,received_quantity\n"
        f"P1,A,Old,{day(-4)},{day(2)},,100,60\n"  # 40 still to come
        f"P2,A,Old,{day(-15)},{day(-9)},{day(-8)},30,24\n"  # received after the count
        f"P3,A,Old,{day(-60)},{day(-50)},,10,\n"  # lost: 50 days overdue
        f"P4,KG,Old,{day(-10)},{day(-3)},,20,\n"  # overdue, no supplier to learn from
        f"P5,A,Old,{day(-3)},{day(3)},,25,25\n"  # all there, though never closed
    )
    warehouse = Warehouse(tmp_path_factory.mktemp("corner_home"))
    land(source, warehouse.home / "lake", landed_at=datetime(2026, 5, 1))
    warehouse.build()
    return warehouse


def test_only_counts_that_are_none_are_rejected(corner: Warehouse) -> None:
    assert corner.query(
        "select entity, _row, reject_codes from silver.int_rejected_rows order by _row"
    ) == [
        ("inventory", 6, "NEGATIVE_STOCK"),
        ("inventory", 8, "BAD_TYPE:stock_on_hand"),
    ]


def test_a_newest_count_below_zero_is_an_empty_shelf(corner: Warehouse) -> None:
    assert corner.query(
        """
        select risk_level, stock_on_hand, stock_counted_on from gold.fct_stockout_risks
        where scenario_id = 'baseline' and sku_id = 'OVER'
        """
    ) == [("High", Decimal("0.0000"), AS_OF)]
    assert corner.query(
        f"""
        select demand_on, stock_on_hand, is_censored from gold.fct_daily_demand
        where sku_id = 'OVER' and demand_on >= date '{day(-7)}' and stock_on_hand is not null
        order by 1
        """
    ) == [
        (AS_OF - timedelta(days=7), Decimal("260.0000"), False),
        (AS_OF, Decimal("0.0000"), True),
    ]


def test_an_older_count_stands_in_for_one_that_cannot_be_read(
    corner: Warehouse, warehouse_home: Callable[[Path], None]
) -> None:
    assert corner.query(
        """
        select stock_on_hand, stock_counted_on from gold.fct_stockout_risks
        where scenario_id = 'baseline' and sku_id = 'TEXT'
        """
    ) == [(Decimal(50 - 7 * 5), AS_OF - timedelta(days=7))]
    warehouse_home(corner.home)
    assert (
        "Newest stock counts in quarantine (SKU × location): 1 is below zero: the shelf is taken "
        "for empty; 1 is not usable: an older count is carried forward, or stock is unknown."
    ) in build_summary()


def test_a_return_beside_a_daily_total_is_no_duplicate(corner: Warehouse) -> None:
    assert corner.query(
        f"""
        select returned_quantity from gold.fct_daily_demand
        where sku_id = 'A' and location_id = 'Old' and demand_on = date '{day(-2)}'
        """
    ) == [(Decimal("2.0000"),)]


def test_a_store_of_three_days_is_forecast_on_every_day_ahead(corner: Warehouse) -> None:
    rows = corner.query(
        """
        select count(*), count(distinct lead_day), min(demand_factor), sum(forecast_quantity) > 0
        from gold.fct_demand_forecasts
        where scenario_id = 'baseline' and sku_id = 'A' and location_id = 'New'
        """
    )
    ((horizon,),) = corner.query("select horizon_days from silver.int_planning_horizon")
    assert rows == [(horizon, horizon, Decimal(1), True)]


def test_a_stocked_location_that_never_sold_is_planned(corner: Warehouse) -> None:
    assert corner.query(
        """
        select risk_level, risk_reason, stock_on_hand from gold.fct_stockout_risks
        where scenario_id = 'baseline' and location_id = 'Depot'
        """
    ) == [
        (
            "Low",
            "Stock covers at least 35 days; 0 % likely to run out before an order placed in 7 "
            "days can arrive.",
            Decimal("50.0000"),
        )
    ]


def test_open_orders_are_what_is_still_to_come(corner: Warehouse) -> None:
    rows = corner.query(
        """
        select purchase_order_id, open_quantity, is_lost, expected_on
        from silver.int_open_orders order by 1
        """
    )
    assert rows == [
        ("P1", Decimal("40.0000"), False, AS_OF + timedelta(days=2)),
        ("P3", Decimal("10.0000"), True, None),
        # no received order to learn from: a standard deviation of the policy's lead time
        ("P4", Decimal("20.0000"), False, AS_OF + timedelta(days=2)),
    ]


def test_receipts_reach_the_shelf_the_morning_after(corner: Warehouse) -> None:
    assert corner.query(
        """
        select lead_day, receipts_quantity from gold.fct_inventory_projections
        where scenario_id = 'baseline' and sku_id = 'A' and location_id = 'Old'
            and receipts_quantity > 0
        """
    ) == [(3, Decimal("40.0000"))]


def test_an_old_count_is_carried_forward(corner: Warehouse) -> None:
    sold = sum(4 + offset % 3 for offset in range(-9, 1))
    ((stock, counted_on),) = corner.query(
        """
        select stock_on_hand, stock_counted_on from gold.fct_stockout_risks
        where scenario_id = 'baseline' and sku_id = 'A' and location_id = 'Old'
        """
    )
    # what open and never closed lines brought is on hand too: 60 of P1, 25 of P5
    assert stock == 100 - sold + 2 + 24 + 60 + 25
    assert counted_on == AS_OF - timedelta(days=10)


def test_lines_without_a_price_are_valued_at_list_price(corner: Warehouse) -> None:
    assert corner.query(
        f"""
        select revenue_amount from gold.fct_daily_demand
        where sku_id = 'A' and location_id = 'Old' and demand_on = date '{day(0)}'
        """
    ) == [(Decimal("10.0000"),)]


def test_what_is_sold_by_weight_is_ordered_by_weight(corner: Warehouse) -> None:
    ((is_whole, order_up_to, quantity, position),) = corner.query(
        """
        select is_whole_unit, order_up_to_quantity, recommended_order_quantity,
            inventory_position_quantity
        from gold.fct_replenishment_plan inner join gold.dim_skus using (sku_id)
        where scenario_id = 'baseline' and sku_id = 'KG'
        """
    )
    assert is_whole is False
    assert quantity == pytest.approx(order_up_to - position, abs=Decimal("0.0002"))
    assert quantity != int(quantity)


def test_a_discontinued_sku_keeps_its_history_and_has_no_forecast(corner: Warehouse) -> None:
    ((last, sold),) = corner.query(
        """
        select max(demand_on), sum(sales_quantity) from gold.fct_daily_demand
        where sku_id = 'GONE'
        """
    )
    # it sold for ten days beyond the date that its SKU states
    assert last == AS_OF - timedelta(days=20)
    assert sold == 200
    assert corner.query("select * from gold.fct_demand_forecasts where sku_id = 'GONE'") == []


def test_stock_does_not_rise_without_a_receipt(corner: Warehouse) -> None:
    assert (
        corner.query(
            """
            select *
            from (
                select
                    *,
                    lag(stock_mean_quantity) over (
                        partition by scenario_id, sku_id, location_id order by lead_day
                    ) as stock_before
                from gold.fct_inventory_projections
            ) as days
            where receipts_quantity = 0 and stock_mean_quantity > stock_before + 0.0001
            """
        )
        == []
    )


def test_stock_never_counted_leaves_the_region_unknown(corner: Warehouse) -> None:
    assert corner.query(
        """
        select distinct stock_on_hand from gold.sku_demand_forecast
        where sku_id = 'A' and region = 'East'
        """
    ) == [(None,)]


def test_nothing_is_planned_for_a_location_that_closed(corner: Warehouse) -> None:
    # one says so, and one has sold nothing for 20 days while others did
    assert corner.query(
        """
        select location_id, closed_on, silent_since_on from gold.dim_locations
        where region = 'North' order by 1
        """
    ) == [
        ("Closed", AS_OF - timedelta(days=5), None),
        ("Closing", AS_OF + timedelta(days=4), None),
        ("Silent", None, AS_OF - timedelta(days=20)),
    ]
    for table in ("fct_demand_forecasts", "fct_stockout_risks", "fct_replenishment_plan"):
        assert corner.query(
            f"""
            select distinct location_id from gold.{table}
            where location_id in ('Silent', 'Closed', 'Closing')
            """
        ) == [("Closing",)]
    assert corner.query(
        """
        select location_id, max(demand_on) from gold.fct_daily_demand
        where location_id in ('Silent', 'Closed') group by 1 order by 1
        """
    ) == [("Closed", AS_OF - timedelta(days=2)), ("Silent", AS_OF - timedelta(days=21))]


def test_the_summary_names_a_location_that_fell_silent(corner: Warehouse) -> None:
    summary = corner.shelfcast("summary").stdout
    assert f"  Silent: nothing sold since {day(-20)}\n" in summary
    assert "Closed: nothing" not in summary


def test_nothing_is_bought_for_a_location_that_closes_before_it_comes(corner: Warehouse) -> None:
    # out now, closes in four days, and an order takes five
    ((level, quantity, reason, explanation),) = corner.query(
        """
        select risk_level, recommended_order_quantity, constraint_reason, explanation
        from gold.fct_replenishment_plan
        inner join gold.fct_stockout_risks using (scenario_id, sku_id, location_id)
        where scenario_id = 'baseline' and location_id = 'Closing'
        """
    )
    assert (level, quantity, reason) == ("High", 0, "end of sale")
    assert f"but the sale ends on {day(3)}, before an order can be on the shelf" in str(explanation)


def test_one_odd_day_is_flagged_and_not_forecast(corner: Warehouse) -> None:
    """5,000 units on one day among 9 to 11: every step learns from 11 in its place."""
    odd = f"sku_id = 'ODD' and location_id = 'Old' and demand_on = date '{day(-9)}'"
    columns = "sales_quantity, demand_quantity, damped_demand_quantity"
    assert corner.query("select count(*) from gold.fct_daily_demand where is_outlier") == [(1,)]
    assert corner.query(f"select is_outlier, {columns} from gold.fct_daily_demand where {odd}") == [
        (True, 5000, 5000, 11)
    ]
    ((old, shop),) = corner.query(
        """
        select
            avg(forecast_quantity) filter (where location_id = 'Old'),
            avg(forecast_quantity) filter (where location_id = 'Shop')
        from gold.fct_demand_forecasts where scenario_id = 'baseline' and sku_id = 'ODD'
        """
    )
    assert float(str(old)) == pytest.approx(10, abs=1)
    assert float(str(shop)) == pytest.approx(10, abs=1)
    # 9 in the other shop; the regions differ
    assert corner.query(
        f"""
        select demand.aggregate_level, max(demand.demand_quantity)
        from silver.int_aggregate_demand as demand
        inner join silver.int_aggregate_members as members using (aggregate_level, aggregate_id)
        where members.sku_id = 'ODD' and demand.demand_on = date '{day(-9)}'
        group by 1 order by 1
        """
    ) == [("category_region", 11), ("sku", 20)]
    # what came is judged as it is, in the error scale of usual days
    assert corner.query(
        f"""
        select max(demand_quantity), max(mean_absolute_step) < 3
        from silver.py_forecast_backtests
        where sku_id = 'ODD' and location_id = 'Old' and forecast_on = date '{day(-9)}'
        """
    ) == [(5000, True)]
    assert corner.query("select demand_class from gold.dim_skus where sku_id = 'ODD'") == [
        ("smooth",)
    ]
    assert (
        f"1 odd day of demand damped in the forecast; largest: SKU ODD at Old on {day(-9)}, "
        "5,000 units, taken for 11."
    ) in corner.shelfcast("summary").stdout
