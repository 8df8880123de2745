"""What models and macros may not say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from structure.project import Finding, Project, implements, rule

CLOCKS = (
    r"\b(current_date|current_timestamp|localtimestamp|run_started_at|clock_timestamp"
    r"|(now|today|getdate)\s*\()"
)
MOST_STATEMENTS_OF_PYTHON = 20


@rule
def models_do_not_know_the_target(project: Project) -> Iterator[Finding]:
    """Engines differ in macros/cross_db and nowhere else."""
    for node in project.nodes("model", "test", "analysis"):
        if re.search(r"\btarget\s*\.|\badapter\.type\b", node["raw_code"]):
            yield Finding(node["name"], "asks for the target")


@rule
def engines_differ_in_cross_db(project: Project) -> Iterator[Finding]:
    """What is written for one engine stands where the next engine's author looks for it."""
    for macro in project.entries("macros"):
        folder = PurePosixPath(macro["original_file_path"]).parent
        if implements(project, macro) and folder.name != "cross_db":
            yield Finding(macro["name"], f"is in {folder}")


@rule
def models_have_no_clock(project: Project) -> Iterator[Finding]:
    """Today is int_as_of; a rerun gives the same plan."""
    for node in project.nodes("model", "analysis"):
        code = re.sub(r"\{#.*?#\}|--[^\n]*", "", node["raw_code"], flags=re.DOTALL)
        if re.search(CLOCKS, code, re.IGNORECASE):
            yield Finding(node["name"], "asks the clock")


@rule
def python_models_hold_no_logic(project: Project) -> Iterator[Finding]:
    """A docstring with grain and parents, imports, and one function of one library call."""
    for model in project.models("python"):
        for what in _logic(ast.parse(model["raw_code"])):
            yield Finding(model["name"], what)


def _logic(module: ast.Module) -> Iterator[str]:
    """Yield what a Python model holds beyond a call."""
    docstring = ast.get_docstring(module) or ""
    if not re.match(r"One .+\. From .+\.", docstring, re.DOTALL):
        yield "has no docstring of the form: One … . From … ."
    functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
    if [
        (function.name, [argument.arg for argument in function.args.args]) for function in functions
    ] != [("model", ["dbt", "session"])]:
        yield "is more or less than one function model(dbt, session)"
    quiet = (ast.Import, ast.ImportFrom, ast.FunctionDef)
    if any(not isinstance(node, quiet) for node in module.body[1:]):
        yield "does something when it is imported"
    logic = (
        *(ast.If, ast.IfExp, ast.For, ast.While, ast.Try, ast.With, ast.Match, ast.BoolOp),
        *(ast.Compare, ast.BinOp, ast.Lambda, ast.ClassDef, ast.AsyncFunctionDef),
        *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    )
    for node in ast.walk(module):
        if isinstance(node, logic):
            yield f"line {node.lineno}: {type(node).__name__}"
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    if sum(not ast.unparse(call.func).startswith("dbt.") for call in calls) != 1:
        yield "is more or less than one call of the library"
    statements = sum(isinstance(node, ast.stmt) for node in ast.walk(module))
    if statements > MOST_STATEMENTS_OF_PYTHON:
        yield f"has {statements} statements"
