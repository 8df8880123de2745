"""Gold is under contract: types, keys and what is never empty, in the YAML and in the database."""

from __future__ import annotations

import re
from typing import Any

import pytest
from warehouses import Warehouse

pytestmark = pytest.mark.slow

TYPES = {
    r"^(days_to_(order|review)|review_period_days|lead_day)$|_(count|rows)(_change)?$": "bigint",
    r"^(is|has)_": "boolean",
    r"^date$|_on(_p10)?$": "date",
    r"_at$": "timestamp",
    r"_(probability(_before_order)?|service_level|factor|weight)$": "numeric(9,6)",
    r"_(interval|variation)$": "numeric(18,6)",
    r"_(quantity|units|cost|price|size|days|demand)(_change)?$": "numeric(18,4)",
    r"_amount(_change)?$": "numeric(24,4)",
    r"^(stock_on_hand|units_at_risk|days_of_cover)(_change)?$": "numeric(18,4)",
}
"""Contract types by the names of columns, as the design has them; all others hold text."""

PLANNING_TABLES = {"fct_stockout_risks", "fct_replenishment_plan", "fct_scenario_impacts"}
"""Facts small enough for a primary key; on facts of a row a day it would cost minutes."""

DIMENSIONS = {
    "sku_id": "dim_skus",
    "location_id": "dim_locations",
    "worst_location_id": "dim_locations",
    "scenario_id": "dim_scenarios",
}
"""Foreign keys of gold."""


@pytest.fixture(scope="module")
def gold(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the models of gold, by name."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "gold"
    }


def test_gold_is_under_contract_with_the_types_of_the_design(
    gold: dict[str, dict[str, Any]],
) -> None:
    for name, model in gold.items():
        assert model["contract"]["enforced"], name
        for column in model["columns"].values():
            types = (type_ for rule, type_ in TYPES.items() if re.search(rule, column["name"]))
            assert column["data_type"] == next(types, "string"), (name, column["name"])


def test_dimensions_and_planning_tables_have_a_primary_key(
    gold: dict[str, dict[str, Any]], tests: dict[str, dict[str, Any]], sample: Warehouse
) -> None:
    with_key = {
        name: constraint["columns"]
        for name, model in gold.items()
        for constraint in model["constraints"]
        if constraint["type"] == "primary_key"
    }
    assert set(with_key) == {name for name in gold if name.startswith("dim_")} | PLANNING_TABLES
    keys = {
        test["attached_node"].split(".")[-1]: test["test_metadata"]["kwargs"]["columns"]
        for test in tests.values()
        if test.get("test_metadata", {}).get("name") == "unique_key"
    }
    assert set(gold) <= set(keys)
    for name, columns in with_key.items():
        assert columns == keys[name]
    built = sample.query(
        """
        select table_name, constraint_column_names from duckdb_constraints()
        where schema_name = 'gold' and constraint_type = 'PRIMARY KEY'
        """
    )
    assert {str(name): columns for name, columns in built} == with_key


def test_foreign_keys_are_tested(
    gold: dict[str, dict[str, Any]], tests: dict[str, dict[str, Any]]
) -> None:
    tested = {
        (
            test["attached_node"].split(".")[-1],
            test["column_name"],
            test["test_metadata"]["kwargs"]["to"],
        )
        for test in tests.values()
        if test.get("test_metadata", {}).get("name") == "relationships"
    }
    for name, model in gold.items():
        for column, dimension in DIMENSIONS.items():
            if column in model["columns"] and name != dimension:
                assert (name, column, f"ref('{dimension}')") in tested


def test_a_column_that_is_never_empty_is_declared_so(
    gold: dict[str, dict[str, Any]], tests: dict[str, dict[str, Any]], sample: Warehouse
) -> None:
    """The database itself refuses what the contract rules out; views cannot be asked to."""
    declared = {
        (name, column["name"])
        for name, model in gold.items()
        for column in model["columns"].values()
        for constraint in column["constraints"]
        if constraint["type"] == "not_null"
    }
    built = sample.query(
        """
        select table_name, column_name from information_schema.columns
        where table_schema = 'gold' and is_nullable = 'NO'
        """
    )
    assert set(built) == declared
    keys = {
        (test["attached_node"].split(".")[-1], column)
        for test in tests.values()
        if test.get("test_metadata", {}).get("name") == "unique_key"
        for column in test["test_metadata"]["kwargs"]["columns"]
    }
    tables = {name for name, model in gold.items() if model["config"]["materialized"] == "table"}
    assert {(name, column) for name, column in keys if name in tables} <= declared
