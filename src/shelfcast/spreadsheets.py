r"""Text in CSV files that a spreadsheet opens: shown, and never run as a formula.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return
for a formula, whatever quotes stand around it. Such text gets an apostrophe in front, numbers
excepted; text that begins with apostrophes before one of these gets one more, so that taking one
away gives back what was there. The lander takes it away from the files of ``rejects export``.

Source: OWASP, *CSV Injection*.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from shelfcast.landing.contract import TEXT_SHAPES, ColumnType
from shelfcast.quoting import identifier

_SIGNS = r"=+\-@\t\r\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}"
"""The signs as RE2 writes them, with their full-width forms."""

MARKED = f"^'('*[{_SIGNS}])"
"""Regular expression of the apostrophe, and of what it stands before."""

_RISKY = f"^''*[{_SIGNS}]"  # in SQL, where two apostrophes are one


def write_csv(table: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write a table to a CSV file, its text so that a spreadsheet shows it."""
    columns = (
        f"{harmless(identifier(name))} as {identifier(name)}"
        if str(kind) == "VARCHAR"
        else identifier(name)
        for name, kind in zip(table.columns, table.types, strict=True)
    )
    table.project(", ".join(columns)).write_csv(str(path))


def harmless(text: str) -> str:
    """Return DuckDB's SQL of a text column as it is written to a CSV file."""
    number = TEXT_SHAPES[ColumnType.QUANTITY]
    return (
        f"case when regexp_matches({text}, '{_RISKY}') and not regexp_matches({text}, '{number}') "
        f"then chr(39) || {text} else {text} end"
    )
