"""The peers' forecasts, made by statsforecast in an environment of its own.

Run as ``python -m benchmarks.accuracy.peers FOLDER NAME...``: reads ``FOLDER/NAME.npz`` and writes
``FOLDER/NAME.peers.npz``, unless that was made from the same panel by the same statsforecast. No
part of shelfcast is imported here.
"""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
import statsforecast
from statsforecast.models import AutoETS, DynamicOptimizedTheta

QUANTILES = {
    0.05: "lo-90",
    0.1: "lo-80",
    0.25: "lo-50",
    0.5: "lo-0",
    0.75: "hi-50",
    0.9: "hi-80",
    0.95: "hi-90",
    0.975: "hi-95",
    0.99: "hi-98",
}
"""Quantile levels, and the bounds of AutoETS's intervals that they are."""

PEERS = {"auto_ets": AutoETS, "dynamic_theta": DynamicOptimizedTheta}
"""The peers, at their authors' settings."""


def forecast(task: tuple[Any, int, int, list[int]]) -> tuple[dict[str, Any], dict[str, int]]:
    """Forecast one series at all of its origins by every peer.

    A forecast below zero is raised to zero where the history never was below. A peer that fails, or
    returns no number, forecasts the mean of the last season, and the failure is counted.

    Parameters
    ----------
    task
        Values of the series, season length, horizon, and points held out at each origin.

    Returns
    -------
    forecasts
        By peer (origins, horizon), and ``quantiles`` of AutoETS (origins, horizon, 9).
    failures
        By peer.
    """
    values, season_length, horizon, holdouts = task
    shape = (len(holdouts), horizon)
    forecasts = {name: np.empty(shape) for name in PEERS}
    forecasts["quantiles"] = np.empty((*shape, len(QUANTILES)))
    failures = dict.fromkeys(PEERS, 0)
    levels = sorted({int(bound[3:]) for bound in QUANTILES.values()})
    for origin, holdout in enumerate(holdouts):
        history = np.ascontiguousarray(values[: values.size - holdout])
        lowest = 0.0 if (history >= 0).all() else -np.inf
        for name, model in PEERS.items():
            wanted = {"level": levels} if name == "auto_ets" else {}
            try:
                got = model(season_length=season_length).forecast(y=history, h=horizon, **wanted)
            except Exception:  # whatever a peer raises is its failure, not the end of the run
                got = {}
            mean = got.get("mean", np.full(horizon, np.nan))
            if not np.isfinite(mean).all():
                failures[name] += 1
                mean = np.full(horizon, history[-season_length:].mean())
            forecasts[name][origin] = np.maximum(mean, lowest)
            if name == "auto_ets":
                bounds = np.stack([got.get(bound, mean) for bound in QUANTILES.values()], axis=1)
                bounds = np.where(np.isfinite(bounds), bounds, mean[:, None])
                forecasts["quantiles"][origin] = np.maximum(bounds, lowest)
    return forecasts, failures


def run(folder: Path, name: str) -> None:
    """Forecast a set, unless its result is there."""
    panel, result = folder / f"{name}.npz", folder / f"{name}.peers.npz"
    with np.load(panel) as arrays:
        values, lengths, holdouts = (arrays[part] for part in ("values", "lengths", "holdouts"))
        season_length, horizon = int(arrays["season_length"]), int(arrays["horizon"])
    content = hashlib.sha256()
    for part in (values, lengths, holdouts, np.array([season_length, horizon])):
        content.update(np.ascontiguousarray(part).tobytes())
    key = f"statsforecast {statsforecast.__version__}, panel {content.hexdigest()}"
    if result.exists():
        with np.load(result) as arrays:
            if str(arrays["key"]) == key:
                print(f"{name}: the peers' forecasts are there already", flush=True)
                return
    tasks = [
        (one, season_length, horizon, holdouts.tolist())
        for one in np.split(values, np.cumsum(lengths)[:-1])
    ]
    start = time.perf_counter()
    done = []
    with Pool() as pool:
        for one in pool.imap(forecast, tasks):
            done.append(one)
            if len(done) % 50 == 0 or len(done) == len(tasks):
                seconds = time.perf_counter() - start
                print(f"{name}: {len(done)} of {len(tasks)} series, {seconds:.0f} s", flush=True)
    made: dict[str, Any] = {"key": key, "version": statsforecast.__version__}
    made["levels"] = list(QUANTILES)
    for part in done[0][0]:
        made[part] = np.stack([forecasts[part] for forecasts, _ in done])
    for peer in PEERS:
        made[f"{peer}_failures"] = sum(failures[peer] for _, failures in done)
    np.savez(result, **made)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    for set_name in sys.argv[2:]:
        run(Path(sys.argv[1]), set_name)
