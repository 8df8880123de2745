"""One scenario × SKU × location: its order. From scenario plans and pools."""

from shelfcast.planning import plan_replenishment


def model(dbt, session):
    dbt.config(materialized="table")
    return plan_replenishment(dbt.ref("int_scenario_plans"), dbt.ref("py_calibration_pools"))
