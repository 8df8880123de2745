"""One SKU × location × day out of stock or odd: demand, damped demand. From the daily grid."""

from shelfcast.planning import complete_demand


def model(dbt, session):
    dbt.config(materialized="table")
    return complete_demand(dbt.ref("int_daily_demand"))
