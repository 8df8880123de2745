"""The relations that the gate looks at, each fault planted in files that land."""

from __future__ import annotations

import io
import shutil
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gate_shop import (
    DAYS,
    FIRST_DAY,
    INVENTORY,
    LANDED_AT,
    SKUS,
    GateShop,
    sales_files,
    sales_lines,
)

from shelfcast.quality.relations import NEVER_DAYS, LakeUnreadableError, _culprit


def history(shop: GateShop) -> dict[str, Any]:
    table = shop.relations().execute("select * from sales_history").to_arrow_table()
    (row,) = table.to_pylist()
    return row


def files(shop: GateShop) -> dict[str, dict[str, Any]]:
    table = shop.relations().execute("select * from files").to_arrow_table()
    return {row["file"]: row for row in table.to_pylist()}


def test_values_are_cast_and_what_cannot_be_is_kept(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    lines = [
        "T1,1,2024-04-01 10:00:00,A1,L1,2,9.5\n",
        "T1,2.0,2024-04-01T10:00Z,A1,L1,-1e1,.5\n",
        "T1,1.5,01/02/2024,A1,L1,two,\n",
        "T2,1,2024-02-30,ZZ,L1,,0\n",
    ]
    shop.write_sales("sales.csv", lines)
    shop.land()
    rows = shop.relations().execute(
        """
        select line_number, sold_at, quantity, line_number__not_castable, sold_at__not_castable,
            quantity__not_castable, quantity__missing, sku_id__unknown, _fault
        from sales order by _row
        """
    )
    noon = datetime(2024, 4, 1, 10)
    faults = (
        "line_number is no whole number: 1.5",
        "sold_at is no time (YYYY-MM-DD HH:MM:SS): 2024-02-30",
    )
    assert rows.fetchall() == [
        (1, noon, 2, None, None, None, None, None, None),
        (2, noon, -10, None, None, None, None, None, None),
        (None, None, None, "1.5", "01/02/2024", "two", None, None, faults[0]),
        (1, None, None, None, "2024-02-30", None, "row 5", "ZZ", faults[1]),
    ]


def test_each_file_has_its_shares_of_bad_rows(shop: GateShop) -> None:
    shop.write_clean()
    lines = sales_lines(FIRST_DAY, 20)
    lines[0] = "one,column,too,many,in,this,line,of,sales\n"
    lines[1] = lines[1].replace(",2,9.5", ",1000001,9.5")
    lines[2] = lines[2].replace(",B1,", ",ZZ,")
    lines[3] = lines[3].replace(",L2,", ",L9,")
    lines[4] = lines[4].replace(",L1,", ",,")
    shop.write_sales("sales_bad.csv", lines)
    shop.write("inventory_simulated.csv", INVENTORY.replace(",7", ",8"))
    shop.land()
    found = files(shop)
    bad = found["sales_bad.csv"]
    assert bad["rows"] == 20
    assert bad["unreadable_rate"] == pytest.approx(1 / 20)
    assert bad["unfit_rate"] == pytest.approx(3 / 20)
    assert bad["unknown_sku_rate"] == pytest.approx(1 / 20)
    assert bad["unknown_location_rate"] == pytest.approx(1 / 20)
    assert bad["first_unreadable"] == "row 2: COLUMN_COUNT"
    assert bad["first_unfit"] == "row 2: COLUMN_COUNT"
    assert bad["first_unknown_sku"] == "row 4: ZZ"
    assert bad["first_unknown_location"] == "row 5: L9"
    others = [row for file, row in found.items() if file != "sales_bad.csv"]
    assert {row["unfit_rate"] for row in others} == {0}
    assert {row["unknown_sku_rate"] for row in others} == {0, None}
    assert [file for file, row in found.items() if row["is_simulated"]] == [
        "inventory_simulated.csv"
    ]


def test_what_a_row_that_cannot_be_read_holds_does_not_count(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    shop.source.joinpath("sales.parquet").write_bytes(parquet_with_broken_text())
    shop.land()
    relation = shop.relations().execute("select _fault, quantity, channel from sales")
    assert relation.fetchall() == [(None, 2, "web"), ("BAD_ENCODING", None, None)]


def parquet_with_broken_text() -> bytes:
    """Return a Parquet file of two sales, the channel of the second no UTF-8."""
    broken = pa.array([b"web", b"\xff"], pa.binary()).view(pa.string())
    text = ["2024-04-01", "A1", "L1", "2"]
    names = ["sold_at", "sku_id", "location_id", "quantity"]
    columns = {name: [value, value] for name, value in zip(names, text, strict=True)}
    buffer = io.BytesIO()
    pq.write_table(pa.table({**columns, "channel": broken}), buffer)
    return buffer.getvalue()


def test_only_a_larger_file_of_what_a_plan_needs_can_stop_a_build(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS + "torn\n" * 16)
    shop.write_sales("sales_19.csv", sales_lines(FIRST_DAY, 3) + ["torn\n"] * 16)
    shop.write_sales("sales_20.csv", sales_lines(FIRST_DAY, 4) + ["torn\n"] * 16)
    shop.write("inventory.csv", INVENTORY + "torn\n" * 20)
    shop.write("holidays.csv", "holiday_date,region\n01/05/2024,North\n")
    shop.land()
    assert {file: row["stopping_unfit_rate"] for file, row in files(shop).items()} == {
        "holidays.csv": None,
        "inventory.csv": None,
        "sales_19.csv": None,
        "sales_20.csv": pytest.approx(0.8),
        "skus.csv": None,
    }


def test_the_newest_version_of_a_file_counts(shop: GateShop) -> None:
    shop.write_clean()
    name, lines = next(iter(sales_files().items()))
    shop.write_sales(name, ["torn\n"] * len(lines))
    shop.land()
    assert files(shop)[name]["unfit_rate"] == 1
    shop.write_sales(name, lines)
    shop.land(LANDED_AT + timedelta(hours=1))
    assert files(shop)[name]["unfit_rate"] == 0
    assert shop.relations().execute("select count(*) from sales").fetchone() == (12 * DAYS,)


def test_size_and_columns_are_compared_with_earlier_files(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    shop.write("sales_short.csv", "sold_at,sku_id,location_id,quantity\n2024-04-28,A1,L1,1\n")
    shop.land(LANDED_AT + timedelta(days=1))
    found = files(shop)
    assert found["sales_short.csv"]["usual_rows"] == 84
    assert found["sales_short.csv"]["size_ratio"] == pytest.approx(1 / 84)
    assert found["sales_short.csv"]["columns_lost"] == "transaction_id, line_number, unit_price"
    assert {row["size_ratio"] for file, row in found.items() if file != "sales_short.csv"} == {None}
    assert {row["columns_lost"] for file, row in found.items() if file != "sales_short.csv"} == {
        None
    }


def test_files_that_land_together_are_not_compared_with_each_other(shop: GateShop) -> None:
    shop.write_clean()
    shop.write("sales_short.csv", "sold_at,sku_id,location_id,quantity\n2024-04-28,A1,L1,1\n")
    shop.land()
    found = files(shop).values()
    assert {(row["size_ratio"], row["columns_lost"]) for row in found} == {(None, None)}


def test_columns_that_not_every_earlier_file_had_are_not_lost(shop: GateShop) -> None:
    header = "sold_at,sku_id,location_id,quantity"
    shop.write("sales_1.csv", f"{header},channel,unit_price\n2024-04-28,A1,L1,1,web,2\n")
    shop.write("sales_2.csv", f"{header},unit_price\n2024-04-28,A1,L1,1,2\n")
    shop.land()
    shop.write("sales_3.csv", f"{header}\n2024-04-29,A1,L1,1\n")
    shop.land(LANDED_AT + timedelta(days=1))
    assert files(shop)["sales_3.csv"]["columns_lost"] == "unit_price"


def test_corrections_are_compared_with_nothing_and_nothing_with_them(shop: GateShop) -> None:
    shop.write_clean()
    shop.write("rejects/inventory_rejects.csv", INVENTORY)
    shop.land()
    header = "sold_at,sku_id,location_id,quantity\n"
    for day in range(1, 4):
        shop.write(f"{day}/sales_rejects.csv", f"{header}2024-04-28,A1,L1,{day}\n")
        shop.land(LANDED_AT + timedelta(days=day))
    found = files(shop)
    for day in range(1, 4):
        row = found[f"{day}/sales_rejects.csv"]
        assert (row["size_ratio"], row["columns_lost"]) == (None, None)
    shop.write_sales("sales_new.csv", sales_lines(LANDED_AT.date(), 42))
    shop.land(LANDED_AT + timedelta(days=4))
    row = files(shop)["sales_new.csv"]
    assert (row["usual_rows"], row["size_ratio"], row["columns_lost"]) == (84, 0.5, "")


def test_a_canonical_file_of_an_older_contract_lacks_columns(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    (path,) = [path for path in shop.lake.glob("skus/*") if path.stem != "_schema"]
    pq.write_table(pq.read_table(path).drop_columns(["shelf_life_days", "category"]), path)
    lacking = {file: row["columns_lacking"] for file, row in files(shop).items()}
    assert lacking.pop("skus.csv") == "category, shelf_life_days"
    assert set(lacking.values()) == {None}


def test_the_newest_day_is_compared_with_its_weekday(shop: GateShop) -> None:
    shop.write_clean()
    *weeks, (name, lines) = sales_files().items()
    assert len(weeks) == 7
    shop.write_sales(name, lines[:-9])
    shop.land()
    row = history(shop)
    assert row["judged_on"] == FIRST_DAY + timedelta(days=DAYS - 1)
    assert (row["judged_lines"], row["usual_lines"]) == (3, 12)
    assert row["volume_ratio"] == pytest.approx(0.25)
    assert row["days_since_newest_sale"] == 1


def test_a_day_that_was_not_over_is_not_judged(shop: GateShop) -> None:
    shop.write_clean()
    shop.write_sales("sales_today.csv", sales_lines(LANDED_AT.date(), 1))
    shop.write_sales("sales_future.csv", sales_lines(LANDED_AT.date() + timedelta(days=9), 1))
    shop.land()
    row = history(shop)
    assert row["newest_on"] == LANDED_AT.date()
    assert row["judged_on"] == LANDED_AT.date() - timedelta(days=1)
    assert row["volume_ratio"] == 1


def test_too_short_a_history_is_not_judged(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    shop.write_sales("sales.csv", sales_lines(FIRST_DAY) + sales_lines(FIRST_DAY + timedelta(7)))
    shop.land()
    row = history(shop)
    assert row["judged_lines"] == 12
    assert row["volume_ratio"] is None
    assert row["category_drift"] is None


def test_drift_is_the_distance_between_the_shares_of_categories(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    assert history(shop)["category_drift"] == pytest.approx(0)
    for name, lines in list(sales_files().items())[4:]:
        shop.write_sales(name, [line.replace(",B1,", ",A1,") for line in lines])
    shop.land(LANDED_AT + timedelta(hours=1))
    assert history(shop)["category_drift"] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("columns", "rows", "surplus"),
    [
        ("transaction_id,line_number", ["T1,1", "T1,2", "T2,1", "T2,1.0"], ["row 5: copy"]),
        ("transaction_id,line_number,unit_price", ["T1,1,9", "T1,1,8"], ["row 3: conflict"]),
        ("transaction_id,unit_price", ["T1,1", "T1,1.0", "T1,2"], []),
        ("channel,unit_price", ["web,1", "web,2", "store,1"], []),
    ],
)
def test_surplus_rows_of_a_file_are_those_that_do_not_count(
    shop: GateShop, columns: str, rows: list[str], surplus: list[str]
) -> None:
    header = f"sold_at,sku_id,location_id,quantity,{columns}\n"
    shop.write("sales.csv", header + "".join(f"2024-04-01,A1,L1,2,{row}\n" for row in rows))
    shop.land()
    found = shop.relations().execute("select _surplus from sales where _surplus is not null")
    assert [text for (text,) in found.fetchall()] == surplus


@pytest.mark.parametrize("day", ["1970-01-01", "1900-01-01", "2042-04-01"])
def test_rows_of_a_day_that_cannot_be_are_not_compared(shop: GateShop, day: str) -> None:
    """Silver rejects them for their day: none of them is a copy, or in conflict."""
    unknown = [f"T1,1,{day},A1,L1,{quantity},9.5\n" for quantity in (1, 2, 3, 3)]
    shop.write_sales("sales.csv", sales_lines(FIRST_DAY, 40) + unknown)
    shop.write("inventory.csv", INVENTORY.splitlines()[0] + f"\n{day},A1,L1,7\n{day},A1,L1,8\n")
    shop.land()
    relations = shop.relations()
    assert relations.execute("from sales_surplus union all from inventory_surplus").fetchall() == []
    rates = "select copy_rate, conflict_rate from sales_locations where location_id = 'L1'"
    assert relations.execute(rates).fetchall() == [(0, 0)]


def test_a_state_is_a_copy_only_within_a_file(shop: GateShop) -> None:
    shop.write("inventory_1.csv", INVENTORY)
    shop.write("inventory_2.csv", INVENTORY + INVENTORY.splitlines()[1] + "\n")
    shop.land()
    found = shop.relations().execute(
        "select _file, _surplus from inventory where _surplus is not null"
    )
    assert found.fetchall() == [("inventory_2.csv", "row 8: copy")]


def test_a_torn_or_missing_file_of_the_lake_is_named(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    (path,) = [path for path in shop.lake.glob("skus/*") if path.stem != "_schema"]
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LakeUnreadableError, match=f"{path} cannot be read"):
        shop.relations()
    path.unlink()
    with pytest.raises(LakeUnreadableError, match=f"{path} is missing"):
        shop.relations()


def test_days_after_the_landing_are_flagged(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    shop.write_sales(
        "sales.csv",
        [
            "T1,1,2024-04-01 10:00:00,A1,L1,2,9.5\n",
            f"T2,1,{LANDED_AT:%Y-%m-%d} 23:00:00,A1,L1,2,9.5\n",
            "T3,1,2042-04-01 10:00:00,A1,L1,2,9.5\n",
        ],
    )
    shop.land()
    rows = shop.relations().execute("select sold_at__in_future from sales order by _row").fetchall()
    assert rows == [(None,), (None,), ("2042-04-01 10:00:00",)]


def test_days_that_stand_for_an_unknown_one_are_flagged(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    days = ["1970-01-01", "1900-01-01 00:00:00", "1970-01-02"]
    shop.write_sales("sales.csv", [f"T{day},1,{day},A1,L1,2,9.5\n" for day in days])
    shop.land()
    rows = shop.relations().execute("select sold_at__stand_in from sales order by _row").fetchall()
    assert rows == [("1970-01-01",), ("1900-01-01 00:00:00",), (None,)]


def test_keys_that_look_alike_are_flagged(shop: GateShop) -> None:
    composed, decomposed, hidden = "Caf\u00e9", "Cafe\u0301", "Caf\u00e9\u200b"
    shop.write("skus.csv", f"sku_id,category\n{composed},Food\n{decomposed},Food\nTea,Food\n")
    shop.write_sales(
        "sales.csv",
        [f"T{n},1,2024-04-01,{sku},L1,2,9.5\n" for n, sku in enumerate([composed, hidden, "Jam"])],
    )
    shop.land()
    relations = shop.relations()
    rows = relations.execute("select sku_id__alike from skus order by _row").fetchall()
    assert rows == [(composed,), (decomposed,), (None,)]
    rows = relations.execute("select sku_id__alike from sales order by _row").fetchall()
    assert rows == [(None,), (hidden,), (None,)]


def test_where_no_sale_is_known_none_is_fresh(shop: GateShop) -> None:
    shop.write("skus.csv", SKUS)
    shop.write_sales("sales.csv", ["T1,1,9999-12-31 10:00:00,A1,L1,2,9.5\n"])
    shop.land()
    assert history(shop)["days_since_newest_sale"] == NEVER_DAYS


def test_a_file_that_no_manifest_row_names_is_named(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    (file,) = [file for file in (shop.lake / "skus").glob("*.parquet") if file.stem != "_schema"]
    shutil.copy(file, file.with_name("copy.parquet"))
    with pytest.raises(LakeUnreadableError, match=r"skus/copy\.parquet lies in the lake"):
        shop.relations()


def test_too_little_memory_is_not_taken_for_damage(shop: GateShop) -> None:
    shop.write_clean()
    shop.land()
    words = _culprit(duckdb.connect(), shop.lake, duckdb.OutOfMemoryException("out of memory"))
    assert "raise SHELFCAST_MEMORY" in words
    assert "delete" not in words
