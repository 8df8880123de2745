"""Parquet files: typed columns become text that reads the same on every engine.

Numbers are decimal text without an exponent, timestamps ``YYYY-MM-DD HH:MM:SS[.ffffff]``, dates
ISO, booleans ``true`` or ``false``, nested values JSON. A NaN is a missing value. A row with
text that is no UTF-8 has the reason code ``BAD_ENCODING``; its values stay, those bytes spelled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shelfcast.landing.errors import FileRefusedError
from shelfcast.landing.lines import BAD_ENCODING
from shelfcast.landing.mapping import ColumnNames
from shelfcast.landing.rows import Rows, trimmed, without_nul

BATCH_ROWS = 128 * 1024
"""Rows read at a time."""


class ParquetReader:
    """Reads a Parquet file."""

    def __init__(self, path: Path, names: ColumnNames) -> None:
        self.found: set[str] = set()
        self.ignored: list[str] = []
        self._path = path
        self._names = names

    def __iter__(self) -> Iterator[Rows]:
        """Yield the rows."""
        try:
            with pq.ParquetFile(self._path) as file:
                yield from self._rows(file)
        except (OSError, UnicodeDecodeError, pa.ArrowException) as error:
            reason = str(error).partition("\n")[0]
            raise FileRefusedError(
                f"it cannot be read as Parquet ({reason}); bring it again"
            ) from error

    def _rows(self, file: pq.ParquetFile) -> Iterator[Rows]:
        header = file.schema_arrow.names
        matched = self._names.match(header)
        self._names.require(matched)
        self.found = set(matched)
        self.ignored = [column for column in header if column not in matched.values()]
        first_number = 1
        for batch in file.iter_batches(BATCH_ROWS, columns=list(matched.values())):
            columns = {column: as_text(batch[name]) for column, name in matched.items()}
            numbers = np.arange(first_number, first_number + len(batch), dtype=np.int64)
            first_number += len(batch)
            nothing = pa.nulls(len(batch), pa.string())
            errors = nothing
            for name in matched.values():
                if (broken := _not_utf8(batch[name])) is not None:
                    errors = pc.if_else(broken, BAD_ENCODING, errors)
            yield Rows(columns, pa.array(numbers), nothing, errors)


def as_text(values: pa.Array) -> pa.StringArray:
    """Return the values of any Arrow array as text, trimmed; null for null, NaN and blank."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return as_text(values.dictionary_decode())
    if pa.types.is_nested(kind):
        return pa.array(
            [
                None if value is None else json.dumps(value, ensure_ascii=False, default=str)
                for value in values.to_pylist()
            ],
            pa.string(),
        )
    if pa.types.is_floating(kind):
        values = pc.if_else(pc.is_nan(values), pa.scalar(None, kind), values)
        return _without_exponent(values.cast(pa.string()))
    if pa.types.is_decimal(kind):
        return _without_exponent(values.cast(pa.string()))
    if pa.types.is_timestamp(kind):
        wall_clock = pc.local_timestamp(values) if kind.tz else values
        return pc.replace_substring_regex(wall_clock.cast(pa.string()), r"\.0+$", "")
    if pa.types.is_date64(kind):
        values = values.cast(pa.date32())
    if _not_utf8(values) is not None:
        values = values.cast(pa.large_binary())
    try:
        text = values.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        text = pa.array([_spelled(value) for value in values.to_pylist()], pa.string())
    return trimmed(without_nul(text))


def _not_utf8(values: pa.Array) -> pa.BooleanArray | None:
    """Return which values are bytes that are no UTF-8, or None where none is.

    Arrow does not check the text of a Parquet file, and DuckDB refuses a file with such bytes.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if not _is_text(values.type):
        return None
    content = values.cast(pa.large_binary())
    try:
        content.cast(pa.large_string())
    except pa.ArrowInvalid:
        return pa.array(
            [
                value is not None and value.decode("utf-8", "backslashreplace").encode() != value
                for value in content.to_pylist()
            ]
        )
    return None


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _spelled(value: Any) -> str | None:
    """Return a value that Arrow cannot write as text: bytes that are no UTF-8, rare types."""
    if value is None:
        return None
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _without_exponent(values: pa.StringArray) -> pa.StringArray:
    """Return numbers with their digits written out: ``1e+20`` has no place in a numeric column."""
    has_exponent = pc.match_substring(values, "e", ignore_case=True)
    if not pc.any(has_exponent).as_py():
        return values
    written_out = [format(Decimal(text), "f") for text in values.filter(has_exponent).to_pylist()]
    return pc.replace_with_mask(values, pc.fill_null(has_exponent, False), pa.array(written_out))
