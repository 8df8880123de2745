"""How PostgreSQL is reached: over TCP with a password that is seen nowhere, and one at a time."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import duckdb
import psycopg2
import pytest
from click.testing import CliRunner
from dbt_common.exceptions import DbtRuntimeError
from psycopg2.extensions import make_dsn
from small_project import SmallProject

from dbt.adapters.shelfcast_postgres import ShelfcastPostgresCredentials
from dbt.adapters.shelfcast_postgres.impl import DuckDBJob, staging_name
from shelfcast.cli import main
from shelfcast.postgres import connection as postgres
from shelfcast.postgres import server
from shelfcast.postgres.connection import PostgresError, connect, parse_url
from shelfcast.postgres.locking import take_lock

PASSWORD = """p'@ss\\ w"ord%/:?#"""
OWNER = "bi-owner"
DATABASE = "Plan B"


# ---- parameters ---------------------------------------------------------------------------------


def test_a_url_is_read_as_libpq_reads_it() -> None:
    url = f"postgresql://planner:{quote(PASSWORD, safe='')}@db.example:6432/plan?sslmode=require"
    assert parse_url(url) == {
        "host": "db.example",
        "port": "6432",
        "user": "planner",
        "password": PASSWORD,
        "dbname": "plan",
        "sslmode": "require",
    }
    assert parse_url("host=/run/sockets dbname=plan") == {"host": "/run/sockets", "dbname": "plan"}


@pytest.mark.parametrize(
    "url", [f"postgresql://u:{PASSWORD}@h/d", "postgresql://u:secret@h", "secret", "mysql://secret"]
)
def test_a_url_at_fault_is_explained_and_not_repeated(url: str) -> None:
    with pytest.raises(PostgresError, match=r"names no database; it looks like postgresql://") as e:
        parse_url(url)
    assert "secret" not in str(e.value)
    assert PASSWORD not in str(e.value)


def test_a_description_has_no_password() -> None:
    given = {"host": "h", "port": "1", "user": "u", "password": PASSWORD, "dbname": "d"}
    assert postgres.describe(given) == "postgresql://u@h:1/d"
    assert postgres.describe({**given, "host": "/run"}) == "postgresql://u@/d?host=/run"


def test_no_form_of_a_password_stays_in_a_text() -> None:
    given = {"password": PASSWORD, "sslpassword": "the key's"}
    text = postgres.redact(f"{PASSWORD} | {make_dsn(**given)}", given)
    assert text == "******** | password='********' sslpassword='********'"


def test_a_url_becomes_credentials() -> None:
    url = f"postgresql://u:{quote(PASSWORD, safe='')}@h:1/d?sslmode=require&channel_binding=require"
    found = credentials(url=url)
    assert found.parameters().items() >= parse_url(url).items()
    assert PASSWORD not in str(dict(found.connection_info(with_aliases=True)))


def test_hosts_of_a_url_may_be_several_with_a_port_each() -> None:
    found = credentials(url="postgresql://one:1111,two:2222/d").parameters()
    assert (found["host"], found["port"]) == ("one,two", "1111,2222")


def test_a_fault_in_the_url_of_a_profile_is_a_sentence() -> None:
    with pytest.raises(DbtRuntimeError, match="DATABASE_URL cannot be read, or names no database"):
        credentials(url="postgresql://u:secret@h")


def test_long_names_of_staging_tables_fit_and_differ() -> None:
    assert staging_name("py_short") == "py_short__dbt_py"
    names = [staging_name("ä" * 30 + end) for end in ("a", "b")]
    assert len(set(names)) == 2
    assert all(len(name.encode()) <= 63 for name in names)


def credentials(**profile: object) -> ShelfcastPostgresCredentials:
    """Return the credentials of a profile."""
    given = ShelfcastPostgresCredentials.translate_aliases({"schema": "main", **profile})
    found = ShelfcastPostgresCredentials.from_dict(given)
    assert isinstance(found, ShelfcastPostgresCredentials)
    return found


# ---- over TCP, with a password ------------------------------------------------------------------


@pytest.fixture(scope="module")
def tcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Parameters of a server on the loopback that asks for passwords and has no SSL.

    The role ``planner`` logs in, and may act as the owner of the database.
    """
    programs = server._programs()
    folder = tmp_path_factory.mktemp("tcp") / "data"
    folder.mkdir(mode=0o700)
    password = folder.parent / "password"
    password.write_text(PASSWORD)
    if os.geteuid() == 0:
        server._make_user()
        server._let_pass(programs)
        server._let_pass(folder)
        shutil.chown(folder, "pgserver")
    server._run(
        *(programs / "initdb", "-D", ".", "--auth=scram-sha-256", "--pwfile", password),
        *("--username", "postgres", "--encoding=UTF8", "--locale=C", "--no-sync"),
        folder=folder,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
    log = ("-w", "-l", "log")
    server._run(programs / "pg_ctl", "start", *log, "-D", ".", "-o", options, folder=folder)
    admin = {
        "host": "127.0.0.1",
        "port": str(port),
        "user": "postgres",
        "password": PASSWORD,
        "dbname": "postgres",
    }
    with connect(admin) as connection, connection.cursor() as cursor:
        cursor.execute(f'create role "{OWNER}"')
        cursor.execute(f'create role planner login password %s in role "{OWNER}"', [PASSWORD])
        cursor.execute(f'create database "{DATABASE}" owner "{OWNER}"')
    yield {**admin, "user": "planner", "dbname": DATABASE}
    server._run(programs / "pg_ctl", "stop", "-w", "-m", "fast", "-D", ".", folder=folder)


def url(given: dict[str, str], **more: str) -> str:
    """Return parameters as a URL."""
    user, password, database = (
        quote(given[key], safe="") for key in ("user", "password", "dbname")
    )
    query = "&".join(f"{key}={quote(value, safe='')}" for key, value in more.items())
    return f"postgresql://{user}:{password}@{given['host']}:{given['port']}/{database}?{query}"


def secrets_in(text: str) -> list[str]:
    """Return the forms in which a password could be in a text, and is."""
    dsn = make_dsn(password=PASSWORD).removeprefix("password=").strip("'")
    forms = {PASSWORD, quote(PASSWORD, safe=""), dsn, dsn.replace("'", "''"), repr(PASSWORD)[1:-1]}
    return [form for form in forms if form in text]


def secrets_on_disk(folder: Path) -> list[Path]:
    """Return the files of a folder that hold a password."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and secrets_in(path.read_bytes().decode("latin-1"))
    ]


FIELDS = """
small:
  outputs:
    default:
      type: shelfcast_postgres
      host: "{{ env_var('PGHOST') }}"
      port: "{{ env_var('PGPORT') | as_number }}"
      user: "{{ env_var('PGUSER') }}"
      password: "{{ env_var('PASSWORD') }}"
      dbname: Plan B
      schema: main
      sslmode: prefer
"""
URL = """
small:
  outputs:
    default:
      type: shelfcast_postgres
      url: "{{ env_var('DATABASE_URL') }}"
      schema: main
      role: bi-owner
      search_path: 'main, "a b\\c"'
"""
SAYS = "select {} as role, {} as path, {} as memory, {} as name".format(
    "current_user::text",
    *(f"current_setting('{name}')" for name in ("search_path", "work_mem", "application_name")),
)


@pytest.mark.slow
def test_what_the_profile_says_holds_for_sql_and_python_and_no_password_is_seen(
    tcp: dict[str, str], tmp_path: Path
) -> None:
    more = {"options": "-c work_mem=7MB", "application_name": "planning", "sslmode": "prefer"}
    project = SmallProject.make(tmp_path / "project", url(tcp, **more), URL)
    project.write(
        {
            "says.sql": f"{{{{ config(materialized='table') }}}} {SAYS}",
            "py_says.py": f'''
                def model(dbt, session):
                    dbt.config(materialized="table")
                    dbt.ref("says")
                    return session.execute(
                        "select * from postgres_query(?, ?)",
                        [dbt.this.database, """{SAYS}"""],
                    ).to_arrow_table()
            ''',
            "py_fails.py": """
                def model(dbt, session):
                    dbt.config(materialized="table")
                    return session.sql("select * from postgres_query('Plan B', 'select 1/0')")
            """,
            "fails.sql": "select * from nowhere",
        }
    )
    code, said = project.dbt("--debug", "build")
    assert code == 1, said
    assert {name for name, text in project.messages().items() if "Error" in text} == {
        "py_fails",
        "fails",
    }
    assert "division by zero" in project.messages()["py_fails"]
    expected = [(OWNER, 'main, "a b\\c"', "7MB", "planning")]
    assert project.query("select * from main.says") == expected
    assert project.query("select * from main.py_says") == expected
    assert project.query("select distinct tableowner from pg_tables where schemaname = 'main'") == [
        (OWNER,)
    ]
    assert secrets_in(said) == []
    assert secrets_on_disk(project.folder) == []


@pytest.mark.slow
def test_dbt_debug_finds_the_server_by_single_fields(tcp: dict[str, str], tmp_path: Path) -> None:
    project = SmallProject.make(tmp_path / "project", "", FIELDS)
    given = {"PGHOST": tcp["host"], "PGPORT": tcp["port"], "PGUSER": tcp["user"]}
    code, said = project.dbt("debug", **given, PASSWORD=PASSWORD)
    assert code == 0, said
    assert "Connection test: [OK connection ok]" in said
    assert secrets_in(said) == []
    assert secrets_on_disk(project.folder) == []


NO_SSL = (
    "server does not support SSL, but SSL was required; enable SSL on the server, or set "
    "sslmode=prefer to go without where it has none"
)
UNREACHED: dict[str, tuple[dict[str, str], str]] = {
    "wrong password": (
        {"password": PASSWORD + "x"},
        'password authentication failed for user "planner"',
    ),
    "no host": ({"host": "nowhere.invalid"}, 'could not translate host name "nowhere.invalid"'),
    "no server": ({"port": "1"}, "Connection refused"),
    "no database": ({"dbname": "other"}, 'database "other" does not exist'),
    "no SSL": ({"sslmode": "require"}, NO_SSL),
}


@pytest.mark.parametrize("case", UNREACHED)
def test_a_command_that_cannot_reach_the_server_says_why_in_one_line(
    tcp: dict[str, str], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    changed, expected = UNREACHED[case]
    given = {**tcp, **changed}
    monkeypatch.setenv("DATABASE_URL", make_dsn(**given))
    result = CliRunner().invoke(main, ["summary", "--target", "postgres"])
    assert os.environ.get("SHELFCAST_TARGET") != "postgres"  # that held for the command alone
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: PostgreSQL cannot be reached: co")  # libpq's own words
    assert expected in line
    assert secrets_in(line) == []


@pytest.mark.parametrize("case", UNREACHED)
def test_a_python_model_that_cannot_reach_the_server_says_why(
    tcp: dict[str, str], case: str
) -> None:
    changed, expected = UNREACHED[case]
    given = {**tcp, **changed}
    model = {"name": "py_model", "schema": "main", "alias": "a", "original_file_path": "a.py"}
    job = DuckDBJob(model, credentials(url=make_dsn(**given)))
    with pytest.raises(DbtRuntimeError) as error:
        job.submit("")
    assert str(error.value).startswith(
        "Runtime Error\n  Python model py_model failed: PostgreSQL cannot be reached: co"
    )
    assert expected in str(error.value)
    assert secrets_in(str(error.value)) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", ["wrong password", "no SSL"])
def test_a_build_that_cannot_reach_the_server_says_why(
    tcp: dict[str, str], tmp_path: Path, case: str
) -> None:
    changed, expected = UNREACHED[case]
    project = SmallProject.make(tmp_path / "project", make_dsn(**{**tcp, **changed}))
    project.write({"one.sql": "select 1 as id"})
    code, said = project.dbt("build")
    assert code != 0
    assert said.count("PostgreSQL cannot be reached: connection to server") == 1
    assert expected in said
    assert "Traceback" not in said
    assert secrets_in(said) == []
    assert secrets_on_disk(project.folder) == []


def test_a_server_that_is_too_old_is_refused(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_OLDEST", 99)
    with (
        pytest.raises(PostgresError, match=r"is version \d+; shelfcast needs 99 or later"),
        connect(parse_url(server_url)),
    ):
        pass


# ---- one build or landing at a time -------------------------------------------------------------


def test_a_lock_holds_for_one_warehouse_of_a_database_and_ends_with_its_connection(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = parse_url(database)
    monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", "one_")
    with connect(given) as first, connect(given) as second:
        take_lock(first)
        since = r"\(connection \d+, since \d{4}-\d\d-\d\d \d\d:\d\d UTC\)"
        with pytest.raises(PostgresError, match=f"Another build or landing .* {since}; run again"):
            take_lock(second)
        monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", "two_")
        take_lock(second)
        monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", "one_")
        first.close()
        _wait_until(lambda: _takes_lock(second))


def test_a_lock_of_another_role_is_named_too(tcp: dict[str, str]) -> None:
    other = {**tcp, "user": "postgres"}
    with connect(other) as first, connect(tcp) as second:
        take_lock(first)
        with pytest.raises(PostgresError, match=r"at work \(connection \d+\); run again"):
            take_lock(second)


def _takes_lock(connection: psycopg2.extensions.connection) -> bool:
    try:
        take_lock(connection)
    except PostgresError:
        return False
    return True


def _wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it does not come to pass")


# ---- killed clients -----------------------------------------------------------------------------

_LONG = "select count(*) from generate_series(1, 100000000000)"
_CLIENTS = {
    "psycopg2": f"""
with connect(given) as connection, connection.cursor() as cursor:
    cursor.execute("{_LONG}")
""",
    "duckdb": f"""
with duckdb.connect() as connection:
    attach(connection, given, "plan")
    connection.execute("select * from postgres_query('plan', '{_LONG}')")
""",
}


@pytest.mark.slow
@pytest.mark.parametrize("client", _CLIENTS)
def test_a_query_ends_with_its_client(database: str, client: str) -> None:
    code = f"""
import duckdb
from shelfcast.postgres.connection import attach, connect, parse_url
given = parse_url({database!r})
{_CLIENTS[client]}"""
    running = (
        "select 1 from pg_stat_activity where state = 'active' and datname = current_database() "
        "and query like '%generate_series(1, 100000000000)%' and pid <> pg_backend_pid()"
    )
    with connect(parse_url(database)) as connection, connection.cursor() as cursor:

        def at_work() -> bool:
            cursor.execute(running)
            return cursor.fetchone() is not None

        with subprocess.Popen([sys.executable, "-c", code]) as process:
            try:
                _wait_until(at_work)
            finally:
                process.send_signal(signal.SIGKILL)
        _wait_until(lambda: not at_work())


def test_the_attached_database_can_be_read_only(database: str) -> None:
    with duckdb.connect() as connection:
        postgres.attach(connection, parse_url(database), "plan", read_only=True)
        with pytest.raises(duckdb.Error, match="read-only"):
            connection.execute("create schema plan.other")
