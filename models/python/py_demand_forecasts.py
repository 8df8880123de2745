"""One SKU × location × day ahead: mean and quantiles of demand. From fits, pools, prior, today."""

from shelfcast.planning import forecast_demand


def model(dbt, session):
    dbt.config(materialized="table")
    return forecast_demand(
        dbt.ref("int_forecast_fits"),
        dbt.ref("py_calibration_pools"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_as_of"),
    )
