"""What happens to odd files: each row of the table in docs/landing.md has a test here."""

from __future__ import annotations

import gzip
import inspect
import io
import json
import os
import re
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from landing_shop import Shop
from warehouses import PROJECT

from shelfcast.landing import LandingError, LandingReport, land
from shelfcast.landing.lines import BLOCK_LINES, read_lines
from shelfcast.landing.source import find_files

HEADER = "sku_id,category\n"
SKUS = HEADER + "A1,Food\nA2,Toys\n"
GOOD = [("A1", "Food"), ("A2", "Toys")]

MILLION = 1_000_000

Test = TypeVar("Test", bound=Callable[..., None])
DOCUMENTED: list[str] = []


def documents(*rows: str) -> Callable[[Test], Test]:
    """Say which rows of the table a test shows."""
    DOCUMENTED.extend(rows)
    return lambda test: test


def test_every_row_of_the_table_has_a_test() -> None:
    text = (PROJECT / "docs/landing.md").read_text(encoding="utf-8")
    section = text.split("## What happens to odd files")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \|$", section, re.MULTILINE)
    assert rows[0] == "File"
    assert sorted(rows[1:]) == sorted(DOCUMENTED)


def parquet(table: pa.Table, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def skus(shop: Shop) -> list[tuple[str, str]]:
    return [(row["sku_id"], row["category"]) for row in shop.rows("skus")]


def codes(rows: list[dict[str, Any]]) -> list[str | None]:
    return [row["_parse_error"] for row in rows]


def refused(report: LandingReport) -> dict[str, str]:
    return {file.file: file.reason for file in report.refused}


def skipped(report: LandingReport) -> dict[str, str]:
    return {file.file: file.reason for file in report.skipped}


@documents("CRLF, byte order mark, no final newline, blank lines, several gzip members")
@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + SKUS.encode(),
        SKUS.replace("\n", "\r\n").encode(),
        SKUS.rstrip().encode(),
        SKUS.replace("\n", "\n\n \n").encode(),
        gzip.compress(SKUS[:20].encode()) + gzip.compress(SKUS[20:].encode()) + b"\x00" * 512,
    ],
)
def test_harmless_forms_of_text(shop: Shop, content: bytes) -> None:
    rows = shop.land_one("skus.csv.gz" if content[:2] == b"\x1f\x8b" else "skus.csv", content)
    assert skus(shop) == GOOD
    assert codes(rows) == [None, None]


@documents("header without lines, Parquet without rows")
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_no_rows(shop: Shop, ending: str) -> None:
    empty = pa.schema({"sku_id": pa.string(), "category": pa.string()}).empty_table()
    assert shop.land_one(f"skus.{ending}", HEADER if ending == "csv" else parquet(empty)) == []
    assert [row["rows"] for row in shop.manifest()] == [0]


@documents("empty, blank lines only, gzip of nothing")
@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf", gzip.compress(b"")])
def test_nothing_in_it(shop: Shop, content: bytes) -> None:
    file = "skus.csv.gz" if content[:2] == b"\x1f\x8b" else "skus.csv"
    shop.write(file, content)
    assert skipped(shop.land()) == {file: "it is empty"}


@documents("truncated or damaged gzip, bytes after its end")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-9],
        lambda content: content[:12],
        lambda content: content[:-8] + b"\x00" * 8,
        lambda content: content + b"not gzip",
    ],
)
def test_a_damaged_gzip_file(shop: Shop, damage: Callable[[bytes], bytes]) -> None:
    content = gzip.compress((HEADER + "".join(f"A{i},Food\n" for i in range(9999))).encode())
    assert "cannot be read to its end" in shop.refusal("skus.csv.gz", damage(content))


@documents("truncated or damaged Parquet")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-9],
        lambda content: content[: len(content) // 2],
        lambda content: content[:40] + b"\xff" * 200 + content[240:],
        lambda content: content[:-200] + b"\x5a" * 150 + content[-50:],
        lambda content: content[:4],
        lambda content: content.replace(b"colour", b"c\xff\xfeour"),
    ],
)
def test_damaged_parquet(shop: Shop, damage: Callable[[bytes], bytes]) -> None:
    ids = [f"A{i}" for i in range(5000)]
    content = parquet(pa.table({"sku_id": ids, "category": ids, "colour": ids}))
    reason = shop.refusal("skus.parquet", damage(content))
    assert reason.startswith("it cannot be read as Parquet (")
    assert "\n" not in reason


@documents("not what the ending says")
@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("skus.csv", gzip.compress(SKUS.encode())),
        ("skus.csv.gz", SKUS.encode()),
        ("skus.csv", parquet(pa.table({"sku_id": ["A1"], "category": ["Food"]}))),
        ("skus.parquet", SKUS.encode()),
        ("skus.json", SKUS.encode()),
        ("skus.csv", b"<html>\n<body>502 Bad Gateway</body>\n"),
    ],
)
def test_another_format(shop: Shop, file: str, content: bytes) -> None:
    assert shop.refusal(file, content)


@documents("quotation mark that is never closed")
def test_an_open_quotation_mark(shop: Shop) -> None:
    rows = shop.land_one("skus.csv", HEADER + 'A0,"Food\nA1,Food\nA2,Toys\n')
    assert codes(rows) == ["BROKEN_QUOTE", None, None]
    assert skus(shop)[1:] == GOOD


@documents("quoted field with a line break")
def test_a_quoted_line_break(shop: Shop) -> None:
    rows = shop.land_one("skus.csv", HEADER + 'A0,"two\nlines"\nA1,Food\nA2,Toys\n')
    assert codes(rows) == ["BROKEN_QUOTE", "COLUMN_COUNT", None, None]
    assert skus(shop)[2:] == GOOD


@documents("NUL bytes")
def test_nul_bytes(shop: Shop) -> None:
    shop.write("skus.csv", HEADER.encode() + b"A0,F\x00\n\x00\x00\nA1,Food\nA2,Toys\n")
    shop.write("locations.json", b'{"location_id": "L\\u0000", "region": "x", "a\\u0000": 1}')
    shop.land()
    assert codes(shop.rows("skus")) == ["NUL_BYTE", "NUL_BYTE", None, None]
    assert skus(shop)[2:] == GOOD
    assert shop.rows("locations")[0]["location_id"] == r"L\x00"
    assert shop.manifest()[0]["columns_ignored"] == r"a\x00"


@documents("lines in UTF-8 beside lines in Latin-1")
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_mixed_encodings(shop: Shop, ending: str) -> None:
    texts = [("A1", "Café"), ("A2", "Crème"), ("A3", "Food")]
    lines = [
        f"{sku},{category}" if ending == "csv" else json.dumps(
            {"sku_id": sku, "category": category}, ensure_ascii=False
        )
        for sku, category in texts
    ]  # fmt: skip
    content = b"\n".join([lines[0].encode(), lines[1].encode("latin-1"), lines[2].encode()])
    rows = shop.land_one(f"skus.{ending}", (b"" if ending == "json" else HEADER.encode()) + content)
    assert codes(rows) == [None, "BAD_ENCODING", None]
    assert skus(shop) == [("A1", "Café"), (None, None), ("A3", "Food")]
    assert r"Cr\xe8me" in rows[1]["_raw"]


@documents("text in Parquet that is no UTF-8")
@pytest.mark.parametrize("is_dictionary", [False, True])
def test_bad_text_in_parquet(shop: Shop, is_dictionary: bool) -> None:
    category = pa.array([b"Food", b"Cr\xe8me", b"Toys", None]).view(pa.string())
    table = pa.table({"sku_id": ["A1", "B", "A2", "C"], "category": category})
    if is_dictionary:
        places = pa.array([0, 1, 2, None], pa.int32())
        coded = pa.DictionaryArray.from_arrays(places, category[:3])
        table = table.set_column(1, "category", coded)
    rows = shop.land_one("skus.parquet", parquet(table))
    assert codes(rows) == [None, "BAD_ENCODING", None, None]
    assert skus(shop) == [GOOD[0], ("B", r"Cr\xe8me"), GOOD[1], ("C", None)]


@documents("UTF-16, lines that end in CR alone, header with an open quotation mark")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (SKUS.encode("utf-16"), "UTF-16"),
        (SKUS.encode("utf-16-le"), "UTF-16"),
        (SKUS.encode("utf-16-be"), "UTF-16"),
        (SKUS.replace("\n", "\r").encode(), "CR alone"),
        (b'"' + SKUS.encode(), "quotation mark"),
        (b"sku_id,category,%s\nA1,Food,x\n" % (b"x" * 200_000), "over 131,072 characters"),
    ],
)
def test_a_header_that_cannot_be_read(shop: Shop, content: bytes, words: str) -> None:
    assert words in shop.refusal("skus.csv", content)


@documents("line of 3 MB")
def test_long_lines(shop: Shop) -> None:
    text = "x" * 3_000_000
    long = [f"A0,{text}", f'"A0","{text}"', f'A0,"{text}"']
    rows = shop.land_one("skus.csv", HEADER + "\n".join([*long, "A1,Food", "A2,Toys"]))
    assert codes(rows) == [None, None, "FIELD_TOO_LONG", None, None]
    assert [row["_raw"] for row in rows[:3]] == long
    assert skus(shop) == [("A0", text), ("A0", text), (None, None), *GOOD]
    [row] = shop.land_one("skus.json", json.dumps({"sku_id": "A0", "category": text}))[-1:]
    assert (row["category"], row["_parse_error"]) == (text, None)


@documents("no line break within 64 MB")
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_a_disk_of_zeros(shop: Shop, ending: str) -> None:
    with (shop.source / f"skus.{ending}").open("wb") as stream:
        stream.truncate(100 * 2**20)
    [reason] = refused(shop.land()).values()
    assert "no line break within 64 MB" in reason


@documents("gzip that unpacks to far more than its size")
def test_short_lines_come_in_small_blocks(tmp_path: Path) -> None:
    file = tmp_path / "skus.csv.gz"
    file.write_bytes(gzip.compress(b"a\n" * (3 * BLOCK_LINES)))
    sizes = [len(lines) for lines in read_lines(file)]
    assert sum(sizes) == 3 * BLOCK_LINES
    assert max(sizes) <= BLOCK_LINES


@pytest.mark.slow
@documents("a million columns")
def test_a_million_columns(shop: Shop) -> None:
    names = [f"c{i}" for i in range(MILLION)]
    table = "{}\n{}\n".format(",".join([*names, "sku_id", "category"]), "," * MILLION + "A1,Food")
    document = json.dumps({**dict.fromkeys(names), "sku_id": "A2", "category": "Toys"})
    shop.write("skus_1.csv", table)
    shop.write("skus_2.json", document)
    report = shop.land()
    assert skus(shop) == GOOD
    assert "c9 and 999,990 more" in str(report)
    assert len(str(report)) < 1000


@documents("Parquet whose footer exceeds what Parquet allows")
def test_too_wide_a_parquet_file(shop: Shop) -> None:
    with patch("pyarrow.parquet.ParquetFile", side_effect=OSError("Exceeded size limit\nmore")):
        reason = shop.refusal("skus.parquet", b"PAR1")
    assert "(Exceeded size limit)" in reason


@documents("JSON with deep brackets, huge numbers, lone surrogates, control characters")
def test_extreme_json(shop: Shop) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    digits = "9" * 5000
    lines = [
        '{"sku_id": "A1", "category": "Food"}',
        f'{{"sku_id": "B1", "category": {deep}}}',
        f'{{"sku_id": {digits}, "category": 1e400}}',
        '{"sku_id": "\\ud800", "category": "Food"}',
        '{"sku_id": "\x01", "category": "Food"}',
        "[" * 100_000,
        '{"sku_id": "A2", "category": "Toys"}',
    ]
    rows = shop.land_one("skus.json", "\n".join(lines))
    bad = "BAD_JSON"
    assert codes(rows) == [None, None, None, bad, bad, bad, None]
    assert [row["_raw"] for row in rows] == lines
    assert skus(shop)[1:3] == [("B1", deep), (digits, "1e400")]
    assert [skus(shop)[0], skus(shop)[-1]] == GOOD


@documents("JSON array or pretty-printed JSON")
@pytest.mark.parametrize(
    "content",
    [
        '[{"sku_id": "A1", "category": "Food"}]',
        '[\n{"sku_id": "A1", "category": "Food"}\n]',
        '[{"sku_id": "A1", "category": "Food"},\n{"sku_id": "A2", "category": "Toys"}]',
        '{\n  "sku_id": "A1",\n  "category": "Food"\n}',
    ],
)
def test_json_documents(shop: Shop, content: str) -> None:
    assert "one object per line" in shop.refusal("skus.json", content)


@documents("JSON line that is an array or a value")
def test_an_array_among_objects(shop: Shop) -> None:
    good = [json.dumps({"sku_id": sku, "category": category}) for sku, category in GOOD]
    rows = shop.land_one("skus.json", "\n".join(["[1, 2]", good[0], '"A1"', good[1]]))
    assert codes(rows) == ["NOT_AN_OBJECT", None, "NOT_AN_OBJECT", None]
    assert [skus(shop)[1], skus(shop)[3]] == GOOD


@documents("new column")
def test_a_new_column(shop: Shop) -> None:
    shop.write("skus_1.csv", SKUS)
    shop.write("skus_2.csv", "sku_id,colour,category\nA3,red,Food\n")
    report = shop.land()
    assert skus(shop) == [*GOOD, ("A3", "Food")]
    assert [row["columns_ignored"] for row in shop.manifest()] == ["", "colour"]
    assert "Left out of skus, as the contract does not know them: colour." in str(report)


@documents("optional column that is missing or renamed")
def test_an_optional_column_that_comes_and_goes(shop: Shop) -> None:
    shop.write("skus_1.csv", "sku_id,category,unit_cost\nA1,Food,1\n")
    shop.write("skus_2.csv", "sku_id,category,cost\nA2,Toys,2\n")
    report = shop.land()
    assert skus(shop) == GOOD
    assert [row["unit_cost"] for row in shop.rows("skus")] == ["1", None]
    assert "unit_cost" in shop.manifest()[1]["columns_missing"].split(", ")
    assert "does not know them: cost. If one holds" in str(report)


@documents("required column that is missing or renamed")
def test_a_required_column_that_is_renamed(shop: Shop) -> None:
    shop.write("skus_1.csv", SKUS)
    shop.write("skus_2.csv", "sku_id,dept\nA3,Food\n")
    report = shop.land()
    assert list(refused(report)) == ["skus_2.csv"]
    assert "no column category, which skus requires; add it, or" in str(report)
    assert skus(shop) == GOOD


@documents("columns in another order or another case")
def test_reordered_columns(shop: Shop) -> None:
    shop.write("skus_1.csv", "sku_id,category\nA1,Food\n")
    shop.write("skus_2.csv", " CATEGORY ,Sku_Id\nToys,A2\n")
    shop.land()
    assert skus(shop) == GOOD


@documents("two columns of one name")
def test_two_columns_of_one_name(shop: Shop) -> None:
    table = pa.table([["A1"], ["A2"], ["Food"]], names=["sku_id", "sku_id", "category"])
    shop.write("skus_1.csv", "sku_id,SKU_ID,category\nA1,A2,Food\n")
    shop.write("skus_2.parquet", parquet(table))
    shop.write("skus_3.json", '{"sku_id": 1, "sku_id": 2, "category": 3}\n{"sku_id": "A1", '
               '"category": "Food"}\n')  # fmt: skip
    shop.write("skus_4.csv", "sku_id,x,x,category\nA2,1,2,Toys\n")
    report = shop.land()
    assert list(refused(report)) == ["skus_1.csv", "skus_2.parquet"]
    assert "2 of its columns are named 'sku_id'" in str(report)
    assert codes(shop.rows("skus")) == ["DUPLICATE_COLUMN", None, None]
    assert skus(shop)[1:] == GOOD


@documents("header with empty names, or with the delimiter in a quoted name")
def test_odd_names_of_columns(shop: Shop) -> None:
    shop.land_one("skus.csv", 'sku_id,,"weight, kg",category,\nA1,x,1,Food,y\nA2,,,Toys,\n')
    assert skus(shop) == GOOD
    assert shop.manifest()[0]["columns_ignored"] == "weight, kg"


@documents("nested, duration and null columns in Parquet")
def test_rare_types(shop: Shop) -> None:
    table = pa.table(
        {
            "sku_id": ["A1"],
            "category": [{"top": [1, None]}],
            "sku_name": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())),
            "supplier_id": pa.nulls(1),
            "lead_time_days": pa.array([5], pa.duration("s")),
            "launched_on": pa.array([2**31 - 1], pa.date32()),
            "unit_cost": pa.array([float("inf")]),
        }
    )
    [row] = shop.land_one("skus.parquet", parquet(table))
    assert (row["category"], row["sku_name"]) == ('{"top": [1, null]}', '[["k", 1]]')
    assert (row["supplier_id"], row["lead_time_days"]) == (None, "5")
    assert row["unit_cost"] == "inf"
    assert row["_parse_error"] is None


SALES = "sku_id,location_id,quantity\nA1,L1,2\nA2,L1,3\n"


@documents("folder `column=value`, the file lacks the column")
def test_folders_give_what_files_lack(shop: Shop) -> None:
    table = pa.table({"sku_id": ["A3"], "location_id": ["L1"], "quantity": [1]})
    shop.write("sales/channel=web%2Fapp/sold_at=2026-01-01/a.csv", SALES + "broken\n")
    shop.write("sales/channel=__HIVE_DEFAULT_PARTITION__/Sold_At=2026-01-02/a.csv", SALES)
    shop.write("sales/sold_at=2026-01-03/year=2026/b.parquet", parquet(table))
    shop.write(
        "sales/sold_at=2026-01-04/c.json",
        '{"sku_id": "A4", "location_id": "L1", "quantity": 1}\n'
        '{"sku_id": "A5", "location_id": "L1", "quantity": 1, "sold_at": "2026-01-05"}\nbroken\n',
    )
    report = shop.land()
    rows = {
        (row["sku_id"], row["sold_at"], row["channel"], row["_parse_error"])
        for row in shop.rows("sales")
    }
    assert rows == {
        ("A1", "2026-01-01", "web/app", None),
        ("A2", "2026-01-01", "web/app", None),
        (None, None, None, "COLUMN_COUNT"),
        ("A1", "2026-01-02", None, None),
        ("A2", "2026-01-02", None, None),
        ("A3", "2026-01-03", None, None),
        ("A4", "2026-01-04", None, None),
        ("A5", "2026-01-05", None, None),
        (None, None, None, "BAD_JSON"),
    }
    assert (len(report.landed), report.rows) == (4, 9)
    assert "Left out of sales, as the contract does not know them: year." in str(report)


def test_the_same_bytes_in_other_folders_are_other_rows(shop: Shop) -> None:
    deep = "/".join(["a-long-name-of-a-folder"] * 5)
    files = [f"sales/{deep}/sold_at=2026-01-0{day}/part.csv" for day in (1, 2)]
    for file in files:
        shop.write(file, SALES)
    shop.write(f"{files[1]}.csv", SALES)
    report = shop.land()
    assert [file.file for file in report.landed] == files
    assert skipped(report) == {f"{files[1]}.csv": f"its content has landed as {files[1]}"}
    assert sorted(row["sold_at"] for row in shop.rows("sales")) == [
        *["2026-01-01"] * 2,
        *["2026-01-02"] * 2,
    ]
    assert shop.land().landed == ()


def test_folders_by_the_retailers_own_names(shop: Shop) -> None:
    shop.write("landing.yml", "entities: {sales: {columns: {sold_at: day}}}")
    shop.write("sales/day=2026-01-01/a.csv", SALES)
    shop.write("sales/day=2026-01-01/Day=2026-01-02/b.csv", SALES + "A3,L1,1\n")
    report = shop.land()
    assert {row["sold_at"] for row in shop.rows("sales")} == {"2026-01-01"}
    assert "2 of its columns are named 'day'" in report.refused[0].reason


@documents("folder `column=value`, the rows hold other values")
def test_rows_in_the_wrong_folder(shop: Shop) -> None:
    lines = ["2026-01-01 09:30:00,A1,L1,1", "2026-01-02,A1,L1,1", ",A1,L1,1", "broken"]
    header = "sold_at,sku_id,location_id,quantity"
    shop.write("sales/sold_at=2026-01-01/a.csv", "\n".join([header, *lines]))
    report = shop.land()
    assert [row["sold_at"] for row in shop.rows("sales")] == [
        "2026-01-01 09:30:00",
        "2026-01-02",
        None,
        None,
    ]
    assert report.landed[0].misplaced_rows == 2
    assert "1 of them not readable, 2 of them with another value than their folder" in str(report)


@documents("the same file twice")
def test_the_same_file_twice(shop: Shop) -> None:
    shop.write("skus_1.csv", SKUS)
    shop.write("skus_2.csv", SKUS)
    assert skipped(shop.land()) == {"skus_2.csv": "its content has landed as skus_1.csv"}
    assert skipped(shop.land())["skus_1.csv"] == "already landed"
    assert skus(shop) == GOOD


@documents("rewritten under its name")
def test_a_rewritten_file(shop: Shop) -> None:
    shop.land_one("skus.csv", SKUS)
    shop.write("skus.csv", HEADER + "A1,Drink\n")
    shop.land(landed_at=datetime(2030, 1, 1))
    assert sorted(skus(shop)) == [("A1", "Drink"), *GOOD]


@documents("changes or disappears while it is read")
@pytest.mark.parametrize("is_removed", [False, True])
def test_a_file_that_grows_while_it_is_read(shop: Shop, is_removed: bool) -> None:
    path = shop.write("skus_1.csv", SKUS)
    shop.write("skus_2.csv", HEADER + "A3,Food\n")
    write_batch = pq.ParquetWriter.write_batch

    def change(writer: Any, batch: pa.RecordBatch) -> None:
        if is_removed:
            path.unlink(missing_ok=True)
        elif path.stat().st_size == len(SKUS):
            with path.open("a") as stream:
                stream.write("A9,Food\n")
        write_batch(writer, batch)

    with patch.object(pq.ParquetWriter, "write_batch", change):
        report = shop.land()
    assert list(refused(report)) == ["skus_1.csv"]
    assert ("removed" if is_removed else "land it again when complete") in str(report)
    assert skus(shop) == [("A3", "Food")]
    shop.land()
    assert len(skus(shop)) == (1 if is_removed else 4)


@documents("still being written, half of its last line there")
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_half_a_last_line(shop: Shop, ending: str) -> None:
    whole = SKUS if ending == "csv" else "".join(
        json.dumps({"sku_id": sku, "category": category}) + "\n" for sku, category in GOOD
    )  # fmt: skip
    rows = shop.land_one(f"skus.{ending}", whole[: -len("Toys\n") - 1 - 3 * (ending == "json")])
    assert codes(rows) == [None, "COLUMN_COUNT" if ending == "csv" else "BAD_JSON"]
    shop.write(f"skus.{ending}", whole)
    shop.land(landed_at=datetime(2030, 1, 1))
    complete = [row for row in shop.rows("skus") if row["_landed_at"].year == 2030]
    assert [(row["sku_id"], row["category"]) for row in complete] == GOOD


@documents("name with line breaks or control characters")
def test_a_name_cannot_forge_the_report(shop: Shop) -> None:
    shop.write("skus\nLanded 9 files\x1b[31m.csv", SKUS)
    shop.write("sales\n.csv", SALES + "broken\n")
    report = shop.land()
    assert skus(shop) == GOOD
    assert r"sales\n.csv: it has no column sold_at" in str(report)
    assert "\x1b" not in "".join(map(str, report.landed))
    assert all(len(str(file).splitlines()) == 1 for file in (*report.landed, *report.refused))


@documents("name that is no UTF-8")
def test_a_name_in_latin_1(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    try:
        Path(os.fsdecode(os.fsencode(shop.source) + b"/skus_\xe9.csv")).write_text("x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    report = shop.land()
    assert r"skus_\udce9.csv: its path is not UTF-8; rename it" in str(report).encode().decode()
    assert skus(shop) == GOOD


@documents("file or folder that may not be read")
def test_no_permission(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    shop.write("locations.csv", "x")
    shop.write("sales/x.csv", "x")
    shop.write("suppliers.csv", "x")
    denied = PermissionError(13, "Permission denied")
    iterdir, stat, is_open = Path.iterdir, Path.stat, Path.open

    def guarded(method: Callable[..., Any], name: str) -> Callable[..., Any]:
        def call(path: Path, *arguments: Any, **options: Any) -> Any:
            if path.name == name:
                raise denied
            return method(path, *arguments, **options)

        return call

    with (
        patch.object(Path, "iterdir", guarded(iterdir, "sales")),
        patch.object(Path, "stat", guarded(stat, "locations.csv")),
        patch.object(Path, "open", guarded(is_open, "suppliers.csv")),
    ):
        report = shop.land()
    assert refused(report) == {
        "locations.csv": "it cannot be read (Permission denied); allow it",
        "sales": "it is a folder that cannot be read; allow it",
        "suppliers.csv": "it cannot be read (Permission denied); allow it",
    }
    assert skus(shop) == GOOD


@documents("unknown ending, hidden file or folder, dead link, link to itself, pipe, no entity")
def test_what_is_no_data(shop: Shop) -> None:
    for file in ("skus.xlsx", "notes", "weather.csv", ".skus.csv", ".git/skus.csv"):
        shop.write(file, "x")
    (shop.source / "sales_1.csv").symlink_to("nowhere")
    (shop.source / "sales_2.csv").symlink_to("sales_2.csv")
    os.mkfifo(shop.source / "sales_3.csv")
    report = shop.land()
    reasons = skipped(report)
    assert set(reasons) == {
        *("skus.xlsx", "notes", "weather.csv", ".skus.csv", ".git"),
        *("sales_1.csv", "sales_2.csv", "sales_3.csv"),
    }
    assert all(f"{file}: {reason}" in str(report) for file, reason in reasons.items())


@documents("folder named like a file, linked folder")
def test_folders_are_searched_once(shop: Shop) -> None:
    shop.write("skus.csv/part-0.csv", SKUS)
    (shop.source / "skus.csv" / "again").symlink_to(shop.source)
    report = shop.land()
    assert [file.file for file in report.landed] == ["skus.csv/part-0.csv"]
    assert skus(shop) == GOOD


def test_folders_deeper_than_python_recurses(tmp_path: Path) -> None:
    """Each folder is searched without a call inside a call, so depth is no limit."""
    shop = Shop(tmp_path)
    deep = "/".join(["d"] * 60)
    shop.write(f"{deep}/skus.csv", SKUS)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 50)
    try:
        files = list(find_files(shop.source, shop.lake))
    finally:
        sys.setrecursionlimit(limit)
    assert files == [f"{deep}/skus.csv"]


@documents("lake below the source")
def test_a_lake_below_the_source(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    for _ in range(2):
        report = land(shop.source, shop.source / "lake")
    assert skipped(report) == {"skus.csv": "already landed"}


@documents("path or patterns name two entities")
def test_two_entities(shop: Shop) -> None:
    assert "sales and skus" in shop.refusal("sales/skus.csv", SKUS)


def test_a_lake_that_cannot_be_written_names_the_file(shop: Shop) -> None:
    shop.write("skus.csv", SKUS)
    full = patch.object(pq.ParquetWriter, "write_batch", side_effect=OSError("No space left"))
    with full, pytest.raises(LandingError, match=r"skus\.csv: the lake .*No space left"):
        shop.land()
    assert shop.files("*") == []
    assert len(shop.land().landed) == 1
