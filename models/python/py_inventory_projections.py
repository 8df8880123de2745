"""One scenario × SKU × location × day ahead: projected stock. From scenario plans and pools."""

from shelfcast.planning import project_inventory


def model(dbt, session):
    dbt.config(materialized="table")
    return project_inventory(dbt.ref("int_scenario_plans"), dbt.ref("py_calibration_pools"))
