"""A warehouse that a test builds or reads, through dbt as a user runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

PROJECT = Path(__file__).parents[2]

COLUMNS_OF_THE_BRIEF = [
    "sku_id",
    "region",
    "date",
    "forecast_demand",
    "stock_on_hand",
    "risk_level",
]
"""Columns that the planning table, and what is exported of it, begin with."""


@dataclass(frozen=True)
class Warehouse:
    """A warehouse in a folder, and the dbt project that builds it."""

    home: Path
    project: Path = PROJECT
    variables: str = "{}"

    def dbt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt on this warehouse, with logs and artifacts in its own folder."""
        return subprocess.run(
            [
                *(sys.executable, "-m", "dbt.cli.main", arguments[0]),
                *("--profiles-dir", "profiles", "--target-path", str(self.home / "target")),
                *("--log-path", str(self.home / "logs"), "--vars", self.variables, *arguments[1:]),
            ],
            cwd=self.project,
            env={**os.environ, "SHELFCAST_HOME": str(self.home)},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, *arguments: str) -> None:
        """Build everything; a failure shows what dbt said."""
        result = self.dbt("build", *arguments)
        assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with self.connect(read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def connect(self, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
        """Open the database."""
        return duckdb.connect(str(self.home / "shelfcast.duckdb"), read_only=read_only)

    def copy(self, home: Path, *, variables: str = "{}") -> Warehouse:
        """Copy lake, database and artifacts to another folder, to be built with other variables."""
        shutil.copytree(self.home, home)
        return Warehouse(home, self.project, variables)
