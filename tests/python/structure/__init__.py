"""Rules of the project's structure, over dbt's manifest and the tables that dbt builds.

A rule is a pure function: it takes the project and yields what breaks it. What a rule can say, no
reviewer has to. Exceptions, each with its reason, are in exceptions.yml.
"""

from structure import code, descriptions, layers, names, use
from structure.project import RULES, TABLE_RULES, Finding, Node, Project, Rule

__all__ = [
    "RULES",
    "TABLE_RULES",
    "Finding",
    "Node",
    "Project",
    "Rule",
    "code",
    "descriptions",
    "layers",
    "names",
    "use",
]
