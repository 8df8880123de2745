"""CSV files, and those that separate columns by semicolon, tab or bar.

Lines without a quotation mark, or with every field quoted, are split by Arrow; the others one by
one by Python's strict ``csv``.
A quoted field cannot span lines: both halves become rows with a reason code.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelfcast.landing.errors import FileEmptyError, FileRefusedError
from shelfcast.landing.lines import Lines, read_lines
from shelfcast.landing.mapping import ColumnNames
from shelfcast.landing.report import EXPORT_MARK
from shelfcast.landing.rows import NO_TEXT, Rows, in_slices, trimmed
from shelfcast.spreadsheets import MARKED

COLUMN_COUNT = "COLUMN_COUNT"
BROKEN_QUOTE = "BROKEN_QUOTE"
FIELD_TOO_LONG = "FIELD_TOO_LONG"

IntArray = np.ndarray[Any, np.dtype[np.intp]]

DELIMITERS = (",", ";", "\t", "|")

_TOO_LONG = "larger than field limit"  # what Python's csv says


class DelimitedReader:
    """Reads a delimited text file whose first line names the columns."""

    def __init__(self, path: Path, names: ColumnNames) -> None:
        self.found: set[str] = set()
        self.ignored: list[str] = []
        self._path = path
        self._names = names

    def __iter__(self) -> Iterator[Rows]:
        """Yield the lines below the header."""
        blocks = read_lines(self._path)
        first = next(blocks, None)
        if first is None:
            raise FileEmptyError
        delimiter, header, matched = self._header(first.text[0].as_py())
        self._names.require(matched)
        self.found = set(matched)
        self.ignored = [
            column.strip() for column in header if column.strip() and column not in matched.values()
        ]
        positions = {column: header.index(name) for column, name in matched.items()}
        is_export = EXPORT_MARK in header
        for lines in chain([first.slice(1)], blocks):
            rows = _rows(lines, delimiter, len(header), positions)
            yield replace(rows, columns=_unmarked(rows.columns)) if is_export else rows

    def _header(self, line: str) -> tuple[str, list[str], dict[str, str]]:
        """Return the delimiter under which the header holds most contract columns, and both."""
        if "\r" in line:
            raise FileRefusedError("its lines end in CR alone; save it with LF or CRLF")
        best: tuple[str, list[str], dict[str, str]] | None = None
        faults: list[str] = []
        for delimiter in DELIMITERS:
            try:
                header = _fields(line, delimiter)
            except csv.Error as error:
                faults.append(str(error))
                continue
            matched = self._names.match(header)
            if best is None or len(matched) > len(best[2]):
                best = delimiter, header, matched
        if best is None and any(_TOO_LONG in fault for fault in faults):
            raise FileRefusedError(
                f"a name in its first line has over {csv.field_size_limit():,} characters; the "
                "first line of a file names its columns"
            )
        if best is None:
            raise FileRefusedError("a quotation mark is left open in its first line; close it")
        return best


def _unmarked(columns: Mapping[str, pa.StringArray]) -> dict[str, pa.StringArray]:
    """Return values without the apostrophe that ``rejects export`` set before risky signs."""
    return {
        name: pc.replace_substring_regex(values, MARKED, r"\1") for name, values in columns.items()
    }


def _fields(line: str, delimiter: str) -> list[str]:
    return next(csv.reader((line,), delimiter=delimiter, strict=True))


def _rows(lines: Lines, delimiter: str, width: int, positions: dict[str, int]) -> Rows:
    parts, reasons = _split(lines.text, delimiter)
    split = pc.and_(
        pc.fill_null(pc.equal(pc.list_value_length(parts), width), False),
        pc.is_null(lines.errors),
    )
    if pc.all(split).as_py():
        columns = {name: trimmed(pc.list_element(parts, at)) for name, at in positions.items()}
        return Rows(columns, lines.numbers, lines.text, lines.errors)
    good = parts.filter(split)
    places = pc.if_else(split, pc.subtract(pc.cumulative_sum(split.cast(pa.int64())), 1), None)
    columns = {
        name: trimmed(pc.list_element(good, at)).take(places) for name, at in positions.items()
    }
    errors = pc.if_else(split, NO_TEXT, pc.coalesce(lines.errors, reasons, COLUMN_COUNT))
    return Rows(columns, lines.numbers, lines.text, errors)


def _split(text: pa.StringArray, delimiter: str) -> tuple[pa.ListArray, pa.StringArray]:
    """Return the fields of each line, and the reason code where quoting defeats the split."""
    parts = pc.split_pattern(text, delimiter)
    reasons = pa.nulls(len(text), pa.string())
    quoted = _places(pc.match_substring(text, '"'))
    if not len(quoted):
        return parts, reasons
    quoted_parts, quoted_reasons = _split_quoted(text.take(pa.array(quoted)), delimiter)
    return _replaced(parts, quoted, quoted_parts), _replaced(reasons, quoted, quoted_reasons)


def _split_quoted(text: pa.StringArray, delimiter: str) -> tuple[pa.ListArray, pa.StringArray]:
    """Split lines that hold quotation marks.

    Where every field is quoted and the marks are just those around the fields, the line can be cut
    at the mark, delimiter, mark between two fields.
    """
    parts = pc.split_pattern(pc.utf8_slice_codeunits(text, 1, -1), f'"{delimiter}"')
    reasons = pa.nulls(len(text), pa.string())
    marks = pc.multiply(pc.list_value_length(parts), 2)
    is_regular = pc.and_(
        pc.and_(pc.starts_with(text, '"'), pc.ends_with(text, '"')),
        pc.equal(pc.count_substring(text, '"'), marks),
    )
    others = _places(pc.invert(is_regular))
    if not len(others):
        return parts, reasons
    fields, codes = in_slices(
        text.take(pa.array(others)), partial(_split_each, delimiter=delimiter)
    )
    return _replaced(parts, others, fields), _replaced(reasons, others, codes)


def _split_each(lines: list[str], delimiter: str) -> tuple[pa.ListArray, pa.StringArray]:
    fields: list[list[str] | None] = []
    codes: list[str | None] = []
    for line in lines:
        try:
            fields.append(_fields(line, delimiter))
            codes.append(None)
        except csv.Error as error:
            fields.append(None)
            codes.append(FIELD_TOO_LONG if _TOO_LONG in str(error) else BROKEN_QUOTE)
    return pa.array(fields, pa.list_(pa.string())), pa.array(codes, pa.string())


def _places(mask: pa.BooleanArray) -> IntArray:
    return np.flatnonzero(mask.to_numpy(zero_copy_only=False))


def _replaced(values: pa.Array, places: IntArray, others: pa.Array) -> pa.Array:
    """Return the values with those at some places replaced by others, in order."""
    source = np.arange(len(values))
    source[places] = len(values) + np.arange(len(places))
    return pa.concat_arrays([values, others]).take(pa.array(source))
