"""A folder of files and the lake into which they land, for the landing tests."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from shelfcast.landing import LandingReport, land

LANDED_AT = datetime(2024, 5, 6, 7, 8, 9)


class Shop:
    """A folder of files and the lake into which they land."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "source"
        self.lake = folder / "lake"
        self.source.mkdir()

    def write(self, file: str, content: str | bytes) -> Path:
        path = self.source / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land(self, **options: Any) -> LandingReport:
        return land(self.source, self.lake, **{"landed_at": LANDED_AT, **options})

    def land_one(self, file: str, content: str | bytes) -> list[dict[str, Any]]:
        """Land one file on its own and return its rows, the file having landed."""
        self.write(file, content)
        report = self.land()
        assert [landed.file for landed in report.landed] == [file], str(report)
        return self.rows(report.landed[0].entity)

    def refusal(self, file: str, content: str | bytes) -> str:
        """Return why a file is refused, nothing of it having landed."""
        self.write(file, content)
        report = self.land()
        assert report.landed == ()
        assert [refused.file for refused in report.refused] == [file], str(report)
        assert self.files("*") == []
        return report.refused[0].reason

    def files(self, entity: str) -> list[Path]:
        """Canonical files of an entity, or manifest files, without the schema."""
        found = self.lake.glob(f"{entity}/*.parquet")
        return sorted(path for path in found if path.name != "_schema.parquet")

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """All rows of an entity, in the order of files and rows."""
        return [row for file in self.files(entity) for row in pq.read_table(file).to_pylist()]

    def manifest(self) -> list[dict[str, Any]]:
        return self.rows("_manifest")
