"""Writers: one file per month in CSV or Parquet, and folders that appear at once or not at all.

What is written depends on the data alone, so that equal tables make equal bytes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

Format = Literal["csv", "parquet"]

_CSV = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")


class MonthlyFiles:
    """One file per month of an entity, all open at once, each appended to block by block.

    Files are ``<folder>/<entity>/<entity>_<year>-<month>.<format>``.
    """

    def __init__(self, folder: Path, entity: str, file_format: Format) -> None:
        self._folder = folder / entity
        self._format = file_format
        self._appenders: dict[str, Callable[[pa.Table], None]] = {}
        self._open_files = ExitStack()
        self.rows = 0

    def __enter__(self) -> Self:
        self._folder.mkdir()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open_files.close()

    def write(self, table: pa.Table) -> None:
        """Append a table that is sorted by the day of its first date or time column."""
        time = next(field.name for field in table.schema if pa.types.is_temporal(field.type))
        months = table[time].to_numpy().astype("datetime64[M]")
        cuts = np.flatnonzero(np.diff(months)) + 1
        for first, last in zip((0, *cuts), (*cuts, len(months)), strict=True):
            if last > first:
                self._append(str(months[first]), table.slice(first, last - first))
        self.rows += len(table)

    def _append(self, month: str, table: pa.Table) -> None:
        if month not in self._appenders:
            path = self._folder / f"{self._folder.name}_{month}.{self._format}"
            opener = parquet_appender if self._format == "parquet" else csv_appender
            self._appenders[month] = self._open_files.enter_context(opener(path, table.schema))
        self._appenders[month](table)


@contextmanager
def csv_appender(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Open a CSV file with a header; nothing is quoted, nulls are empty."""
    with path.open("wb") as file:
        file.write((",".join(schema.names) + "\n").encode())
        yield lambda table: pyarrow.csv.write_csv(table, file, _CSV)


@contextmanager
def parquet_appender(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Open a Parquet file; every appended table is a row group."""
    with pyarrow.parquet.ParquetWriter(
        path, schema, compression="zstd", store_schema=False
    ) as writer:
        yield writer.write_table


@contextmanager
def json_lines_appender(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Open a file of JSON lines; strings must need no escape, nulls are written."""

    def append(table: pa.Table) -> None:
        pieces = []
        for separator, field in zip("{" + "," * len(table.schema), table.schema, strict=False):
            text = pc.cast(table[field.name].combine_chunks(), pa.string())
            if not pa.types.is_floating(field.type):
                text = pc.binary_join_element_wise('"', text, '"', "")
            pieces += [f'{separator}"{field.name}":', pc.fill_null(text, "null")]
        file.writelines(pc.binary_join_element_wise(*pieces, "}\n", "").to_pylist())

    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield append


def partial(folder: Path) -> Path:
    """Return the folder in which ``folder`` is prepared."""
    return folder.with_name(f".{folder.name}.partial")


def replace_folders(*folders: Path) -> None:
    """Put prepared folders in their places: each is complete or absent, whenever this is killed.

    All old folders leave, the first one first, before the new ones arrive, the first one last.
    """
    outgoing = {folder: folder.with_name(f".{folder.name}.old") for folder in folders}
    for folder, old in outgoing.items():
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
    for folder in reversed(folders):
        partial(folder).rename(folder)
    for old in outgoing.values():
        shutil.rmtree(old, ignore_errors=True)
