"""Completion of demand on stocked-out days, where sales are only a lower bound."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shelfcast.forecasting.outliers import damp_outliers
from shelfcast.forecasting.panel import BoolArray, FloatArray, Panel


class Completion(NamedTuple):
    """Demand of the days of a panel, each array (total length,).

    Attributes
    ----------
    demand
        What was wanted: sales, and on a stocked-out day what they hide.
    damped
        What a forecaster learns from: the same, with odd days as `damp_outliers` takes them.
    is_outlier
        Whether the day is odd.
    """

    demand: FloatArray
    damped: FloatArray
    is_outlier: BoolArray


def complete_panel(sales: Panel, is_censored: BoolArray, is_special: BoolArray) -> Completion:
    """Damp odd days, then complete stocked-out days, so that no odd day counts as usual demand.

    Parameters
    ----------
    sales
        NaN is unknown.
    is_censored : (total length,) bool
        True on a stocked-out day: demand was at least the sales.
    is_special : (total length,) bool
        True on a day of which a high demand is no news, such as a promotion or a holiday.
    """
    kept, is_outlier = damp_outliers(sales, is_censored | is_special)
    parts = [
        complete_stockouts(kept[start:stop], is_censored[start:stop])
        for start, stop in zip(sales.offsets[:-1].tolist(), sales.offsets[1:].tolist(), strict=True)
    ]
    damped = np.concatenate([np.empty(0), *parts])
    return Completion(np.where(is_outlier, sales.values, damped), damped, is_outlier)


def complete_stockouts(values: npt.ArrayLike, censored: npt.ArrayLike) -> FloatArray:
    """Estimate the demand of one series on its stocked-out days.

    On a stocked-out day demand is the greater of the sales and the mean of the in-stock days; where
    every day is stocked out, or no in-stock day is known, it is the sales as they are.

    This is the first step of the completion by a Kaplan-Meier law that will take its place. Stocks
    run out on days of high demand, so that in-stock days are selected for low demand and their mean
    is too low: the rule leaves about half of what sales hide (measured on the generated sample). It
    knows no season, and it gives no spread about the completed values.

    Parameters
    ----------
    values : (T,) float
        Sales; NaN is unknown.
    censored : (T,) bool
        True on a stocked-out day: demand was at least the sales.

    Returns
    -------
    (T,) float
        Demand; equal to ``values`` on in-stock days.

    Raises
    ------
    ValueError
        If the lengths differ.
    """
    sales = np.asarray(values, dtype=np.float64)
    is_censored = np.asarray(censored, dtype=np.bool_)
    if sales.shape != is_censored.shape:
        raise ValueError(f"{sales.size} values have {is_censored.size} stock-out flags")
    in_stock = sales[~is_censored & np.isfinite(sales)]
    if in_stock.size == 0:
        return sales.copy()
    return np.where(is_censored, np.fmax(sales, in_stock.mean()), sales)
