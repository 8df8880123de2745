"""What a landing costs in which nothing is new, beside a bare look at every file.

Run as ``.venv/bin/python benchmarks/landing.py [FILES]``. A landing folder of daily files of sales
is made and landed; what is measured then is the whole command ``shelfcast land``, three times, and
the least that it can do: to list the folder and to ask the file system for the state of each file.
Figures are for people; no test asserts them.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

FILES = 5_000
LINES = 100
RUNS = 3

HEADER = "transaction_id,line_number,sold_at,sku_id,location_id,quantity,unit_price\n"


def write_landing(folder: Path, files: int) -> None:
    """Write one file of SKUs and daily files of sales."""
    (folder / "sales").mkdir(parents=True)
    (folder / "skus.csv").write_text("sku_id,category\ntea,Drinks\n")
    for number in range(files - 1):
        day = date(2012, 1, 1) + timedelta(days=number)
        lines = (f"{number}-{line},1,{day},tea,Hull,{1 + line},2.5\n" for line in range(LINES))
        (folder / "sales" / f"sales_{day}.csv").write_text(HEADER + "".join(lines))


def look(folder: Path) -> float:
    """Return the seconds that it takes to list the files and ask for their states."""
    start = time.perf_counter()
    pending = [folder]
    while pending:
        for entry in os.scandir(pending.pop()):
            if entry.is_dir():
                pending.append(Path(entry.path))
            else:
                os.stat(entry.path)
    return time.perf_counter() - start


def land(source: Path, home: Path) -> tuple[float, float, float]:
    """Return the seconds and CPU seconds of the command, and its peak memory in MB so far."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from shelfcast.cli import main; main()", "land", str(source)],
        env={**os.environ, "SHELFCAST_HOME": str(home), "SHELFCAST_TARGET": "duckdb"},
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, after.ru_maxrss / 1024


def main(files: int) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        source, home = Path(folder, "landing"), Path(folder, "home")
        write_landing(source, files)
        time.sleep(3)  # a file that changed a moment ago is read again
        print(f"{files:,} files, load {os.getloadavg()[0]:.1f}")
        print("| Step | Seconds | CPU s | Peak MB |")
        print("|---|---|---|---|")
        print("| first landing | {:.1f} | {:.1f} | {:,.0f} |".format(*land(source, home)))
        for _ in range(RUNS):
            print("| nothing new | {:.2f} | {:.2f} | {:,.0f} |".format(*land(source, home)))
        print(f"| a bare look at every file (limit) | {look(source):.3f} | | |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else FILES)
