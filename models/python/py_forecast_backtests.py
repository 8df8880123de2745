"""One SKU × location × fold × day ahead: forecast and actual. From demand, pools, prior, levels."""

from shelfcast.planning import backtest_demand


def model(dbt, session):
    dbt.config(materialized="table")
    return backtest_demand(
        dbt.ref("int_completed_demand"),
        dbt.ref("py_calibration_pools"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_series_levels"),
        backtest_folds=dbt.config.get("backtest_folds"),
    )
