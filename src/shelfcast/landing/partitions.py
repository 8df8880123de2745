"""Files below folders that hold values, as ``sales/sold_at=2026-01-01/part-0.parquet``.

A column that the file lacks takes the value of its folder. Where the file holds the column, the
rows' own values count, and those that differ from the folder's are counted. Of JSON, each line is
asked by itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from shelfcast.landing.contract import ColumnType
from shelfcast.landing.mapping import ColumnNames
from shelfcast.landing.rows import Reader, Rows, repeated


class PartitionedReader:
    """Adds to the rows of a reader what only their folders say.

    Attributes
    ----------
    misplaced
        Rows read so far that hold another value than their folder.
    """

    def __init__(self, reader: Reader, names: ColumnNames) -> None:
        self.misplaced = 0
        self._reader = reader
        self._names = names
        self._types = {column.name: column.type for column in names.entity.columns}

    @property
    def found(self) -> set[str]:
        """Contract columns that the file itself has."""
        return self._reader.found

    @property
    def ignored(self) -> list[str]:
        r"""Columns of the file, then folders, that the contract does not know; NUL is ``\x00``."""
        names = [*self._reader.ignored, *self._names.unknown_folders]
        return [name.replace("\x00", "\\x00") for name in names]

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows with what their folders give."""
        for rows in self._reader:
            columns = dict(rows.columns)
            differs = pa.repeat(False, len(rows.errors))
            for column, value in self._names.given.items():
                if column in columns:
                    differs = pc.or_(differs, self._differs(column, columns[column], value))
                else:
                    columns[column] = repeated(value, rows.errors)
            self.misplaced += pc.sum(pc.and_(differs, pc.is_null(rows.errors))).as_py() or 0
            yield Rows(columns, rows.numbers, rows.raw, rows.errors)

    def _differs(self, column: str, own: pa.StringArray, value: str | None) -> pa.BooleanArray:
        """Return which rows have not the folder's value; a time lies within the folder's day."""
        if value is None:
            return pc.is_valid(own)
        is_time = self._types[column] in (ColumnType.DATE, ColumnType.TIMESTAMP)
        same = pc.starts_with(own, value) if is_time else pc.equal(own, value)
        return pc.invert(pc.fill_null(same, False))
