"""One active SKU × location without a fit: what its days say. From demand, prior, horizon."""

from shelfcast.planning import fall_back


def model(dbt, session):
    dbt.config(materialized="table")
    return fall_back(
        dbt.ref("int_unfitted_demand"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_planning_horizon"),
    )
