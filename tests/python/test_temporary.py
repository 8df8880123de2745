"""Temporary folders: gone when their process ends, and removed by the next where it was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shelfcast.temporary import temporary_folder
from shelfcast.text_table import LONGEST_CELL, table

HOLD = """
import sys
from pathlib import Path
from shelfcast.temporary import temporary_folder
with temporary_folder(Path(sys.argv[1])) as folder:
    (folder / "spilt").write_text("x")
    print("ready", flush=True)
    input()
"""


def test_a_folder_goes_with_its_block(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_goes_and_what_a_living_one_has_stays(tmp_path: Path) -> None:
    (tmp_path / "shelfcast-run-of-mine").mkdir()  # no lock: somebody else's
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    [held] = tmp_path.glob("*/spilt")
    with temporary_folder(tmp_path):
        assert held.exists()
    child.kill()
    child.communicate()
    with temporary_folder(tmp_path):
        assert not held.parent.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["shelfcast-run-of-mine"]


def test_a_table_to_be_read_cuts_its_texts() -> None:
    long = "k" * 9_000
    assert len(table(("sku", "rows"), [(long, 1)]).splitlines()[-1]) < LONGEST_CELL + 20
    assert long in table(("sku", "rows"), [(long, 1)], whole=True)
