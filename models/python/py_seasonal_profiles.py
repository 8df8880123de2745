"""One season phase: the profile that a pilot of active series teaches. From completed demand."""

from shelfcast.planning import learn_profiles


def model(dbt, session):
    dbt.config(materialized="table")
    return learn_profiles(
        dbt.ref("int_completed_demand"),
        pilot_series=dbt.config.get("pilot_series"),
        season_length=dbt.config.get("season_length"),
    )
