"""One active SKU × location without a fit: its mean. From such demand and the horizon."""

from shelfcast.planning import fall_back


def model(dbt, session):
    dbt.config(materialized="table")
    return fall_back(dbt.ref("int_unfitted_demand"), dbt.ref("int_planning_horizon"))
