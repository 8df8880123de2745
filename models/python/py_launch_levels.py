"""One category, and one row of all: what its new series sell. From their first four weeks."""

from shelfcast.planning import learn_levels


def model(dbt, session):
    dbt.config(materialized="table")
    return learn_levels(dbt.ref("int_launch_demand"))
