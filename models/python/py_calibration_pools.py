"""One pooled trajectory of standardised forecast errors. From fits, the prior and the horizon."""

from shelfcast.planning import pool_errors


def model(dbt, session):
    dbt.config(materialized="table")
    return pool_errors(
        dbt.ref("int_pool_fits"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_planning_horizon"),
    )
