"""The lake: layout, each file exactly once, recovery from a killed run, Parquet types as text."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from time import time_ns
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landing_shop import LANDED_AT, Shop

from shelfcast.landing import LandingError, land
from shelfcast.landing.columnar import as_text
from shelfcast.landing.contract import CONTRACT, ENTITIES, LINEAGE_COLUMNS
from shelfcast.landing.lake import Lake

SKUS = "sku_id,category,colour\nA1,Food,red\nbroken\n"


def test_every_entity_is_a_table_with_its_columns(shop: Shop) -> None:
    shop.land()
    for entity in CONTRACT:
        schema = pq.read_schema(shop.lake / entity.name / "_schema.parquet")
        assert schema.names == [*entity.column_names, *LINEAGE_COLUMNS]
        types = dict(zip(schema.names, schema.types, strict=True))
        assert types.pop("_row") == pa.int64()
        assert types.pop("_landed_at") == pa.timestamp("us")
        assert set(types.values()) == {pa.string()}
    query = f"select count(*) from read_parquet('{shop.lake}/promotions/*.parquet')"
    assert duckdb.sql(query).fetchone() == (0,)
    query = f"select count(*) from read_parquet('{shop.lake}/_manifest/*.parquet')"
    assert duckdb.sql(query).fetchone() == (0,)


def test_a_canonical_file_has_the_schema_of_its_entity(shop: Shop) -> None:
    shop.land_one("skus.csv", SKUS)
    schema = pq.read_schema(shop.lake / "skus" / "_schema.parquet")
    assert pq.read_schema(shop.files("skus")[0]).equals(schema)


def test_the_manifest_describes_the_file(shop: Shop) -> None:
    shop.land_one("skus/2024 Ä/x.CSV", SKUS)
    digest = hashlib.sha256(SKUS.encode()).hexdigest()
    name_digest = hashlib.sha256(f"skus/2024 Ä/x.CSV\n{digest}".encode()).hexdigest()
    [entry] = shop.manifest()
    missing = [name for name in ENTITIES["skus"].column_names if name not in ("sku_id", "category")]
    assert entry == {
        "file": "skus/2024 Ä/x.CSV",
        "entity": "skus",
        "file_id": f"skus-2024-x-csv-{name_digest[:12]}",
        "sha256": digest,
        "bytes": len(SKUS),
        "rows": 2,
        "parse_errors": 1,
        "columns_ignored": "colour",
        "columns_missing": ", ".join(missing),
        "landed_at": LANDED_AT,
        "landing_number": 1,
        "equal_lines": "separate",
        "landing_folder": str(shop.source),
    }
    assert shop.files("skus")[0].stem == entry["file_id"]


def test_landing_again_changes_nothing(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    shop.land()
    before = {path: path.read_bytes() for path in shop.lake.rglob("*.parquet")}
    report = shop.land(landed_at=datetime(2030, 1, 1))
    assert (len(report.landed), report.rows) == (0, 0)
    assert [(file.file, file.reason) for file in report.skipped] == [("skus.csv", "already landed")]
    assert {path: path.read_bytes() for path in shop.lake.rglob("*.parquet")} == before


def test_the_same_bytes_land_once_per_entity(shop: Shop) -> None:
    holiday = "holiday_date,signal,signal_date,value\n2024-01-01,x,2024-01-01,1\n"
    shop.write("holidays_a.csv", holiday)
    shop.write("holidays_b.csv", holiday)
    shop.write("external_signals.csv", holiday)
    report = shop.land()
    assert [file.file for file in report.landed] == ["external_signals.csv", "holidays_a.csv"]
    assert report.skipped[0].file == "holidays_b.csv"
    assert report.skipped[0].reason == "its content has landed as holidays_a.csv"


def test_a_rewritten_file_lands_as_a_new_version(shop: Shop) -> None:
    shop.land_one("skus.csv", "sku_id,category\nA1,Food\n")
    shop.write("skus.csv", "sku_id,category\nA1,Drink\n")
    assert len(shop.land(landed_at=datetime(2024, 6, 1)).landed) == 1
    versions = {(row["_file"], row["category"], row["_landed_at"]) for row in shop.rows("skus")}
    assert versions == {
        ("skus.csv", "Food", LANDED_AT),
        ("skus.csv", "Drink", datetime(2024, 6, 1)),
    }
    assert len(shop.manifest()) == 2


def test_landings_are_numbered_whatever_the_clock_says(shop: Shop) -> None:
    told: list[str] = []
    days = [datetime(2024, 6, 1), datetime(2024, 5, 1), datetime(2024, 5, 1)]
    for number, day in enumerate(days, 1):
        shop.write("skus.csv", f"sku_id,category\nA1,{number}\n")
        shop.write(f"skus_{number}.csv", f"sku_id,category\nB{number},Food\n")
        shop.land(landed_at=day, progress=told.append)
    versions = sorted((row["landing_number"], row["file"]) for row in shop.manifest())
    assert versions == [(n, file) for n in (1, 2, 3) for file in ("skus.csv", f"skus_{n}.csv")]
    assert len({row["landed_at"] for row in shop.manifest()}) == 3  # a time names one landing
    assert [line.startswith("The clock of this computer says 2024-05-01") for line in told].count(
        True
    ) == 2


def test_a_lake_without_numbers_takes_them_from_its_times(shop: Shop) -> None:
    for day in (1, 2):
        shop.write("skus.csv", f"sku_id,category\nA1,{day}\n")
        shop.land(landed_at=datetime(2024, 6, day))
    for file in shop.files("_manifest"):
        earlier = pq.read_table(file).drop_columns(
            ["landing_number", "equal_lines", "landing_folder"]
        )
        pq.write_table(earlier, file)
    shop.write("skus.csv", "sku_id,category\nA1,3\n")
    shop.land(landed_at=datetime(2024, 5, 1))
    newest, second, first = sorted(shop.manifest(), key=lambda row: row["landing_number"])[::-1]
    assert [row["landed_at"] for row in (first, second, newest)] == [
        datetime(2024, 6, 1),
        datetime(2024, 6, 2),
        datetime(2024, 5, 1),
    ]
    assert newest["landing_number"] == second["landing_number"] + 1
    assert first["landing_number"] == 1717200000 * 10**6  # 2024-06-01 in Unix time
    assert {row["equal_lines"] for row in (first, second, newest)} == {"separate"}


def test_the_manifest_says_what_equal_lines_are(shop: Shop) -> None:
    shop.write("landing.yml", "entities: {sales: {equal_lines: copies}}")
    shop.write("sales.csv", "sold_at,sku_id,location_id,quantity\n2024-06-01,A1,L1,1\n")
    shop.write("skus.csv", SKUS)
    shop.land()
    assert {row["entity"]: row["equal_lines"] for row in shop.manifest()} == {
        "sales": "copies",
        "skus": "separate",
    }


@pytest.fixture
def later() -> Iterator[None]:
    """Let every file be one that has been left alone for an hour, by the clock of the lander."""
    an_hour_on = time_ns() + 3600 * 10**9
    with patch("shelfcast.landing.lander.time.time_ns", return_value=an_hour_on):
        yield


@pytest.mark.usefixtures("later")
def test_a_file_that_did_not_change_is_not_read_again(shop: Shop) -> None:
    shop.land_one("skus.csv", SKUS)
    with (
        patch("hashlib.file_digest", side_effect=AssertionError),
        patch.object(pq, "ParquetFile", side_effect=AssertionError),
    ):
        [skipped] = shop.land().skipped
    assert skipped.reason == "already landed"


@pytest.mark.usefixtures("later")
def test_a_file_rewritten_in_place_with_its_size_and_time_lands(shop: Shop) -> None:
    path = shop.write("skus.csv", "sku_id,category\nA1,Food\n")
    os.utime(path, ns=(10**18, 10**18))
    shop.land()
    with path.open("r+") as file:  # the same inode
        file.write("sku_id,category\nA1,Fuel\n")
    os.utime(path, ns=(10**18, 10**18))
    assert [file.file for file in shop.land().landed] == ["skus.csv"]
    assert {row["category"] for row in shop.rows("skus")} == {"Food", "Fuel"}


def test_a_file_that_changed_a_moment_ago_is_read_again(shop: Shop) -> None:
    shop.land_one("skus.csv", SKUS)
    with patch("hashlib.file_digest", wraps=hashlib.file_digest) as digest:
        shop.land()
    assert digest.call_count == 1


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize("text", ["", "{", "[]", '{"version":1,"known":[]}', '{"version":9}'])
def test_what_is_remembered_can_be_lost(shop: Shop, text: str) -> None:
    shop.land_one("skus.csv", SKUS)
    (shop.lake / ".remembered.json").write_text(text)
    assert [file.reason for file in shop.land().skipped] == ["already landed"]
    (shop.source / "skus.csv").unlink()
    shop.land_one("skus_2.csv", SKUS + "B2,Food,red\n")
    known = json.loads((shop.lake / ".remembered.json").read_text())["known"]
    assert [list(group) for name, group in known.items() if name != "_manifest"] == [["skus_2.csv"]]
    assert len(known["_manifest"]) == 2


def test_another_folder_makes_no_versions_of_the_files_of_this(shop: Shop, tmp_path: Path) -> None:
    shop.land_one("skus.csv", SKUS)
    other = tmp_path / "other"
    other.mkdir()
    (other / "skus.csv").write_text("sku_id,category\nZ9,Tools\n")
    with pytest.raises(LandingError, match=rf"skus.csv has landed from {shop.source}, .*--moved"):
        land(other, shop.lake)
    assert [row["sku_id"] for row in shop.rows("skus")] == ["A1", None]
    assert len(land(other, shop.lake, moved=True).landed) == 1
    with pytest.raises(LandingError, match="has landed from"):
        shop.land()


def test_corrections_come_from_a_folder_of_their_own(shop: Shop, tmp_path: Path) -> None:
    shop.land_one("skus_rejects.csv", SKUS)
    other = tmp_path / "rejects"
    other.mkdir()
    (other / "skus_rejects.csv").write_text("sku_id,category\nZ9,Tools\n")
    assert len(land(other, shop.lake).landed) == 1


def test_a_file_of_another_entity_now_says_how_to_move_it(shop: Shop) -> None:
    content = "holiday_date,signal,signal_date,value\n2024-01-01,x,2024-01-01,1\n"
    shop.land_one("holidays.csv", content)
    shop.write("landing.yml", "entities: {external_signals: {files: ['holidays.csv']}}")
    [skipped] = shop.land().skipped
    assert f"delete holidays/{shop.manifest()[0]['file_id']}.parquet" in skipped.reason
    shop.files("holidays")[0].unlink()
    assert [file.entity for file in shop.land().landed] == ["external_signals"]
    assert [row["entity"] for row in shop.manifest()] == ["external_signals"]


@pytest.mark.parametrize("source_is_gone", [False, True])
def test_a_run_killed_before_the_manifest_recovers(shop: Shop, source_is_gone: bool) -> None:
    path = shop.write("skus.csv", SKUS)
    with (
        patch.object(Lake, "_write_manifest", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        shop.land()
    assert (len(shop.files("skus")), len(shop.manifest())) == (1, 0)
    if source_is_gone:
        path.unlink()
    report = shop.land(landed_at=datetime(2030, 1, 1))
    assert report.landed == ()
    assert len(shop.rows("skus")) == 2
    [entry] = shop.manifest()
    assert (entry["file"], entry["rows"], entry["landed_at"]) == ("skus.csv", 2, LANDED_AT)
    assert entry["sha256"] == hashlib.sha256(SKUS.encode()).hexdigest()


def test_a_run_killed_while_writing_leaves_nothing_to_read(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    shop.land()
    leftovers = [shop.lake / folder / ".tmp-x" for folder in ("skus", "_manifest")]
    for leftover in leftovers:
        leftover.write_bytes(b"half a file")
    shop.files("skus")[0].unlink()
    report = shop.land()
    assert [file.file for file in report.landed] == ["skus.csv"]
    assert not any(leftover.exists() for leftover in leftovers)
    assert len(shop.manifest()) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(shop: Shop) -> None:
    path = shop.write("skus.csv", SKUS)
    write_batch = pq.ParquetWriter.write_batch

    def change(writer: Any, *arguments: Any) -> None:
        os.utime(path, ns=(0, 0))
        write_batch(writer, *arguments)

    with patch.object(pq.ParquetWriter, "write_batch", change):
        report = shop.land()
    assert "changed while it was read" in report.refused[0].reason
    assert shop.files("*") == []
    assert len(shop.land().landed) == 1


def test_a_refused_file_does_not_hold_up_the_others(shop: Shop) -> None:
    shop.write("skus_1.csv", "colour\nred\n")
    shop.write("skus_2.csv", SKUS)
    report = shop.land()
    assert [file.file for file in report.refused] == ["skus_1.csv"]
    assert [file.file for file in report.landed] == ["skus_2.csv"]


def test_nothing_of_a_half_read_file_lands(shop: Shop) -> None:
    table = pa.table({"sku_id": [str(i) for i in range(300_000)], "category": ["x"] * 300_000})
    path = shop.source / "skus.parquet"
    pq.write_table(table, path, row_group_size=100_000, compression="gzip")
    content = bytearray(path.read_bytes())
    middle = pq.read_metadata(path).row_group(2).column(0).data_page_offset
    content[middle + 40 : middle + 4000] = b"\xff" * 3960
    path.write_bytes(content)
    report = shop.land()
    assert [file.file for file in report.refused] == ["skus.parquet"]
    assert shop.files("*") == []
    assert not list(shop.lake.rglob(".tmp*"))


def test_parquet_lands_as_text(shop: Shop) -> None:
    table = pa.table(
        {
            "Sold_At": pa.array([datetime(2024, 1, 2, 3, 4, 5), None], pa.timestamp("us")),
            "sku_id": pa.array([1001.0, 1002.0]),
            "location_id": pa.array(["L1", " "]).dictionary_encode(),
            "quantity": pa.array([3, -1], pa.int32()),
            "unit_price": pa.array([Decimal("0.00000001"), None], pa.decimal128(18, 8)),
            "extra": [1, 2],
        }
    )
    pq.write_table(table, shop.source / "sales.parquet")
    shop.land()
    first, second = shop.rows("sales")
    assert first["sold_at"] == "2024-01-02 03:04:05"
    assert (first["sku_id"], first["location_id"], first["quantity"]) == ("1001", "L1", "3")
    assert first["unit_price"] == "0.00000001"
    assert (second["sold_at"], second["location_id"], second["quantity"]) == (None, None, "-1")
    assert [row["_row"] for row in (first, second)] == [1, 2]
    assert {row["_raw"] for row in (first, second)} == {None}
    assert {row["_parse_error"] for row in (first, second)} == {None}
    assert shop.manifest()[0]["columns_ignored"] == "extra"


def test_parquet_rows_are_numbered_across_batches(shop: Shop) -> None:
    count = 300_000
    table = pa.table({"sku_id": [str(i) for i in range(1, count + 1)], "category": ["x"] * count})
    pq.write_table(table, shop.source / "skus.parquet", row_group_size=70_000)
    shop.land()
    landed = pq.read_table(shop.files("skus")[0], columns=["sku_id", "_row"])
    assert landed["_row"].to_pylist() == list(range(1, count + 1))
    assert landed["sku_id"].to_pylist() == table["sku_id"].to_pylist()


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([3.0, 0.1, 1e20, 1e-9, float("nan"), None], pa.float64(), None),
        ([0.1, 16777216.0], pa.float32(), ["0.1", "16777216"]),
        ([2**63 - 1, None], pa.int64(), ["9223372036854775807", None]),
        ([True, False], pa.bool_(), ["true", "false"]),
        ([date(2024, 2, 29)], pa.date32(), ["2024-02-29"]),
        ([date(2024, 2, 29)], pa.date64(), ["2024-02-29"]),
        ([time(9, 30)], pa.time32("s"), ["09:30:00"]),
        ([datetime(2024, 1, 1)], pa.timestamp("s"), ["2024-01-01 00:00:00"]),
        ([datetime(2024, 1, 1, 0, 0, 0, 500000)], pa.timestamp("ms"), ["2024-01-01 00:00:00.500"]),
        ([datetime(2024, 1, 1)], pa.timestamp("ns"), ["2024-01-01 00:00:00"]),
        (
            [datetime(2024, 7, 1, 10, tzinfo=UTC)],
            pa.timestamp("us", "Europe/Berlin"),
            ["2024-07-01 12:00:00"],
        ),
        ([Decimal("1E+3"), Decimal("-0.50")], pa.decimal128(9, 2), ["1000.00", "-0.50"]),
        (["\u00a0x ", "", "a\x00b"], pa.large_string(), ["x", None, r"a\x00b"]),
        ([b"A1", b"\xff"], pa.binary(), ["A1", r"\xff"]),
        ([[1, 2], None], pa.list_(pa.int64()), ["[1, 2]", None]),
        ([{"a": "é"}], pa.struct({"a": pa.string()}), ['{"a": "é"}']),
        ([None], pa.null(), [None]),
    ],
)
def test_types_as_text(values: list[Any], kind: pa.DataType, expected: list[Any] | None) -> None:
    if expected is None:
        expected = ["3", "0.1", "100000000000000000000", "0.000000001", None, None]
    text = as_text(pa.array(values, kind))
    assert text.type == pa.string()
    assert text.to_pylist() == expected


def test_a_parquet_file_without_a_required_column(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    pq.write_table(pa.table({"sku_id": ["A1"]}), file)
    assert "no column category" in shop.refusal("skus.parquet", file.read_bytes())


def test_entities_from_tables_of_ones_own_are_not_missed(tmp_path: Path) -> None:
    (tmp_path / "locations.csv").write_text("location_id,region\nL,West\n")
    report = land(tmp_path, tmp_path / "lake", elsewhere=frozenset({"sales"}))
    assert report.missing_entities == ("skus",)


def test_a_file_rewritten_to_what_another_holds_lands(shop: Shop) -> None:
    shop.land_one("skus_1.csv", "sku_id,category\nA,Fruit\n")
    shop.land_one("skus_2.csv", "sku_id,category\nA,Bread\n")
    shop.land_one("skus_1.csv", "sku_id,category\nA,Bread\n")
    assert len(shop.files("skus")) == 3
