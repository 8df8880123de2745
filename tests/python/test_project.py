"""What the commands read from ``dbt_project.yml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from shelfcast.project import own_tables, variables
from shelfcast.warehouse import WarehouseError


def test_entities_from_own_tables_are_those_of_source_tables(tmp_path: Path) -> None:
    path = tmp_path / "dbt_project.yml"
    path.write_text("vars:\n  source_tables: {sales: erp.lines, skus: erp.products}\n")
    assert own_tables(path) == {"sales", "skus"}
    path.write_text("vars:\n  source_tables:\n")
    assert own_tables(path) == frozenset()
    path.write_text("name: shelfcast\n")
    assert own_tables(path) == frozenset()


def test_without_a_project_there_are_no_variables(tmp_path: Path) -> None:
    assert variables(tmp_path / "dbt_project.yml") == {}


def test_a_misspelt_variable_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dbt_project.yml"
    path.write_text("vars: {source_table: {sales: erp.lines}}\n")
    with pytest.raises(WarehouseError, match="no variable source_table; did you mean"):
        own_tables(path)
    path.write_text("vars: {variable_of_a_model_of_mine: 3}\n")
    assert variables(path) == {"variable_of_a_model_of_mine": 3}
