"""What the commands need to know of ``dbt_project.yml``: the variables that an operator sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shelfcast.settings import misspelt
from shelfcast.warehouse import SettingError
from shelfcast.yaml_files import YamlFileError, read_yaml

PROJECT = Path("dbt_project.yml")


def variables(path: Path = PROJECT) -> dict[str, Any]:
    """Return the variables of a dbt project by name; none where there is no such file.

    Raises
    ------
    SettingError
        The file cannot be read, or a name is almost that of a variable. dbt itself does not see a
        variable that nobody reads.
    """
    if not path.exists():
        return {}
    try:
        project = read_yaml(path) or {}
    except YamlFileError as error:
        raise SettingError(str(error)) from error
    given = project.get("vars") or {} if isinstance(project, dict) else None
    if not isinstance(given, dict):
        raise SettingError(f"{path}: vars must be a mapping of variables; docs/settings.md")
    for name, meant in misspelt(name for name in given if isinstance(name, str)).items():
        raise SettingError(
            f"{path}: there is no variable {name}; did you mean {meant}? docs/settings.md has them "
            "all"
        )
    return given


def own_tables(path: Path = PROJECT) -> frozenset[str]:
    """Return the entities that come from tables of the retailer's own, and so do not land.

    They are the keys of the variable ``source_tables``.
    """
    return frozenset(variables(path).get("source_tables") or {})
