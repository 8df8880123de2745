"""Two runs at once, and killed runs: landing, gate, builds and readers of one warehouse."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from parity import gold_differences
from warehouses import Warehouse

from shelfcast.duckdb_lock import Plugin
from shelfcast.landing import LandingError, LandingReport, land
from shelfcast.landing.lake import GATE_SCHEMA, Lake
from shelfcast.landing.report import ALREADY_LANDED
from shelfcast.locks import HeldError, exclusive
from shelfcast.warehouse import WarehouseError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A landing folder of two files."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "sales.csv").write_text("sold_at,sku_id,location_id,quantity\n2026-01-01,A,L,1\n")
    (folder / "skus.csv").write_text("sku_id,category\nA,Fruit\n")
    return folder


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run a process and kill it in the end, whatever happens."""
    child = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def wait_for(child: subprocess.Popen[str], text: str) -> str:
    """Read what a process prints up to the line that holds the text."""
    assert child.stdout is not None
    said = ""
    for line in child.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(said)


# ---- locks --------------------------------------------------------------------------------------


def test_a_lock_names_its_holder_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = f"""
from pathlib import Path
from shelfcast.landing.report import ALREADY_LANDED
from shelfcast.locks import exclusive
with exclusive(Path({str(path)!r})):
    print('ready', flush=True)
    input()
"""
    with process("-c", holder) as child:
        wait_for(child, "ready")
        with pytest.raises(HeldError, match=f"^process {child.pid}$"), exclusive(path):
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
        with exclusive(path):
            pass


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("", "another process"),
        ("not a number", "another process"),
        ("{dead} {host}", "another process"),
        ("1 {host}", "process 1"),
        ("1 elsewhere", "process 1 on elsewhere"),
    ],
)
def test_a_lock_says_nothing_wrong_of_its_holder(tmp_path: Path, written: str, named: str) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        pass
    path = tmp_path / "lock"
    with exclusive(path):
        path.write_text(written.format(dead=dead.pid, host=os.uname().nodename))
        with pytest.raises(HeldError, match=f"^{named}$"), exclusive(path):
            pass


# ---- landing ------------------------------------------------------------------------------------


def lander(source: Path, lake: Path) -> str:
    """Return Python that lands, and waits for a line of input after the first file."""
    return f"""
from pathlib import Path
from shelfcast.landing import land
def tell(message):
    print(message, flush=True)
    input()
land(Path({str(source)!r}), Path({str(lake)!r}), progress=tell)
"""


def test_a_second_lander_stops_and_names_the_first(source: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with process("-c", lander(source, lake)) as first:
        wait_for(first, "sales.csv")
        with pytest.raises(LandingError) as caught:
            land(source, lake)
        assert str(lake) in str(caught.value)
        assert f"process {first.pid} " in str(caught.value)
        assert "\n" not in str(caught.value)
        first.communicate("\n\n")
        assert first.returncode == 0
    again = land(source, lake)
    assert not again.landed
    assert [file.reason for file in again.skipped] == [ALREADY_LANDED] * 2


def test_a_killed_lander_leaves_no_lock(source: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with process("-c", lander(source, lake)) as first:
        wait_for(first, "sales.csv")
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert [file.file for file in land(source, lake).landed] == ["skus.csv"]


def test_a_lander_that_refuses_lets_go_of_the_lake(source: Path, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    land(source, lake)
    stray = lake / "sales" / "stray.parquet"
    stray.write_bytes(b"stray")
    with pytest.raises(LandingError, match="stray"):
        land(source, lake)
    stray.unlink()
    assert not land(source, lake).landed


def test_the_gate_may_write_while_a_lander_begins(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lander removes unfinished files, and must not take one that the gate is writing."""
    lake = tmp_path / "lake"
    land(source, lake)
    reports: list[LandingReport] = []
    second = threading.Thread(target=lambda: reports.append(land(source, lake)))
    write_table = pq.write_table

    def slow(table: pa.Table, where: Path, **options: Any) -> None:
        write_table(table, where, **options)
        if "run_1" in where.name:
            second.start()
            second.join(timeout=1)  # without a lock it ends, and the file is gone

    monkeypatch.setattr(pq, "write_table", slow)
    Lake(lake).write_gate_results("run_1", GATE_SCHEMA.empty_table())
    second.join()
    assert len(reports) == 1
    assert (lake / "_gate" / "run_1.parquet").exists()


# ---- builds -------------------------------------------------------------------------------------

slow = pytest.mark.slow


def dbt(warehouse: Warehouse, *arguments: str, artifacts: str = "first") -> list[str]:
    """Return the arguments to run dbt, with artifacts in a folder of its own."""
    folder = str(warehouse.home / artifacts)
    return [
        *("-m", "dbt.cli.main", *arguments, "--project-dir", str(warehouse.project)),
        *("--profiles-dir", str(warehouse.project / "profiles"), "--no-use-colors"),
        *("--target-path", folder, "--log-path", folder),
    ]


def environment(warehouse: Warehouse, wait: int) -> dict[str, str]:
    return {**warehouse.environment, "SHELFCAST_WAIT": str(wait)}


def holder(warehouse: Warehouse, *, read_only: bool) -> str:
    """Return Python that opens the database until a line of input."""
    return f"""
import duckdb
connection = duckdb.connect({str(warehouse.home / "shelfcast.duckdb")!r}, read_only={read_only})
print('ready', flush=True)
input()
"""


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    plugin = Plugin("duckdb_lock", {"wait_seconds": 0})
    said = f"There is no folder {missing}; landing files makes it"
    with pytest.raises(WarehouseError, match=said):
        plugin.update_connection_config(DuckDBCredentials(path=f"{missing}/shelfcast.duckdb"), {})


@slow
@pytest.mark.parametrize("read_only", [False, True])
def test_a_build_of_a_file_in_use_stops_with_a_sentence(
    sample: Warehouse, tmp_path: Path, read_only: bool
) -> None:
    copy = sample.copy(tmp_path / "home")
    with process("-c", holder(copy, read_only=read_only)) as other:
        wait_for(other, "ready")
        with process(*dbt(copy, "build"), **environment(copy, 1)) as build:
            said, _ = build.communicate()
        assert build.returncode == 2
    assert "Traceback" not in said
    lines = said[said.index("Encountered an error") :].strip().splitlines()
    assert len(lines) == 3, said
    assert str(copy.home / "shelfcast.duckdb") in lines[2]
    assert f"process {other.pid}" in lines[2]
    assert "run this again" in lines[2]


@slow
def test_a_build_waits_for_a_reader_that_ends_soon(sample: Warehouse, tmp_path: Path) -> None:
    copy = sample.copy(tmp_path / "home")
    with process("-c", holder(copy, read_only=True)) as reader:
        wait_for(reader, "ready")
        run = dbt(copy, "run", "--select", "dim_scenarios")
        with process(*run, **environment(copy, 300)) as build:
            wait_for(build, f"waiting up to 300 seconds for process {reader.pid}")
            reader.communicate("\n")
            said, _ = build.communicate()
    assert build.returncode == 0, said


@slow
def test_two_builds_are_one_after_the_other_and_readers_say_so(
    sample: Warehouse, tmp_path: Path
) -> None:
    copy = sample.copy(tmp_path / "home")
    with process(*dbt(copy, "run"), **environment(copy, 0)) as first:
        wait_for(first, "START sql")
        first.send_signal(signal.SIGSTOP)  # so that it holds the file until it may go on
        for command in (["summary"], ["rejects", "list"], ["export", str(tmp_path / "exports")]):
            answer = copy.shelfcast(*command)
            assert answer.returncode == 1
            assert answer.stderr.startswith("Error: ")
            assert answer.stderr.count("\n") == 1
            assert "wait for the build to end" in answer.stderr
        run = dbt(copy, "run", "--select", "dim_scenarios", artifacts="second")
        with process(*run, **environment(copy, 600)) as second:
            wait_for(second, f"for process {first.pid}")
            first.send_signal(signal.SIGCONT)
            said, _ = first.communicate()
            assert first.returncode == 0, said
            said, _ = second.communicate()
            assert second.returncode == 0, said
    assert gold_differences(sample, copy) == []


@slow
@pytest.mark.parametrize(
    "last_line",
    [
        "START python table model silver.py_forecast_fits",
        "OK created sql table model gold.fct_demand_forecasts",
    ],
)
def test_a_killed_build_is_made_good_by_the_next(
    sample: Warehouse, sample_landing: Path, tmp_path: Path, last_line: str
) -> None:
    killed = Warehouse(tmp_path / "home")
    land(sample_landing, killed.home / "lake")
    with process(*dbt(killed, "build"), **environment(killed, 0)) as build:
        wait_for(build, last_line)
        build.send_signal(signal.SIGKILL)
        build.wait()
    spilled = killed.home / "shelfcast.duckdb.tmp" / "duckdb_temp_storage_DEFAULT-0.tmp"
    spilled.parent.mkdir()
    spilled.write_bytes(b"what a build spills when memory is short")
    killed.build()
    assert not spilled.exists()
    assert gold_differences(sample, killed) == []
    assert (
        killed.query("select table_name from duckdb_tables() where contains(table_name, '__dbt')")
        == []
    )
