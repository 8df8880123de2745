"""The Great Expectations project as it is committed."""

from __future__ import annotations

import json
from pathlib import Path

from warehouses import PROJECT

from shelfcast.landing.contract import CONTRACT
from shelfcast.quality import Limits, project_files
from shelfcast.quality.suites import ALL_ENTITIES, build_suites


def committed() -> dict[Path, str]:
    files = (path for path in (PROJECT / "gx").rglob("*") if path.is_file())
    return {
        path.relative_to(PROJECT): path.read_text(encoding="utf-8")
        for path in files
        if "uncommitted" not in path.parts
    }


def test_committed_files_are_what_the_code_makes() -> None:
    rendered, found = project_files(), committed()
    assert sorted(found) == sorted(rendered)
    for path, text in rendered.items():
        assert found[path] == text, f"{path} has drifted; render it with shelfcast contract --write"


def test_no_committed_file_knows_a_machine() -> None:
    for path, text in committed().items():
        assert str(PROJECT) not in text, path
        assert "duckdb:///" not in text, path
        assert "http" not in text, path


def test_ids_are_unique_and_references_resolve() -> None:
    texts = [text for path, text in project_files().items() if path.suffix == ".json"]
    suites = [content for content in map(json.loads, texts) if "expectations" in content]
    ids = [one["id"] for suite in suites for one in suite["expectations"]]
    assert len(ids) == len(set(ids))
    definitions = [content for content in map(json.loads, texts) if "data" in content]
    assert {(one["suite"]["name"], one["suite"]["id"]) for one in definitions} == {
        (suite["name"], suite["id"]) for suite in suites
    }


def test_every_column_of_the_contract_is_checked_as_far_as_the_contract_speaks_of_it() -> None:
    checks = {one.check for suite in build_suites(Limits(), ALL_ENTITIES).values() for one in suite}
    for entity in CONTRACT:
        assert f"{entity.name}__keys_are_unique" in checks
        for column in entity.columns:
            name = f"{entity.name}__{column.name}_is_"
            assert (f"{name}present" in checks) == column.required
            assert (f"{name}of_its_type" in checks) == (column.type != "string")
            is_bounded = column.minimum is not None or column.maximum is not None
            assert (f"{name}in_range" in checks) == is_bounded


def test_keys_are_compared_only_with_what_has_landed() -> None:
    suites = build_suites(Limits(), ("sales", "skus"))
    assert list(suites) == ["files", "sales", "skus", "sales_locations", "sales_history"]
    checks = {one.check for suite in suites.values() for one in suite}
    assert "sales__sku_id_is_known" in checks
    assert "files__name_known_skus" in checks
    assert not [check for check in checks if "location" in check and "known" in check]


def test_entities_from_tables_of_ones_own_need_not_land() -> None:
    suites = build_suites(Limits(), ("locations",), frozenset({"sales"}))
    (landed,) = [
        one for one in suites["files"] if one.check == "files__required_entities_have_landed"
    ]
    assert landed.kwargs["value_set"] == ["skus"]
    suites = build_suites(Limits(), ("locations",), frozenset({"sales", "skus"}))
    assert not [one for one in suites["files"] if one.check == landed.check]
