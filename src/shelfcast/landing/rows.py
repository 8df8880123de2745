"""What every reader hands to the lander: rows of text, with the place they came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NO_TEXT = pa.scalar(None, pa.string())

_SLICE_ROWS = 64 * 1024


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of one file; all arrays have one length.

    Attributes
    ----------
    columns
        Text by contract column, for the columns that the file has.
    numbers
        Line (text) or row (Parquet), counted from 1; int64.
    raw
        The line as it stood; null for Parquet.
    errors
        Reason code of a line that could not be split into columns, else null.
    """

    columns: dict[str, pa.StringArray]
    numbers: pa.Int64Array
    raw: pa.StringArray
    errors: pa.StringArray


class Reader(Protocol):
    """Reads one file in blocks. What it says about columns is complete once it has been read."""

    @property
    def found(self) -> set[str]:
        """Contract columns that the file has."""
        ...

    @property
    def ignored(self) -> list[str]:
        """Columns of the file that the contract does not know, in the file's order."""
        ...

    def __iter__(self) -> Iterator[Rows]:
        """Yield all rows, in order.

        Raises
        ------
        FileRefusedError
            The file cannot be read to its end, or lacks a required column.
        FileEmptyError
            A text file holds no line.
        """
        ...


def repeated(value: str | None, errors: pa.StringArray) -> pa.StringArray:
    """Return a value for every row without a reason code, null for the others."""
    return pc.if_else(pc.is_null(errors), pa.scalar(value, pa.string()), NO_TEXT)


def in_slices(
    values: pa.Array, parse: Callable[[list[Any]], tuple[pa.Array, pa.Array]]
) -> tuple[pa.Array, pa.Array]:
    """Return what Python makes of values, a few at a time: its objects take much memory."""
    slices = [
        parse(values.slice(start, _SLICE_ROWS).to_pylist())
        for start in range(0, len(values), _SLICE_ROWS)
    ]
    first, second = zip(*slices, strict=True)
    return pa.concat_arrays(first), pa.concat_arrays(second)


def trimmed(values: pa.StringArray) -> pa.StringArray:
    """Return text without surrounding white space; null where nothing is left."""
    values = pc.utf8_trim_whitespace(values)
    return pc.if_else(pc.equal(values, ""), NO_TEXT, values)


def without_nul(values: pa.StringArray) -> pa.StringArray:
    r"""Return text with NUL spelled ``\x00``: PostgreSQL cannot store the character."""
    data = values.buffers()[2]
    if data is None or np.frombuffer(data, np.uint8).all():
        return values
    return pc.replace_substring(values, "\x00", "\\x00")
