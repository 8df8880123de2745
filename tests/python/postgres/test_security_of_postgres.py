"""Security: each promise of docs/security.md that is about PostgreSQL has a test here.

One build holds them all to it: hostile files, a role of a hostile name, a password in the URL.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from urllib.parse import quote

import psycopg2
import pytest
from hostile_landing import DAYS, ERASE, PAGE_FILE, SALES_FILE, SKUS, write_hostile_landing
from promises import Promises
from psycopg2 import sql
from psycopg2.extensions import make_dsn
from warehouses import PostgresWarehouse

from shelfcast.postgres.connection import connect, parse_url

pytestmark = pytest.mark.slow

PROMISES = Promises("docs/security.md", "On PostgreSQL")

PASSWORD = f"S3cret@{token_hex(6)}/%&' \\"
"""A password that needs escaping in a URL, in SQL and in a connection string."""


def test_every_promise_has_a_test() -> None:
    made = PROMISES.made()
    assert made
    assert sorted(made) == sorted(PROMISES.shown)


@dataclass(frozen=True)
class Built:
    """A warehouse built twice, who may read it, and all that was said meanwhile."""

    warehouse: PostgresWarehouse
    reader: str
    said: str

    def as_reader(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement as the reader."""
        given = {**parse_url(self.warehouse.url), "user": self.reader}
        with psycopg2.connect(**given) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []


@pytest.fixture(scope="module")
def reader(server_url: str) -> Iterator[str]:
    """A role that may log in, and nothing else; its name wants to be SQL."""
    name = f'bi-{token_hex(4)}"; drop schema gold cascade; --'
    named = sql.Identifier(name)
    with connect(parse_url(server_url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("create role {} login").format(named))
    yield name
    with connect(parse_url(server_url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("drop role {}").format(named))


def dbt(warehouse: PostgresWarehouse, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of dbt that builds nothing."""
    folders = {
        "DBT_TARGET_PATH": str(warehouse.home / "target"),
        "DBT_LOG_PATH": str(warehouse.home / "logs"),
    }
    return subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *command, "--profiles-dir", "profiles"],
        cwd=warehouse.project,
        env={**os.environ, **warehouse.environment, **folders},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def what_a_role_is_granted_is_revoked(url: str, role: str) -> Iterator[None]:
    try:
        yield
    finally:
        with connect(parse_url(url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("drop owned by {}").format(sql.Identifier(role)))


@pytest.fixture(scope="module")
def built(
    reader: str, tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> Iterator[Built]:
    if os.environ.get("SHELFCAST_TEST_DATABASE_URL"):
        pytest.skip("needs a server that lets everybody in without asking for the password")
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_landing(folder / "landing")
    given = parse_url(new_database())
    url = (
        f"postgresql://{given['user']}:{quote(PASSWORD, safe='')}@/{given['dbname']}"
        f"?host={quote(given['host'], safe='')}&port={given['port']}"
    )
    warehouse = PostgresWarehouse(folder / "home's", url=url)
    with what_a_role_is_granted_is_revoked(url, reader), pytest.MonkeyPatch.context() as patch:
        patch.setenv("SHELFCAST_READER", reader)
        patch.setenv("SHELFCAST_SCHEMA_PREFIX", "dev_")
        runs = [
            warehouse.shelfcast("land", str(folder / "landing")),
            warehouse.shelfcast("gate"),
            warehouse.dbt("build", "--log-level", "debug"),
            warehouse.dbt("build"),
            dbt(warehouse, "docs", "generate", "--static"),
            dbt(warehouse, "debug"),
            warehouse.shelfcast("summary"),
            warehouse.shelfcast("rejects", "list"),
            warehouse.shelfcast("export", str(folder / "exported")),
        ]
        said = "".join(run.stdout + run.stderr for run in runs)
        codes = [run.returncode for run in runs]
        codes[1] = 0  # the gate has found something
        assert not any(codes), f"{codes}\n{said[-6000:]}"
        yield Built(warehouse, reader, said)


@PROMISES.kept("A password is nowhere but in the environment")
def test_the_password_is_in_no_file_message_or_table(built: Built) -> None:
    forms = [PASSWORD, quote(PASSWORD, safe=""), make_dsn(password=PASSWORD).split("=", 1)[1]]
    forms = [form.strip("'") for form in forms] + [PASSWORD[:19]]
    home = built.warehouse.home
    files = [path for path in home.parent.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {"manifest.json", "run_results.json", "catalog.json", "dbt.log"} <= {
        path.name for path in files
    }
    for path in files:
        content = path.read_bytes()
        assert not [form for form in forms if form.encode() in content], path
    assert not [form for form in forms if form in built.said]
    tables = built.warehouse.query(
        "select schemaname, tablename from pg_tables where schemaname like 'dev!_%' escape '!'"
    )
    assert len(tables) > 50
    for schema, table in tables:
        ((rows,),) = built.warehouse.query(
            f"select coalesce(string_agg(held::text, ' '), '') from {schema}.{table} as held"
        )
        assert not [form for form in forms if form in str(rows)], table


@PROMISES.kept("The role of BI reads gold, all of it and nothing else")
def test_the_reader_reads_gold_alone(built: Built) -> None:
    relations = built.warehouse.query(
        """
        select nspname, relname from pg_class
        inner join pg_namespace on relnamespace = pg_namespace.oid
        where relkind in ('r', 'v') and nspname like 'dev!_%' escape '!'
        """
    )
    assert {schema for schema, _ in relations} == {
        f"dev_{name}" for name in ("raw", "bronze", "silver", "gold", "seeds", "audit")
    }
    assert len([1 for schema, _ in relations if schema == "dev_gold"]) > 10
    for schema, relation in relations:
        statement = f'select * from "{schema}"."{relation}" limit 1'
        if schema == "dev_gold":
            built.as_reader(statement)
        else:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                built.as_reader(statement)
    assert built.as_reader("select count(*) from dev_gold.dim_skus") == [(len(SKUS),)]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into dev_gold.dim_locations (location_id) values ('x')",
        "update dev_gold.dim_skus set sku_name = 'x'",
        "delete from dev_gold.dim_skus",
        "truncate dev_gold.dim_skus",
        "drop table dev_gold.dim_skus",
        "create table dev_gold.x (a integer)",
        "create view dev_gold.x as select 1 as a",
        "create table public.x (a integer)",
        "create schema x",
        "copy dev_gold.dim_skus to program 'cat'",
    ],
)
def test_the_reader_changes_nothing(built: Built, statement: str) -> None:
    with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.InvalidSchemaName)):
        built.as_reader(statement)


@PROMISES.kept("Names of roles, schemas and files are quoted")
def test_hostile_names_and_values_arrive_as_they_are(built: Built) -> None:
    query = built.warehouse.query
    assert sorted(query("select sku_id, category, sku_name from dev_gold.dim_skus")) == [
        (sku, sku, ERASE + sku) for sku in sorted(SKUS)
    ]
    files = query(
        "select _file, accepted_rows from dev_silver.int_landed_rows where entity = 'sales'"
    )
    assert dict(files) == {SALES_FILE: DAYS * len(SKUS), PAGE_FILE: 0}
    granted = query(
        """
        select distinct grantee from information_schema.role_table_grants
        where table_schema = 'dev_gold' and privilege_type = 'SELECT'
        """
    )
    assert (built.reader,) in granted
    assert not list(built.warehouse.home.rglob("owned"))


@PROMISES.kept("The embedded server is open to its owner alone")
def test_the_embedded_server_is_on_no_network(built: Built) -> None:
    assert built.warehouse.query("show listen_addresses") == [("",)]
    given = parse_url(built.warehouse.url)
    mode = os.stat(Path(given["host"]) / f".s.PGSQL.{given['port']}").st_mode
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == stat.S_IRWXU
