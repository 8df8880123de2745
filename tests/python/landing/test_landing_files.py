"""Which files land, as what, and what the report says of the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from landing_shop import Shop

from shelfcast.landing import LandingError, land
from shelfcast.landing.contract import CONTRACT, ENTITIES
from shelfcast.landing.errors import FileRefusedError
from shelfcast.landing.mapping import LandingMap

SKUS = "sku_id,category\nA1,Food\n"
SALES = "sold_at,sku_id,location_id,quantity\n2024-01-01,A1,L1,2\n"


@pytest.mark.parametrize(
    ("file", "stem", "entity"),
    [
        ("skus.csv", "skus", "skus"),
        ("SKUS 2024.csv", "SKUS 2024", "skus"),
        ("sales_2024-07.csv.gz", "sales_2024-07", "sales"),
        ("sales/2024/x.csv", "x", "sales"),
        ("sales-eu/x.csv", "x", "sales"),
        ("2024/sales.csv", "sales", "sales"),
        ("inventory.csv", "inventory", "inventory"),
        ("inventory_movements.csv", "inventory_movements", "inventory_movements"),
        ("inventory/inventory_movements_1.csv", "inventory_movements_1", "inventory_movements"),
        ("purchase_orders.jsonl", "purchase_orders", "purchase_orders"),
        ("salesforce.csv", "salesforce", None),
        ("x/sales/y.csv", "y", None),
        ("sku.csv", "sku", None),
    ],
)
def test_names_tell_the_entity(file: str, stem: str, entity: str | None) -> None:
    found = LandingMap({}).entity_of(file, stem)
    assert found == (ENTITIES[entity] if entity else None)


def test_a_path_that_names_two_entities_is_refused() -> None:
    with pytest.raises(FileRefusedError, match="sales and skus"):
        LandingMap({}).entity_of("sales/skus.csv", "skus")


def test_the_briefs_own_names_land_by_landing_yml(shop: Shop) -> None:
    shop.write(
        "landing.yml",
        """
        entities:
          skus: {files: ["sku_metadata*.csv"], columns: {sku_id: sku, category: dept}}
          inventory: {files: ["raw_inventory.json*"], columns: {stock_on_hand: qty}}
        """,
    )
    shop.write("sku_metadata.csv", "sku,dept,category,price\nA1,Food,7,1.5\n")
    shop.write(
        "raw_inventory.json",
        '{"snapshot_date": "2024-01-01", "sku_id": "A1", "location_id": "L1", "qty": 3}\n',
    )
    shop.write("deep/er/sku_metadata_2.csv", "SKU,Dept\nA2,Drink\n")
    shop.write("skus.csv", "sku_id,category\nA3,Toys\n")
    report = shop.land()
    assert {(file.file, file.entity) for file in report.landed} == {
        ("sku_metadata.csv", "skus"),
        ("raw_inventory.json", "inventory"),
        ("deep/er/sku_metadata_2.csv", "skus"),
        ("skus.csv", "skus"),
    }
    assert {(row["sku_id"], row["category"]) for row in shop.rows("skus")} == {
        ("A1", "Food"),
        ("A2", "Drink"),
        ("A3", "Toys"),
    }
    assert shop.rows("inventory")[0]["stock_on_hand"] == "3"
    ignored = {row["file"]: row["columns_ignored"] for row in shop.manifest()}
    assert ignored["sku_metadata.csv"] == "category, price"


def test_a_contract_name_that_means_something_else_is_not_taken(shop: Shop) -> None:
    shop.write("landing.yml", "entities: {skus: {columns: {sku_id: code, sku_name: sku_id}}}")
    shop.write("skus_1.csv", "code,sku_id,category\n7,Apple,Food\n")
    shop.write("skus_2.csv", "sku_id,category\nPear,Food\n")
    report = shop.land()
    assert [(row["sku_id"], row["sku_name"]) for row in shop.rows("skus")] == [("7", "Apple")]
    assert [file.file for file in report.refused] == ["skus_2.csv"]


def test_json_objects_may_differ_in_their_names(shop: Shop) -> None:
    shop.write("landing.yml", "entities: {skus: {columns: {category: dept}}}")
    shop.write(
        "skus.jsonl",
        '{"sku_id": 1, "dept": "Food", "category": "x"}\n'
        '{"SKU_ID": 2, "category": "Toys"}\n'
        '{"sku_id": 3}\n'
        '{"sku_id": 4, "Dept": "Drink"}\n',
    )
    shop.land()
    assert [(row["sku_id"], row["category"]) for row in shop.rows("skus")] == [
        ("1", "Food"),
        ("2", "Toys"),
        ("3", None),
        ("4", "Drink"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("entity: {}", "does not know entity; allowed are entities"),
        ("entities: {sku: {}}", "does not know sku; allowed are sales, inventory"),
        ("entities: {skus: {file: [a]}}", "does not know file; allowed are files, columns"),
        ("entities: {skus: {columns: {dept: x}}}", "does not know dept; allowed are sku_id, sku_n"),
        ("entities: {skus: {columns: {sku_id: 7}}}", "must be the name of one file column"),
        ("entities: {skus: {equal_lines: copies}}", "does not know equal_lines"),
        ("entities: {sales: {equal_lines: 1}}", "equal_lines must be separate or copies"),
        ("entities: {sales: {equal_lines: [copies]}}", "equal_lines must be separate or copies"),
        ("entities: {skus: {files: a.csv}}", "must be a list of patterns"),
        ("entities: {skus: {files: ['']}}", "must be a list of patterns"),
        ("entities: [skus]", "must be a mapping"),
        ("entities: {skus", "cannot be read as YAML"),
        ("[" * 5000, "cannot be read as YAML"),
    ],
)
def test_a_faulty_landing_yml_stops_the_run(shop: Shop, content: str, words: str) -> None:
    shop.write("skus.csv", SKUS)
    config = shop.write("landing.yml", content)
    with pytest.raises(LandingError, match=words) as caught:
        shop.land()
    assert str(config) in str(caught.value)
    assert not shop.lake.exists()


def test_a_mapping_from_elsewhere(shop: Shop, tmp_path: Path) -> None:
    config = tmp_path / "names.yml"
    config.write_text("entities: {skus: {files: ['articles.csv']}}")
    shop.write("articles.csv", SKUS)
    assert len(shop.land(config=config).landed) == 1
    with pytest.raises(LandingError, match=r"absent\.yml"):
        shop.land(config=tmp_path / "absent.yml")


def test_two_patterns_on_one_file_are_refused(shop: Shop) -> None:
    shop.write("landing.yml", "entities: {skus: {files: ['a*.csv']}, sales: {files: ['*b.csv']}}")
    assert "skus and sales" in shop.refusal("ab.csv", SKUS)


def test_every_other_file_is_named_with_its_reason(shop: Shop) -> None:
    shop.write("landing.yml", "entities: {skus: {files: ['articles*.csv']}}")
    shop.write("skus.csv", SKUS)
    shop.write("skus.xlsx", "x")
    shop.write("skus.parquet.gz", "x")
    shop.write("notes", "x")
    shop.write("weather.csv", "x")
    shop.write(".DS_Store", "x")
    shop.write(".git/skus.csv", SKUS)
    shop.write("sales.csv", "")
    (shop.source / "sales_link.csv").symlink_to("nowhere.csv")
    report = shop.land()
    reasons = {file.file: file.reason for file in report.skipped}
    assert set(reasons) == {
        "skus.xlsx",
        "skus.parquet.gz",
        "notes",
        "weather.csv",
        ".DS_Store",
        ".git",
        "sales.csv",
        "sales_link.csv",
    }
    assert ".xlsx are not read; bring .parquet, .csv" in reasons["skus.xlsx"]
    assert ".parquet.gz are not read" in reasons["skus.parquet.gz"]
    assert "articles*.csv" in reasons["weather.csv"]
    assert "external_signals" in reasons["weather.csv"]
    assert reasons[".git"] == reasons[".DS_Store"] == "it is hidden"
    assert reasons["sales.csv"] == "it is empty"
    assert reasons["sales_link.csv"] == "it is no regular file"
    assert all(f"  {file}: {reason}" in report.lines() for file, reason in reasons.items())


def test_linked_folders_are_followed_once(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    (tmp_path / "mount" / "x.csv").write_text(SALES)
    (shop.source / "sales").symlink_to(tmp_path / "mount")
    (tmp_path / "mount" / "again").symlink_to(shop.source)
    report = shop.land()
    assert [file.file for file in report.landed] == ["sales/x.csv"]


def test_one_file_lands_by_itself(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    file = shop.write("sales.csv", SALES)
    report = land(file, shop.lake)
    assert [landed.file for landed in report.landed] == ["sales.csv"]


def test_a_lake_below_the_source_is_no_source(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    lake = shop.source / "skus"
    first = land(shop.source, lake)
    second = land(shop.source, lake)
    assert (len(first.landed), len(second.landed)) == (1, 0)
    assert [file.file for file in second.skipped] == ["skus.csv"]
    with pytest.raises(LandingError, match="lies in the lake"):
        land(lake / "skus", lake)


def test_a_missing_source(shop: Shop) -> None:
    with pytest.raises(LandingError, match="nowhere does not exist"):
        land(shop.source / "nowhere", shop.lake)


def test_the_report_counts_and_tells(shop: Shop) -> None:
    shop.write("sales.csv", SALES + "broken\n")
    shop.write("inventory.csv", SKUS)
    told: list[str] = []
    report = shop.land(progress=told.append)
    assert (report.rows, report.parse_errors) == (2, 1)
    assert report.missing_entities == ("skus",)
    text = str(report)
    assert text.startswith("Landed 1 file, 2 rows, 1 of them not readable.\n  sales.csv: 2 rows")
    assert "Refused 1 file:\n  inventory.csv: it has no column snapshot_date" in text
    assert "Nothing of skus has landed yet" in text
    assert [line.split(":")[0] for line in told] == ["refused inventory.csv", "sales.csv"]
    shop.write("skus.csv", SKUS)
    again = shop.land()
    assert again.missing_entities == ()
    assert "1 file had landed before." in again.lines()


def test_the_report_names_the_ten_files_with_most_unreadable_lines(shop: Shop) -> None:
    for number in range(1, 13):
        shop.write(f"sales_{number:02d}.csv", SALES + "broken\n" * number)
    told: list[str] = []
    named = shop.land(progress=told.append).lines()[1:12]
    assert len(told) == 12
    assert [line.split(":")[0] for line in named] == [
        *(f"  sales_{number:02d}.csv" for number in range(12, 2, -1)),
        "  and 2 more files with such rows",
    ]


def test_what_an_export_of_rejects_adds_is_not_missed(shop: Shop) -> None:
    columns = "sku_id,category,file,row,reject_codes,remedy,raw"
    shop.write("skus_rejects.csv", f"{columns},colour\nA,Fruit,skus.csv,2,X,Y,Z,red\n")
    shop.write("locations.csv", "location_id,region,file\nL,West,east.csv\n")
    text = str(shop.land())
    assert "Left out of skus, as the contract does not know them: colour." in text
    # elsewhere a column of the same name is the retailer's own
    assert "Left out of locations, as the contract does not know them: file." in text


@pytest.mark.parametrize(
    "landed_at",
    [
        datetime(2024, 5, 6, 10, 0),
        datetime(2024, 5, 6, 10, 0, tzinfo=UTC),
        datetime(2024, 5, 6, 12, 0, tzinfo=timezone(timedelta(hours=2))),
    ],
)
def test_landed_at_is_utc(shop: Shop, landed_at: datetime) -> None:
    shop.write("skus.csv", SKUS)
    shop.land(landed_at=landed_at)
    assert shop.rows("skus")[0]["_landed_at"] == datetime(2024, 5, 6, 10, 0)


def test_landed_at_is_now_by_default(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    before = datetime.now(UTC).replace(tzinfo=None)
    land(shop.source, shop.lake)
    assert before <= shop.rows("skus")[0]["_landed_at"] <= datetime.now(UTC).replace(tzinfo=None)


def test_the_contract_names_are_folded() -> None:
    """Columns are matched without case, so contract names must be their own folded form."""
    names = [name for entity in CONTRACT for name in (entity.name, *entity.column_names)]
    assert [name.strip().casefold() for name in names] == names
