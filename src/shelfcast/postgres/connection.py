"""How PostgreSQL is reached: by psycopg2, and by DuckDB with the database attached.

A connection is described by libpq's own parameters, a dict such as ``host``, ``user``, ``dbname``,
``sslmode``, ``options``. What the parameters do not say, libpq takes from the environment, so that
``PGPASSWORD`` and ``~/.pgpass`` work. The password is in no message of ours.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import duckdb
import psycopg2
from psycopg2 import extensions
from psycopg2.extensions import make_dsn, parse_dsn

from shelfcast.postgres import server
from shelfcast.quoting import identifier, literal
from shelfcast.temporary import temporary_folder
from shelfcast.warehouse import WarehouseError, command

Parameters = Mapping[str, str]

DATABASE_URL = "DATABASE_URL"

_SESSION = {
    # a query whose client was killed ends within seconds, and not only when it has a row to send
    "client_connection_check_interval": "2s",
    # dates and times become text in one way, whatever the role or the database asks for
    "datestyle": "ISO",
    "timezone": "UTC",
}
_OLDEST = 16
_HIDDEN = "********"
_UNREACHED = ("connection to server", "could not translate host name")
_NO_SSL = "server does not support SSL, but SSL was required"


class PostgresError(WarehouseError):
    """PostgreSQL cannot be reached or read; the message says what to do, and no password."""


def parameters() -> dict[str, str]:
    """Return libpq's parameters of the warehouse's database.

    Raises
    ------
    PostgresError
        ``DATABASE_URL`` is at fault, or is not set and no embedded server runs.
    """
    url = os.environ.get(DATABASE_URL) or server.running_url()
    if not url:
        raise PostgresError(
            "No PostgreSQL is known: set DATABASE_URL=postgresql://user@host/database, or start "
            f"the embedded server: {command('shelfcast postgres start')}"
        )
    return parse_url(url)


def parse_url(url: str) -> dict[str, str]:
    """Return libpq's parameters in a URL, or a string of ``key=value``, as libpq reads it.

    Raises
    ------
    PostgresError
        It cannot be read, or names no database. The message does not repeat it.
    """
    try:
        found = {key: str(value) for key, value in parse_dsn(url).items()}
    except (psycopg2.Error, UnicodeError, ValueError):  # a NUL, or what is not UTF-8
        found = {}
    if "dbname" not in found or _is_torn(url, found):
        raise PostgresError(
            "DATABASE_URL cannot be read, or names no database; it looks like "
            "postgresql://user:password@host:5432/database?sslmode=require, with signs such as @ "
            "in the password written as %40"
        )
    return found


def _is_torn(url: str, found: Parameters) -> bool:
    """Tell whether libpq takes a part of the password for host, port or database, and tells it.

    So it does where an ``@`` or ``/`` in the password is not written as %40 or %2F.
    """
    scheme, _, rest = url.strip().partition("://")
    if scheme not in ("postgresql", "postgres"):
        return False
    authority, _, path = rest.partition("?")[0].partition("/")
    is_port = re.fullmatch(r"[0-9,]*", found.get("port", ""))
    return authority.count("@") > 1 or "@" in path or is_port is None


def with_session(given: Parameters, **settings: str | None) -> dict[str, str]:
    """Return parameters whose sessions have the given server settings, where these have a value."""
    options = [given.get("options", "")]
    options += [
        f"-c {name}={_option(value)}" for name, value in {**_SESSION, **settings}.items() if value
    ]
    return {**given, "options": " ".join(options).strip()}


def _dsn(given: Parameters) -> str:
    # DuckDB reads and writes UTF-8, whatever the environment or the role asks for
    # and a firewall that forgets a quiet connection must not end the lock of a long build
    quiet = {"application_name": "shelfcast", "keepalives_idle": "60"}
    own = {**quiet, **given, "client_encoding": "UTF8"}
    return make_dsn(**with_session(own))


def _option(value: str) -> str:
    """Escape a value as libpq's ``options`` wants it."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


@contextmanager
def connect(given: Parameters) -> Iterator[extensions.connection]:
    """Open the database with psycopg2, each statement a transaction of its own.

    Raises
    ------
    PostgresError
        It cannot be reached or is too old, or a statement fails.
    """
    with sentences(given):
        connection = open_connection(given)
        try:
            yield connection
        finally:
            connection.close()


def open_connection(given: Parameters) -> extensions.connection:
    """Open a connection that its caller closes; see :func:`connect`."""
    with sentences(given):
        connection = psycopg2.connect(_dsn(given))
    connection.autocommit = True
    if connection.server_version < _OLDEST * 10_000:
        connection.close()
        raise PostgresError(
            f"PostgreSQL at {describe(given)} is version {connection.server_version // 10_000}; "
            f"shelfcast needs {_OLDEST} or later"
        )
    return connection


def attach(
    connection: duckdb.DuckDBPyConnection, given: Parameters, name: str, *, read_only: bool = False
) -> None:
    """Attach the database to a DuckDB connection under a name.

    Raises
    ------
    PostgresError
        It cannot be reached.
    """
    access = ", read_only" if read_only else ""
    with sentences(given):
        load_extension(connection)
        connection.execute(
            f"attach {literal(_dsn(given))} as {identifier(name)} (type postgres{access})"
        )


@contextmanager
def private_duckdb(**settings: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB in memory that spills into a folder of its own, below ``temp_directory``.

    DuckDB names what it spills alike in every process: two that share a folder destroy each
    other's rows.
    """
    below = settings.pop("temp_directory", None)
    with (
        temporary_folder(below) as folder,
        duckdb.connect(config={**settings, "temp_directory": str(folder)}) as connection,
    ):
        yield connection


def load_extension(connection: duckdb.DuckDBPyConnection) -> None:
    """Load DuckDB's PostgreSQL extension from the package that carries it; no network is asked."""
    connection.execute(f"load {literal(_extension_file())}")


@cache
def _extension_file() -> str:
    from importlib.resources import files  # noqa: PLC0415

    package = files("duckdb_extension_postgres_scanner")
    return str(package / f"extensions/v{duckdb.__version__}/postgres_scanner.duckdb_extension")


@contextmanager
def sentences(given: Parameters) -> Iterator[None]:
    """Turn what psycopg2 and DuckDB say of PostgreSQL into a :class:`PostgresError`.

    That a table is missing stays DuckDB's ``CatalogException``.
    """
    try:
        yield
    except duckdb.CatalogException:
        raise
    except (psycopg2.Error, duckdb.Error) as error:
        raise PostgresError(sentence(str(error), given)) from None


def sentence(text: str, given: Parameters) -> str:
    """Return what an error says of PostgreSQL, without the connection string, in one line."""
    _, failed, rest = text.partition("Unable to connect to Postgres at ")
    if failed:  # so DuckDB, with the connection string in quotes before libpq's own words
        text = rest.rpartition('": ')[2]
    lines = [line.strip() for line in redact(text, given).strip().splitlines()]
    said = " ".join(line for line in lines if line)
    if _NO_SSL in said:
        said += "; enable SSL on the server, or set sslmode=prefer to go without where it has none"
    if failed or said.startswith(_UNREACHED):
        return f"PostgreSQL cannot be reached: {said}"
    return f"PostgreSQL: {said}"


def redact(text: str, given: Parameters) -> str:
    """Return text without the password, as it is or as a connection string quotes it."""
    secrets = (given.get("password"), given.get("sslpassword"), os.environ.get("PGPASSWORD"))
    for password in secrets:
        if password:
            quoted = make_dsn(password=password).removeprefix("password=").strip("'")
            text = text.replace(password, _HIDDEN).replace(quoted, _HIDDEN)
    return text


def describe(given: Parameters) -> str:
    """Return the parameters as a URL for people, without the password."""
    host = given.get("host", "localhost")
    user = f"{given['user']}@" if "user" in given else ""
    if host.startswith("/"):
        return f"postgresql://{user}/{given['dbname']}?host={host}"
    port = f":{given['port']}" if "port" in given else ""
    return f"postgresql://{user}{host}{port}/{given['dbname']}"
