"""The landing contract, and the files rendered from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from shelfcast.cli import main
from shelfcast.landing.contract import CONTRACT, ColumnType
from shelfcast.landing.contract_pages import rendered_files

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", rendered_files(), ids=str)
def test_rendered_files_are_those_of_the_contract(path: Path) -> None:
    assert (PROJECT / path).read_text(encoding="utf-8") == rendered_files()[path]


def test_contract_command_names_a_stale_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    assert runner.invoke(main, ["contract", "--write"]).exit_code == 0
    assert runner.invoke(main, ["contract"]).exit_code == 0
    (tmp_path / "docs/landing-contract.md").write_text("edited by hand")
    result = runner.invoke(main, ["contract"])
    assert result.exit_code == 1
    assert "docs/landing-contract.md" in result.output


@pytest.mark.parametrize("entity", CONTRACT, ids=lambda entity: entity.name)
def test_entities_are_coherent(entity) -> None:  # type: ignore[no-untyped-def]
    names = entity.column_names
    assert len(set(names)) == len(names)
    assert set(entity.key) <= set(names)
    assert entity.required_columns
    for column in entity.columns:
        bounded = column.minimum is not None or column.maximum is not None
        assert not (bounded and column.type is ColumnType.STRING), column.name
        assert column.meaning.endswith("."), column.name


def test_each_entity_has_its_bronze_and_judged_models() -> None:
    for entity in CONTRACT:
        bronze = PROJECT / f"models/staging/stg_landing__{entity.name}.sql"
        assert f"staged_columns('{entity.name}')" in bronze.read_text(encoding="utf-8")
        judged = PROJECT / f"models/intermediate/judged/int_{entity.name}_judged.sql"
        assert f"'{entity.name}'" in judged.read_text(encoding="utf-8")
