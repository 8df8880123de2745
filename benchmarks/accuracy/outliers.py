"""How often odd days are flagged where none was planted, and missed where one was.

``python -m benchmarks.accuracy.outliers [folder of the public files]`` prints the table of
docs/decisions/0017-odd-days.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.accuracy import data_sets
from benchmarks.accuracy.generators import FloatArray
from shelfcast.forecasting import Panel, damp_outliers

MULTIPLES = (5, 10, 50, 500)
"""A planted day, as a multiple of the mean of the days with demand."""

FIRST_DAY = 30
"""First day on which one is planted."""


def worlds(data: Path) -> Iterator[tuple[str, list[FloatArray]]]:
    """Give the name and the series of each set; the drawn ones have 500."""
    yield "FreshRetail", list(data_sets.fresh_retail(data / "fresh_retail_sample.parquet").series)
    yield "Online Retail", list(data_sets.online_retail(data / "online_retail.parquet").series)
    generated = [data_sets.generated_retail(seed).series for seed in range(1, 6)]
    yield "Generated, seeds 1 to 5", [one for series in generated for one in series]
    rng = np.random.default_rng(17)
    for rate, days in ((10, 400), (0.3, 730), (0.05, 730)):
        yield f"Poisson, {rate} a day", [rng.poisson(rate, days) * 1.0 for _ in range(500)]
    yield (
        "Negative binomial, 10 a day",
        [rng.negative_binomial(2, 1 / 6, 400) * 1.0 for _ in range(500)],
    )
    yield "Lumpy: 1 day in 12, log-normal sizes", [_lumpy(rng) for _ in range(500)]
    yield "10 a day, and a bulk order of 200 every 2 to 7 weeks", [_bulk(rng) for _ in range(500)]


def _lumpy(rng: np.random.Generator) -> FloatArray:
    return (rng.random(730) < 1 / 12) * np.ceil(np.exp(rng.normal(2, 1, 730)))


def _bulk(rng: np.random.Generator) -> FloatArray:
    demand = rng.poisson(10, 400) * 1.0
    day = int(rng.integers(0, 30))
    while day < demand.size:
        demand[day] += rng.poisson(200)
        day += int(rng.integers(14, 50))
    return demand


def flags(series: list[FloatArray]) -> list[FloatArray]:
    """Say which days of each series are odd."""
    panel = Panel.from_series(series)
    _, is_outlier = damp_outliers(panel, np.zeros(panel.values.size, np.bool_))
    return np.split(is_outlier, panel.offsets[1:-1])


def missed(series: list[FloatArray], multiple: int) -> float:
    """Plant one odd day in each series, and return the share that is not flagged."""
    rng = np.random.default_rng(multiple)
    planted, days = [], []
    for values in series:
        day = int(rng.integers(FIRST_DAY, values.size))
        changed = values.copy()
        changed[day] = multiple * values[values > 0].mean()
        planted.append(changed)
        days.append(day)
    return 1 - float(np.mean([one[day] for one, day in zip(flags(planted), days, strict=True)]))


def main(data: Path) -> None:
    """Print the table."""
    print("| Set | Series | Days | Series flagged |", *(f" {m}× missed |" for m in MULTIPLES))
    for name, series in worlds(data):
        known = [values for values in series if (values > 0).any()]
        share = np.mean([one.any() for one in flags(known)])
        days = sum(values.size for values in known)
        rates = " ".join(f"{missed(known, multiple):.1%} |" for multiple in MULTIPLES)
        print(f"| {name} | {len(known):,} | {days:,} | {share:.1%} | {rates}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
