"""Variables of the project and of the environment, and the files rendered from them."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml
from dbt.cli.main import dbtRunner
from warehouses import PROJECT, Warehouse

from shelfcast.quality import Limits
from shelfcast.settings import ENVIRONMENT, VARIABLES, misspelt
from shelfcast.settings_pages import rendered_files

CHECKED = ("check_variables", "known_variables", "landing_contract")


@pytest.mark.parametrize("path", rendered_files(), ids=str)
def test_rendered_files_are_those_of_the_settings(path: Path) -> None:
    assert (PROJECT / path).read_text(encoding="utf-8") == rendered_files()[path]


def test_defaults_are_those_of_the_project() -> None:
    given = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert list(given.items()) == [(variable.name, variable.default) for variable in VARIABLES]


def test_limits_of_the_gate_are_those_of_its_class() -> None:
    gate = next(variable for variable in VARIABLES if variable.name == "gate")
    assert {member.name: member.default for member in gate.members} == asdict(Limits())
    for member in gate.members:
        for value in (member.minimum, member.maximum):
            if value is not None:
                Limits(**{member.name: int(value)})
        with pytest.raises(ValueError, match=member.name):
            Limits(**{member.name: -1})


def test_every_variable_of_the_environment_is_described() -> None:
    files = [PROJECT / "Makefile", PROJECT / "dbt_project.yml", PROJECT / "profiles/profiles.yml"]
    for folder in ("src", "macros", "models"):
        files += [
            path
            for path in (PROJECT / folder).rglob("*")
            if path.suffix in (".py", ".sql", ".yml") and path.stem != "settings"
        ]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    used = set(re.findall(r"\b(SHELFCAST_[A-Z_]+[A-Z]|DATABASE_URL)\b", text))
    # the gate sets it for Great Expectations, on its own run
    assert used - {"SHELFCAST_GATE_DATABASE"} == {variable.name for variable in ENVIRONMENT}


@pytest.fixture(scope="module")
def parse(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Parse a project of the variables and the macros that check them, with some set."""
    folder = tmp_path_factory.mktemp("variables")
    (folder / "macros").mkdir()
    for name in CHECKED:
        (folder / f"macros/{name}.sql").symlink_to(PROJECT / f"macros/layout/{name}.sql")
    (folder / "profiles.yml").write_text(
        "scratch: {target: duckdb, outputs: {duckdb: {type: duckdb, path: ':memory:'}}}\n"
    )
    project = {
        "name": "shelfcast",
        "profile": "scratch",
        "vars": {variable.name: variable.default for variable in VARIABLES},
        "on-run-start": ["{{ check_variables() }}"],
        "flags": {"send_anonymous_usage_stats": False},
    }

    def run(variables: str, **in_project: object) -> str:
        changed = {**project, "vars": {**project["vars"], **in_project}}  # type: ignore[dict-item]
        (folder / "dbt_project.yml").write_text(yaml.safe_dump(changed))
        places = ("--project-dir", str(folder), "--profiles-dir", str(folder))
        result = dbtRunner().invoke(
            ["parse", "--quiet", *places, "--log-path", str(folder / "logs"), "--vars", variables]
        )
        assert result.success or result.exception
        return "" if result.success else str(result.exception)

    return run


@pytest.mark.parametrize(
    "variables",
    [
        "{}",
        "{horizon: 30}",
        "{horizon: 180, season_length: 1}",
        "{as_of_date: 2026-02-28}",
        "{as_of_date: '2028-02-29'}",
        "{closed_day_minimum_lines: 0.5}",
        "{rejected_rate_limit: 1}",
        "{source_tables: {sales: erp.sales_lines, skus: erp.products}}",
        "{variable_of_a_model_of_mine: 3}",
    ],
)
def test_right_values_are_taken(parse, variables: str) -> None:  # type: ignore[no-untyped-def]
    assert parse(variables) == ""


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ("{horizon: 12}", "The variable horizon is 12; it takes a whole number from 30 to 180"),
        ("{horizon: 181}", "The variable horizon is 181; it takes a whole number"),
        ("{horizon: '60'}", 'The variable horizon is "60"; it takes a whole number'),
        ("{horizon: 60.5}", "The variable horizon is 60.5; it takes a whole number"),
        ("{season_length: true}", "The variable season_length is true; it takes a whole number"),
        ("{pool_series: null}", "The variable pool_series is null; it takes a whole number"),
        ("{rejected_rate_limit: 5}", "rejected_rate_limit is 5; it takes a number from 0 to 1"),
        ("{rejected_rate_limit: .nan}", "rejected_rate_limit is NaN; it takes a number from 0"),
        ("{as_of_date: '2026-02-29'}", 'as_of_date is "2026-02-29"; it takes a day as YYYY-MM-DD'),
        ("{as_of_date: yesterday}", 'as_of_date is "yesterday"; it takes a day as YYYY-MM-DD'),
        ("{source_tables: {sale: a.b}}", 'is {"sale": "a.b"}; it takes source.table for each of'),
        ("{source_tables: {sales: lines}}", 'is {"sales": "lines"}; it takes source.table for'),
        ("{source_tables: null}", "source_tables is null; it takes source.table for each of"),
        ("{source_tables: [sales]}", 'is ["sales"]; it takes source.table for each of sales'),
        ("{horizn: 60}", "There is no variable horizn; did you mean horizon?"),
        ("{gate: {freshness_days: 2}}", "gate is read from dbt_project.yml alone; set it there"),
    ],
)
def test_wrong_values_are_refused(parse, variables: str, sentence: str) -> None:  # type: ignore[no-untyped-def]
    assert sentence in parse(variables)


def test_wrong_values_of_the_project_are_refused(parse) -> None:  # type: ignore[no-untyped-def]
    assert "horizon is 7; it takes" in parse("{}", horizon=7)
    assert parse("{}", gate={"freshness_days": 2, "bad_rows_rate": 0.1}) == ""
    assert "gate.bad_rows_rate is 3; it takes a number" in parse("{}", gate={"bad_rows_rate": 3})
    assert "it takes a mapping of freshness_days, vol" in parse("{}", gate={"bad_row_rate": 0})
    assert "gate is null; it takes a mapping of fresh" in parse("{}", gate=None)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hroizon", "horizon"),
        ("Horizont", "horizon"),
        ("asofdate", "as_of_date"),
        ("gates", "gate"),
    ],
)
def test_both_know_what_is_misspelt(parse, name: str, meant: str) -> None:  # type: ignore[no-untyped-def]
    assert misspelt([name]) == {name: meant}
    assert f"There is no variable {name}; did you mean {meant}?" in parse(f"{{{name}: 3}}")


@pytest.mark.parametrize("name", ["horizon_days", "limit", "mine", "tag", "stage", "age", "gat"])
def test_both_know_what_is_not_misspelt(parse, name: str) -> None:  # type: ignore[no-untyped-def]
    assert misspelt([name]) == {}
    assert parse(f"{{{name}: 3}}") == ""


@pytest.mark.slow
def test_the_project_checks_its_variables_before_models_read_them(tmp_path: Path) -> None:
    result = Warehouse(tmp_path, variables="{source_tables: null}").dbt("parse")
    assert result.returncode != 0
    assert "The variable source_tables is null; it takes source.table for each" in result.stdout
