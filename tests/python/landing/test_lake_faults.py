"""A lake that holds what did not land, or cannot be used: one sentence that names the file."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shelfcast.landing import LandingError, land


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "skus.csv").write_text("sku_id,category\nA,Fruit\n")
    (folder / "sales.csv").write_text("sold_at,sku_id,location_id,quantity\n2026-01-01,A,L,1\n")
    land(folder, tmp_path / "lake")
    return folder


def garbage(path: Path) -> None:
    path.write_bytes(b"garbage")


def foreign_columns(path: Path) -> None:
    pq.write_table(pa.table({"mine": [1]}), path)


@pytest.mark.parametrize("write", [garbage, foreign_columns])
@pytest.mark.parametrize("folder", ["sales", "_manifest", "_gate"])
def test_a_foreign_file_in_the_lake_is_named(
    folder: str, write: Callable[[Path], None], source: Path
) -> None:
    path = source.parent / "lake" / folder / "mine.parquet"
    write(path)
    with pytest.raises(LandingError, match=rf"{folder}/mine\.parquet lies in the lake"):
        land(source, source.parent / "lake")
    path.unlink()
    assert land(source, source.parent / "lake").landed == ()


def test_a_copy_of_a_canonical_file_is_named(source: Path) -> None:
    (file,) = [
        file
        for file in (source.parent / "lake" / "sales").glob("*.parquet")
        if file.stem != "_schema"
    ]
    shutil.copy(file, file.with_name("copy.parquet"))
    with pytest.raises(LandingError, match=r"sales/copy\.parquet lies in the lake"):
        land(source, source.parent / "lake")


def test_a_lake_that_is_a_file_is_refused(source: Path) -> None:
    (source.parent / "file").write_text("")
    with pytest.raises(LandingError, match="choose another folder for the lake"):
        land(source, source.parent / "file")
