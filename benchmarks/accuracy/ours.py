"""Our forecasts of a data set, and what the average of candidates rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.data_sets import DataSet
from benchmarks.accuracy.generators import FloatArray
from shelfcast.forecasting import Panel, comparisons, fit_panel, forecast_arrays
from shelfcast.forecasting.candidates import Grid, family_names
from shelfcast.forecasting.fits import Fits, States
from shelfcast.forecasting.priors import Prior, teach

INTERMITTENT: dict[str, Callable[[FloatArray, int], FloatArray]] = {
    "sba": comparisons.croston_sba,
    "tsb": comparisons.tsb,
    "adida": comparisons.adida,
    "imapa": comparisons.imapa,
}
"""Methods for intermittent demand, as the library has them for comparison."""


class OurForecasts(NamedTuple):
    """Forecasts of a set's sample.

    Attributes
    ----------
    mean : (n, origins, horizon)
    quantiles : (n, origins, horizon, n_levels)
    """

    mean: FloatArray
    quantiles: FloatArray


def forecast(data_set: DataSet, levels: tuple[float, ...]) -> OurForecasts:
    """Forecast the set as a user would: all of its series in one call for each origin."""
    sample = list(data_set.sample)
    made = [
        forecast_arrays(data_set.training(origin), data_set.horizon, data_set.season_length, levels)
        for origin in range(len(data_set.holdouts))
    ]
    return OurForecasts(
        np.stack([one.mean[sample] for one in made], axis=1),
        np.stack([one.quantiles[sample] for one in made], axis=1),
    )


def compare(data_set: DataSet) -> dict[str, FloatArray]:
    """Forecast the sample by seasonal naive and the methods for intermittent demand.

    Returns
    -------
    dict
        By method (n, origins, horizon).
    """
    horizon = data_set.horizon
    forecasts = {
        name: np.empty((len(data_set.sample), len(data_set.holdouts), horizon))
        for name in ("seasonal_naive", *INTERMITTENT)
    }
    for origin in range(len(data_set.holdouts)):
        training = data_set.training(origin)
        for row, i in enumerate(data_set.sample):
            forecasts["seasonal_naive"][row, origin] = comparisons.seasonal_naive(
                training[i], horizon, data_set.season_length
            )
            for name, method in INTERMITTENT.items():
                forecasts[name][row, origin] = method(training[i], horizon)
    return forecasts


def each_candidate(data_set: DataSet) -> FloatArray:
    """Forecast the sample by every candidate of the whole grid, each alone.

    Returns
    -------
    (n_candidates, n, origins, horizon)
    """
    origins = []
    for origin in range(len(data_set.holdouts)):
        prior, fits = _fit_sample(data_set, origin, whole_grid=True)
        parts = (_alone(fits.states, prior.grid, j) for j in range(prior.grid.size))
        origins.append([states.forecast(grid, data_set.horizon) for states, grid in parts])
    return np.moveaxis(np.array(origins), 0, 2)


def _alone(states: States, grid: Grid, candidate: int) -> tuple[States, Grid]:
    """Return the states and the grid of one candidate, which carries all weight."""
    is_kept = np.arange(grid.size) == candidate
    alone = replace(
        states,
        weights=(states.days > 0).astype(np.float64)[:, None],
        scores=np.ascontiguousarray(states.scores[:, is_kept]),
        states=np.ascontiguousarray(states.states[:, :, is_kept]),
        seasons=np.ascontiguousarray(states.seasons[:, :, is_kept[grid.has_seasons]]),
    )
    return alone, grid.part(is_kept)


def family_weights(data_set: DataSet) -> tuple[tuple[str, ...], FloatArray]:
    """Return the weight that each family carries at the last origin.

    Returns
    -------
    names
        Families of the whole grid.
    weights : (n, n_families)
        Rows of series that fall back are 0.
    """
    prior, fits = _fit_sample(data_set, len(data_set.holdouts) - 1)
    names = family_names(data_set.season_length)
    member: npt.NDArray[np.float64] = np.eye(len(names))[prior.grid.family]
    return names, fits.states.weights @ member


def _fit_sample(data_set: DataSet, origin: int, *, whole_grid: bool = False) -> tuple[Prior, Fits]:
    """Fit the sample with what all series teach; on the whole grid only the profile is taught."""
    training = data_set.training(origin)
    prior = teach(Panel.from_series(training), data_set.season_length, data_set.horizon)
    if whole_grid:
        prior = Prior.unlearnt(prior.profile)
    panel = Panel.from_series([training[i] for i in data_set.sample])
    return prior, fit_panel(panel, prior, data_set.horizon)
