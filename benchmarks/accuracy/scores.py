"""Scores of every method on a data set, and how two methods differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy import metrics
from benchmarks.accuracy.data_sets import DataSet
from benchmarks.accuracy.generators import FloatArray

NAIVE, MEAN_OF_PEERS, OURS = "seasonal_naive", "mean_of_peers", "shelfcast"
"""Methods that others are held against."""

METHODS = {
    NAIVE: "Seasonal naive",
    "auto_ets": "AutoETS",
    "dynamic_theta": "DynamicOptimizedTheta",
    MEAN_OF_PEERS: "Mean of the two",
    OURS: "shelfcast",
    "sba": "Croston-SBA",
    "tsb": "TSB",
    "adida": "ADIDA",
    "imapa": "IMAPA",
}
"""Names in tables."""


class Difference(NamedTuple):
    """A score of one method less that of another, as a share of the other's."""

    share: float
    standard_error: float


@dataclass(frozen=True)
class Scores:
    """What each method scored on the sample of a set.

    Attributes
    ----------
    segments : (n,) object
        Segment of each series.
    demand : (n,)
        Σ|y| over all origins.
    overall
        By method and metric, mean over origins.
    absolute : by method (n,)
        Σ|y - f| over all origins.
    scaled : by method (n,)
        RMSSE, mean over origins; NaN where the series never moved before.
    """

    segments: npt.NDArray[np.object_]
    demand: FloatArray
    overall: Mapping[str, Mapping[str, float]]
    absolute: Mapping[str, FloatArray]
    scaled: Mapping[str, FloatArray]

    def wape(self, ours: str, other: str, where: npt.NDArray[np.bool_] | None = None) -> Difference:
        """Return by how much the WAPE over all origins differs, on all series or some."""
        chosen = np.full(self.demand.size, True) if where is None else where
        return difference(self.absolute[ours][chosen], self.absolute[other][chosen])

    def rmsse(
        self, ours: str, other: str, where: npt.NDArray[np.bool_] | None = None
    ) -> Difference:
        """Return by how much the mean RMSSE differs, on all series or some."""
        chosen = np.isfinite(self.scaled[ours])
        if where is not None:
            chosen = chosen & where
        return difference(self.scaled[ours][chosen], self.scaled[other][chosen])

    @classmethod
    def pool(cls, parts: Sequence[Scores]) -> Scores:
        """Take several sets as one: series together, scores averaged over the sets."""
        methods = parts[0].overall
        return cls(
            np.concatenate([part.segments for part in parts]),
            np.concatenate([part.demand for part in parts]),
            {
                method: {
                    metric: float(np.mean([part.overall[method][metric] for part in parts]))
                    for metric in methods[method]
                }
                for method in methods
            },
            {m: np.concatenate([part.absolute[m] for part in parts]) for m in methods},
            {m: np.concatenate([part.scaled[m] for part in parts]) for m in methods},
        )


def difference(ours: FloatArray, other: FloatArray) -> Difference:
    """Compare the sums of an error (n,) over series; the standard error is that over series.

    With d = ours - other: Σd / Σ other, and √n × the standard deviation of d / Σ other.
    """
    change = ours - other
    total = other.sum()
    spread = np.std(change, ddof=1) * np.sqrt(change.size) if change.size > 1 else np.nan
    return Difference(float(change.sum() / total), float(spread / total))


def score(
    data_set: DataSet,
    forecasts: Mapping[str, FloatArray],
    quantiles: Mapping[str, FloatArray],
    levels: Sequence[float],
) -> Scores:
    """Score forecasts of the sample.

    Parameters
    ----------
    forecasts
        By method (n, origins, horizon).
    quantiles
        By method (n, origins, horizon, n_levels).
    levels
        Of the quantiles.
    """
    sample = list(data_set.sample)
    rows: dict[str, list[dict[str, float]]] = {method: [] for method in forecasts}
    absolute = {method: np.zeros(len(sample)) for method in forecasts}
    scaled: dict[str, list[FloatArray]] = {method: [] for method in forecasts}
    demand = np.zeros(len(sample))
    for origin in range(len(data_set.holdouts)):
        known = data_set.training(origin)
        histories = [known[i] for i in sample]
        actual = data_set.actual(origin)[sample]
        squared = np.array([metrics.squared_scale(one) for one in histories])
        seasonal = np.array(
            [metrics.absolute_scale(one, data_set.season_length) for one in histories]
        )
        demand += np.abs(actual).sum(axis=1)
        for method, made in forecasts.items():
            expected = made[:, origin]
            absolute[method] += np.abs(actual - expected).sum(axis=1)
            scaled[method].append(metrics.rmsse(actual, expected, squared))
            row = {
                "WAPE": metrics.wape(actual, expected),
                "RMSSE": float(np.nanmean(scaled[method][-1])),
                "MASE": float(np.nanmean(metrics.mase(actual, expected, seasonal))),
                "MAPE": metrics.mape(actual, expected),
                "sMAPE": metrics.smape(actual, expected),
                "bias": metrics.bias(actual, expected),
                "WAPE of 7": metrics.wape_of_sum(actual, expected, 7),
                "WAPE of 28": metrics.wape_of_sum(actual, expected, 28),
            }
            if method in quantiles:
                row["pinball"] = metrics.pinball(actual, quantiles[method][:, origin], levels)
            rows[method].append(row)
    return Scores(
        np.array([data_set.segments[i] for i in sample], dtype=object),
        demand,
        {
            method: {metric: float(np.mean([row[metric] for row in of])) for metric in of[0]}
            for method, of in rows.items()
        },
        absolute,
        {method: np.mean(of, axis=0) for method, of in scaled.items()},
    )


def regret(data_set: DataSet, ours: FloatArray, candidates: FloatArray) -> tuple[float, float]:
    """Say by which share our RMSSE exceeds that of single candidates chosen by hindsight.

    Parameters
    ----------
    ours : (n, origins, horizon)
    candidates : (n_candidates, n, origins, horizon)

    Returns
    -------
    each
        Against the best candidate of each series, over its origins.
    one
        Against the one candidate that is best over all series.
    """
    sample = list(data_set.sample)
    mine = np.zeros((len(data_set.holdouts), len(sample)))
    theirs = np.zeros((len(data_set.holdouts), len(candidates), len(sample)))
    for origin in range(len(data_set.holdouts)):
        known = data_set.training(origin)
        actual = data_set.actual(origin)[sample]
        scale = np.array([metrics.squared_scale(known[i]) for i in sample])
        mine[origin] = metrics.rmsse(actual, ours[:, origin], scale)
        theirs[origin] = [metrics.rmsse(actual, one[:, origin], scale) for one in candidates]
    of_series = mine.mean(axis=0)
    of_candidates = theirs.mean(axis=0)
    moved = np.isfinite(of_series)
    mean = of_series[moved].mean()
    each = of_candidates[:, moved].min(axis=0).mean()
    one = of_candidates[:, moved].mean(axis=1).min()
    return float(mean / each - 1), float(mean / one - 1)
