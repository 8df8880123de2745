"""One active SKU × location: its fit. From completed demand, the prior and the horizon."""

from shelfcast.planning import fit_demand


def model(dbt, session):
    dbt.config(materialized="table")
    return fit_demand(
        dbt.ref("int_completed_demand"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_planning_horizon"),
    )
