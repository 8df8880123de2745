"""How models, columns, tests and files are named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from structure.project import Finding, Node, Project, is_named, layer, rule, table_rule

NAMES = {
    "staging": r"stg_[a-z0-9]+(_[a-z0-9]+)*__[a-z0-9_]+",
    "intermediate": r"int_[a-z0-9_]+",
    "python": r"py_[a-z0-9_]+",
    "marts": r"(dim|fct)_[a-z0-9_]+|sku_demand_forecast|forecast_vs_actual",
}
"""How models are named; two tables of gold keep the names of the brief."""

NAMES_OF_TYPES = {
    "BOOLEAN": r"(is|has)_.+",
    "DATE": r".+_on",
    "TIMESTAMP": r".+_at",
}
"""How a column of a type is named."""

TYPES_OF_NAMES = {
    r"(is|has)_.+": "BOOLEAN",
    r".+_on": "DATE",
    r".+_at": "TIMESTAMP",
    r".+_id": "VARCHAR",
}
"""What a name promises."""


@rule
def models_are_named_after_layer(project: Project) -> Iterator[Finding]:
    """The prefix tells the layer, and in bronze the source."""
    for model in project.models():
        if not re.fullmatch(NAMES[layer(model)], model["name"]):
            yield Finding(model["name"], f"is no name for {layer(model)}")
        if model["alias"] != model["name"]:
            yield Finding(model["name"], f"its table is called {model['alias']}")
        for parent in project.parents(model):
            if parent["resource_type"] == "source" and not model["name"].startswith(
                f"stg_{parent['source_name']}__"
            ):
                yield Finding(model["name"], f"reads the source {parent['source_name']}")


@rule
def names_are_snake_case(project: Project) -> Iterator[Finding]:
    """Whole words in small letters, joined by underscores; lineage columns begin with one."""
    named = [
        *project.nodes("model", "seed", "analysis"),
        *(test for test in project.nodes("test") if is_named(test)),
        *(node for kind in ("sources", "macros", "exposures") for node in project.entries(kind)),
        *project.entries("unit_tests"),
        *project.entries("groups"),
    ]
    for node in named:
        names = [node["name"], *(f"{node['name']}.{column}" for column in node.get("columns", {}))]
        for name in names:
            if not re.fullmatch(r"_?[a-z][a-z0-9]*(_{1,2}[a-z0-9]+)*", name.split(".")[-1]):
                yield Finding(name, "is not snake_case")


@rule
def tests_are_named_after_what_they_test(project: Project) -> Iterator[Finding]:
    """<model>__<claim>; a unit test <model>__<behaviour>."""
    tested = {node["name"] for node in project.nodes("model", "seed")}
    for test in project.nodes("test"):
        if is_named(test) and not any(test["name"].startswith(f"{name}__") for name in tested):
            yield Finding(test["name"], "does not begin with what it tests")
    for test in project.entries("unit_tests"):
        if not test["name"].startswith(f"{test['model']}__"):
            yield Finding(test["name"], f"does not begin with {test['model']}__")


@rule
def properties_are_named_after_their_folder(project: Project) -> Iterator[Finding]:
    """_<folder>__models.yml beside the models; in staging, _<source>__models.yml."""
    for node, kind in [
        *((node, "models") for node in project.models()),
        *((node, "seeds") for node in project.nodes("seed")),
        *((node, "tests") for node in project.nodes("test") if not node.get("test_metadata")),
        *((node, "analyses") for node in project.nodes("analysis")),
        *((node, "macros") for node in project.entries("macros") if node["patch_path"]),
        *((node, "unit_tests") for node in project.entries("unit_tests")),
        *((node, "sources") for node in project.entries("sources")),
    ]:
        path = PurePosixPath(str(node.get("patch_path") or node["original_file_path"]))
        if path.suffix != ".yml":
            continue  # no properties at all: everything_is_described finds it
        expected = f"_{_folder_name(node, kind, path)}__{kind}.yml"
        if kind in {"macros", "analyses"}:
            expected = f"_{kind}.yml"
        if path.name != expected:
            yield Finding(node["name"], f"{path.name}, not {expected}")


def _folder_name(node: Node, kind: str, path: PurePosixPath) -> str:
    """Return what a file of properties is named after: the source in staging, else the folder."""
    if kind == "sources":
        return str(node["source_name"])
    if path.parent.name == "staging":
        return str(node["name"]).removeprefix("stg_").split("__")[0]
    return path.parent.name


@table_rule
def columns_tell_their_type(project: Project) -> Iterator[Finding]:
    """In silver is_ and has_ are booleans, _on dates, _at timestamps; and the reverse.

    Gold's types are under contract, and test_gold_contracts.py knows them by name, numbers too.
    """
    for model in project.models("intermediate", "python"):
        for column, type_ in project.tables.get(model["name"], {}).items():
            name = f"{model['name']}.{column}"
            like = NAMES_OF_TYPES.get(type_)
            if like and not re.fullmatch(like, column):
                yield Finding(name, f"{type_}, and no name like {like}")
            for pattern, promised in TYPES_OF_NAMES.items():
                if re.fullmatch(pattern, column) and type_ != promised:
                    yield Finding(name, f"{type_}, where the name promises {promised}")
