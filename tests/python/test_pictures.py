"""The README's picture, drawn from a warehouse without a browser."""

from __future__ import annotations

import importlib.util
import struct
from types import ModuleType

import pytest
from warehouses import PROJECT, Warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def campaign() -> ModuleType:
    """The script that draws it."""
    spec = importlib.util.spec_from_file_location("campaign", PROJECT / "docs/images/campaign.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_campaign_is_drawn_from_gold(campaign: ModuleType, sample: Warehouse) -> None:
    with sample.connect(read_only=True) as connection:
        drawn = campaign.specification(connection)
    demand, stock = drawn["hconcat"]
    history, band, *_ = demand["layer"]
    assert len(history["data"]["values"]) == campaign.HISTORY_DAYS
    ahead = {"baseline": [], "scenario": []}
    for row in band["data"]["values"]:
        ahead[row["line"]].append(row)
    assert {name: len(rows) for name, rows in ahead.items()} == {"baseline": 28, "scenario": 28}
    for before, after in zip(ahead["baseline"], ahead["scenario"], strict=True):
        assert after["expected"] == pytest.approx(1.7 * before["expected"], abs=2e-4)
        assert after["stock"] <= before["stock"]
    assert stock["layer"][0]["data"]["values"] == band["data"]["values"]
    high = drawn["title"]["subtitle"][1]
    assert high.startswith("Scenario: High risk")
    picture = campaign.vl_convert.vegalite_to_png(drawn)
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 900
    assert height > 300
