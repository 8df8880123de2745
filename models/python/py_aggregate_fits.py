"""One total: its fit. From demand like for like, the prior and the horizon."""

from shelfcast.planning import fit_aggregates


def model(dbt, session):
    dbt.config(materialized="table")
    return fit_aggregates(
        dbt.ref("int_aggregate_demand"),
        dbt.ref("py_forecast_priors"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_planning_horizon"),
    )
