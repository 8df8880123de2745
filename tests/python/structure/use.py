"""What reads, calls and shows what."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from warehouses import PROJECT

from shelfcast.landing.contract import ENTITIES
from structure.project import PACKAGE, Finding, Project, implements, layer, rule


@rule
def exposures_name_what_is_read(project: Project) -> Iterator[Finding]:
    """The exposure of a command reads what the queries of its module read.

    In a query {...} stands for a constant of the module, else for an entity of the landing
    contract. A module whose queries name no table copies all of gold.
    """
    for exposure in project.entries("exposures"):
        if "code" not in exposure["meta"]:
            continue
        code = (PROJECT / exposure["meta"]["code"]).read_text(encoding="utf-8")
        patterns = list(_tables_read(code)) or [("gold", r"\w+")]
        expected = {
            node["name"]
            for node in project.nodes("model", "seed")
            for schema, pattern in patterns
            if node["config"]["schema"] == schema and re.fullmatch(pattern, node["name"])
        }
        named = {parent["name"] for parent in project.parents(exposure)}
        for name in sorted(expected ^ named):
            what = "does not name" if name in expected else "names, and does not read,"
            yield Finding(exposure["name"], f"{what} {name}")


def _tables_read(code: str) -> Iterator[tuple[str, str]]:
    """Yield schema and pattern of the name of each table that the queries of a module read."""
    constants = {
        target.id: str(node.value.value)
        for node in ast.parse(code).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    entity = f"(?:{'|'.join(ENTITIES)})"
    for schema, name in re.findall(r"schema\(['\"](\w+)['\"]\)\}\.((?:\w|\{[^{}]+\})+)", code):
        yield schema, re.sub(r"\{([^{}]+)\}", lambda match: constants.get(match[1], entity), name)


@rule
def everything_is_read(project: Project) -> Iterator[Finding]:
    """Sources, seeds and models are read by a model or an exposure; a test alone does not count.

    Gold is read by an exposure: what nobody looks at is no result.
    """
    exposures = list(project.entries("exposures"))
    by_exposures = {parent for exposure in exposures for parent in exposure["depends_on"]["nodes"]}
    by_models = {parent for model in project.models() for parent in model["depends_on"]["nodes"]}
    for node in [*project.nodes("model", "seed"), *project.entries("sources")]:
        readers = by_exposures if layer(node) == "marts" else by_exposures | by_models
        if node["unique_id"] not in readers:
            yield Finding(node["name"], "is read by nothing")


@rule
def macros_are_called(project: Project) -> Iterator[Finding]:
    """Every macro is called, is called by dbt itself, or is what a dispatch chooses."""
    macros = project.manifest["macros"]
    called = {
        macro
        for node in [*macros.values(), *project.manifest["nodes"].values()]
        for macro in node["depends_on"]["macros"]
    }
    for name, macro in macros.items():
        is_override = f"macro.dbt.{macro['name']}" in macros or macro["name"].startswith(
            "materialization_"
        )
        if (
            macro["package_name"] == PACKAGE
            and name not in called
            and not is_override
            and not implements(project, macro)
        ):
            yield Finding(macro["name"], "is called by nothing")


@rule
def doc_blocks_are_used(project: Project) -> Iterator[Finding]:
    """Every doc block is shown somewhere; overviews are shown by dbt."""
    used = {
        block
        for node in [
            *project.nodes("model", "seed", "test", "analysis"),
            *(node for kind in ("sources", "macros") for node in project.entries(kind)),
        ]
        for described in [node, *node.get("columns", {}).values()]
        for block in described.get("doc_blocks", [])
    }
    for name, block in project.manifest["docs"].items():
        is_overview = re.fullmatch(r"__\w+__", block["name"])
        if block["package_name"] == PACKAGE and name not in used and not is_overview:
            yield Finding(block["name"], "is shown nowhere")
