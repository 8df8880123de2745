"""Limits of the gate, as the dbt project gives them."""

from __future__ import annotations

from pathlib import Path

import pytest
from warehouses import PROJECT

from shelfcast.quality import Limits
from shelfcast.quality.limits import grave
from shelfcast.quality.relations import FEWEST_ROWS


def project(folder: Path, text: str) -> Path:
    path = folder / "dbt_project.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_project_gives_the_limits(tmp_path: Path) -> None:
    path = project(tmp_path, "vars:\n  gate: {freshness_days: 2, unknown_rate: 0.1}\n")
    assert Limits.from_project(path) == Limits(freshness_days=2, unknown_rate=0.1)


@pytest.mark.parametrize("text", ["", "vars:\n", "vars: {horizon: 35}\n"])
def test_what_is_not_given_has_its_default(tmp_path: Path, text: str) -> None:
    assert Limits.from_project(project(tmp_path, text)) == Limits()


def test_the_limits_of_this_project_can_be_read() -> None:
    assert Limits.from_project(PROJECT / "dbt_project.yml") is not None


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("{freshness: 2}", "no limit 'freshness'; it takes freshness_days, volume_change_rate"),
        ("[1]", "takes a mapping"),
        ("null", "vars.gate is None; it takes a mapping"),
        ("{freshness_days: 1.5}", "freshness_days is 1.5; it takes a whole number"),
        ("{freshness_days: true}", "freshness_days is True"),
        ("{freshness_days: -1}", "freshness_days is -1"),
        ("{bad_rows_rate: 2}", "bad_rows_rate is 2; it takes a number between 0 and 1"),
        ("{unknown_rate: a lot}", "unknown_rate is 'a lot'"),
        ("{duplicate_rate: null}", "duplicate_rate is None"),
        ("{category_drift: .nan}", "category_drift is nan"),
    ],
)
def test_a_bad_limit_is_named(tmp_path: Path, gate: str, words: str) -> None:
    path = project(tmp_path, f"vars:\n  gate: {gate}\n")
    with pytest.raises(ValueError, match=r"dbt_project\.yml: vars\.gate") as error:
        Limits.from_project(path)
    assert words in str(error.value)


def test_the_build_stops_for_conflicts_as_the_gate_does() -> None:
    name = "int_sales_judged__few_are_in_conflict.sql"
    text = (PROJECT / "tests/integrity" / name).read_text(encoding="utf-8")
    assert f"get('conflict_rate', {Limits().conflict_rate})" in text
    assert f"landed_rows >= {FEWEST_ROWS}\n" in text


def test_ten_times_the_limit_is_grave_and_never_more_than_a_half() -> None:
    assert grave(0.02) == pytest.approx(0.2)
    assert grave(0.3) == 0.5
