"""The lake in PostgreSQL: tables of the schema ``raw`` that hold what the files of the lake hold.

::

    raw.<entity>     the rows of lake/<entity>/*.parquet
    raw._manifest    the rows of lake/_manifest/*.parquet
    raw._gate        the rows of lake/_gate/*.parquet
    raw._loaded      one row about each file whose rows stand in one of these tables
    raw._lake        one row: the lake that they belong to

One transaction brings the rows of a canonical file, its row of the manifest, and the rows of
``_loaded`` that say so. A run that is killed leaves whole files, and the next one goes on. Every
row knows its load (``_load_id``), so that a file that leaves the lake can leave its table.

Rows go from Parquet to the server as binary COPY, written by DuckDB; memory does not grow with the
files.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg2 import extensions

from shelfcast import warehouse
from shelfcast.landing.contract import CONTRACT, ENTITIES, LINEAGE_COLUMNS
from shelfcast.landing.lake import (
    GATE,
    GATE_SCHEMA,
    MANIFEST,
    MANIFEST_SCHEMA,
    Lake,
    canonical_schema,
)
from shelfcast.postgres.connection import (
    Parameters,
    PostgresError,
    attach,
    connect,
    private_duckdb,
    sentence,
)
from shelfcast.postgres.locking import take_lock
from shelfcast.quoting import identifier, literal
from shelfcast.warehouse import WarehouseError

LOADED = "_loaded"
"""Table that says which file of the lake stands in which table."""

OWNER = "_lake"
"""Table that says whose lake the tables hold, in one row."""

_LOAD_ID = "_load_id"
_TABLES: dict[str, pa.Schema] = {
    **{entity.name: canonical_schema(entity) for entity in CONTRACT},
    MANIFEST: MANIFEST_SCHEMA,
    GATE: GATE_SCHEMA,
}
_TYPES = {pa.string(): "text", pa.int64(): "bigint", pa.timestamp("us"): "timestamp"}
_ATTACHED = "postgres"
_SETTINGS = (
    r"pg_null_byte_replacement = '\x00'",
    "enable_progress_bar = true",
    "enable_progress_bar_print = false",
    # no file is read twice; kept, each small one takes 0.2 MB
    "enable_external_file_cache = false",
)
_SECONDS_BETWEEN_LINES = 2.0
_SHOWN = 10  # removed files that are named


@dataclass(frozen=True)
class LoadReport:
    """What one run of the loader did.

    Attributes
    ----------
    files, rows
        Canonical files that were loaded, and their rows.
    gate_runs
        Runs of the gate that were loaded.
    removed, removed_rows
        Names of the canonical files that have left the lake, and so the database; their rows.
    kept
        Canonical files that stood there already.
    seconds
        Time taken.
    """

    files: int
    rows: int
    gate_runs: int
    removed: tuple[str, ...]
    removed_rows: int
    kept: int
    seconds: float

    def __str__(self) -> str:
        lines = []
        if self.files:
            lines.append(
                f"Loaded {_count(self.files, 'file')} with {_count(self.rows, 'row')} into "
                f"PostgreSQL ({self.seconds:.1f} s); {self.kept:,} stood there already."
            )
        if self.gate_runs:
            lines.append(f"Loaded {_count(self.gate_runs, 'run')} of the gate into PostgreSQL.")
        if self.removed:
            more = len(self.removed) - _SHOWN
            lines.append(
                f"Removed from PostgreSQL, as the lake has lost them: "
                f"{_count(len(self.removed), 'file')} with {_count(self.removed_rows, 'row')}: "
                + ", ".join(self.removed[:_SHOWN])
                + (f" and {more:,} more" if more > 0 else "")
            )
        return "\n".join(lines) or (
            f"Nothing to load: PostgreSQL holds what the lake holds ({_count(self.kept, 'file')})."
        )


def load(
    lake: Path, given: Parameters, *, progress: Callable[[str], None] | None = None
) -> LoadReport:
    r"""Make the schema ``raw`` of a PostgreSQL database equal to the lake.

    Files that stand there are not read again. A character NUL, which PostgreSQL cannot store and
    the lander never writes, becomes ``\x00``.

    Parameters
    ----------
    lake
        Folder of the canonical files.
    given
        libpq's parameters of the database. Its encoding is UTF8; the role may make the schema, or
        owns its tables.
    progress
        Called with a line of text every other second.

    Returns
    -------
    LoadReport
        What was loaded, what was removed.

    Raises
    ------
    WarehouseError
        There is no lake, or a file in it cannot be read; the message names it.
    PostgresError
        The database cannot be reached or written, or another build or landing is at work. What
        was loaded before stands; the next run goes on.
    """
    start = time.perf_counter()
    if not (lake / MANIFEST).is_dir():
        raise WarehouseError(f"There is no lake at {lake}; land files first: shelfcast land")
    with connect(given) as connection:
        take_lock(connection)
        raw = _Raw(connection)
        raw.prepare()
        raw.belong_to(Lake(lake).identity())
        loads = raw.loads()
        try:
            changes = _changes(lake, loads)
        except OSError as error:
            raise WarehouseError(
                f"{error.filename or lake} cannot be read ({error.strerror or error}); allow it, "
                "and land again"
            ) from error
        if changes:
            raw.add_columns(changes)
            _Transfer(raw, given, changes, loads).run(progress or (lambda _: None))
        raw.analyze({change.table for group in changes for change in group})
    return _report(changes, loads, time.perf_counter() - start)


@dataclass(frozen=True)
class _Version:
    """What tells a file from one that took its name later: it is replaced, never changed."""

    bytes: int
    modified_ns: int


@dataclass(frozen=True)
class _Load:
    """A file as it stands in a table."""

    load_id: int
    rows: int
    version: _Version


@dataclass(frozen=True)
class _File:
    """A file as it lies in the lake, with what its footer says."""

    path: Path
    version: _Version
    rows: int
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Change:
    """A file that a table lacks, has in another version, or has although the lake has not."""

    table: str
    file_id: str
    load: _Load | None
    file: _File | None


_Loads = Mapping[str, Mapping[str, _Load]]
"""Loads by table and file."""


def _changes(lake: Path, loads: _Loads) -> list[list[_Change]]:
    """Return what differs between lake and database, by file: each is one transaction."""
    groups: dict[str, list[_Change]] = defaultdict(list)
    for table in _TABLES:
        found = {path.stem: path for path in (lake / table).glob("*.parquet")}
        found.pop("_schema", None)
        held = loads.get(table, {})
        for file_id in sorted(found.keys() | held.keys()):
            path, standing = found.get(file_id), held.get(file_id)
            version = None if path is None else _version(path)
            if standing is None or standing.version != version:
                file = None if path is None or version is None else _file(path, table, version)
                groups[file_id].append(_Change(table, file_id, standing, file))
    return list(groups.values())


def _version(path: Path) -> _Version:
    state = path.stat()
    return _Version(state.st_size, state.st_mtime_ns)


def _file(path: Path, table: str, version: _Version) -> _File:
    """Read the footer of a file that is to be loaded.

    An older contract may have lacked columns or had others, which were text like the rest.
    """
    expected = _TABLES[table]
    try:
        footer = pq.read_metadata(path)
        schema = footer.schema.to_arrow_schema()
    except pa.ArrowException as error:
        raise _foreign(path) from error
    types = dict(zip(schema.names, schema.types, strict=True))
    lineage = [name for name in LINEAGE_COLUMNS if table in ENTITIES and name not in types]
    if lineage or any(
        kind != (expected.field(name).type if name in expected.names else pa.string())
        for name, kind in types.items()
    ):
        raise _foreign(path)
    return _File(path, version, footer.num_rows, tuple(schema.names))


def _foreign(path: Path) -> WarehouseError:
    return WarehouseError(
        f"{path} lies in the lake and is none of its files, or is damaged; move it away, and land "
        "again"
    )


def _report(changes: list[list[_Change]], loads: _Loads, seconds: float) -> LoadReport:
    every = [change for group in changes for change in group]
    canonical = [change for change in every if change.table in ENTITIES]
    new = [change.file for change in canonical if change.file]
    lost = {
        change.file_id: change.load.rows for change in canonical if not change.file and change.load
    }
    return LoadReport(
        files=len(new),
        rows=sum(file.rows for file in new),
        gate_runs=sum(change.table == GATE and change.file is not None for change in every),
        removed=tuple(lost),
        removed_rows=sum(lost.values()),
        kept=sum(len(loads.get(entity, {})) for entity in ENTITIES)
        - sum(change.load is not None for change in canonical),
        seconds=seconds,
    )


class _Raw:
    """The schema ``raw`` and its tables."""

    def __init__(self, connection: extensions.connection) -> None:
        self._connection = connection
        self._schema = warehouse.schema("raw")
        self._columns: dict[str, list[str]] = {}

    def name(self, table: str) -> str:
        """Return the quoted name of a table."""
        return f"{identifier(self._schema)}.{identifier(table)}"

    def prepare(self) -> None:
        """Make what is missing of schema, tables and columns, in one transaction.

        Raises
        ------
        PostgresError
            The database cannot hold all text, the role lacks a right, or a table of a name that is
            needed is somebody else's.
        """
        self._require_utf8()
        statements = []
        if not self._has_schema():
            statements.append(f"create schema {identifier(self._schema)}")
        self._columns = self._existing()
        if LOADED not in self._columns:
            statements.append(
                f"create table {self.name(LOADED)} ({_LOAD_ID} integer primary key, "
                "table_name text not null, file_id text not null, rows bigint not null, "
                "bytes bigint not null, modified_ns bigint not null, "
                "loaded_at timestamp not null default timezone('UTC', now()), "
                "unique (table_name, file_id))"
            )
        statements.append(
            f"create table if not exists {self.name(OWNER)} (lake_id text primary key)"
        )
        for table, schema in _TABLES.items():
            if table not in self._columns:
                statements += [
                    f"create table {self.name(table)} ({_LOAD_ID} integer)",
                    f"delete from {self.name(LOADED)} where table_name = {literal(table)}",
                ]
            elif LOADED not in self._columns:
                # nobody knows any more whose rows these are
                statements.append(f"truncate {self.name(table)}")
            statements += self._adding(table, schema.names)
        self._run(statements)

    def belong_to(self, lake_id: str) -> None:
        """Let the tables belong to a lake, if they are no other's.

        Raises
        ------
        PostgresError
            They hold what another lake holds, all of which would be removed.
        """
        known = [name for (name,) in self._query(f"select lake_id from {self.name(OWNER)}")]
        if not known:
            self._run([f"insert into {self.name(OWNER)} values ({literal(lake_id)})"])
        elif known != [lake_id]:
            raise PostgresError(
                f"The schema {self._schema} holds what another lake has landed; one database and "
                "SHELFCAST_SCHEMA_PREFIX is one warehouse. Name the SHELFCAST_HOME of that lake or "
                "another database; or, to put this lake in its place, run: drop schema "
                f"{identifier(self._schema)} cascade"
            )

    def add_columns(self, changes: list[list[_Change]]) -> None:
        """Add the columns that files have and the contract no longer knows."""
        self._run(
            [
                statement
                for group in changes
                for change in group
                if change.file
                for statement in self._adding(change.table, change.file.columns)
            ]
        )

    def loads(self) -> _Loads:
        """Return the files that stand in the tables."""
        loads: dict[str, dict[str, _Load]] = defaultdict(dict)
        for table, file_id, load_id, rows, size, modified_ns in self._query(
            f"select table_name, file_id, {_LOAD_ID}, rows, bytes, modified_ns "
            f"from {self.name(LOADED)}"
        ):
            loads[table][file_id] = _Load(load_id, rows, _Version(size, modified_ns))
        return loads

    def analyze(self, changed: set[str]) -> None:
        """Gather the statistics of tables that changed, or have none yet."""
        without = self._query(
            """
            select relname
            from pg_class
            where relnamespace = %s::regnamespace and relname = any(%s) and reltuples < 0
            """,
            [identifier(self._schema), list(_TABLES)],
        )
        tables = sorted(changed.union(name for (name,) in without))
        if tables:
            self._run([f"analyze {', '.join(map(self.name, tables))}"])

    def _adding(self, table: str, columns: Iterable[str]) -> list[str]:
        """Return the statements that add what a table lacks of columns, and take them as done."""
        known = self._columns.setdefault(table, [_LOAD_ID])
        schema = _TABLES[table]
        missing = [name for name in columns if name not in known]
        known += missing
        return [
            f"alter table {self.name(table)} add column {identifier(name)} "
            + _TYPES[schema.field(name).type if name in schema.names else pa.string()]
            for name in missing
        ]

    def _require_utf8(self) -> None:
        encoding = self._connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise PostgresError(
                f"The database {self._connection.info.dbname} has the encoding {encoding}, which "
                "cannot hold all text; make one with: create database ... encoding 'UTF8' "
                "template template0"
            )

    def _has_schema(self) -> bool:
        """Tell whether the schema is there; the role may use it, or make it."""
        [(user, database, may_create)] = self._query(
            "select current_user, current_database(), "
            "has_database_privilege(current_database(), 'create')"
        )
        found = self._query(
            "select has_schema_privilege(oid, 'create') and has_schema_privilege(oid, 'usage') "
            "from pg_namespace where nspname = %s",
            [self._schema],
        )
        role, schema = identifier(user), identifier(self._schema)
        if not found and not may_create:
            raise PostgresError(
                f"Role {role} may not make the schema {schema}; let an administrator run: "
                f"grant create on database {identifier(database)} to {role}"
            )
        if found == [(False,)]:
            raise PostgresError(
                f"Role {role} may not make tables in the schema {schema}; let its owner run: "
                f"grant create, usage on schema {schema} to {role}"
            )
        return bool(found)

    def _existing(self) -> dict[str, list[str]]:
        """Return the columns of the tables that are there, all of them ours."""
        columns = {}
        for table, names, owner, is_ours, user in self._query(
            """
            select
                relname,
                array(
                    select attname::text
                    from pg_attribute
                    where attrelid = pg_class.oid and attnum > 0 and not attisdropped
                ),
                pg_get_userbyid(relowner),
                pg_has_role(relowner, 'usage'),
                current_user
            from pg_class
            inner join pg_namespace on relnamespace = pg_namespace.oid
            where nspname = %s and relname = any(%s)
            """,
            [self._schema, [*_TABLES, LOADED]],
        ):
            if _LOAD_ID not in names:
                raise PostgresError(
                    f"{self.name(table)} is there and is no table of shelfcast; set "
                    "SHELFCAST_SCHEMA_PREFIX, so that shelfcast has a schema of its own"
                )
            if not is_ours:
                raise PostgresError(
                    f"Role {identifier(user)} does not own {self.name(table)}; let an "
                    f"administrator run: grant {identifier(owner)} to {identifier(user)}"
                )
            columns[table] = names
        return columns

    def _query(self, sql: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def _run(self, statements: list[str]) -> None:
        """Run statements that are sent as one, and so are one transaction."""
        if statements:
            with self._connection.cursor() as cursor:
                cursor.execute("; ".join(statements))


class _Transfer:
    """The way of files into tables, one transaction after the other."""

    def __init__(
        self, raw: _Raw, given: Parameters, changes: list[list[_Change]], loads: _Loads
    ) -> None:
        self._raw = raw
        self._given = given
        self._changes = changes
        every = (load.load_id for by_file in loads.values() for load in by_file.values())
        self._load_ids = count(1 + max(every, default=0))
        self._files = self._rows = self._rows_under_way = 0

    def run(self, tell: Callable[[str], None]) -> None:
        """Do it; while it goes on, tell how far it is."""
        with private_duckdb() as connection:
            attach(connection, self._given, _ATTACHED)
            for setting in _SETTINGS:
                connection.execute(f"set {setting}")
            with _every_other_second(lambda: tell(self._state(connection))):
                for group in self._changes:
                    self._transact(connection, group)

    def _transact(self, connection: duckdb.DuckDBPyConnection, group: list[_Change]) -> None:
        name = next((str(change.file.path) for change in group if change.file), group[0].file_id)
        self._rows_under_way = _landed_rows(group)
        try:
            for statement in self._statements(group):
                connection.execute(statement)
        except duckdb.Error as error:
            raise PostgresError(
                f"{name} cannot be loaded: {sentence(str(error), self._given)}"
            ) from None
        except RuntimeError as error:
            if isinstance(error.__cause__, KeyboardInterrupt):  # DuckDB wraps it
                raise KeyboardInterrupt from None
            raise
        self._files += 1
        self._rows += self._rows_under_way

    def _statements(self, group: list[_Change]) -> Iterator[str]:
        """Yield what makes the tables hold what the lake holds of a file."""
        loaded = self._raw.name(LOADED)
        notes, transfers = [], []
        for change in group:
            table = self._raw.name(change.table)
            if change.load:
                for target in (table, loaded):
                    notes.append(f"delete from {target} where {_LOAD_ID} = {change.load.load_id}")
            if change.file:
                file, load_id = change.file, next(self._load_ids)
                notes.append(
                    f"insert into {loaded} "
                    f"({_LOAD_ID}, table_name, file_id, rows, bytes, modified_ns) values "
                    f"({load_id}, {literal(change.table)}, {literal(change.file_id)}, {file.rows}, "
                    f"{file.version.bytes}, {file.version.modified_ns})"
                )
                transfers.append(
                    f"insert into {_ATTACHED}.{table} by name select *, {load_id} as {_LOAD_ID} "
                    f"from read_parquet({literal(str(file.path))}, hive_partitioning = false)"
                )
        yield "begin"
        yield f"call postgres_execute({literal(_ATTACHED)}, {literal('; '.join(notes))})"
        yield from transfers
        yield "commit"

    def _state(self, connection: duckdb.DuckDBPyConnection) -> str:
        share = max(connection.query_progress(), 0) / 100
        total = sum(map(_landed_rows, self._changes))
        rows = self._rows + int(share * self._rows_under_way)
        return (
            f"PostgreSQL: {self._files:,} of {len(self._changes):,} files, "
            f"{rows:,} of {total:,} rows"
        )


def _landed_rows(group: list[_Change]) -> int:
    return sum(change.file.rows for change in group if change.file and change.table in ENTITIES)


@contextmanager
def _every_other_second(tell: Callable[[], None]) -> Iterator[None]:
    """Call a function again and again while the block runs."""
    ended = Event()

    def repeat() -> None:
        while not ended.wait(_SECONDS_BETWEEN_LINES):
            tell()

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
