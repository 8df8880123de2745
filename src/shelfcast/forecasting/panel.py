"""A panel of series of any lengths, held as flat values and offsets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shelfcast.compiled import kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LARGEST_EXPONENT = 1000
"""Exponent below which a power of two is a normal number, and so is its inverse."""


@dataclass(frozen=True)
class Panel:
    """Equally spaced series that all end on the same day; NaN stands for unknown.

    Attributes
    ----------
    values : (total length,) float
        The series one after another, each from its first day to its last.
    offsets : (n_series + 1,) int
        Series ``i`` is ``values[offsets[i]:offsets[i + 1]]``; it may be empty.
    """

    values: FloatArray
    offsets: IntArray

    @classmethod
    def from_series(cls, series: Sequence[npt.ArrayLike]) -> Panel:
        """Build a panel from one array per series.

        Raises
        ------
        ValueError
            If an array has more than one dimension.
        """
        arrays = [np.asarray(one, dtype=np.float64) for one in series]
        for position, array in enumerate(arrays):
            if array.ndim != 1:
                raise ValueError(f"series {position} has {array.ndim} dimensions instead of 1")
        lengths = [array.size for array in arrays]
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
        return cls(np.concatenate([np.empty(0), *arrays]), offsets)

    def __len__(self) -> int:
        return self.offsets.size - 1

    def __getitem__(self, position: int) -> FloatArray:
        if not 0 <= position < len(self):
            raise IndexError(position)
        return self.values[self.offsets[position] : self.offsets[position + 1]]

    def in_own_units(self) -> tuple[Panel, IntArray]:
        """Return each series in a unit of its own, at least as large as its largest value.

        The unit is 2^exponent, so that the change of unit is exact and no square overflows.
        Infinite values become unknown.

        Returns
        -------
        panel
            Values within -1 and 1.
        exponent : (n,) int
        """
        scaled = np.empty_like(self.values)
        exponent = np.empty(len(self), dtype=np.int64)
        _to_own_units(self.values, self.offsets, scaled, exponent)
        return Panel(scaled, self.offsets), exponent

    def part(self, start: int, stop: int) -> Panel:
        """Return series ``start`` to ``stop - 1`` as a panel of their own."""
        offsets = self.offsets[start : stop + 1]
        return Panel(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def counts(self, condition: BoolArray) -> IntArray:
        """Count, per series, the days on which ``condition`` (total length,) holds."""
        counts = np.zeros(len(self), dtype=np.int64)
        _count_true(condition, self.offsets, counts)
        return counts


@kernel
def _to_own_units(
    values: FloatArray, offsets: IntArray, scaled: FloatArray, exponent: IntArray
) -> None:
    """Fill ``scaled`` (total length,) and ``exponent`` (n,) as `Panel.in_own_units` has them."""
    for i in range(exponent.size):
        largest = 0.0
        for t in range(offsets[i], offsets[i + 1]):
            size = abs(values[t])
            if largest < size < np.inf:
                largest = size
        exponent[i] = math.frexp(largest)[1]
        # 2^-exponent itself may be beyond what a double holds
        is_ordinary = abs(exponent[i]) < LARGEST_EXPONENT
        unit = math.ldexp(1.0, -exponent[i]) if is_ordinary else 1.0
        for t in range(offsets[i], offsets[i + 1]):
            if not abs(values[t]) < np.inf:
                scaled[t] = np.nan
            elif is_ordinary:
                scaled[t] = values[t] * unit
            else:
                scaled[t] = math.ldexp(values[t], -exponent[i])


@kernel
def _count_true(condition: BoolArray, offsets: IntArray, counts: IntArray) -> None:
    """Count what is true of each series."""
    for i in range(counts.size):
        for t in range(offsets[i], offsets[i + 1]):
            counts[i] += condition[t]
