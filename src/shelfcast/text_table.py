"""Tables as text, for people to read in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

LONGEST_CELL = 60
"""Characters of a text in a table that is to be read, not copied from."""


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], *, whole: bool = False) -> str:
    """Lay out rows under a header; text to the left, numbers to the right.

    Longer texts are cut, unless they are to be whole.
    """
    rows = [tuple(row) for row in rows]
    cell = as_text if whole else _cut
    texts = [tuple(header), *(tuple(cell(value) for value in row) for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(header))]
    is_text = [
        all(isinstance(row[column], str) and not row[column].endswith("%") for row in rows)
        and not all(row[column][:1] in "+-0" for row in rows)
        for column in range(len(header))
    ]
    lines = [
        "  "
        + "  ".join(
            value.ljust(width) if left else value.rjust(width)
            for value, width, left in zip(row, widths, is_text, strict=True)
        ).rstrip()
        for row in texts
    ]
    lines.insert(1, "  " + "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def as_text(value: Any) -> str:
    """Return a value for people: on one line, thousands set apart, no decimals.

    Null is ``unknown``. Text comes from the data, and must not move the cursor of a terminal.
    """
    if value is None:
        return "unknown"
    if isinstance(value, Decimal | float):
        return f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, date):
        return value.isoformat()
    return one_line(str(value))


def _cut(value: Any) -> str:
    text = as_text(value)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"


def one_line(text: str) -> str:
    """Return text on one line, with what cannot be printed spelled out."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
