"""The door of the inventory kernels: sorted Arrow rows in, flat arrays and group offsets out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shelfcast.forecasting.levels import level_table

FloatArray = NDArray[np.float64]
IntegerArray = NDArray[np.int64]

KEYS = ("scenario_id", "sku_id", "location_id")


class Groups:
    """Rows of whole groups, one group per scenario × SKU × location, one row per day.

    Columns may come as any Arrow type that an engine hands out (decimal, large_string, dictionary);
    they are cast on the way in. A null and a NaN mean the same.

    Parameters
    ----------
    table
        Rows sorted by the keys and ``forecast_on``, with ``lead_day`` 1 to h in each group.

    Attributes
    ----------
    offsets
        Row at which each group starts, and the number of rows; shape (groups + 1,).

    Raises
    ------
    ValueError
        The lead days of a group are not 1, 2, ..., h.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        is_start = np.zeros(table.num_rows, dtype=bool)
        is_start[:1] = True
        for name in KEYS:
            codes = self._text(name).dictionary_encode().indices.fill_null(-1).to_numpy()
            is_start[1:] |= codes[1:] != codes[:-1]
        self._starts = np.flatnonzero(is_start)
        self.offsets: IntegerArray = np.append(self._starts, table.num_rows)
        days_before = np.arange(table.num_rows) - np.repeat(self._starts, self.lengths)
        if not np.array_equal(self.integers("lead_day"), days_before + 1):
            raise ValueError("lead_day must count 1, 2, ..., h within every group")

    @property
    def lengths(self) -> IntegerArray:
        """Days of each group, shape (groups,)."""
        return np.diff(self.offsets)

    @property
    def as_of(self) -> IntegerArray:
        """Day at whose close each group's forecast was made, since 1970-01-01; (groups,)."""
        first_day = self.dates("forecast_on").take(self._starts).cast(pa.int32())
        as_of: IntegerArray = first_day.to_numpy().astype(np.int64) - 1
        return as_of

    def keys(self) -> list[pa.Array]:
        """Return the key columns, one value per group."""
        return [self._text(name).take(self._starts) for name in KEYS]

    def key_rows(self) -> list[pa.Array]:
        """Return the key columns, one value per row."""
        return [self._text(name) for name in KEYS]

    def dates(self, name: str) -> pa.Array:
        """Return a column of dates, one value per row."""
        return self._table[name].cast(pa.date32()).combine_chunks()

    def integers(self, name: str) -> IntegerArray:
        """Return a column of whole numbers without nulls, one value per row."""
        return self.floats(name).astype(np.int64)

    def floats(self, name: str, *, is_nullable: bool = False) -> FloatArray:
        """Return a column of numbers, one value per row, NaN for null.

        Raises
        ------
        ValueError
            The column holds a null and may not.
        """
        return _floats(self._table[name], name, is_nullable)

    def constants(self, name: str, *, is_nullable: bool = False) -> FloatArray:
        """Return the first value of each group, NaN for null; errors as for :meth:`floats`."""
        return _floats(self._table[name].take(self._starts), name, is_nullable)

    def whole_constants(self, name: str) -> IntegerArray:
        """Return the first value of each group of a column of whole numbers without nulls."""
        return self.constants(name).astype(np.int64)

    def text_constants(self, name: str) -> list[str | None]:
        """Return the first value of each group of a column of texts, None for null."""
        texts: list[str | None] = self._text(name).take(self._starts).to_pylist()
        return texts

    def texts_on(self, name: str, days: IntegerArray) -> list[str | None]:
        """Return a text of each group, that of the stated lead day; None where that is below 1."""
        rows = pa.array(self._starts + days - 1, mask=days < 1)
        texts: list[str | None] = self._text(name).take(rows).to_pylist()
        return texts

    def _text(self, name: str) -> pa.Array:
        return self._table[name].cast(pa.string()).combine_chunks()


def calibration_groups(
    groups: Groups, trajectories: FloatArray
) -> tuple[IntegerArray, FloatArray, FloatArray]:
    """Return the row of ``trajectories`` that each group draws its errors from, these, and levels.

    The levels of the paths relative to their mean, shape (variations, paths), are those of
    :func:`shelfcast.forecasting.levels.level_table`.

    Parameters
    ----------
    groups
        Rows with ``calibration_group``, the same for all days of a group.
    trajectories
        Standardised daily errors, shape (calibration groups, paths, days).

    Raises
    ------
    ValueError
        The trajectories are shorter than a group or lack its calibration group.
    """
    if trajectories.ndim != 3 or trajectories.shape[1] == 0:
        raise ValueError(f"trajectories need groups, paths and days, not {trajectories.shape}")
    longest = int(groups.lengths.max(initial=0))
    if longest > trajectories.shape[2]:
        raise ValueError(f"trajectories of {trajectories.shape[2]} days cannot cover {longest}")
    rows = groups.whole_constants("calibration_group")
    if rows.size and not (rows.min() >= 0 and rows.max() < trajectories.shape[0]):
        raise ValueError(f"calibration_group must lie between 0 and {trajectories.shape[0] - 1}")
    errors = np.require(trajectories, np.float64, ["C_CONTIGUOUS", "WRITEABLE"])
    return rows, errors, level_table(trajectories.shape[1])


def nullable(values: FloatArray) -> pa.Array:
    """Return numbers as an Arrow array in which NaN is null."""
    return pa.array(values, pa.float64(), from_pandas=True)


def last_days(days: FloatArray, without: int) -> IntegerArray:
    """Return whole days that may be unknown (NaN), ``without`` in their place."""
    return np.where(np.isnan(days), without, days).astype(np.int64)


def days_after(as_of: IntegerArray, days: IntegerArray) -> pa.Array:
    """Return the dates ``days`` after ``as_of``; null where ``days`` is negative."""
    since_1970 = (as_of + days).astype(np.int32)
    return pa.array(since_1970, pa.int32(), mask=days < 0).cast(pa.date32())


def _floats(column: pa.ChunkedArray, name: str, is_nullable: bool) -> FloatArray:
    values = np.array(column.cast(pa.float64()).to_numpy())
    if not is_nullable and np.isnan(values).any():
        raise ValueError(f"{name} must not be null")
    return values
