"""Render the settings into the macro that checks them and the page that explains them.

``shelfcast contract --write`` writes both; a test compares each with what this module renders.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import fill
from typing import Any

import yaml

from shelfcast.settings import ENVIRONMENT, VARIABLES, Kind, Variable

MACRO_PATH = Path("macros/layout/known_variables.sql")
DOCS_PATH = Path("docs/settings.md")
POLICY_SEEDS = Path("seeds/policy/_policy__seeds.yml")
SCENARIO_SEEDS = Path("seeds/scenarios/_scenarios__seeds.yml")

RENDERED_BY = "Rendered from src/shelfcast/settings.py by `shelfcast contract --write`."


def rendered_files() -> dict[Path, str]:
    """Return the rendered files: path relative to the project, and its text."""
    return {MACRO_PATH: _macro(), DOCS_PATH: _page()}


def _macro() -> str:
    known = "".join(f"        {_jinja(variable)},\n" for variable in VARIABLES)
    return (
        f"{{# The variables of the project, and what they take. {RENDERED_BY} #}}\n"
        "{% macro known_variables() %}\n"
        f"    {{{{ return([\n{known}    ]) }}}}\n"
        "{% endmacro %}\n"
    )


def _jinja(variable: Variable) -> str:
    """Return a variable as a Jinja dictionary."""
    members = ", ".join(map(_jinja, variable.members))
    return (
        f"{{'name': {variable.name!r}, 'kind': {variable.kind.value!r}, "
        f"'minimum': {_jinja_number(variable.minimum)}, "
        f"'maximum': {_jinja_number(variable.maximum)}, "
        f"'optional': {str(variable.optional).lower()}, "
        f"'only_in_project': {str(variable.only_in_project).lower()}, "
        f"'takes': {variable.takes!r}, 'members': [{members}]}}"
    )


def _jinja_number(value: float | None) -> str:
    return "none" if value is None else f"{value:.12g}"


def _page() -> str:
    return "\n".join(
        [
            "# Settings\n",
            f"<!-- {RENDERED_BY} Seeds: from their YAML. -->\n",
            _prose(
                "What an operator sets are variables of dbt and of the environment; what a planner "
                "sets are seeds, CSV files to be edited by hand or in a spreadsheet. All else is "
                "in the code."
            ),
            _variables(),
            _environment(),
            "## Policies\n",
            _prose(
                "Numbers of the planners, in `seeds/policy/`. Edit the file, then `make build`. A "
                "wrong value or a missing row fails a data test, named after what is allowed, and "
                "the models that read the seed are not built."
            ),
            *_seeds(POLICY_SEEDS),
            "## Scenarios\n",
            "In `seeds/scenarios/`; [scenarios.md](scenarios.md) explains them.\n",
            *_seeds(SCENARIO_SEEDS),
        ]
    )


def _prose(text: str) -> str:
    return fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _variables() -> str:
    rows = "".join(
        f"| {variable.name} | `{json.dumps(variable.default)}` | {_takes(variable)} "
        f"| {variable.meaning} |\n"
        for variable in VARIABLES
    )
    return "\n".join(
        [
            "## Variables of dbt\n",
            _prose(
                "In `dbt_project.yml` under `vars`, or for one run: "
                "`.venv/bin/dbt build --profiles-dir profiles --vars '{horizon: 60}'`. The "
                "commands `land` and `gate` read `source_tables` and `gate` from the file alone."
            ),
            _prose(
                "dbt refuses a wrong value before it builds anything, and says what is allowed. A "
                "misspelt variable is refused on the command line by dbt, and in the file by "
                "`land` and `gate`."
            ),
            f"| Variable | Default | Takes | Meaning |\n|---|---|---|---|\n{rows}",
        ]
    )


def _takes(variable: Variable) -> str:
    if variable.kind is Kind.GROUP:
        return "a mapping of limits"
    if variable.kind is Kind.TABLES:
        return "a mapping of [entities](landing-contract.md) to source.table"
    return variable.takes


def _environment() -> str:
    rows = "".join(
        f"| {variable.name} | {variable.default} | {variable.meaning} |\n"
        for variable in ENVIRONMENT
    )
    return f"## The environment\n\n| Variable | Default | Meaning |\n|---|---|---|\n{rows}"


def _seeds(path: Path) -> list[str]:
    """Return a section for each seed of a YAML file of the project."""
    root = Path(__file__).parents[2]
    return [
        _seed(seed, path.parent)
        for seed in yaml.safe_load((root / path).read_text(encoding="utf-8"))["seeds"]
    ]


def _seed(seed: dict[str, Any], folder: Path) -> str:
    types = seed["config"]["column_types"]
    tests = seed.get("data_tests", [])
    key = [
        column
        for test in tests
        if "unique_key" in test
        for column in test["unique_key"]["arguments"]["columns"]
    ]
    rows = "".join(
        f"| {column['name']} | {_column_takes(column, types[column['name']])} "
        f"| {_may_be_empty(column, key)} | {column['description']} |\n"
        for column in seed["columns"]
    )
    rules = "".join(
        f"- {arguments['description']}\n"
        for test in tests
        for arguments in test.values()
        if "description" in arguments
    )
    return (
        f"### {seed['name']}\n\n"
        + _prose(f"`{folder / seed['name']}.csv`. {seed['description']}")
        + "\n"
        + f"| Column | Takes | Empty | Meaning |\n|---|---|---|---|\n{rows}"
        + (f"\n{rules}" if rules else "")
    )


_TYPE_WORDS = {
    "varchar": "text",
    "numeric": "number",
    "integer": "whole number",
    "date": "date",
    "boolean": "true or false",
}


def _column_takes(column: dict[str, Any], type_: str) -> str:
    words = _TYPE_WORDS[type_.split("(", maxsplit=1)[0]]
    for name, test in _tests(column):
        arguments = test.get("arguments", {})
        if name == "accepted_values":
            return ", ".join(f"`{value}`" for value in arguments["values"])
        if name == "relationships":
            table = arguments["to"].removeprefix("ref('").removesuffix("')")
            return f"a {arguments['field']} of {table}"
        if name == "dbt_utils.accepted_range":
            least, most = arguments.get("min_value"), arguments.get("max_value")
            words += f", {least} or more" if most is None else f" from {least} to {most}"
    return words


def _may_be_empty(column: dict[str, Any], key: list[str]) -> str:
    names = [name for name, _ in _tests(column)]
    return "no" if column["name"] in key or "not_null" in names else "yes"


def _tests(column: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the data tests of a column: name, and what is written under it."""
    return [
        (test, {}) if isinstance(test, str) else next(iter(test.items()))
        for test in column.get("data_tests", [])
    ]
