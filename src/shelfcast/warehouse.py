"""Where a warehouse lives, and how to read it.

``SHELFCAST_HOME`` names the folder that holds a warehouse: its lake and its DuckDB file.
``SHELFCAST_SCHEMA_PREFIX`` goes before every schema name.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

DEFAULT_HOME = Path("warehouse/sample")


class WarehouseError(RuntimeError):
    """The warehouse cannot be read; the message says what to do."""


def home() -> Path:
    """Return the folder of the warehouse."""
    return Path(os.environ.get("SHELFCAST_HOME") or DEFAULT_HOME)


def lake() -> Path:
    """Return the folder of the landed files."""
    return home() / "lake"


def database() -> Path:
    """Return the path of the DuckDB file."""
    return home() / "shelfcast.duckdb"


def schema(name: str) -> str:
    """Return the full name of one of the schemas bronze, silver, gold, seeds, audit."""
    return os.environ.get("SHELFCAST_SCHEMA_PREFIX", "") + name


def command(text: str) -> str:
    """Return a command as it is typed in the project's folder, to act on this warehouse."""
    where = "" if home() == DEFAULT_HOME else f"SHELFCAST_HOME={shlex.quote(str(home()))} "
    return f"{where}.venv/bin/{text}"


@contextmanager
def read_only() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for reading.

    Raises
    ------
    WarehouseError
        There is no built warehouse, a build holds it, or a table that is read is missing.
    """
    path = database()
    if not path.exists():
        raise WarehouseError(f"There is no warehouse at {path}. Build it first: make build")
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            yield connection
    except duckdb.IOException as error:
        if "lock" in str(error):
            remedy = "It is being written by another process; wait for the build to end."
        elif "*.parquet" in str(error):
            remedy = "Run this in the folder of the project: views read the lake from there."
        else:
            remedy = "Delete it and build again, if it is damaged: make build"
        raise WarehouseError(f"{path}: {str(error).splitlines()[0]} {remedy}") from error
    except duckdb.CatalogException as error:
        raise WarehouseError(
            f"{path} lacks a table: {str(error).splitlines()[0]} Build it first: make build"
        ) from error
