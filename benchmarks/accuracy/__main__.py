"""Run the bench, as ``.venv/bin/python -m benchmarks.accuracy [DATA [PEERS]]``.

DATA is the folder of the public files, PEERS the Python that has statsforecast. Peers' forecasts
are kept in ``target/accuracy``, so that a second run takes minutes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.accuracy import ours, report
from benchmarks.accuracy.data_sets import DataSet, all_sets
from benchmarks.accuracy.generators import FloatArray
from benchmarks.accuracy.scores import MEAN_OF_PEERS, OURS, regret, score

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs/accuracy.md"
KEPT = PROJECT / "target/accuracy"


def main(
    data: Path = PROJECT.parent / "shared/data",
    peers: Path = PROJECT / ".venv-accuracy/bin/python",
) -> None:
    """Forecast every set by every method, and write the page.

    Raises
    ------
    FileNotFoundError
        If a public file, or the peers' Python, is missing.
    CalledProcessError
        If the peers' process fails.
    """
    start = time.perf_counter()
    if not peers.exists():
        raise FileNotFoundError(f"{peers} is missing: `make accuracy` makes the peers' environment")
    sets = all_sets(data)
    KEPT.mkdir(parents=True, exist_ok=True)
    for data_set in sets:
        data_set.save(KEPT)
    names = [data_set.name for data_set in sets]
    command = [str(peers), "-m", "benchmarks.accuracy.peers", str(KEPT), *names]
    subprocess.run(command, cwd=PROJECT, check=True)
    results = []
    for data_set in sets:
        results.append(judge(data_set))
        change = results[-1].scores.wape(OURS, MEAN_OF_PEERS).share
        seconds = time.perf_counter() - start
        print(
            f"{data_set.title}: WAPE {change:+.1%} against the mean of the peers, {seconds:.0f} s",
            flush=True,
        )
    with np.load(KEPT / f"{sets[0].name}.peers.npz") as arrays:
        peers_version = str(arrays["version"])
    PAGE.write_text(report.render(results, peers_version), encoding="utf-8")
    page, kept = PAGE.relative_to(PROJECT), KEPT.relative_to(PROJECT)
    print(f"The report is {page}; the peers' forecasts are kept in {kept}")


def judge(data_set: DataSet) -> report.Result:
    """Forecast a set by our methods, and score them and the peers."""
    with np.load(KEPT / f"{data_set.name}.peers.npz") as arrays:
        made = dict(arrays)
    levels = tuple(made["levels"].tolist())
    mine = ours.forecast(data_set, levels)
    forecasts = {
        **ours.compare(data_set),
        "auto_ets": made["auto_ets"],
        "dynamic_theta": made["dynamic_theta"],
        MEAN_OF_PEERS: (made["auto_ets"] + made["dynamic_theta"]) / 2,
        OURS: mine.mean,
    }
    quantiles = {"auto_ets": made["quantiles"], OURS: mine.quantiles}
    families, weights = ours.family_weights(data_set)
    quarter = data_set.over_a_quarter()
    return report.Result(
        data_set,
        score(data_set, forecasts, quantiles, levels),
        _regret(data_set, mine.mean),
        None if quarter is None else _regret(quarter, ours.forecast(quarter, (0.5,)).mean),
        families,
        weights,
        int(made["auto_ets_failures"] + made["dynamic_theta_failures"]),
    )


def _regret(data_set: DataSet, mean: FloatArray) -> tuple[float, float]:
    return regret(data_set, mean, ours.each_candidate(data_set))


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:]))
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        sys.exit(str(error))
