"""Text files: no line is lost, each bad line has its place and reason."""

from __future__ import annotations

import csv
import gzip
import json
import random
from collections import Counter
from itertools import product

import pytest
from landing_shop import Shop

from shelfcast.landing import lines as lines_module

SKUS = "sku_id,category\n"


def test_csv_becomes_text_with_lineage(shop: Shop) -> None:
    rows = shop.land_one("skus.csv", "sku_id,category,unit_cost,pack_size\n A1 ,Food,0.10,  \n")
    assert rows[0]["sku_id"] == "A1"
    assert rows[0]["unit_cost"] == "0.10"
    assert rows[0]["pack_size"] is None
    assert rows[0]["sku_name"] is None
    assert rows[0]["_file"] == "skus.csv"
    assert rows[0]["_row"] == 2
    assert rows[0]["_raw"] == " A1 ,Food,0.10,  "
    assert rows[0]["_parse_error"] is None
    assert rows[0]["_landed_at"].isoformat() == "2024-05-06T07:08:09"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_finds_most_columns(shop: Shop, delimiter: str) -> None:
    header = delimiter.join(["sku_id", "sku_name", "category"])
    line = delimiter.join(["A1", '"a; b, c|d\te"', "Food"])
    [row] = shop.land_one("skus.csv", f"{header}\n{line}\n")
    assert (row["sku_id"], row["sku_name"], row["category"]) == ("A1", "a; b, c|d\te", "Food")


def test_quoted_fields(shop: Shop) -> None:
    content = 'sku_id,sku_name,category\n"A1","a ""b"", c",Food\nA2,12" ruler,Tools\n'
    rows = shop.land_one("skus.csv", content)
    assert [row["sku_name"] for row in rows] == ['a "b", c', '12" ruler']


def test_quoting_reads_as_the_csv_module_reads_it(shop: Shop) -> None:
    """All short lines of marks, delimiters and letters, against one strict reader per line."""
    lines = ["".join(signs) for length in range(1, 8) for signs in product('",a', repeat=length)]
    rows = shop.land_one("skus.csv", SKUS + "\n".join(lines))
    assert [row["_raw"] for row in rows] == lines
    for row, line in zip(rows, lines, strict=True):
        try:
            fields = next(csv.reader([line], strict=True))
        except csv.Error:
            assert row["_parse_error"] == "BROKEN_QUOTE"
            continue
        assert row["_parse_error"] == (None if len(fields) == 2 else "COLUMN_COUNT")
        if len(fields) == 2:
            assert [row["sku_id"], row["category"]] == [field or None for field in fields]


def test_planted_bad_lines_keep_line_number_reason_and_text(shop: Shop) -> None:
    planted = {
        3: (b"A3", "COLUMN_COUNT"),
        5: (b"A5,Food,extra", "COLUMN_COUNT"),
        6: (b'"A6,Food', "BROKEN_QUOTE"),
        8: (b'"A8"x,Food', "BROKEN_QUOTE"),
        9: (b"A9,Caf\xe9", "BAD_ENCODING"),
        11: (b"A11,Fo\x00od", "NUL_BYTE"),
        13: (b'A13,"' + b"x" * 200_000 + b'"', "FIELD_TOO_LONG"),
    }
    lines = [planted.get(number, (b"A%d,Food" % number,))[0] for number in range(2, 15)]
    rows = shop.land_one("skus.csv", b"sku_id,category\n" + b"\n".join(lines))
    assert len(rows) == 13
    broken = {row["_row"]: row["_parse_error"] for row in rows if row["_parse_error"]}
    assert broken == {number: reason for number, (_, reason) in planted.items()}
    for row in rows:
        number = row["_row"]
        if number in planted:
            assert (row["sku_id"], row["category"]) == (None, None)
        else:
            assert (row["sku_id"], row["category"]) == (f"A{number}", "Food")
    raw = {row["_row"]: row["_raw"] for row in rows}
    assert raw[6] == '"A6,Food'
    assert raw[9] == r"A9,Caf\xe9"
    assert raw[11] == r"A11,Fo\x00od"


def test_a_quoted_line_break_makes_two_rows(shop: Shop) -> None:
    rows = shop.land_one("skus.csv", SKUS + 'A1,"two\nlines"\nA2,Food\n')
    assert [row["_parse_error"] for row in rows] == ["BROKEN_QUOTE", "COLUMN_COUNT", None]


def test_json_lines(shop: Shop) -> None:
    objects = [
        '{"sku_id": 1001, "category": "Food", "unit_cost": 0.5, "note": {"a": [1, 2.5]}}',
        ' {"SKU_ID ": "A2", "category": "caf\\u00e9", "unit_cost": null, "pack_size": ""} ',
        '{"sku_id": "A3", "category": {"top": "Food"}, "sku_name": true, "unit_cost": 1e-5}',
        '{"sku_id": 12345678901234567890123, "category": "x\\u0000y"}',
    ]
    rows = shop.land_one("skus.json", "\n".join(objects))
    assert [row["_row"] for row in rows] == [1, 2, 3, 4]
    assert [row["_parse_error"] for row in rows] == [None] * 4
    assert [row["sku_id"] for row in rows] == ["1001", "A2", "A3", "12345678901234567890123"]
    assert [row["category"] for row in rows] == ["Food", "café", '{"top":"Food"}', r"x\x00y"]
    assert [row["unit_cost"] for row in rows] == ["0.5", None, "0.00001", None]
    assert rows[1]["pack_size"] is None
    assert rows[2]["sku_name"] == "true"
    assert [row["_raw"] for row in rows] == objects
    assert shop.manifest()[0]["columns_ignored"] == "note"


def test_bad_json_lines(shop: Shop) -> None:
    good = '{"sku_id": "A1", "category": "Food"}'
    bad = {
        '{"sku_id": "A1", "category": "Fo': "BAD_JSON",
        good + " " + good: "BAD_JSON",
        '{"sku_id": "\\ud800", "category": "Food"}': "BAD_JSON",
        "[1, 2]": "NOT_AN_OBJECT",
        '"A1"': "NOT_AN_OBJECT",
        "null": "NOT_AN_OBJECT",
        '{"sku_id": "A1", "SKU_ID": "A2", "category": "Food"}': "DUPLICATE_COLUMN",
    }
    rows = shop.land_one("skus.jsonl", "\n".join([good, *bad, good]))
    assert [row["_parse_error"] for row in rows] == [None, *bad.values(), None]
    assert [row["_raw"] for row in rows] == [good, *bad, good]
    assert [row["sku_id"] for row in rows] == ["A1", *[None] * len(bad), "A1"]


def test_json_rows_stay_in_order_over_many_batches(shop: Shop) -> None:
    lines = [json.dumps({"sku_id": f"A{row}", "category": "Food"}) for row in range(1, 50_001)]
    rows = shop.land_one("skus.ndjson", "\n".join(lines))
    assert [(row["sku_id"], row["_row"]) for row in rows] == [
        (f"A{row}", row) for row in range(1, 50_001)
    ]


@pytest.mark.parametrize("block_bytes", [500, 2**24])
@pytest.mark.parametrize("ending", ["csv", "jsonl", "csv.gz"])
def test_every_line_with_content_lands_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, ending: str, block_bytes: int
) -> None:
    """Random bytes, quotes, blanks and good lines: each line is one row, in place."""
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", block_bytes)
    rng = random.Random(ending)
    alphabet = b"abc0189,,;|\"'{}[]: \t\\.\x00\xff\xc3\xa9\xe2\x82"
    good = b'{"sku_id": "A", "category": "B"}' if ending == "jsonl" else b"A,B"
    number_of_lines = 10_000 if block_bytes > 500 else 1_000
    lines = [b"sku_id,category" if "csv" in ending else good]
    for _ in range(number_of_lines - 1):
        junk = bytes(rng.choices(alphabet, k=rng.randrange(12)))
        lines.append(rng.choice([good, good, junk, b"", b" \t"]))
    content = b"\r\n".join(lines)
    rows = shop.land_one(f"skus.{ending}", gzip.compress(content) if "gz" in ending else content)
    first = 1 if ending == "jsonl" else 2
    expected = [number for number, line in enumerate(lines, 1) if line.strip() and number >= first]
    assert [row["_row"] for row in rows] == expected
    readable = [lines[row["_row"] - 1] for row in rows if row["_parse_error"] is None]
    assert readable.count(good) == sum(line == good for line in lines)
    for row in rows:
        if lines[row["_row"] - 1] == good:
            assert (row["sku_id"], row["category"]) == ("A", "B")
        if row["_parse_error"] == "BAD_ENCODING":
            assert row["_raw"].encode() != lines[row["_row"] - 1]
        elif row["_parse_error"] != "NUL_BYTE":
            assert row["_raw"].encode() == lines[row["_row"] - 1]
    codes = Counter(row["_parse_error"] for row in rows)
    assert codes["BAD_ENCODING"] == sum(not _is_utf8(lines[row["_row"] - 1]) for row in rows)
    assert shop.manifest()[0]["parse_errors"] == len(rows) - codes[None]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfsku_id,category\nA1,Food\nA2,Food\n",
        b"sku_id,category\r\nA1,Food\r\nA2,Food\r\n",
        b"sku_id,category\nA1,Food\nA2,Food",
        b"  Sku_ID , CATEGORY\nA1,Food\nA2,Food\n\n",
        b"sku_id,category,,\nA1,Food,,\nA2,Food,x,\n",
        gzip.compress(b"sku_id,category\nA1,Food\n") + gzip.compress(b"A2,Food\n"),
    ],
    ids=["byte order mark", "CRLF", "no final newline", "case and space", "unnamed", "two gzips"],
)
def test_harmless_oddities(shop: Shop, content: bytes) -> None:
    ending = "csv.gz" if content[:2] == b"\x1f\x8b" else "csv"
    rows = shop.land_one(f"skus.{ending}", content)
    assert [(row["sku_id"], row["category"], row["_row"]) for row in rows] == [
        ("A1", "Food", 2),
        ("A2", "Food", 3),
    ]
    assert {row["_parse_error"] for row in rows} == {None}


def test_blank_lines_count_but_are_no_rows(shop: Shop) -> None:
    rows = shop.land_one("skus.csv", "\n\nsku_id,category\n\nA1,Food\n   \nA2,Food\n")
    assert [row["_row"] for row in rows] == [5, 7]


def test_a_header_alone_lands_without_rows(shop: Shop) -> None:
    assert shop.land_one("skus.csv", SKUS) == []
    assert shop.manifest()[0]["rows"] == 0


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["csv", "json"])
def test_an_empty_file_is_skipped(shop: Shop, ending: str, content: bytes) -> None:
    shop.write(f"skus.{ending}", content)
    report = shop.land()
    assert [(file.file, file.reason) for file in report.skipped] == [
        (f"skus.{ending}", "it is empty")
    ]
    assert shop.files("*") == []


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("skus.csv", "sku_id,colour\nA1,red\n", "no column category"),
        ("skus.csv", "A1,Food\nA2,Food\n", "no column sku_id, category"),
        ("skus.csv", "sku_id,SKU_ID,category\nA1,A2,Food\n", "named 'sku_id'"),
        ("skus.csv", '"sku_id,category\nA1,Food\n', "quotation mark"),
        ("skus.csv", "sku_id,category\rA1,Food\r", "CR alone"),
        ("skus.csv", "sku_id,category\nA1,Food\n".encode("utf-16"), "UTF-16"),
        ("skus.csv.gz", gzip.compress(SKUS.encode() + b"A1,Food\n" * 9999)[:-20], "to its end"),
        ("skus.csv.gz", SKUS + "A1,Food\n", "to its end"),
        ("skus.json", '[{"sku_id": 1, "category": "Food"}]', "one object per line"),
        ("skus.json", '[\n{"sku_id": 1, "category": "Food"}\n]', "one object per line"),
        ("skus.json", '{\n  "sku_id": 1,\n  "category": "Food"\n}', "one object per line"),
        ("skus.json", "sku_id,category\nA1,Food\n", "one object per line"),
        ("skus.json", '{"sku_id": 1}\n{"sku_id": 2}\n', "no column category"),
        ("skus.parquet", "not Parquet", "as Parquet"),
    ],
)
def test_a_file_that_cannot_land_is_refused_whole(
    shop: Shop, file: str, content: str | bytes, words: str
) -> None:
    assert words in shop.refusal(file, content)


def test_a_stretch_without_line_break_is_no_text(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", 100)
    monkeypatch.setattr(lines_module, "LONGEST_LINE_BYTES", 1000)
    assert "no line break" in shop.refusal("skus.csv", SKUS + "x" * 1200)


def test_a_long_line_crosses_blocks(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_module, "BLOCK_BYTES", 100)
    rows = shop.land_one("skus.csv", f"{SKUS}A1,{'x' * 300_000}\nA2,Food\n")
    assert [(row["sku_id"], len(row["category"])) for row in rows] == [("A1", 300_000), ("A2", 4)]
