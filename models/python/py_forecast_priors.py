"""One candidate: how well it does on a pilot. From completed demand, the profile, the horizon."""

from shelfcast.planning import learn_priors


def model(dbt, session):
    dbt.config(materialized="table")
    return learn_priors(
        dbt.ref("int_completed_demand"),
        dbt.ref("py_seasonal_profiles"),
        dbt.ref("int_planning_horizon"),
        pilot_series=dbt.config.get("pilot_series"),
    )
