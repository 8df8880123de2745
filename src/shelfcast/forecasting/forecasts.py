"""The forecaster's public face: lists of arrays in, forecasts and distributions out."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from shelfcast.forecasting.distributions import (
    CumulativeDemand,
    ErrorPool,
    build_pool,
    predict,
)
from shelfcast.forecasting.fits import Fits, fit_panel
from shelfcast.forecasting.levels import Levels
from shelfcast.forecasting.panel import BoolArray, FloatArray, Panel
from shelfcast.forecasting.priors import Prior, teach
from shelfcast.forecasting.stockouts import complete_panel

SERIES_PER_TASK = 256


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of n series over a horizon of days.

    Attributes
    ----------
    mean : (n, horizon)
        Mean demand; never negative where the history is not.
    cumulative
        Demand summed over days 1..h: ``cdf``, ``quantile``, ``loss`` and ``mixture``.
    probabilities : (n_quantiles,)
        Levels of the quantiles, rising.
    method : (n,) object
        Candidate family that leads, such as ``damped_trend_multiplicative``.
    fallback_reason : (n,) object
        Why a series was not forecast from all of its values by the grid, or None.
    is_outlier : (n,) list
        One boolean array per series, True on an odd day, which was damped.
    """

    mean: FloatArray
    cumulative: CumulativeDemand
    probabilities: FloatArray
    method: npt.NDArray[np.object_]
    fallback_reason: npt.NDArray[np.object_]
    is_outlier: list[BoolArray]

    @cached_property
    def quantiles(self) -> FloatArray:
        """Quantiles of each day's demand (n, horizon, n_quantiles)."""
        return self.cumulative.daily_quantiles(self.probabilities)

    @cached_property
    def cumulative_quantiles(self) -> FloatArray:
        """Quantiles of the demand over days 1..h (n, horizon, n_quantiles)."""
        return self.cumulative.quantiles(self.probabilities)


def forecast_arrays(
    series: Sequence[npt.ArrayLike],
    horizon: int = 28,
    season_length: int = 7,
    quantiles: Sequence[float] = (0.05, 0.5, 0.95),
    *,
    censored: Sequence[npt.ArrayLike] | None = None,
    special: Sequence[npt.ArrayLike] | None = None,
    damp: bool = True,
    pool: ErrorPool | None = None,
    prior: Prior | None = None,
    levels: pa.Table | None = None,
) -> Forecasts:
    """Forecast series, each by an average of exponential-smoothing candidates.

    Parameters
    ----------
    series
        One array per series, equally spaced, of any lengths, all ending on the same day; NaN is
        unknown. Infinite values count as unknown, with a `FallbackReason`.
    horizon : int
        Days ahead.
    season_length : int
        Days in a season; 1 for none.
    quantiles
        Levels within 0 and 1, rising.
    censored
        One boolean array per series, True on a stocked-out day: demand was at least the value.
    special
        One boolean array per series, True on a day of which a high value is no news, such as a
        promotion or a holiday: it is never odd.
    damp : bool
        Whether a single day far above all others is damped before anything is learnt from it, as
        `damp_outliers` says.
    pool
        Error trajectories; by default those of these series.
    prior
        What series teach one another; by default these do. Given pool and
        prior, the result for a series depends on no other series.
    levels
        What new series of days sell, as `learn_levels` returns it; the row of all series counts,
        and young ones are drawn to it. By default nothing is known of it: then a series with a
        season of 7, which is one of days, keeps its mean, and its quantiles hold how unsure the
        level is. Other seasons are left alone: a short series of months has a slope to show.

    Raises
    ------
    TypeError
        If horizon or season length is no whole number.
    ValueError
        If a parameter is out of range, or lengths, seasons or horizons do not agree.
    """
    horizon, season_length = operator.index(horizon), operator.index(season_length)
    if horizon < 1:
        raise ValueError(f"horizon is {horizon}; it must be at least 1")
    probabilities = np.asarray(quantiles, dtype=np.float64)
    if not (
        probabilities.ndim == 1
        and (probabilities > 0).all()
        and (probabilities < 1).all()
        and (np.diff(probabilities) > 0).all()
    ):
        raise ValueError("quantiles must rise and lie between 0 and 1")
    sales = Panel.from_series(series)
    is_special = _flags(sales, special, "special") if damp else np.ones(sales.values.size, np.bool_)
    completion = complete_panel(sales, _flags(sales, censored, "stock-out"), is_special)
    panel = Panel(completion.damped, sales.offsets)
    prior = teach(panel, season_length, horizon) if prior is None else prior
    if prior.profile.season_length != season_length:
        taught = prior.profile.season_length
        raise ValueError(f"the prior's season has {taught} days, not {season_length}")
    fits = _fit_in_threads(panel, prior, horizon)
    mean = fits.states.forecast(prior.grid, horizon)
    pool = build_pool(fits) if pool is None else pool
    expected = None if levels is None else Levels.of_all(levels, len(fits))
    prediction = predict(fits, mean, pool, expected)
    return Forecasts(
        prediction.demand.mean,
        prediction.demand,
        probabilities,
        prediction.method,
        prediction.fallback_reason,
        np.split(completion.is_outlier, sales.offsets[1:-1]) if len(sales) else [],
    )


def _flags(panel: Panel, flags: Sequence[npt.ArrayLike] | None, kind: str) -> BoolArray:
    """Return the flags of all days of a panel (total length,), False where none are given.

    Raises
    ------
    ValueError
        If there are not as many as values.
    """
    if flags is None:
        return np.zeros(panel.values.size, np.bool_)
    given = [np.asarray(one, dtype=np.bool_) for one in flags]
    for values, one in zip(panel.offsets[1:] - panel.offsets[:-1], given, strict=True):
        if one.shape != (values,):
            raise ValueError(f"{values} values have {one.size} {kind} flags")
    return np.concatenate([np.zeros(0, np.bool_), *given])


def _fit_in_threads(panel: Panel, prior: Prior, horizon: int) -> Fits:
    """Run `fit_panel` over parts of the panel in threads; the parts do not show in the result."""
    parts = [
        panel.part(start, min(start + SERIES_PER_TASK, len(panel)))
        for start in range(0, max(len(panel), 1), SERIES_PER_TASK)
    ]
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        return Fits.concatenate(
            list(executor.map(lambda part: fit_panel(part, prior, horizon), parts))
        )
