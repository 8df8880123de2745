"""DuckDB under Great Expectations: rows are fetched when a statement has run.

Great Expectations 1.24 reads results after it has given the connection back to the pool, and DuckDB
drops what is pending then (its issue 11579). Importing this module buffers every result of DuckDB
as soon as it is there; other databases are left alone.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy


@sa.event.listens_for(sa.Engine, "after_cursor_execute")
def _buffer(
    connection: sa.Connection,
    cursor: Any,
    _statement: str,
    _parameters: Any,
    context: Any,
    _executemany: bool,
) -> None:
    if connection.dialect.name == "duckdb" and cursor.description:
        context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
            cursor, cursor.description, cursor.fetchall()
        )
