"""One total × day ahead: mean and quantiles of demand. From fits, pools, priors, today."""

from shelfcast.planning import forecast_aggregates


def model(dbt, session):
    dbt.config(materialized="table")
    return forecast_aggregates(
        dbt.ref("py_aggregate_fits"),
        dbt.ref("py_calibration_pools"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_as_of"),
    )
