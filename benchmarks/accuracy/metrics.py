"""Measures of accuracy; arrays in, one number or one per series out.

``actual`` and ``forecast`` are (n, horizon), without NaN. What is taken over series is a ratio of
sums where one says so, and otherwise a mean over the series.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LONG_INTERVAL, VARIABLE_SIZE = 1.32, 0.49
"""Bounds of ADI and CV² between the demand classes. Source: Syntetos, Boylan & Croston (2005)."""


def wape(actual: FloatArray, forecast: FloatArray) -> float:
    """Weighted absolute percentage error: Σ|y - f| / Σ|y|."""
    return float(np.abs(actual - forecast).sum() / np.abs(actual).sum())


def bias(actual: FloatArray, forecast: FloatArray) -> float:
    """Σ(f - y) / Σ|y|; above 0 if too much is forecast."""
    return float((forecast - actual).sum() / np.abs(actual).sum())


def mape(actual: FloatArray, forecast: FloatArray) -> float:
    """Mean of |y - f| / y over the points with demand."""
    has_demand = actual > 0
    return float(np.mean(np.abs(actual - forecast)[has_demand] / actual[has_demand]))


def smape(actual: FloatArray, forecast: FloatArray) -> float:
    """Mean of 2 |y - f| / (|y| + |f|), 0 to 2; 0 where both are 0. Source: Makridakis (1993)."""
    size = np.abs(actual) + np.abs(forecast)
    with np.errstate(invalid="ignore"):
        return float(np.mean(np.where(size > 0, 2 * np.abs(actual - forecast) / size, 0.0)))


def pinball(actual: FloatArray, quantiles: FloatArray, levels: Sequence[float]) -> float:
    """Mean over levels q of 2 Σ max(q (y - f_q), (q - 1)(y - f_q)) / Σ|y|.

    At the median it is the WAPE. ``quantiles`` is (n, horizon, n_levels).
    """
    error = actual[..., None] - quantiles
    level = np.asarray(levels)
    loss = np.maximum(level * error, (level - 1) * error)
    return float(2 * loss.sum() / np.abs(actual).sum() / level.size)


def wape_of_sum(actual: FloatArray, forecast: FloatArray, points: int) -> float:
    """WAPE of the sum over the first points of each series."""
    return wape(actual[:, :points].sum(axis=1), forecast[:, :points].sum(axis=1))


def rmsse(actual: FloatArray, forecast: FloatArray, scale: FloatArray) -> FloatArray:
    """Root mean squared error of each series / its scale; NaN where the scale is 0."""
    return _scaled(np.sqrt(np.mean((actual - forecast) ** 2, axis=1)), scale)


def mase(actual: FloatArray, forecast: FloatArray, scale: FloatArray) -> FloatArray:
    """Mean absolute error of each series / its scale; NaN where the scale is 0."""
    return _scaled(np.mean(np.abs(actual - forecast), axis=1), scale)


def squared_scale(history: FloatArray) -> float:
    """Scale of the RMSSE: root mean square of the one-step changes of what was known."""
    return float(np.sqrt(np.mean(np.diff(history) ** 2)))


def absolute_scale(history: FloatArray, season_length: int) -> float:
    """Scale of the MASE: mean absolute change over a season of what was known.

    Over one step where less than two seasons are known. Source: Hyndman & Koehler (2006).
    """
    lag = season_length if history.size >= 2 * season_length else 1
    return float(np.mean(np.abs(history[lag:] - history[:-lag])))


def demand_class(history: FloatArray) -> str:
    """Smooth, erratic, intermittent or lumpy, by ADI and CV²; ``no demand`` without any.

    ADI is the number of points per point with demand; CV² the squared coefficient of variation of
    the demand where there is any.
    """
    sizes = history[history > 0]
    if sizes.size == 0:
        return "no demand"
    is_rare = history.size / sizes.size >= LONG_INTERVAL
    is_variable = np.var(sizes) / np.mean(sizes) ** 2 >= VARIABLE_SIZE
    if is_rare:
        return "lumpy" if is_variable else "intermittent"
    return "erratic" if is_variable else "smooth"


def _scaled(error: FloatArray, scale: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(scale > 0, error / scale, np.nan)
