"""The Makefile: which warehouse a landing has, and that what is given stays text."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from warehouses import PROJECT

SHOW = 'include Makefile\nshow_given:\n\t@printf "%s\\n%s\\n" "$$SHELFCAST_HOME" "$$LANDING"\n'

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def given(*arguments: str, **environment: str) -> list[str]:
    """Return the warehouse and the landing that recipes see."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("SHELFCAST_HOME", "LANDING", "SHELFCAST_TARGET")
    }
    result = subprocess.run(
        ["make", "--no-print-directory", "-f", "-", "show_given", *arguments],
        cwd=PROJECT,
        env=kept | environment,
        input=SHOW,
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.splitlines()


def test_the_sample_has_the_warehouse_of_its_name() -> None:
    assert given() == given("LANDING=data/sample") == ["warehouse/sample", "data/sample"]


def test_folders_that_differ_in_a_sign_have_warehouses_of_their_own(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a/b", "a-b", "a b")]
    for folder in folders:
        folder.mkdir(parents=True)
    homes = {given(f"LANDING={folder}")[0] for folder in folders}
    assert len(homes) == len(folders)
    assert given(f"LANDING={tmp_path}/a/../a-b/")[0] == given(f"LANDING={folders[1]}")[0]


@pytest.mark.parametrize(
    "name",
    ["it's", 'q"q', "$(touch {0})", "$(shell touch {0})", "`touch {0}`", "a,b)c", "a#b", "$HOME"],
)
def test_a_name_is_never_run(name: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    landing = f"{tmp_path}/{name.format('trace')}"
    for shown in (
        given(f"LANDING={landing}"),
        given(LANDING=landing),
        given(f"LANDING={name.format(trace)}"),
        given(f"SHELFCAST_HOME={name.format(trace)}"),
    ):
        assert shown[0]
    assert given(f"LANDING={landing}")[1] == landing
    assert not trace.exists()
    assert not (PROJECT / "trace").exists()
