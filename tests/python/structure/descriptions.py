"""What is said of tables, columns, macros and tests, and which keys are tested."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from dbt_common.clients.jinja import get_environment
from jinja2 import nodes as jinja

from structure.project import (
    Finding,
    Node,
    Project,
    implements,
    is_named,
    is_warning,
    rule,
    table_rule,
)

KEY_TESTS = {"unique", "unique_key", "unique_combination_of_columns"}


@rule
def everything_is_described(project: Project) -> Iterator[Finding]:
    """Models, seeds, sources and their columns, tests with a name, exposures, analyses, macros."""
    described = [
        *project.nodes("model", "seed", "analysis"),
        *project.entries("sources"),
        *project.entries("exposures"),
        *project.entries("unit_tests"),
        *(test for test in project.nodes("test") if is_named(test) or is_warning(test)),
        *(macro for macro in project.entries("macros") if not implements(project, macro)),
    ]
    for node in described:
        if not node["description"].strip():
            yield Finding(node["name"], f"{node['resource_type']} without a description")
        for column in node.get("columns", {}).values():
            if not column["description"].strip():
                yield Finding(f"{node['name']}.{column['name']}", "column without a description")
    for source in project.entries("sources"):
        if not source["source_description"].strip():
            yield Finding(source["source_name"], "source without a description")
    for group in project.entries("groups"):
        if not (group["description"] or "").strip():
            yield Finding(group["name"], "group without a description")


@rule
def macro_arguments_are_described(project: Project) -> Iterator[Finding]:
    """The arguments in the properties are those of the macro, each described."""
    for macro in project.entries("macros"):
        if implements(project, macro) or macro["name"].startswith("materialization_"):
            continue
        documented = {argument["name"]: argument for argument in macro["arguments"]}
        if list(documented) != (arguments := _arguments(macro)):
            yield Finding(macro["name"], f"takes {arguments}, not {list(documented)}")
        for name, argument in documented.items():
            if not argument["type"] or not argument["description"].strip():
                yield Finding(f"{macro['name']}.{name}", "argument without type or description")


@rule
def the_grain_comes_first(project: Project) -> Iterator[Finding]:
    """The first sentence of a table's description is its grain: One …"""
    for node in [*project.nodes("model", "seed"), *project.entries("sources")]:
        if not node["description"].startswith("One "):
            yield Finding(node["name"], f"begins with {node['description'][:30]!r}")


@rule
def one_name_has_one_meaning(project: Project) -> Iterator[Finding]:
    """A column means the same in every table: the first sentence of its descriptions.

    What holds for one table alone, such as when the column is null, comes behind it. The judged
    models speak the words of the landing contract.
    """
    meanings: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for model in project.models("intermediate", "python", "marts"):
        if model["name"].endswith("_judged"):
            continue
        for column in model["columns"].values():
            meaning = re.split(r"(?<=[.;])\s", column["description"].strip())[0]
            meanings[column["name"]][meaning.rstrip(".;")].append(model["name"])
    for column, texts in meanings.items():
        most = max(texts, key=lambda text: len(texts[text]))
        for text in texts:
            for model_name in texts[text] if text != most else ():
                yield Finding(f"{model_name}.{column}", f"{text!r}, and elsewhere {most!r}")


@table_rule
def documented_columns_are_the_columns(project: Project) -> Iterator[Finding]:
    """The columns in the properties are those of the built table, in its order."""
    for node in project.nodes("model", "seed"):
        if node["name"] not in project.tables:
            yield Finding(node["name"], "is not built")
        elif list(node["columns"]) != (built := list(project.tables[node["name"]])):
            documented = list(node["columns"])
            missing = [column for column in built if column not in documented]
            absent = [column for column in documented if column not in built]
            yield Finding(
                node["name"],
                f"not documented: {missing}; documented only: {absent}"
                if missing or absent
                else f"in the order {documented}, built {built}",
            )


@rule
def keys_are_tested(project: Project) -> Iterator[Finding]:
    """The grain of every table is tested; bronze holds rows as they came, and has no key."""
    for node in project.nodes("model", "seed"):
        tests = {test["test_metadata"]["name"] for test in project.tests_of(node)}
        is_landed = node["name"].startswith("stg_landing__")
        if not is_landed and not tests & KEY_TESTS:
            yield Finding(node["name"], "has no test of its key")


def _arguments(macro: Node) -> list[str]:
    """Return the names of a macro's arguments, from its text."""
    template = get_environment(None).parse(macro["macro_sql"])
    return [argument.name for argument in next(iter(template.find_all(jinja.Macro))).args]
