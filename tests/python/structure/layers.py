"""What a layer may read, hold and promise."""

from __future__ import annotations

from collections.abc import Iterator

from structure.project import Finding, Project, layer, rule

SCHEMAS = {"staging": "bronze", "intermediate": "silver", "python": "silver", "marts": "gold"}
"""Schema of each folder of models."""

MAY_READ = {
    "staging": {"source"},
    "intermediate": {"staging", "intermediate", "python", "seed"},
    "python": {"intermediate", "python", "seed"},
    "marts": {"intermediate", "python", "marts", "seed"},
    "analysis": {"marts", "seed"},
}
"""What a layer may read. Only staging reads sources, and gold does not read bronze."""


@rule
def layers_read_downwards(project: Project) -> Iterator[Finding]:
    """A layer reads only what lies below it; only staging reads sources."""
    for node in [*project.models(), *project.nodes("analysis")]:
        for parent in project.parents(node):
            if layer(parent) not in MAY_READ[layer(node)]:
                yield Finding(node["name"], f"{layer(node)} reads {layer(parent)} {parent['name']}")


@rule
def dashboards_read_gold(project: Project) -> Iterator[Finding]:
    """BI reads gold alone; the project's own commands may read more."""
    for exposure in project.entries("exposures"):
        if exposure["type"] == "application":
            continue
        for parent in project.parents(exposure):
            if layer(parent) != "marts":
                yield Finding(exposure["name"], f"reads {parent['name']}, which is not gold")


@rule
def folders_decide_schema_and_materialization(project: Project) -> Iterator[Finding]:
    """Bronze is views, Python models are tables, all else is a table or a view."""
    may_be = {"staging": {"view"}, "python": {"table"}}
    for model in project.models():
        config = model["config"]
        if config["schema"] != SCHEMAS[layer(model)]:
            yield Finding(model["name"], f"schema {config['schema']}")
        if config["materialized"] not in may_be.get(layer(model), {"table", "view"}):
            yield Finding(model["name"], f"materialized as {config['materialized']}")


@rule
def gold_is_public_and_the_rest_is_not(project: Project) -> Iterator[Finding]:
    """Every model has an owner, and only gold is meant for other projects and BI."""
    for model in project.models():
        if not model["config"]["group"]:
            yield Finding(model["name"], "belongs to no group")
        if (model["access"] == "public") != (layer(model) == "marts"):
            yield Finding(model["name"], f"access {model['access']} in {layer(model)}")
