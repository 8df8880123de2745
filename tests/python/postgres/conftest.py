"""A PostgreSQL server for the session, and a database of its own for whoever asks.

``SHELFCAST_TEST_DATABASE_URL`` names a server to test on; its role must be a superuser, because
tests make databases and roles. Without it the embedded server is started, and stopped at the end.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from secrets import token_hex

import pytest
from psycopg2.extensions import make_dsn

from shelfcast.postgres import server
from shelfcast.postgres.connection import connect, parse_url


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """URL of a server's database in which others can be made."""
    given = os.environ.get("SHELFCAST_TEST_DATABASE_URL")
    if given:
        yield given
        return
    # not in a folder of pytest's: as root, the server's user has to pass, and another pytest that
    # starts takes the right from all of these
    with tempfile.TemporaryDirectory(prefix="shelfcast-tests-") as home:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SHELFCAST_HOME", home)
            url = server.start()
        yield url
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SHELFCAST_HOME", home)
            assert server.stop()


@pytest.fixture(scope="session")
def new_database(server_url: str) -> Iterator[Callable[[], str]]:
    """Make an empty database, dropped at the end of the session; return its URL."""
    given = parse_url(server_url)
    names: list[str] = []

    def make() -> str:
        names.append(f"shelfcast_test_{token_hex(4)}")
        with connect(given) as connection, connection.cursor() as cursor:
            cursor.execute(f"create database {names[-1]}")
        return make_dsn(**{**given, "dbname": names[-1]})

    yield make
    with connect(given) as connection, connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """URL of an empty database."""
    return new_database()
