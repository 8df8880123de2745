"""What the commands need to know of ``dbt_project.yml``: the variables that an operator sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from shelfcast.settings import misspelt
from shelfcast.warehouse import WarehouseError

PROJECT = Path("dbt_project.yml")


def variables(path: Path = PROJECT) -> dict[str, Any]:
    """Return the variables of a dbt project by name; none where there is no such file.

    Raises
    ------
    WarehouseError
        A name is almost that of a variable. dbt itself does not see a variable that nobody reads.
    """
    if not path.exists():
        return {}
    project = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    given = dict(project.get("vars") or {})
    for name, meant in misspelt(given).items():
        raise WarehouseError(
            f"{path}: there is no variable {name}; did you mean {meant}? docs/settings.md has them "
            "all"
        )
    return given


def own_tables(path: Path = PROJECT) -> frozenset[str]:
    """Return the entities that come from tables of the retailer's own, and so do not land.

    They are the keys of the variable ``source_tables``.
    """
    return frozenset(variables(path).get("source_tables") or {})
