"""One total × fold × day: its forecast beside what came. From demand like for like and priors."""

from shelfcast.planning import backtest_aggregates


def model(dbt, session):
    dbt.config(materialized="table")
    return backtest_aggregates(
        dbt.ref("int_aggregate_demand"),
        dbt.ref("py_calibration_pools"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        backtest_folds=dbt.config.get("backtest_folds"),
    )
