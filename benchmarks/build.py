"""What a whole build costs at a given size: seconds and peak memory by step, rows by model.

Run as ``.venv/bin/python benchmarks/build.py [--skus N] [--target duckdb|postgres]``, or by
``make bench-build``. A retailer of N SKUs × 5 locations × 730 days is simulated once and kept in
``target/bench-build``; the warehouse beside it is built anew each time. Memory is sampled on Linux
from all processes of a step and of the warehouse's own PostgreSQL server, shared pages divided
among those that share them. Figures are for people; no test asserts them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("target/bench-build")
LOCATIONS, DAYS = 5, 730
SAMPLED_EVERY = 1.0
"""Seconds between two samples of memory."""


@dataclass(frozen=True)
class Cost:
    """What one step took."""

    step: str
    seconds: float
    cpu_seconds: float
    peak_gb: float


class MemoryWatch(threading.Thread):
    """Sample the memory of this process's descendants, and of a server, until stopped."""

    def __init__(self, server_pid_file: Path) -> None:
        super().__init__(daemon=True)
        self.peak_kb = 0
        self._server_pid_file = server_pid_file
        self._is_over = threading.Event()

    def run(self) -> None:
        """Sample until :meth:`stop` is called."""
        while not self._is_over.wait(SAMPLED_EVERY):
            pids = descendants(os.getpid())
            if self._server_pid_file.exists():
                server = int(self._server_pid_file.read_text().split()[0])
                pids |= {server} | descendants(server)
            self.peak_kb = max(self.peak_kb, sum(memory_kb(pid) for pid in pids))

    def stop(self) -> int:
        """Stop sampling and return the peak in KB."""
        self._is_over.set()
        self.join()
        return self.peak_kb


def descendants(pid: int) -> set[int]:
    """Return the processes that a process started, and those that they started."""
    found: set[int] = set()
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = {int(child) for child in tasks.read_text().split()}
        except OSError:  # the thread has ended
            continue
        found |= children.union(*(descendants(child) for child in children))
    return found


def memory_kb(pid: int) -> int:
    """Return the resident memory of a process, its part of shared pages; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def measure(
    step: str,
    command: list[str],
    environment: Mapping[str, str],
    home: Path,
    accepted: tuple[int, ...] = (0,),
) -> Cost:
    """Run one command, its output to a log beside the warehouse, and return what it took."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / f"{step}.log"
    watch = MemoryWatch(home / "postgres" / "postmaster.pid")
    cpu, start = cpu_seconds(), time.perf_counter()
    watch.start()
    with log.open("wb") as output:
        code = subprocess.run(
            command, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        ).returncode
    seconds, peak_kb = time.perf_counter() - start, watch.stop()
    if code not in accepted:
        sys.exit(f"{step} ended with code {code}; {log} says why.")
    return Cost(step, seconds, cpu_seconds() - cpu, peak_kb / 2**20)


def cpu_seconds() -> float:
    """Return the CPU time of the commands that have ended; that of a server is not among it."""
    times = os.times()
    return times.children_user + times.children_system


def copy_lake(lake: Path) -> None:
    """Read every column of every landed row and write it to a DuckDB file: the limit of a build."""
    import duckdb

    copy = lake.parent / "copy.duckdb"
    with duckdb.connect(copy) as connection:
        connection.execute("set preserve_insertion_order = false")
        for entity in sorted(lake.glob("[a-z]*")):
            connection.execute(f"create table {entity.name} as from '{entity}/*.parquet'")
    copy.unlink()


def print_models(results: Path, manifest: Path) -> None:
    """Print what dbt's run took, model by model, the slowest first, with the rows of tables."""
    from shelfcast import warehouse

    nodes = json.loads(manifest.read_text())["nodes"]
    by_kind: dict[str, list[tuple[float, str]]] = {}
    for result in json.loads(results.read_text())["results"]:
        kind = result["unique_id"].split(".")[0]
        by_kind.setdefault(kind, []).append((result["execution_time"], result["unique_id"]))
    print(f"\n{'model':<36}{'seconds':>9}{'rows':>14}")
    with warehouse.read_only() as connection:
        for seconds, name in sorted(by_kind["model"], reverse=True):
            node = nodes[name]
            rows = node["config"]["materialized"]
            if rows != "view":
                table = f'"{node["schema"]}"."{node["alias"]}"'
                (count,) = connection.execute(f"select count(*) from {table}").fetchall()[0]
                rows = f"{count:,}"
            print(f"{node['name']:<36}{seconds:>9.1f}{rows:>14}")
    print("\nThreads run side by side, so that their seconds add up to more than the build's:")
    for kind, timed in sorted(by_kind.items()):
        print(f"{len(timed):>5} {kind:<12}{sum(seconds for seconds, _ in timed):>9.1f} s")


def main(skus: int, target: str) -> None:
    """Measure every step, then print the models."""
    landing = FOLDER / f"landing-{skus}"
    home = FOLDER / f"warehouse-{skus}-{target}"
    logs = home / "dbt"
    os.environ |= {
        "SHELFCAST_HOME": str(home),
        "SHELFCAST_TARGET": target,
        "DBT_PROFILES_DIR": "profiles",
        "DBT_TARGET_PATH": str(logs),
        "DBT_LOG_PATH": str(logs),
        "DO_NOT_TRACK": "1",
    }
    programs = Path(sys.executable).parent
    shelfcast, dbt = str(programs / "shelfcast"), str(programs / "dbt")
    size = ["--skus", str(skus), "--locations", str(LOCATIONS), "--days", str(DAYS)]
    # a server of the warehouse's own, unless DATABASE_URL names another
    is_embedded = target == "postgres" and not os.environ.get("DATABASE_URL")
    if home.exists():
        if is_embedded:
            subprocess.run([shelfcast, "postgres", "stop"], check=True)
        shutil.rmtree(home)
    if is_embedded:
        subprocess.run([shelfcast, "postgres", "start"], check=True)
    steps = [
        ("generate", [shelfcast, "generate", str(landing), *size], (0,)),
        ("land", [shelfcast, "land", str(landing)], (0,)),
        ("gate", [shelfcast, "gate"], (0, 1)),  # 1: it warns
        ("build", [dbt, "build"], (0,)),
        ("copy", [sys.executable, __file__, "--copy", str(home / "lake")], (0,)),
    ]
    if landing.exists():
        del steps[0]
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(
        f"{skus:,} SKUs × {LOCATIONS} × {DAYS} on {target}; "
        f"{os.cpu_count()} processors ({platform.machine()}), load before {load}"
    )
    print(f"{'step':<12}{'seconds':>9}{'CPU s':>9}{'peak GB':>9}")
    for step, command, accepted in steps:
        cost = measure(step, command, os.environ, home, accepted)
        print(
            f"{step:<12}{cost.seconds:>9.1f}{cost.cpu_seconds:>9.1f}{cost.peak_gb:>9.2f}",
            flush=True,
        )
    print_models(logs / "run_results.json", logs / "manifest.json")
    if is_embedded:
        subprocess.run([shelfcast, "postgres", "stop"], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skus", type=int, default=1_000)
    parser.add_argument("--target", default="duckdb")
    parser.add_argument("--copy", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.copy:
        copy_lake(arguments.copy)
    else:
        main(arguments.skus, arguments.target)
