"""``shelfcast publish``: a read-only copy of gold, for BI tools that keep their file open.

DuckDB lets no process write a file that another reads. So BI reads a file of its own, which is
replaced as a whole: who has the old one open goes on reading it, and who opens it now gets the new.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from shelfcast import warehouse
from shelfcast.locks import HeldError, exclusive
from shelfcast.quoting import identifier, literal
from shelfcast.warehouse import WarehouseError, read_only, schema

FILE_NAME = "shelfcast_bi.duckdb"
SCHEMA = "gold"

_COPY = "published"
_READ_ONLY = 0o444
_SHOWN = 5
_UNFINISHED = "unfinished_nodes"
"""Table of the schema audit that the hooks of dbt keep."""

_MARK = "published_by_shelfcast"
"""Macro that a published file bears, so that no other is ever replaced."""


class PublishError(WarehouseError):
    """Nothing was published, and an earlier copy stands; the message says what to do."""


@dataclass(frozen=True)
class Publication:
    """A published file.

    Attributes
    ----------
    path
        Where it stands.
    tables
        Name and number of rows of each table.
    bytes
        Its size.
    """

    path: Path
    tables: tuple[tuple[str, int], ...]
    bytes: int

    def __str__(self) -> str:
        """Return what was published, and how BI opens it."""
        rows = sum(rows for _, rows in self.tables)
        return (
            f"Published {len(self.tables):,} tables, {rows:,} rows, {self.bytes / 1e6:,.1f} MB: "
            f"{self.path}\n"
            f"Next: open it read-only, in Superset as duckdb:///{self.path.absolute()}"
            "?access_mode=read_only; docs/operations.md tells about Tableau."
        )


def publish_gold(path: Path | None = None) -> Publication:
    """Copy the tables and views of gold, with their comments, to a DuckDB file, and swap it in.

    In the copy the schema is ``gold``, whatever ``SHELFCAST_SCHEMA_PREFIX`` is; views are tables,
    and no table has constraints, which the build has checked. Rows are in the order of scenario and
    key, so that a dashboard's filters read little of the file.

    Parameters
    ----------
    path
        The file to write or replace, by default ``shelfcast_bi.duckdb`` in the warehouse's folder.

    Raises
    ------
    WarehouseError
        There is no built warehouse on DuckDB, a build holds it, or the path is not one that may be
        written or replaced.
    """
    path = path or warehouse.home() / FILE_NAME
    target = path.resolve()
    _check(path, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with _partial(path, target) as partial:
        tables = _copy_gold(path, partial)
        _sync(partial)
        partial.chmod(_READ_ONLY)
        size = partial.stat().st_size
        os.replace(partial, target)
        _sync(target.parent)
    return Publication(path, tables, size)


def _check(path: Path, target: Path) -> None:
    """Refuse what must not be replaced."""
    if warehouse.target() != warehouse.DUCKDB:
        raise PublishError(
            "BI reads PostgreSQL itself, and needs no copy; to publish the warehouse on DuckDB, "
            "unset SHELFCAST_TARGET"
        )
    if target.is_dir():
        raise PublishError(f"{path} is a folder; give the path of a file, such as {FILE_NAME}")
    if target.exists() and not target.is_file():
        raise PublishError(f"{path} is no regular file; give the copy another path")
    if target == warehouse.database().resolve():
        raise PublishError(f"{path} is the warehouse itself; give the copy another path")
    if target.exists() and not _is_published(target):
        raise PublishError(
            f"{path} exists and was not published; move it away, or give another path"
        )


def _is_published(file: Path) -> bool:
    """Tell whether a file is a published one, which bears a mark."""
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            return connection.execute(f"select {_MARK}()").fetchall() == [(True,)]
    except duckdb.Error:
        return False


@contextmanager
def _partial(path: Path, target: Path) -> Iterator[Path]:
    """Yield where to write the copy: beside its place, in a folder that goes when the block ends.

    What a killed run left there goes first.
    """
    folder = target.with_name(f".{target.name}.partial")
    try:
        with exclusive(target.with_name(f".{target.name}.lock")):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                yield folder / target.name
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except HeldError as error:
        raise PublishError(
            f"{path}: {error} is publishing to it; when it has ended, publish again"
        ) from error


def _copy_gold(path: Path, partial: Path) -> tuple[tuple[str, int], ...]:
    """Write gold to a new DuckDB file; return name and rows of each table."""
    with read_only() as connection:
        names = _tables(connection)
        if not names:
            raise PublishError(
                f"{warehouse.database()} has no tables in {schema(SCHEMA)}. Build it first: "
                "make build"
            )
        _require_finished(connection)
        try:
            connection.execute(f"set memory_limit = {literal(warehouse.memory())}")
            connection.execute(f"set temp_directory = {literal(str(partial.parent / 'spill'))}")
            connection.execute(f"attach {literal(str(partial))} as {_COPY} (read_write)")
            connection.execute(f"create schema {_COPY}.{SCHEMA}")
            connection.execute(f"create macro {_COPY}.{_MARK}() as true")
            tables = tuple(
                (name, _copy_table(connection, name, comment)) for name, comment in names
            )
            connection.execute(f"checkpoint {_COPY}")
            connection.execute(f"detach {_COPY}")
        except duckdb.CatalogException:
            raise
        except duckdb.Error as error:
            raise PublishError(
                f"gold cannot be copied to {path} ({str(error).splitlines()[0]}); make room or "
                "allow it, and publish again"
            ) from error
    return tables


def _require_finished(connection: duckdb.DuckDBPyConnection) -> None:
    """Refuse gold of which a build failed, was killed, or left out a part.

    A warehouse that was built before 0.6.0 has no record; its gold is taken as finished.
    """
    audit = schema("audit")
    known = connection.execute(
        "select true from duckdb_tables() where database_name = current_database() "
        "and schema_name = ? and table_name = ?",
        [audit, _UNFINISHED],
    ).fetchall()
    if not known:
        return
    names = connection.execute(
        f"select distinct node_name from {audit}.{identifier(_UNFINISHED)} order by 1"
    ).fetchall()
    if names:
        shown = ", ".join(name for (name,) in names[:_SHOWN])
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        raise PublishError(
            f"No finished build left the gold of {warehouse.database()}: a run of dbt failed, was "
            f"stopped or has not come to {shown}{more}. Mend what it said, build all of it, and "
            "publish again; a copy published before stands"
        )


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str | None]]:
    """Return name and comment of gold's tables and views."""
    return connection.execute(
        """
        select table_name, comment from duckdb_tables()
        where database_name = current_database() and schema_name = $schema
        union all
        select view_name, comment from duckdb_views()
        where database_name = current_database() and schema_name = $schema
        order by all
        """,
        {"schema": schema(SCHEMA)},
    ).fetchall()


def _copy_table(connection: duckdb.DuckDBPyConnection, name: str, comment: str | None) -> int:
    """Copy a table or view with its comments; return the number of rows."""
    columns = connection.execute(
        """
        select column_name, data_type, comment from duckdb_columns()
        where database_name = current_database() and schema_name = ? and table_name = ?
        order by column_index
        """,
        [schema(SCHEMA), name],
    ).fetchall()
    copy = f"{_COPY}.{SCHEMA}.{identifier(name)}"
    order = ", ".join(map(identifier, _order([column[:2] for column in columns]))) or "all"
    connection.execute(
        f"create table {copy} as from {identifier(schema(SCHEMA))}.{identifier(name)} "
        f"order by {order}"
    )
    if comment:
        connection.execute(f"comment on table {copy} is {literal(comment)}")
    for column, _, text in columns:
        if text:
            connection.execute(f"comment on column {copy}.{identifier(column)} is {literal(text)}")
    (rows,) = connection.execute(f"select count(*) from {copy}").fetchall()[0]
    return int(rows)


def _order(columns: list[tuple[str, str]]) -> list[str]:
    """Return the columns to sort by: the scenario, then the names and days a table begins with.

    Tables of gold begin with their key, and dashboards look at one scenario at a time.
    """
    leading = []
    for column, type_ in columns:
        if type_ not in {"VARCHAR", "DATE", "TIMESTAMP"}:
            break
        leading.append(column)
    scenario = [column for column, _ in columns if column == "scenario_id"]
    return scenario + [column for column in leading if column not in scenario]


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
