"""The project's own tests: unit tests pass, and every data test finds its planted fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml
from planted_faults import FAULTS
from warehouses import PROJECT, Warehouse

pytestmark = pytest.mark.slow

WARNINGS = {
    "int_landed_rows__few_are_faulty",
    "int_stock_breaks__none",
    "int_unmatched_scopes__none",
}
"""Tests that do not stop a build; their descriptions say why."""


@pytest.fixture(scope="module")
def scratch(sample: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A copy of the sample that may be written to; whoever does leaves it as it was."""
    return sample.copy(tmp_path_factory.mktemp("scratch") / "home")


# ---- unit tests --------------------------------------------------------------------------------


def test_unit_tests_pass(scratch: Warehouse, manifest: dict[str, Any]) -> None:
    result = scratch.dbt("test", "--select", "test_type:unit")
    assert result.returncode == 0, result.stdout[-6000:]
    text = (scratch.home / "target/run_results.json").read_text(encoding="utf-8")
    ran = {run["unique_id"] for run in json.loads(text)["results"] if run["status"] == "pass"}
    assert set(manifest["unit_tests"]) <= ran


def test_unit_tests_bring_their_own_seeds() -> None:
    """Without rows dbt reads the seed's file, which planners change."""
    for path in (PROJECT / "models").rglob("*__unit_tests.yml"):
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["unit_tests"]:
            for given in test["given"]:
                assert "rows" in given, (test["name"], given["input"])


# ---- planted faults ----------------------------------------------------------------------------


@pytest.fixture
def database(scratch: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the copy; what is done to it is undone."""
    with scratch.connect() as connection:
        connection.begin()
        yield connection
        connection.rollback()


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_planted_fault_is_found(
    name: str, sample: Warehouse, database: duckdb.DuckDBPyConnection
) -> None:
    (compiled,) = (sample.home / "target/compiled").rglob(f"{name}.sql")
    sql = compiled.read_text(encoding="utf-8")
    assert database.execute(sql).fetchall() == []
    database.execute(FAULTS[name])
    assert database.execute(sql).fetchall() != []


def test_every_test_of_our_own_has_a_planted_fault(tests: dict[str, dict[str, Any]]) -> None:
    """Generic tests of dbt and dbt-utils are tested where they are made, expressions are not."""
    ours = {
        name
        for name, test in tests.items()
        if "test_metadata" not in test or test["test_metadata"]["name"] == "expression_is_true"
    }
    ours_by_column = {name for name in FAULTS if name.startswith("unique_key_")}
    assert ours | ours_by_column == set(FAULTS)
    assert ours_by_column <= set(tests)


def test_few_tests_only_warn(tests: dict[str, dict[str, Any]]) -> None:
    warnings = {
        name: test["description"]
        for name, test in tests.items()
        if test["config"]["severity"].lower() != "error"
    }
    assert set(warnings) == WARNINGS
    for name, description in warnings.items():
        assert "a warning, because" in description, name


def test_tests_of_policies_stop_what_reads_them(tests: dict[str, dict[str, Any]]) -> None:
    """What reads a table waits for a test of that table alone; others let it be built."""
    for name, test in tests.items():
        parents = test["depends_on"]["nodes"]
        if any(parent.endswith("_policy") for parent in parents):
            assert len(parents) == 1, name
