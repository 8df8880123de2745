"""A warehouse that a test builds or reads, through dbt as a user runs it."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from shelfcast.postgres.connection import attach, connect, parse_url
from shelfcast.postgres.loading import load

PROJECT = Path(__file__).parents[2]
SHARED_DATA = PROJECT.parent / "shared/data"

COLUMNS_OF_THE_BRIEF = [
    "sku_id",
    "region",
    "date",
    "forecast_demand",
    "stock_on_hand",
    "risk_level",
]
"""Columns that the planning table, and what is exported of it, begin with."""


def shared(name: str) -> Path:
    """Path of a shared data file; skips where it is absent."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"{path} is absent: the shared data lies beside the project")
    return path


def write(folder: Path, file: str, columns: str, rows: Sequence[Sequence[object]]) -> None:
    """Write a CSV file of a landing; columns are comma separated."""
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns.split(","))
        writer.writerows(rows)


@dataclass(frozen=True)
class Warehouse:
    """A warehouse in a folder, and the dbt project that builds it."""

    home: Path
    project: Path = PROJECT
    variables: str = "{}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point commands and dbt at this warehouse."""
        return {"SHELFCAST_HOME": str(self.home), "SHELFCAST_TARGET": "duckdb"}

    def shelfcast(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of shelfcast on this warehouse."""
        return subprocess.run(
            [sys.executable, "-c", "from shelfcast.cli import main; main()", *arguments],
            cwd=self.project,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt on this warehouse, with logs and artifacts in its own folder."""
        return subprocess.run(
            [
                *(sys.executable, "-m", "dbt.cli.main", arguments[0]),
                *("--profiles-dir", "profiles", "--target-path", str(self.home / "target")),
                *("--log-path", str(self.home / "logs"), "--vars", self.variables, *arguments[1:]),
            ],
            cwd=self.project,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, *arguments: str) -> None:
        """Build everything; a failure shows what dbt said."""
        result = self.dbt("build", "--exclude-resource-type", "unit_test", *arguments)
        assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with self.connect(read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def gold_tables(self) -> list[str]:
        """Return the names of the tables and views of gold."""
        rows = self.query(
            "select table_name from information_schema.tables where table_schema = 'gold'"
        )
        return sorted(str(name) for (name,) in rows)

    def gold(self, table: str) -> pa.Table:
        """Return a table of gold."""
        with self.connect(read_only=True) as connection:
            return connection.sql(f"select * from gold.{table}").to_arrow_table()

    def connect(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """Open the database."""
        return duckdb.connect(str(self.home / "shelfcast.duckdb"), read_only=read_only)

    def copy(self, home: Path, *, variables: str = "{}") -> Warehouse:
        """Copy lake, database and artifacts to another folder, to be built with other variables."""
        shutil.copytree(self.home, home)
        return Warehouse(home, self.project, variables)


@dataclass(frozen=True)
class PostgresWarehouse(Warehouse):
    """A warehouse in a PostgreSQL database of its own; the folder holds its lake."""

    url: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Variables that point commands and dbt at this warehouse."""
        return {
            "SHELFCAST_HOME": str(self.home),
            "SHELFCAST_TARGET": "postgres",
            "DATABASE_URL": self.url,
        }

    def load(self) -> None:
        """Bring what has landed in the lake into the database."""
        load(self.home / "lake", parse_url(self.url))

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query, which PostgreSQL itself runs."""
        with connect(parse_url(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def gold(self, table: str) -> pa.Table:
        """Return a table of gold."""
        with duckdb.connect() as connection:
            attach(connection, parse_url(self.url), "warehouse", read_only=True)
            return connection.sql(f"select * from warehouse.gold.{table}").to_arrow_table()

    def execute(self, sql: str) -> None:
        """Run statements that give no rows."""
        with connect(parse_url(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
