"""What forecasting costs: one call with many series, beside its limits and beside statsforecast.

Run by ``make bench`` as ``.venv/bin/python -m benchmarks.forecasting [--series N] [--peers N]
[--statsforecast PYTHON]``. Each part runs in a process of its own. CPU seconds are those of all
threads of a process; a GB is 2³⁰ bytes. Figures are for people; no test asserts them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import numpy as np

from benchmarks.accuracy import metrics
from benchmarks.accuracy.generators import FloatArray, daily_retail

if TYPE_CHECKING:
    from shelfcast.forecasting import Forecasts

PROJECT = Path(__file__).parents[1]
SERIES, DAYS, HORIZON, SEASON_LENGTH = 50_000, 730, 28, 7
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
DRAWN_AT_ONCE = 2_500
PEER_SERIES = 500
WARMING_SERIES = 64
"""Series of the call that loads the kernels: enough for every step, and not measured."""

SEED = 20261121

MOST_CPU_MS, MOST_GB, MOST_COMPILE_SECONDS = 1.2, 3.0, 40.0
"""Bars: CPU milliseconds a series, peak memory of the largest call, and the first call of all."""

MOST_GROWTH = 1.25
"""Bar of linear cost: CPU of a further series in the second half / in the second quarter.

The first quarter is left out because it carries the pilot. A cost that rises by the square of the
series would make 2.
"""

LEAST_SPEED = {"auto_ets": 250, "dynamic_theta": 100}
"""Bars: CPU a series of a peer / ours, at an RMSSE of ours that is not above the peer's."""

PEER_NAMES = {"auto_ets": "AutoETS", "dynamic_theta": "DynamicOptimizedTheta"}

Figures = dict[str, Any]


class Bar(NamedTuple):
    """What was asked, and whether it holds."""

    claim: str
    holds: bool


# ---- Parts, each in a process of its own ---------------------------------------------------------


def draw(folder: Path, series: str, peers: str) -> Figures:
    """Draw the panel, and choose the series that the peers forecast too."""
    count = int(series)
    panel = np.lib.format.open_memmap(
        folder / "panel.npy", mode="w+", dtype=np.float64, shape=(count, DAYS)
    )
    for start in range(0, count, DRAWN_AT_ONCE):
        size = min(DRAWN_AT_ONCE, count - start)
        panel[start : start + size] = daily_retail(size, DAYS, SEED + start)
    random = np.random.default_rng(SEED)
    chosen = np.sort(random.choice(count, min(int(peers), count), replace=False))
    np.save(folder / "chosen.npy", chosen)
    return {"peers": chosen.size}


def forecast_all(folder: Path, series: str, threads: str) -> Figures:
    """Forecast the first series of the panel in one call."""
    history = np.array(read_panel(folder)[: int(series)])
    with patch("os.cpu_count", return_value=int(threads)):
        made, figures = measured_call(folder, history)
    digest = sha256()
    for result in (made.mean, made.quantiles, made.cumulative_quantiles):
        digest.update(np.ascontiguousarray(result).tobytes())
    return figures | {"digest": digest.hexdigest()}


def learn(folder: Path, series: str) -> Figures:
    """Learn the prior alone, and count the candidates that are tried and kept."""
    from shelfcast.forecasting import Panel, teach
    from shelfcast.forecasting.candidates import build_grid
    from shelfcast.forecasting.priors import PILOT_SERIES

    history = np.array(read_panel(folder)[: int(series)])
    call(history[:WARMING_SERIES])
    panel = Panel.from_series(list(history))
    with clock() as figures:
        prior = teach(panel, SEASON_LENGTH, HORIZON)
    return figures | {
        "pilot": min(PILOT_SERIES, len(panel)),
        "tried": build_grid(SEASON_LENGTH).size,
        "kept": prior.grid.size,
    }


def copy_memory(_: Path) -> Figures:
    """Copy 1 GB, a part by each processor: the bandwidth that they have together."""
    source, target = np.ones(2**27), np.full(2**27, 2.0)
    processors = os.cpu_count() or 1
    parts = np.array_split(target, processors), np.array_split(source, processors)
    best = np.inf
    with ThreadPoolExecutor(processors) as executor:
        for _attempt in range(5):
            start = time.perf_counter()
            list(executor.map(np.copyto, *parts))
            best = min(best, time.perf_counter() - start)
    return {"gb_per_second": 2 * source.nbytes / 2**30 / best}


def call_first(folder: Path) -> Figures:
    """Import the library and forecast a few series, with whatever kernels are kept."""
    history = np.array(read_panel(folder)[:WARMING_SERIES])
    with clock() as figures:
        call(history)
    return figures


def forecast_held_out(folder: Path, which: str) -> Figures:
    """Forecast the last days from those before, for ``all`` or the ``chosen`` series alone."""
    panel, chosen = read_panel(folder), np.load(folder / "chosen.npy")
    rows = chosen if which == "chosen" else np.arange(len(panel))
    made, figures = measured_call(folder, np.array(panel[rows, :-HORIZON]))
    mean = made.mean[np.isin(rows, chosen)]
    return figures | {"rmsse": mean_rmsse(panel[chosen], mean), "ms": ms_a_series(figures)}


def forecast_by_peer(folder: Path, name: str) -> Figures:
    """Forecast the last days of the chosen series by a method of statsforecast, means alone.

    A forecast below zero is raised to zero. Where the peer fails, the mean of the last week stands.
    """
    import statsforecast

    from benchmarks.accuracy.peers import PEERS

    warnings.filterwarnings("ignore")
    actual = np.array(read_panel(folder)[np.load(folder / "chosen.npy")])
    history = np.ascontiguousarray(actual[:, :-HORIZON])
    forecasts, failures = np.empty((len(actual), HORIZON)), 0
    PEERS[name](season_length=SEASON_LENGTH).forecast(y=history[0], h=HORIZON)
    with clock() as figures:
        for i, known in enumerate(history):
            try:
                model = PEERS[name](season_length=SEASON_LENGTH)
                forecasts[i] = model.forecast(y=known, h=HORIZON)["mean"]
            except Exception:  # whatever a peer raises is its failure, not the end of the run
                forecasts[i] = np.nan
            if not np.isfinite(forecasts[i]).all():
                forecasts[i] = known[-SEASON_LENGTH:].mean()
                failures += 1
            if (i + 1) % 50 == 0:
                print(f"  {PEER_NAMES[name]}: {i + 1} of {len(history)}", file=sys.stderr)
    return figures | {
        "rmsse": mean_rmsse(actual, np.maximum(forecasts, 0.0)),
        "ms": 1e3 * figures["cpu"] / len(history),
        "failures": failures,
        "version": statsforecast.__version__,
    }


PARTS: dict[str, Callable[..., Figures]] = {
    part.__name__: part
    for part in (
        draw,
        forecast_all,
        learn,
        copy_memory,
        call_first,
        forecast_held_out,
        forecast_by_peer,
    )
}


def read_panel(folder: Path) -> FloatArray:
    """Open the panel (n, DAYS) without reading it."""
    panel: FloatArray = np.load(folder / "panel.npy", mmap_mode="r")
    return panel


def call(history: FloatArray) -> Forecasts:
    """Forecast series with all that a user gets: means and both kinds of quantiles."""
    from shelfcast.forecasting import forecast_arrays

    made = forecast_arrays(list(history), HORIZON, SEASON_LENGTH, QUANTILES)
    _ = made.quantiles, made.cumulative_quantiles
    return made


def measured_call(folder: Path, history: FloatArray) -> tuple[Forecasts, Figures]:
    """Forecast series (n, days), kernels warm, and measure the call."""
    call(read_panel(folder)[:WARMING_SERIES])
    with clock() as figures:
        made = call(history)
    return made, figures | {"series": len(history), "input_gb": history.nbytes / 2**30}


@contextmanager
def clock() -> Iterator[Figures]:
    """Measure a block: seconds, CPU seconds, and the peak memory of the process so far."""
    figures: Figures = {}
    start, cpu = time.perf_counter(), time.process_time()
    yield figures
    figures["seconds"] = time.perf_counter() - start
    figures["cpu"] = time.process_time() - cpu
    figures["gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def ms_a_series(figures: Figures) -> float:
    """Return the CPU milliseconds that a call took for each series."""
    return float(1e3 * figures["cpu"] / figures["series"])


def ms_added(smaller: Figures, larger: Figures) -> float:
    """Return the CPU milliseconds of each series that a larger call has more."""
    added = larger["series"] - smaller["series"]
    return float(1e3 * (larger["cpu"] - smaller["cpu"]) / added)


def mean_rmsse(actual: FloatArray, forecasts: FloatArray) -> float:
    """Score forecasts (n, HORIZON) of the last days of series (n, DAYS)."""
    scale = np.array([metrics.squared_scale(known) for known in actual[:, :-HORIZON]])
    return float(np.nanmean(metrics.rmsse(actual[:, -HORIZON:], forecasts, scale)))


# ---- Sections of the report ----------------------------------------------------------------------


class Bench(NamedTuple):
    """Where the parts find the panel, and how many series it has."""

    folder: Path
    series: int

    def run(
        self, part: Callable[..., Figures], *words: object, python: str = sys.executable
    ) -> Figures:
        """Run one part in a process of its own and return its figures."""
        command = [python, "-m", "benchmarks.forecasting", "--part", part.__name__]
        command += [str(word) for word in (self.folder, *words)]
        done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{part.__name__} ended with code {done.returncode}; why is said above.")
        figures: Figures = json.loads(done.stdout.splitlines()[-1])
        return figures


def report_calls(bench: Bench) -> tuple[Figures, list[Bar]]:
    """Report calls of three sizes, and the largest again on one thread."""
    threads = os.cpu_count() or 1
    runs = [(bench.series // 4, threads), (bench.series // 2, threads), (bench.series, threads)]
    print("One call of forecast_arrays: profile, prior, fits, pool, means, both kinds of quantiles")
    print(f"  {'series':>9}{'threads':>9}{'seconds':>9}{'CPU s':>8}{'ms CPU a series':>17}", end="")
    print(f"{'peak GB':>9}{'of it input':>13}")
    calls = []
    for series, count in [*runs, (bench.series, 1 if threads > 1 else 2)]:
        with patch.dict(os.environ, OPENBLAS_NUM_THREADS=str(count)):
            made = bench.run(forecast_all, series, count)
        calls.append(made)
        print(f"  {series:>9,}{count:>9}{made['seconds']:>9.1f}{made['cpu']:>8.1f}", end="")
        print(f"{ms_a_series(made):>17.3f}{made['gb']:>9.2f}{made['input_gb']:>13.2f}", flush=True)
    quarter, half, whole, other = calls
    most_cpu = MOST_CPU_MS * bench.series / 1e3
    growth = ms_added(half, whole) / ms_added(quarter, half)
    same = whole["digest"] == other["digest"]
    return whole, [
        Bar(f"CPU {whole['cpu']:.1f} s, at most {most_cpu:.1f}", whole["cpu"] <= most_cpu),
        Bar(f"peak {whole['gb']:.2f} GB, at most {MOST_GB:.2f}", whole["gb"] <= MOST_GB),
        Bar(
            f"linear: a series of the second half costs {growth:.2f} times one of the second "
            f"quarter, at most {MOST_GROWTH:.2f}",
            growth <= MOST_GROWTH,
        ),
        Bar(f"one thread and several: results {'equal' if same else 'differ'} bit for bit", same),
    ]


def report_limits(bench: Bench, whole: Figures) -> None:
    """Report what memory and arithmetic allow."""
    speed = bench.run(copy_memory)["gb_per_second"]
    learnt = bench.run(learn, bench.series)
    numbers = bench.series * (DAYS + HORIZON * (1 + 2 * len(QUANTILES)))
    traffic = 8 * numbers / 2**30
    runs = learnt["tried"] * learnt["pilot"] + learnt["kept"] * bench.series
    nanoseconds = 1e9 * whole["cpu"] / (runs * DAYS)
    print(f"""
What the machine allows
  Memory: {traffic:.2f} GB of history, means and quantiles must be read or written once. Copying
  1 GB moves {speed:.1f} GB a second, so that takes {traffic / speed:.3f} s; the call takes \
{whole["seconds"] * speed / traffic:,.0f} times as long.
  Arithmetic: {learnt["tried"]} candidates on a pilot of {learnt["pilot"]:,} series, and the \
{learnt["kept"]} that are kept on all:
  {runs * DAYS / 1e9:.2f} × 10⁹ candidate-days, {nanoseconds:.1f} ns of CPU each, everything else \
included. Learning the prior
  takes {learnt["cpu"]:.1f} of the {whole["cpu"]:.1f} CPU s.""")


def report_compiling(bench: Bench) -> list[Bar]:
    """Report the first call of a new installation, and of the next process."""
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ, NUMBA_CACHE_DIR=name):
        cold = bench.run(call_first)
        kept = files_in(Path(name))
        warm = bench.run(call_first)
        is_same = files_in(Path(name)) == kept
    compiled = sum(path.suffix == ".nbc" for path in kept)
    print(f"""
Compiling: import and a call with {WARMING_SERIES} series, in a new process
  no kernel kept    {cold["seconds"]:>6.1f} s, {cold["cpu"]:.1f} CPU s; {compiled} kernels written
  kernels kept      {warm["seconds"]:>6.1f} s, {warm["cpu"]:.1f} CPU s""")
    return [
        Bar(
            f"first call {cold['seconds']:.1f} s, at most {MOST_COMPILE_SECONDS:.0f}",
            cold["seconds"] <= MOST_COMPILE_SECONDS,
        ),
        Bar(
            f"second process: {'nothing' if is_same else 'something'} compiled",
            is_same and compiled > 0,
        ),
    ]


def files_in(folder: Path) -> dict[Path, int]:
    """Return when each file below a folder was written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def report_peers(bench: Bench, peers: int, python: Path) -> list[Bar]:
    """Report our CPU and RMSSE beside those of statsforecast on the same series and days."""
    print(f"""
Beside statsforecast: {peers} series chosen at random, {DAYS - HORIZON} days known, the last \
{HORIZON} forecast;
theirs are means alone, ours means and both kinds of quantiles
  {"":<32}{"ms CPU a series":>16}{"RMSSE":>9}{"times ours":>12}{"times ours alone":>18}""")
    whole = bench.run(forecast_held_out, "all")
    print(f"  {f'ours, of {bench.series:,} in a call':<32}{whole['ms']:>16.3f}", end="")
    print(f"{whole['rmsse']:>9.4f}", flush=True)
    alone = bench.run(forecast_held_out, "chosen")
    print(
        f"  {f'ours, these {peers} alone':<32}{alone['ms']:>16.3f}{alone['rmsse']:>9.4f}",
        flush=True,
    )
    if not python.exists():
        print(f"  {python} is missing, so statsforecast was not run: `make accuracy` makes it.")
        return []
    bars = []
    for name, least in LEAST_SPEED.items():
        peer = bench.run(forecast_by_peer, name, python=str(python.absolute()))
        speed = peer["ms"] / whole["ms"]
        title = f"{PEER_NAMES[name]} {peer['version']}"
        print(f"  {title:<32}{peer['ms']:>16.2f}{peer['rmsse']:>9.4f}", end="")
        print(f"{speed:>12,.0f}{peer['ms'] / alone['ms']:>18,.0f}", flush=True)
        if peer["failures"]:
            print(f"  {title} failed on {peer['failures']} series; the last week's mean stands.")
        bars.append(
            Bar(
                f"{speed:,.0f} times less CPU than {title}, at least {least}, "
                f"at RMSSE {whole['rmsse']:.4f} to {peer['rmsse']:.4f}",
                speed >= least and whole["rmsse"] <= peer["rmsse"],
            )
        )
    return bars


def main(series: int, peers: int, python: Path) -> None:
    """Measure every part, print the report, and say which bars hold."""
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(
        f"{series:,} series × {DAYS} days, horizon {HORIZON}, {len(QUANTILES)} quantiles; "
        f"{os.cpu_count()} processors ({platform.machine()}), load before {load}\n",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), series)
        chosen = bench.run(draw, series, peers)["peers"]
        whole, bars = report_calls(bench)
        report_limits(bench, whole)
        bars += report_compiling(bench)
        bars += report_peers(bench, chosen, python)
    print(f"\nBars, set for {SERIES:,} series")
    for bar in bars:
        print(f"  {'holds' if bar.holds else 'fails':<7}{bar.claim}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--peers", type=int, default=PEER_SERIES)
    parser.add_argument("--statsforecast", type=Path, default=PROJECT / ".venv-accuracy/bin/python")
    parser.add_argument("--part", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        part, folder, *words = arguments.part
        print(json.dumps(PARTS[part](Path(folder), *words)))
    else:
        if arguments.series < 4 * WARMING_SERIES:
            parser.error(f"--series must be at least {4 * WARMING_SERIES}")
        main(arguments.series, arguments.peers, arguments.statsforecast)
