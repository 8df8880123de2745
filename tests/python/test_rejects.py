"""The quarantine as a planner meets it: listed, explained, exported, corrected and landed again."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warehouses import Warehouse

from shelfcast import rejects
from shelfcast.landing import land
from shelfcast.landing.contract import CONTRACT
from shelfcast.rejects import explain_rejects, export_rejects, list_rejects
from shelfcast.warehouse import WarehouseError

pytestmark = pytest.mark.slow

Use = Callable[[Path], None]

SALES = """sold_at,sku_id,location_id,quantity,unit_price
2026-01-01,A,L,1,1.00
2026-01-02,A,L,many,-1
2026-01-03,LATE,L,2,1.00
2026-01-04,A,L
2026-01-05,A,L,lots,1.00
"""


def judge(warehouse: Warehouse) -> None:
    for arguments in (
        ("seed", "--select", "reject_codes"),
        ("run", "--select", "+int_rejected_rows"),
    ):
        result = warehouse.dbt(*arguments)
        assert result.returncode == 0, result.stdout[-4000:]


@pytest.fixture(scope="module")
def quarantine(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Two sales of seven accepted."""
    source = tmp_path_factory.mktemp("rejects") / "landing"
    source.mkdir()
    (source / "skus.csv").write_text("sku_id,category\nA,Fruit\n")
    (source / "locations.csv").write_text("location_id,region\nL,West\n")
    (source / "sales_1.csv").write_text(SALES)
    table = pa.table(
        {
            "sold_at": ["2026-01-06", "2026-01-07"],
            "sku_id": ["A", "A"],
            "location_id": ["L", "L"],
            "quantity": ["1", "a\nfew"],
        }
    )
    pq.write_table(table, source / "sales_2.parquet")
    warehouse = Warehouse(tmp_path_factory.mktemp("rejects_home"))
    land(source, warehouse.home / "lake", landed_at=datetime(2026, 2, 1))
    judge(warehouse)
    return warehouse


HEADER = "sold_at,sku_id,location_id,quantity,unit_price\n"


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Rejected rows of which some need nothing any more, landed on two days."""
    source = tmp_path_factory.mktemp("closed") / "landing"
    warehouse = Warehouse(tmp_path_factory.mktemp("closed_home"))
    days: tuple[dict[str, str], ...] = (
        {
            "skus.csv": "sku_id,category\nA,Fruit\n",
            "locations.csv": "location_id,region\nL,West\n",
            "sales/2026/kasse_08.csv": HEADER
            + "2026-01-02,=NEW,L,1,\n2026-01-03,=NEW,L,1,\n2026-01-02,OTHER,L,1,\n",
            "sales/2025/kasse_09.csv": HEADER + "2026-01-04,A,L\n",
            "sales/2026/kasse_09.csv": HEADER + "2026-01-05,A,L\n",
            "sales/rewritten.csv": HEADER
            + "2026-01-06,A,L\n2026-01-06,A,L,6,\n2026-01-06,GONE,L,1,\n",
            "sales/totals.csv": HEADER + "2026-01-07,A,L,7,cheap\n2026-01-08,A,L,8,cheap\n",
            "sales/twice.csv": HEADER + "2026-01-09,A,L,9,\n",
            "sales/twice_again.csv": HEADER + "2026-01-09,A,L,9,\n\n",
            "inventory_1.csv": "snapshot_date,sku_id,location_id,stock_on_hand\n"
            "2026-01-01,A,L,ten\n2026-01-02,A,L,-4\n2026-01-03,A,L,3\n",
        },
        {
            "sales/rewritten.csv": HEADER + "2026-01-06,A,L,5,\n",
            "sales/totals_again.csv": HEADER + "2026-01-07,A,L,7,1.00\n",
            "inventory_2.csv": "snapshot_date,sku_id,location_id,stock_on_hand\n"
            "2026-01-01,A,L,10\n2026-01-03,A,L,three\n",
        },
    )
    for day, files in enumerate(days, 1):
        for name, text in files.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        land(source, warehouse.home / "lake", landed_at=datetime(2026, 2, day))
    judge(warehouse)
    return warehouse


@pytest.fixture(autouse=True)
def use(quarantine: Warehouse, warehouse_home: Use) -> None:
    warehouse_home(quarantine.home)


def counted(text: str) -> list[list[str]]:
    """The rows of a table in text, below its rule."""
    lines = text.split("--\n", 1)[1].split("\n\n", maxsplit=1)[0].splitlines()
    return [line.split() for line in lines]


def test_the_list_counts_rows_by_reason_and_column() -> None:
    text = list_rejects()
    assert text.startswith("5 rows of 2 files in quarantine.")
    assert counted(text) == [
        ["sales", "BAD_TYPE", "quantity", "3", "2"],
        ["sales", "COLUMN_COUNT", "1", "1"],
        ["sales", "OUT_OF_RANGE", "unit_price", "1", "1"],
        ["sales", "UNKNOWN_SKU", "1", "1"],
    ]
    assert "shelfcast rejects explain BAD_TYPE" in text
    assert "shelfcast rejects export" in text


def test_the_list_takes_filters() -> None:
    in_file = list_rejects(file="sales_2.parquet")
    assert counted(in_file) == [["sales", "BAD_TYPE", "quantity", "1", "1"]]
    assert counted(list_rejects(code="OUT_OF_RANGE:unit_price", entity="sales")) == [
        ["sales", "OUT_OF_RANGE", "unit_price", "1", "1"]
    ]
    assert list_rejects(code="bad_type").startswith("3 rows of 2 files")
    assert list_rejects(entity="skus") == "None of the 5 quarantined rows is of that kind."


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"entity": "sale"}, "There is no entity sale; there are sales, inventory"),
        ({"code": "BAD"}, "Reasons are BAD_ENCODING, BAD_JSON, BAD_TYPE"),
        ({"file": "sales_3.csv"}, r"Files with such rows: sales_1\.csv, sales_2\.parquet\."),
    ],
)
def test_a_filter_that_names_nothing_says_what_there_is(
    filters: dict[str, str], words: str
) -> None:
    with pytest.raises(WarehouseError, match=words):
        list_rejects(**filters)


def test_the_list_leaves_out_what_needs_nothing(closed: Warehouse, warehouse_home: Use) -> None:
    warehouse_home(closed.home)
    text = list_rejects(entity="sales")
    assert text.startswith("7 rows of 4 files in quarantine.")
    assert counted(text)[:3] == [
        ["sales", "UNKNOWN_SKU", "3", "1"],
        ["sales", "BAD_TYPE", "unit_price", "2", "1"],
        ["sales", "COLUMN_COUNT", "2", "2"],
    ]
    # the three lines of the first version, and the copy
    assert "4 rows more need nothing: copies, or restated by a later version" in text
    everything = list_rejects(entity="sales", everything=True)
    assert everything.startswith("11 rows of 6 files in quarantine.")
    assert ["sales", "COLUMN_COUNT", "3", "3"] in counted(everything)
    assert "need nothing" not in everything
    assert list_rejects(code="DUPLICATE").startswith("Nothing is open: 1 row needs nothing: copies")


def test_an_unknown_sku_is_named(
    closed: Warehouse, warehouse_home: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse_home(closed.home)
    ids = explain_rejects("UNKNOWN_SKU").split("To be landed\n")[1]
    assert counted(ids) == [["=NEW", "2"], ["OTHER", "1"]]
    monkeypatch.setattr(rejects, "LISTED", 1)
    ids = explain_rejects("UNKNOWN_SKU").split("To be landed\n")[1]
    assert counted(ids) == [["=NEW", "2"], ["and", "1", "more"]]
    assert "To be landed" not in explain_rejects("COLUMN_COUNT")


def test_the_end_of_a_path_names_a_file(closed: Warehouse, warehouse_home: Use) -> None:
    warehouse_home(closed.home)
    assert explain_rejects("kasse_08.csv:4").startswith("Row 4 of sales/2026/kasse_08.csv")
    assert explain_rejects("2025/kasse_09.csv:2").startswith("Row 2 of sales/2025/kasse_09.csv")
    assert list_rejects(file="kasse_08.csv").startswith("3 rows of 1 file in")
    several = r"2 files .* end in kasse_09\.csv; name one: sales/2025/kasse_09\.csv, sales/2026/"
    with pytest.raises(WarehouseError, match=several):
        explain_rejects("kasse_09.csv:2")
    with pytest.raises(WarehouseError, match=r"No row of 08\.csv is in quarantine"):
        explain_rejects("08.csv:4")


def test_a_row_of_a_replaced_version_says_so(closed: Warehouse, warehouse_home: Use) -> None:
    warehouse_home(closed.home)
    assert "A later version of the file has landed" in explain_rejects("rewritten.csv:2")
    assert "A later version of the file has landed" not in explain_rejects("kasse_08.csv:2")


def test_an_export_holds_what_can_be_corrected(
    closed: Warehouse, tmp_path: Path, warehouse_home: Use
) -> None:
    warehouse_home(closed.home)

    def exported(folder: str, *, everything: bool) -> dict[str, list[tuple[str, str]]]:
        written = export_rejects(tmp_path / folder, everything=everything)
        found = {}
        for path, rows in written:
            with path.open(newline="") as file:
                found[path.name] = [(row["file"], row["row"]) for row in csv.DictReader(file)]
            assert len(found[path.name]) == rows
        return found

    # neither copies, nor what a newer row states: the stock of 1 January, the total of 7 January
    still_open = [
        ("sales/2025/kasse_09.csv", "2"),
        *(("sales/2026/kasse_08.csv", line) for line in "234"),
        ("sales/2026/kasse_09.csv", "2"),
        ("sales/totals.csv", "3"),
    ]
    stock = [("inventory_1.csv", "3"), ("inventory_2.csv", "3")]
    assert exported("open", everything=False) == {
        "sales_rejects.csv": still_open,
        "inventory_rejects.csv": stock,
    }
    replaced = [("sales/rewritten.csv", "2"), ("sales/rewritten.csv", "4")]
    assert exported("all", everything=True) == {
        "sales_rejects.csv": [*still_open[:-1], *replaced, still_open[-1]],
        "inventory_rejects.csv": stock,
    }
    # as they stood, so that they land as they stood
    assert ",=NEW," in (tmp_path / "open" / "sales_rejects.csv").read_text()
    assert ",-4," in (tmp_path / "open" / "inventory_rejects.csv").read_text()


def test_a_reason_is_explained_with_examples() -> None:
    text = explain_rejects("BAD_TYPE:quantity", limit=2)
    assert "BAD_TYPE (quantity): The text is not of the column's type." in text
    assert "Remedy  Write numbers with a decimal point" in text
    assert "3 rows of 2 files" in text
    assert counted(text) == [["sales", "sales_1.csv", "2"], ["sales", "sales_2.parquet", "1"]]
    examples = text.split("Examples")[1].splitlines()[3:]
    assert [line.split(maxsplit=2) for line in examples] == [
        ["sales_1.csv", "3", "2026-01-02,A,L,many,-1"],
        ["sales_1.csv", "6", "2026-01-05,A,L,lots,1.00"],
    ]
    assert "No quarantined row has this reason." in explain_rejects("BAD_JSON")


def test_a_row_is_explained_by_all_its_reasons() -> None:
    text = explain_rejects("sales_1.csv:3")
    assert text.startswith("Row 3 of sales_1.csv (sales, landed 2026-02-01 00:00)")
    assert "BAD_TYPE (quantity)" in text
    assert "OUT_OF_RANGE (unit_price)" in text
    assert text.endswith("Text    2026-01-02,A,L,many,-1")


def test_a_row_without_a_line_shows_its_values() -> None:
    text = explain_rejects("sales_2.parquet:2")
    assert text.endswith(r"sold_at=2026-01-07, sku_id=A, location_id=L, quantity=a\nfew")


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("NO_SUCH", "NO_SUCH is neither a reason nor the place of a row, as FILE:ROW. Reasons are"),
        ("sales_1.csv:2", r"Row 2 of sales_1\.csv is not in quarantine"),
        ("sales.csv:2", r"No row of sales\.csv is in quarantine\. Files with such rows: sales_1"),
        ("sales_1.csv:" + "9" * 30, "neither a reason nor the place"),
    ],
)
def test_what_cannot_be_explained_says_what_can(what: str, words: str) -> None:
    with pytest.raises(WarehouseError, match=words):
        explain_rejects(what)


def test_a_corrected_export_lands_and_is_accepted(
    quarantine: Warehouse, tmp_path: Path, warehouse_home: Use
) -> None:
    [(path, rows)] = export_rejects(tmp_path / "out")
    assert ([path], rows) == (list((tmp_path / "out").iterdir()), 5)
    with path.open(newline="") as file:
        exported = list(csv.DictReader(file))
    [sales] = [entity for entity in CONTRACT if entity.name == "sales"]
    assert list(exported[0]) == [
        *("file", "row", "reject_codes", "remedy"),
        *sales.column_names,
        "raw",
    ]
    assert [(row["file"], row["row"]) for row in exported] == [
        *(("sales_1.csv", line) for line in "3456"),
        ("sales_2.parquet", "2"),
    ]
    assert [row["quantity"] for row in exported] == ["many", "2", "", "lots", "a few"]
    assert exported[2]["raw"] == "2026-01-04,A,L"
    assert exported[0]["remedy"].startswith("Write numbers with a decimal point")
    assert ". Correct the value" in exported[0]["remedy"]

    for row in exported:
        row |= {"sku_id": "A", "location_id": "L", "quantity": "4", "unit_price": ""}
        row["sold_at"] = row["sold_at"] or "2026-01-04"
    corrected = tmp_path / "corrected" / path.name
    corrected.parent.mkdir()
    with corrected.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(exported[0]))
        writer.writeheader()
        writer.writerows(exported)
    mended = quarantine.copy(tmp_path / "home")
    report = land(corrected, mended.home / "lake", landed_at=datetime(2026, 2, 2))
    assert (report.rows, report.parse_errors) == (5, 0)
    assert "Left out" not in str(report)
    judge(mended)
    assert mended.query(
        f"""
        select count(*) from silver.int_sales_judged
        where _file = '{path.name}' and reject_codes is null and quantity = 4
        """
    ) == [(5,)]


def test_an_empty_quarantine_says_so(tmp_path: Path, warehouse_home: Use) -> None:
    with duckdb.connect(str(tmp_path / "shelfcast.duckdb")) as connection:
        connection.execute(
            """
            create schema silver;
            create view silver.int_rejected_rows as
            select '' as entity, '' as _file, 1 as _row where false
            """
        )
    warehouse_home(tmp_path)
    assert list_rejects() == "Nothing is in quarantine: every landed row was accepted."
    assert export_rejects(tmp_path / "out") == []
    assert not (tmp_path / "out").exists()
