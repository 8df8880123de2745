"""Where a warehouse lives, and how to read it.

``SHELFCAST_HOME`` names the folder that holds a warehouse: its lake, and its DuckDB file or its
embedded PostgreSQL. ``SHELFCAST_TARGET`` says which of the two holds the tables.
``SHELFCAST_SCHEMA_PREFIX`` goes before every schema name.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from shelfcast.settings import environment_fault

DEFAULT_HOME = Path("warehouse/sample")
DUCKDB = "duckdb"
POSTGRES = "postgres"
TARGETS = (DUCKDB, POSTGRES)

_PATTERN_SIGNS = "*?[]{}"
_PREFIX = re.compile(r"([a-z_][a-z0-9_]{0,39})?")


class WarehouseError(RuntimeError):
    """The warehouse cannot be read; the message says what to do."""


class SettingError(WarehouseError):
    """A variable of the environment, or a file of settings, is at fault; the message names it."""


def target() -> str:
    """Return the dbt target that holds the tables: ``SHELFCAST_TARGET``, duckdb by default.

    Raises
    ------
    WarehouseError
        There is no such target.
    """
    name = os.environ.get("SHELFCAST_TARGET") or DUCKDB
    if name not in TARGETS:
        raise SettingError(f"SHELFCAST_TARGET is {name}; it can be {' or '.join(TARGETS)}.")
    return name


def home() -> Path:
    """Return the folder of the warehouse.

    Raises
    ------
    WarehouseError
        Its path would be read as a pattern, and so as other folders too.
    """
    path = os.environ.get("SHELFCAST_HOME") or str(DEFAULT_HOME)
    if found := set(_PATTERN_SIGNS).intersection(path):
        raise SettingError(
            f"SHELFCAST_HOME is {path}; {' '.join(sorted(found))} in it would be read as a "
            "pattern. Name another folder."
        )
    return Path(path)


def lake() -> Path:
    """Return the folder of the landed files."""
    return home() / "lake"


def database() -> Path:
    """Return the path of the DuckDB file."""
    return home() / "shelfcast.duckdb"


def docs_site() -> Path:
    """Return the path of the page that documents the tables; ``make build`` writes it."""
    return home() / "docs" / "index.html"


def exports() -> Path:
    """Return the folder to which ``shelfcast export`` writes by default."""
    return home() / "exports"


def rejects() -> Path:
    """Return the folder to which ``shelfcast rejects export`` writes by default."""
    return home() / "rejects"


def threads() -> int:
    """Return how many threads DuckDB may use: ``SHELFCAST_THREADS``, 4 by default."""
    check_environment()
    return int(os.environ.get("SHELFCAST_THREADS") or 4)


def memory() -> str:
    """Return how much DuckDB may hold, as it writes sizes: ``SHELFCAST_MEMORY``, 4GB by default."""
    check_environment()
    return os.environ.get("SHELFCAST_MEMORY") or "4GB"


def check_environment() -> None:
    """Refuse a wrong value of a variable of the environment.

    Raises
    ------
    WarehouseError
        The message names the variable, and what it takes.
    """
    if fault := environment_fault(os.environ):
        raise SettingError(f"{fault}.")


def schema(name: str) -> str:
    """Return the full name of one of the schemas raw, bronze, silver, gold, seeds, audit.

    It needs no quotes in SQL. The macro ``generate_schema_name`` has the same rule.

    Raises
    ------
    WarehouseError
        ``SHELFCAST_SCHEMA_PREFIX`` holds a sign that would need quotes.
    """
    prefix = os.environ.get("SHELFCAST_SCHEMA_PREFIX", "")
    if not _PREFIX.fullmatch(prefix):
        raise SettingError(
            f"SHELFCAST_SCHEMA_PREFIX is '{prefix}'; it can be at most 40 small letters a-z, "
            "digits and _, and does not begin with a digit."
        )
    return prefix + name


def command(text: str) -> str:
    """Return a command as it is typed in the project's folder, to act on this warehouse."""
    where = "" if home() == DEFAULT_HOME else f"SHELFCAST_HOME={shlex.quote(str(home()))} "
    engine = "" if target() == DUCKDB else f"SHELFCAST_TARGET={target()} "
    return f"{where}{engine}.venv/bin/{text}"


def make_build(landing: str | None) -> str:
    """Return the command that builds the warehouse of a landing folder on this engine.

    Without one it is that of tables of the retailer's own.
    """
    engine = "" if target() == DUCKDB else f" TARGET={target()}"
    folder = "" if landing is None else f" LANDING={shlex.quote(landing)}"
    return f"make build{folder}{engine}"


def location() -> str:
    """Return where the tables are, for people: the file, or the URL without its password."""
    if target() == DUCKDB:
        return str(database())
    from shelfcast.postgres import connection as postgres  # noqa: PLC0415

    return postgres.describe(postgres.parameters())


@contextmanager
def read_only() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for reading: DuckDB on either target, with PostgreSQL attached.

    Raises
    ------
    WarehouseError
        There is no built warehouse, a build holds it, or a table that is read is missing.
    """
    with _read_postgres() if target() == POSTGRES else _read_duckdb() as connection:
        yield connection


@contextmanager
def _read_postgres() -> Iterator[duckdb.DuckDBPyConnection]:
    from shelfcast.postgres import connection as postgres  # noqa: PLC0415

    given = postgres.parameters()
    with postgres.private_duckdb() as connection:
        postgres.attach(connection, given, "warehouse", read_only=True)
        connection.execute("use warehouse")
        try:
            with postgres.sentences(given):
                yield connection
        except duckdb.CatalogException as error:
            raise _lacks(postgres.describe(given), error) from error


@contextmanager
def _read_duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    path = database()
    if not path.exists():
        raise WarehouseError(f"There is no warehouse at {path}. Build it first: make build")
    if not path.is_file():
        raise WarehouseError(f"{path} is no regular file; move it away, and build: make build")
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
        raise _lacks(str(path), error) from error


def _lacks(where: str, error: duckdb.CatalogException) -> WarehouseError:
    return WarehouseError(
        f"{where} lacks a table: {str(error).splitlines()[0]} Build it first: make build"
    )
