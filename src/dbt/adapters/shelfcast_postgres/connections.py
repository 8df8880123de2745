"""How dbt reaches PostgreSQL: as dbt-postgres does, or by one URL."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from dbt.adapters.contracts.connection import Connection
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt_common.exceptions import DbtRuntimeError

from shelfcast.interrupts import tell_in_a_sentence
from shelfcast.postgres import connection as postgres
from shelfcast.settings import environment_fault

logger = AdapterLogger("Postgres")

_LIBPQ = ("sslmode", "sslcert", "sslkey", "sslrootcert", "application_name")
_NUMBERS = {"port", "connect_timeout"}
_FIELDS = ("host", "port", "user", "password", "dbname", "connect_timeout", *_LIBPQ)


@dataclass
class ShelfcastPostgresCredentials(PostgresCredentials):
    """Credentials of dbt-postgres, which the key ``url`` of a profile can give as a whole.

    Attributes
    ----------
    libpq
        Further parameters of libpq, such as ``options`` or ``channel_binding``.
    duckdb_settings
        Settings of the DuckDB that runs a Python model, such as
        ``{memory_limit: 4GB, threads: 2, temp_directory: /var/tmp}``.
    """

    libpq: dict[str, str] = field(default_factory=dict)
    duckdb_settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def translate_aliases(cls, kwargs: dict[str, Any], recurse: bool = False) -> dict[str, Any]:
        """Read ``url``: where it is empty, the embedded server of the warehouse is meant."""
        given = dict(kwargs)
        tell_in_a_sentence()
        if fault := environment_fault(os.environ):
            raise DbtRuntimeError(f"{fault}.")
        if "url" in given:
            try:
                url = given.pop("url")
                found = postgres.parse_url(url) if url else postgres.parameters()
            except postgres.PostgresError as error:
                raise DbtRuntimeError(str(error)) from None
            plain: dict[str, Any] = {key: found.pop(key) for key in _FIELDS if key in found}
            for key in _NUMBERS & plain.keys():
                if plain[key].isdecimal():
                    plain[key] = int(plain[key])
                else:  # a port for each of several hosts, or a fault that libpq will name
                    found[key] = plain.pop(key)
            given = {
                **{"host": "", "port": 5432, "user": "", "password": ""},
                **plain,
                "libpq": found,
                **given,
            }
        return super().translate_aliases(given, recurse)

    @property
    def type(self) -> str:
        """Return the adapter's name in profiles."""
        return "shelfcast_postgres"

    def parameters(self) -> dict[str, str]:
        """Return libpq's parameters of these credentials, with search path and role."""
        named: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.database,
            "connect_timeout": self.connect_timeout,
            "keepalives_idle": self.keepalives_idle,
            **{key: getattr(self, key) for key in _LIBPQ},
        }
        given = {key: str(value) for key, value in named.items() if value}
        return postgres.with_session(
            {**given, **self.libpq}, search_path=self.search_path, role=self.role
        )


class ShelfcastPostgresConnectionManager(PostgresConnectionManager):
    """Opens connections with all that their credentials say, names quoted."""

    TYPE = "shelfcast_postgres"

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Open a connection of dbt's."""
        if connection.state == "open":
            return connection
        credentials = connection.credentials
        given = credentials.parameters()

        def connect() -> Any:
            with postgres.sentences(given):
                handle = psycopg2.connect(**given)
            handle.autocommit = bool(credentials.autocommit)
            return handle

        return cls.retry_connection(
            connection,
            connect=connect,
            logger=logger,
            retry_limit=credentials.retries,
            retry_timeout=lambda attempt: attempt * attempt,
            retryable_exceptions=[postgres.PostgresError],
        )
