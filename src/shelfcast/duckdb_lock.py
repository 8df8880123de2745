"""One build of a DuckDB warehouse at a time: a plugin of dbt-duckdb, named in the profile.

DuckDB lets one process write a file, or several read it. Where the file is in use, dbt-duckdb shows
a traceback. The plugin waits for commands that read for a moment, and then stops dbt with a
sentence. It opens the database first and holds it until dbt has opened it too, so that nobody comes
between.
"""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt.adapters.events.logging import AdapterLogger

from shelfcast.interrupts import tell_in_a_sentence
from shelfcast.warehouse import WarehouseError, check_environment

_INTERVAL_SECONDS = 0.5
_LAND = ".venv/bin/shelfcast land FOLDER"


class Plugin(BasePlugin):
    """Opens the database for dbt, or says who has it.

    Its one setting is ``wait_seconds``: how long to wait for a process that has the file open.
    """

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Read the setting."""
        self._wait_seconds = float(plugin_config["wait_seconds"])
        self._held: duckdb.DuckDBPyConnection | None = None
        self._deadline: float | None = None

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Open the database before dbt does.

        dbt tries several times before it gives up; the wait is for all of them.

        Raises
        ------
        WarehouseError
            It is in use and stays so, or cannot be opened.
        """
        check_environment()
        if (path := Path(creds.path)).exists() and not path.is_file():
            raise WarehouseError(f"{path} is no regular file; move it away, and build again")
        while self._held is None:
            try:
                self._held = duckdb.connect(creds.path, config=config)
            except duckdb.Error as error:
                self._wait(creds.path, error)
        # what a killed build spilled; DuckDB would keep it until a query spills again
        shutil.rmtree(f"{creds.path}.tmp", ignore_errors=True)

    def _wait(self, path: str, error: duckdb.Error) -> None:
        """Wait a moment for who has the database open, or raise."""
        if "Could not set lock" not in str(error):
            reason = str(error).splitlines()[0]
            if not Path(path).parent.exists():
                reason = f"There is no folder {Path(path).parent}; landing files makes it: {_LAND}"
            raise WarehouseError(reason) from error
        found = re.search(r"PID ([1-9]\d*)", str(error))
        holder = f"process {found[1]}" if found else "another process"
        if self._deadline is None:
            self._deadline = time.monotonic() + self._wait_seconds
            AdapterLogger("shelfcast").info(
                f"waiting up to {self._wait_seconds:g} seconds for {holder}, which uses {path}"
            )
        if time.monotonic() >= self._deadline:
            raise WarehouseError(
                f"{path} is in use by {holder}; when that build has ended, or that program has "
                "closed the file, run this again (BI tools read the copy that shelfcast publish "
                "makes)"
            ) from error
        time.sleep(_INTERVAL_SECONDS)

    def configure_cursor(self, cursor: Any) -> None:
        """Have Ctrl-C end the run with a sentence; hooks open the cursor of the main thread."""
        tell_in_a_sentence()

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Let go of the database, now that dbt has it open."""
        if self._held is not None:
            self._held.close()
        self._held = self._deadline = None
