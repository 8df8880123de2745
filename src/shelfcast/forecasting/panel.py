"""A panel of series of any lengths, held as flat values and offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


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
        values = np.where(np.isinf(self.values), np.nan, self.values)
        lengths = np.diff(self.offsets)
        largest = np.zeros(len(self))
        np.fmax.at(largest, np.repeat(np.arange(len(self)), lengths), np.abs(values))
        _, exponent = np.frexp(largest)
        scaled = np.ldexp(values, -np.repeat(exponent, lengths))
        return Panel(scaled, self.offsets), exponent.astype(np.int64)

    def part(self, start: int, stop: int) -> Panel:
        """Return series ``start`` to ``stop - 1`` as a panel of their own."""
        offsets = self.offsets[start : stop + 1]
        return Panel(self.values[offsets[0] : offsets[-1]], offsets - offsets[0])

    def counts(self, condition: BoolArray) -> IntArray:
        """Count, per series, the days on which ``condition`` (total length,) holds."""
        running = np.concatenate([[0], np.cumsum(condition, dtype=np.int64)])
        return np.asarray(np.diff(running[self.offsets]), dtype=np.int64)
