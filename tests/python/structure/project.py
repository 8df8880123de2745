"""The project as its rules see it, and what rules have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Node = dict[str, Any]

PACKAGE = "shelfcast"
ADAPTERS = "default|duckdb|postgres|shelfcast_postgres|spark"


class Finding(NamedTuple):
    """What breaks a rule: the node, by the name that an exception gives it, and what is wrong."""

    node: str
    what: str


@dataclass(frozen=True)
class Project:
    """The project as dbt sees it.

    Attributes
    ----------
    manifest
        dbt's manifest.
    tables
        Columns of each built table with their types, as DuckDB names them, in order.
    """

    manifest: Node
    tables: dict[str, dict[str, str]] = field(default_factory=dict)

    def nodes(self, *types: str) -> Iterator[Node]:
        """Yield the project's own nodes of some resource types."""
        for node in self.manifest["nodes"].values():
            if node["resource_type"] in types and node["package_name"] == PACKAGE:
                yield node

    def models(self, *layers: str) -> Iterator[Node]:
        """Yield the models, of some layers or of all."""
        for node in self.nodes("model"):
            if not layers or layer(node) in layers:
                yield node

    def entries(self, kind: str) -> Iterator[Node]:
        """Yield the project's own entries of another section: sources, macros, exposures …"""
        for node in self.manifest[kind].values():
            if node["package_name"] == PACKAGE:
                yield node

    def parents(self, node: Node) -> Iterator[Node]:
        """Yield the nodes and sources that a node reads."""
        for name in node["depends_on"]["nodes"]:
            yield self.manifest["nodes"].get(name) or self.manifest["sources"][name]

    def tests_of(self, node: Node) -> Iterator[Node]:
        """Yield the generic tests attached to a node."""
        for test in self.nodes("test"):
            if test.get("attached_node") == node["unique_id"]:
                yield test


def layer(node: Node) -> str:
    """Return the folder of a model, and the resource type of anything else."""
    if node["resource_type"] != "model":
        return str(node["resource_type"])
    return str(node["fqn"][1])


Rule = Callable[[Project], Iterator[Finding]]
RULES: dict[str, Rule] = {}
"""Rules over the manifest, by name."""
TABLE_RULES: dict[str, Rule] = {}
"""Rules over the built tables as well."""


def rule(function: Rule) -> Rule:
    """Add a rule over the manifest."""
    RULES[function.__name__] = function
    return function


def table_rule(function: Rule) -> Rule:
    """Add a rule over the built tables as well."""
    TABLE_RULES[function.__name__] = function
    return function


def is_named(test: Node) -> bool:
    """Tell whether a test has a name of its own: singular, or generic and not named by dbt."""
    kind = test.get("test_metadata")
    if not kind:
        return True
    prefix = f"{kind['namespace']}_{kind['name']}" if kind["namespace"] else str(kind["name"])
    return not str(test["name"]).startswith(f"{prefix}_")


def is_warning(test: Node) -> bool:
    """Tell whether a test lets the build go on."""
    return str(test["config"]["severity"]).lower() == "warn"


def implements(project: Project, macro: Node) -> bool:
    """Tell whether a macro is what a dispatch chooses for an engine, of our own or of dbt's."""
    match = re.fullmatch(rf"(?:{ADAPTERS})__(\w+)", macro["name"])
    if not match:
        return False
    dispatch = re.compile(rf"adapter\.dispatch\(\s*['\"]{match[1]}['\"]")
    return any(
        dispatch.search(other["macro_sql"])
        for other in project.manifest["macros"].values()
        if other["name"] == match[1]
    )
