"""Text that a spreadsheet would run: what an export writes, and what lands of it."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from shelfcast.landing import land
from shelfcast.spreadsheets import write_csv

RISKY = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "'=1", "''+x", "-", "＝1", "'", "it's", "-3", "+4.5e2"]
SHOWN = ["'=1+1", "'+1+1", "'-1+1", "'@SUM(1)", "''=1", "'''+x", "'-", "'＝1", "'", "it's", "-3"]


def test_text_is_shown_and_lands_unchanged(tmp_path: Path) -> None:
    folder = tmp_path / "rejects"
    folder.mkdir()
    path = folder / "skus_rejects.csv"
    texts = ", ".join("'" + text.replace("'", "''") + "'" for text in RISKY)
    write_csv(
        duckdb.sql(
            f"select unnest([{texts}]) as sku_id, 'Food' as category, 'BAD_TYPE' as reject_codes, "
            "-1 as row, e'\\t=1' as raw"
        ),
        path,
    )
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sku_id"] for row in rows] == [*SHOWN, "+4.5e2"]
    assert {(row["row"], row["raw"]) for row in rows} == {("-1", "'\t=1")}
    land(folder, tmp_path / "lake")
    assert pq.read_table(tmp_path / "lake/skus")["sku_id"].to_pylist() == RISKY


def test_a_file_of_the_retailer_keeps_its_apostrophes(tmp_path: Path) -> None:
    (tmp_path / "skus.csv").write_text("sku_id,category\n'=1+1,Food\n")
    land(tmp_path, tmp_path / "lake")
    assert pq.read_table(tmp_path / "lake/skus")["sku_id"].to_pylist() == ["'=1+1"]
