"""Demand forecasting: exponential smoothing, averaged, with distributions from past errors.

`forecast_arrays` does all in one call. The steps of the DAG are `learn_profile` and `learn_prior`
(what series teach one another; `teach` does both), `fit_panel` (each series by itself),
`build_pool` (the errors of all) and `ErrorPool.place`; `nodes` wraps them for Arrow tables.
"""

from shelfcast.forecasting.distributions import (
    CumulativeDemand,
    ErrorPool,
    IntervalDemand,
    build_pool,
    demand_paths,
)
from shelfcast.forecasting.fits import FallbackReason, Fits, States, fit_panel
from shelfcast.forecasting.forecasts import Forecasts, forecast_arrays
from shelfcast.forecasting.levels import learn_levels
from shelfcast.forecasting.outliers import damp_outliers
from shelfcast.forecasting.panel import Panel
from shelfcast.forecasting.priors import Prior, learn_prior, teach
from shelfcast.forecasting.seasonality import SeasonalProfile, learn_profile
from shelfcast.forecasting.stockouts import complete_stockouts

__all__ = [
    "CumulativeDemand",
    "ErrorPool",
    "FallbackReason",
    "Fits",
    "Forecasts",
    "IntervalDemand",
    "Panel",
    "Prior",
    "SeasonalProfile",
    "States",
    "build_pool",
    "complete_stockouts",
    "damp_outliers",
    "demand_paths",
    "fit_panel",
    "forecast_arrays",
    "learn_levels",
    "learn_prior",
    "learn_profile",
    "teach",
]
