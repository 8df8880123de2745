"""dbt-postgres, and Python models.

SQL models are dbt-postgres' own. A Python model runs in the dbt process, on a private DuckDB that
has the database attached under its own name, so that ``dbt.ref()`` is a lazy DuckDB relation as it
is under dbt-duckdb. Its rows go by binary COPY to an unlogged staging table; the stock
materialization then builds the model from ``select * from`` that table, so that transactions,
indexes, grants and documentation are stock too.
"""

from __future__ import annotations

import hashlib
import threading
import traceback
from types import ModuleType
from typing import Any

import duckdb
from dbt.adapters.base.impl import PythonJobHelper, available
from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.postgres.impl import PostgresAdapter
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.shelfcast_postgres.connections import (
    ShelfcastPostgresConnectionManager,
    ShelfcastPostgresCredentials,
)
from shelfcast.postgres import connection as postgres
from shelfcast.postgres.locking import take_lock
from shelfcast.quoting import identifier, literal

logger = AdapterLogger("Postgres")

_BACKUP = "__dbt_backup"
_ROWS_PER_BATCH = 100_000
_STAGING = "__dbt_py"
_LONGEST_ALIAS = 63 - len(_STAGING)
_LOCK_TIMEOUT = "60s"
"""A lock that dbt's own transaction holds must fail a Python model, not hang it."""


def staging_name(alias: str) -> str:
    """Return the name of the table that takes a Python model's rows; in 63 bytes.

    Two long names that begin alike have different ones.
    """
    name = alias.encode()
    if len(name) > _LONGEST_ALIAS:
        digest = hashlib.md5(name, usedforsecurity=False).hexdigest()
        alias = f"{name[: _LONGEST_ALIAS - len(digest)].decode(errors='ignore')}{digest}"
    return f"{alias}{_STAGING}"


def staging_table(model: dict[str, Any]) -> str:
    """Return its schema and name, quoted."""
    return ".".join(map(identifier, (model["schema"], staging_name(model["alias"]))))


class DuckDBJob(PythonJobHelper):
    """One run of a Python model."""

    def __init__(
        self, parsed_model: dict[str, Any], credential: ShelfcastPostgresCredentials
    ) -> None:
        self._model = parsed_model
        self._credentials = credential
        self._database = credential.database
        self._table = staging_table(parsed_model)

    def submit(self, compiled_code: str) -> int:
        """Run the model, stage its rows, and return their number."""
        given = postgres.with_session(self._credentials.parameters(), lock_timeout=_LOCK_TIMEOUT)
        try:
            with postgres.private_duckdb(**self._credentials.duckdb_settings) as connection:
                postgres.attach(connection, given, self._database)
                return self._stage(connection.cursor(), self._run(compiled_code, connection))
        except Exception as error:
            raise DbtRuntimeError(
                f"Python model {self._model['name']} failed: "
                f"{_cause(error, self._model['original_file_path'], given)}"
            ) from None

    def _run(self, compiled_code: str, connection: duckdb.DuckDBPyConnection) -> Any:
        module = ModuleType(self._model["name"])
        exec(compile(compiled_code, self._model["original_file_path"], "exec"), module.__dict__)
        session = module.dbtObj(lambda relation: connection.query(f"select * from {relation}"))
        return module.model(session, connection)

    def _stage(self, connection: duckdb.DuckDBPyConnection, rows: Any) -> int:
        """Copy rows to the staging table: all of them, or no table at all."""
        if isinstance(rows, duckdb.DuckDBPyRelation):  # it is bound to the connection that made it
            rows = rows.to_arrow_reader(_ROWS_PER_BATCH)
        connection.register("model_rows", rows)
        table = f"{identifier(self._database)}.{self._table}"
        unlogged = f"alter table {self._table} set unlogged"
        connection.begin()
        connection.execute(f"drop table if exists {table}")
        connection.execute(f"create table {table} as from model_rows with no data")
        connection.execute(f"call postgres_execute({literal(self._database)}, {literal(unlogged)})")
        counted = connection.execute(f"insert into {table} from model_rows").fetchone()
        connection.commit()
        assert counted is not None
        return int(counted[0])


def _cause(error: Exception, file: str, given: postgres.Parameters) -> str:
    """Return what went wrong, and where in the model or the code that it calls."""
    text = postgres.redact(str(error), given)
    if isinstance(error, postgres.PostgresError):
        return text
    frames = traceback.extract_tb(error.__traceback__)
    start = next((at for at, frame in enumerate(frames) if frame.filename == file), len(frames))
    where = "".join(f"\n  {frame.filename}:{frame.lineno} {frame.line}" for frame in frames[start:])
    return f"{type(error).__name__}: {text}{where}"


# dbt finds an adapter's package by the name of its class
class Shelfcast_PostgresAdapter(PostgresAdapter):  # noqa: N801
    """dbt-postgres with Python models, and one build at a time."""

    ConnectionManager = ShelfcastPostgresConnectionManager

    _build_lock: Any = None

    def __init__(self, config: Any, mp_context: Any) -> None:
        super().__init__(config, mp_context)
        self._staged = threading.local()

    @property
    def python_submission_helpers(self) -> dict[str, type[PythonJobHelper]]:
        """Return the one way to run a Python model."""
        return {"duckdb": DuckDBJob}

    @property
    def default_python_submission_method(self) -> str:
        """Return its name."""
        return "duckdb"

    def generate_python_submission_response(self, submission_result: int) -> AdapterResponse:
        """Say how many rows a Python model gave."""
        return AdapterResponse(
            _message=f"COPY {submission_result}", code="COPY", rows_affected=submission_result
        )

    def submit_python_job(
        self, parsed_model: dict[str, Any], compiled_code: str
    ) -> AdapterResponse:
        """Run a Python model, and remember what it stages."""
        self._staged.table = staging_table(parsed_model)
        response: AdapterResponse = super().submit_python_job(parsed_model, compiled_code)
        return response

    def post_model_hook(self, config: Any, context: Any) -> None:
        """Leave no staging table behind, whether the model was built or failed."""
        table = self._staged.__dict__.pop("table", None)
        if table is not None:
            self.connections.rollback_if_open()  # of a model that failed; else all is committed
            self._drop(table)
        super().post_model_hook(config, context)

    def drop_relation(self, relation: Any) -> None:
        """Drop a relation; what replaced it takes over its views first.

        dbt's cache forgets the views of a relation that is dropped, and so has to be told of those
        that stay.
        """
        successor = relation.identifier.removesuffix(_BACKUP)
        if successor == relation.identifier:
            super().drop_relation(relation)
            return
        readings = self.execute_macro(
            "shelfcast_postgres_move_views",
            kwargs={"old": relation, "new": relation.incorporate(path={"identifier": successor})},
        )
        super().drop_relation(relation)
        for _, view in readings:
            self.cache_added(view)
        for read, view in readings:
            self.cache.add_link(read, view)

    def _drop(self, table: str) -> None:
        """Drop a staging table; dbt's own connection may be what failed."""
        credentials: Any = self.config.credentials
        given = postgres.with_session(credentials.parameters(), lock_timeout=_LOCK_TIMEOUT)
        try:
            with postgres.connect(given) as connection, connection.cursor() as cursor:
                cursor.execute(f"drop table if exists {table}")
        except postgres.PostgresError as error:  # must not hide why the model failed
            logger.warning(f"The table {table} stays until the model is built again: {error}")

    @available
    def python_staging_name(self, alias: str) -> str:
        """Return the name of the table that takes a Python model's rows."""
        return staging_name(alias)

    @available
    def lock_build(self, schemas: list[str]) -> None:
        """Stop unless this is the only build of the warehouse; holds until unlocked.

        What a killed build staged in the schemas of the project goes now: nobody else uses it.
        """
        credentials: Any = self.config.credentials
        given = credentials.parameters()
        try:
            with postgres.sentences(given):
                self._build_lock = postgres.open_connection(given)
                take_lock(self._build_lock)
                self._drop_staged(schemas)
        except postgres.PostgresError as error:
            self.unlock_build()
            raise DbtRuntimeError(str(error)) from None

    def _drop_staged(self, schemas: list[str]) -> None:
        with self._build_lock.cursor() as cursor:
            cursor.execute(
                """
                select schemaname, tablename from pg_tables
                where schemaname = any(%s) and right(tablename, %s) = %s
                """,
                [schemas, len(_STAGING), _STAGING],
            )
            for names in cursor.fetchall():
                cursor.execute(f"drop table if exists {'.'.join(map(identifier, names))}")

    @available
    def unlock_build(self) -> None:
        """Let other builds begin."""
        if self._build_lock is not None:
            self._build_lock.close()
            self._build_lock = None
