"""Warehouses that tests read: each is landed and built once a session, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pytest

from shelfcast.generator import generate
from shelfcast.landing import land

PROJECT = Path(__file__).parents[2]


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


@pytest.fixture(scope="session")
def sample_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated retailer: 40 SKUs, 6 locations in 4 regions, 300 days."""
    folder = tmp_path_factory.mktemp("generated") / "sample"
    generate(folder, skus=40, locations=6, days=300, ends_on=date(2026, 6, 30))
    return folder


@pytest.fixture(scope="session")
def sample(sample_landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The warehouse built from the small generated retailer; for reading only."""
    warehouse = Warehouse(tmp_path_factory.mktemp("sample"))
    land(sample_landing, warehouse.home / "lake")
    warehouse.build()
    return warehouse


@pytest.fixture
def warehouse_home(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Point the process at a warehouse."""

    def use(home: Path) -> None:
        monkeypatch.setenv("SHELFCAST_HOME", str(home))
        monkeypatch.delenv("SHELFCAST_SCHEMA_PREFIX", raising=False)

    return use
