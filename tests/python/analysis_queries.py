"""The queries of analyses/, as dbt compiles them for a warehouse."""

from __future__ import annotations

from pathlib import Path

from warehouses import Warehouse


def compiled_analyses(warehouse: Warehouse, target: Path) -> dict[str, str]:
    """Return the SQL of each analysis, by name; dbt's artifacts go to a folder of their own."""
    result = warehouse.dbt("compile", "--select", "path:analyses", "--target-path", str(target))
    assert result.returncode == 0, result.stdout[-4000:]
    files = (target / "compiled/shelfcast/analyses").glob("*.sql")
    return {file.stem: file.read_text() for file in sorted(files)}
