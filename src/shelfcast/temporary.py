"""Temporary folders that a killed process leaves, and the next one removes.

Each is named ``shelfcast-run-…`` and holds a lock while its process lives. Who makes one removes
those of the same user that nobody holds any more. A folder gets its name when it is locked.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shelfcast.locks import HeldError, exclusive

_NAME = "shelfcast-run-"
_LOCK = ".lock"


@contextmanager
def temporary_folder(below: Path | None = None) -> Iterator[Path]:
    """Make a folder that goes when the block ends, below one or the system's folder for such."""
    root = Path(below or tempfile.gettempdir())
    _sweep(root)
    new = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    folder = root / f"{_NAME}{new.name.removeprefix('.new-')}"
    try:
        with exclusive(new / _LOCK):
            new.rename(folder)
            yield folder
    finally:
        for path in (new, folder):
            shutil.rmtree(path, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove the folders of this user that no living process holds."""
    for folder in root.glob(f"{_NAME}*"):
        try:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
                continue
            if not (folder / _LOCK).is_file():
                continue
            with exclusive(folder / _LOCK):
                shutil.rmtree(folder, ignore_errors=True)
        except (HeldError, OSError):
            continue  # it is in use, or another process has just removed it
