"""Source files of the importer tests: small ones written here, and the shared ones."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

SHARED_DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


def shared_file(name: str) -> Path:
    path = SHARED_DATA / name
    if not path.is_file():
        pytest.skip(f"{name} is not in ../shared/data beside the project")
    return path


def write_csv(path: Path, header: str, *rows: Sequence[Any], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
    return path


def landed(folder: Path, name: str, columns: str = "*") -> list[tuple]:
    """Rows of a landing file, every column as text."""
    path = folder / name
    source = (
        f"read_csv('{path}', header = true, all_varchar = true)"
        if path.suffix == ".csv"
        else f"read_parquet('{path}')"
    )
    query = f"select cast(columns(*) as varchar) from (select {columns} from {source})"
    return duckdb.sql(query).fetchall()


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 by name of the files in a folder."""
    paths = sorted(folder.iterdir())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
