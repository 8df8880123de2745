"""One scenario × SKU × location: its stock-out risk. From projected stock."""

from shelfcast.planning import tag_stockout_risks


def model(dbt, session):
    dbt.config(materialized="table")
    return tag_stockout_risks(dbt.ref("int_projected_risks"))
