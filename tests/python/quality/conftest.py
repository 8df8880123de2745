"""Fixtures of the tests of the gate."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate_shop import GateShop


@pytest.fixture
def shop(tmp_path: Path) -> GateShop:
    return GateShop(tmp_path)
