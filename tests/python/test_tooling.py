"""The files of pre-commit and CI: local hooks alone, and nothing but make."""

from __future__ import annotations

import re
from typing import Any

import yaml
from warehouses import PROJECT


def read(path: str) -> Any:
    return yaml.safe_load((PROJECT / path).read_text(encoding="utf-8"))


def test_hooks_before_a_commit_fetch_nothing() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        re.compile(hook.get("files", ""))


def test_hooks_run_what_lint_runs() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    recipe = makefile.split("\nlint:")[1].split("\n\n")[0]
    for hook in read(".pre-commit-config.yaml")["repos"][0]["hooks"]:
        command = hook["entry"].removesuffix(" --fix").replace("make ", "$(MAKE) ")
        command = command.removeprefix("env ").replace("$(MAKE) ", "$(MAKE) --no-print-directory ")
        assert command in recipe, hook["id"]


def test_the_workflow_is_a_shell_over_make() -> None:
    made = re.findall(
        r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    for job in read(".github/workflows/ci.yml")["jobs"].values():
        for step in job["steps"]:
            run = step.get("run", ".ci/run")
            assert "\n" not in run
            command, *arguments = run.split()
            assert command in (".ci/run", "make", "cp"), run
            assert command != "make" or arguments[0] in made, run
