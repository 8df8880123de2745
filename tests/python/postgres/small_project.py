"""A dbt project of a few models, for what the adapter promises whatever the project."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from warehouses import PROJECT

from shelfcast.postgres.connection import connect, parse_url

_PROJECT_FILE = """\
name: shelfcast  # the macros below dispatch by this name
profile: small
flags: {send_anonymous_usage_stats: false}
on-run-start: ["{{ lock_build() }}"]
on-run-end: ["{{ unlock_build() }}"]
"""
_MACROS = ("build_lock", "plain_postgres")
_PROFILES = """\
small:
  target: postgres
  outputs:
    postgres:
      type: shelfcast_postgres
      url: "{{ env_var('DATABASE_URL') }}"
      schema: main
      threads: 4
      duckdb_settings: {memory_limit: 300MiB, temp_directory: "{{ env_var('SPILL') }}"}
"""
_DBT = (sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--no-use-colors")


@dataclass(frozen=True)
class SmallProject:
    """A project in a folder, and the database that it builds in; its schema is ``main``."""

    folder: Path
    url: str

    @classmethod
    def make(cls, folder: Path, url: str, profiles: str = _PROFILES) -> SmallProject:
        """Write a project without models."""
        (folder / "macros").mkdir(parents=True)
        for name in _MACROS:
            shutil.copy(PROJECT / f"macros/cross_db/{name}.sql", folder / "macros")
        (folder / "dbt_project.yml").write_text(_PROJECT_FILE)
        (folder / "profiles.yml").write_text(profiles)
        return cls(folder, url)

    def write(self, models: dict[str, str]) -> None:
        """Write models, by the names of their files."""
        (self.folder / "models").mkdir(exist_ok=True)
        for name, text in models.items():
            (self.folder / "models" / name).write_text(dedent(text).lstrip(), encoding="utf-8")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start dbt."""
        return subprocess.Popen(
            [*_DBT, *arguments],
            cwd=self.folder,
            env={
                **os.environ,
                "DATABASE_URL": self.url,
                "SPILL": str(self.folder),
                "DBT_PROFILES_DIR": str(self.folder),
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def dbt(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run dbt; return its exit code and what it said."""
        with self.start(*arguments, **environment) as process:
            said, _ = process.communicate()
        return process.returncode, said

    def build(self, *arguments: str, **environment: str) -> None:
        """Build everything; a failure shows what dbt said."""
        code, said = self.dbt("build", *arguments, **environment)
        assert code == 0, said

    def messages(self) -> dict[str, str]:
        """Return what the latest run said about each model."""
        results = json.loads((self.folder / "target/run_results.json").read_text())["results"]
        return {result["unique_id"].split(".")[-1]: result["message"] for result in results}

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Return the rows of a query."""
        with connect(parse_url(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def execute(self, sql: str) -> None:
        """Run statements that give no rows."""
        with connect(parse_url(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def rubbish(self) -> list[tuple[object, ...]]:
        """Return tables and views that a build makes on its way and should not leave."""
        return self.query(
            "select relname from pg_class where relkind in ('r', 'v') and relname ~ '__dbt'"
        )
