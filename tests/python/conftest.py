"""Warehouses that tests read: each is landed and built once a session, in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from warehouses import Warehouse, shared

from shelfcast.generator import generate
from shelfcast.importers import import_online_retail
from shelfcast.landing import land


@pytest.fixture(scope="session")
def sample_landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small generated retailer: 40 SKUs, 6 locations in 4 regions, 300 days."""
    folder = tmp_path_factory.mktemp("generated") / "sample"
    generate(folder, skus=40, locations=6, days=300, ends_on=date(2026, 6, 30))
    return folder


@pytest.fixture(scope="session")
def sample(sample_landing: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The warehouse built from the small generated retailer; for reading only."""
    warehouse = Warehouse(tmp_path_factory.mktemp("sample"))
    land(sample_landing, warehouse.home / "lake")
    warehouse.build()
    return warehouse


@pytest.fixture(scope="session")
def manifest(sample: Warehouse) -> dict[str, Any]:
    """What dbt knows of the project."""
    text = (sample.home / "target/manifest.json").read_text(encoding="utf-8")
    parsed: dict[str, Any] = json.loads(text)
    return parsed


@pytest.fixture(scope="session")
def tests(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the data tests, by name."""
    return {
        node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "test"
    }


@pytest.fixture(scope="session")
def online_retail(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The warehouse built from Online Retail, whole; for reading only."""
    folder = tmp_path_factory.mktemp("online_retail")
    import_online_retail(shared("online_retail.parquet"), folder / "landing")
    warehouse = Warehouse(folder / "home")
    land(folder / "landing", warehouse.home / "lake", landed_at=datetime(2026, 11, 20))
    warehouse.build()
    return warehouse


@pytest.fixture
def warehouse_home(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Point the process at a warehouse."""

    def use(home: Path) -> None:
        monkeypatch.setenv("SHELFCAST_HOME", str(home))
        monkeypatch.delenv("SHELFCAST_SCHEMA_PREFIX", raising=False)

    return use
