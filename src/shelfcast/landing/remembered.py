"""What the lander remembers of files, so that it reads only those that may have changed.

One file of the lake, ``.remembered.json``, holds by path the state of a file (device, inode, size,
times of its last change of content and of any change) and what was read from it: the manifest row
of a file of the lake, the digest of one of a source. It is a cache: deleted, damaged or of another
version, it is made again from the files.

A state tells files apart also where one is rewritten in place with its size, and its time of change
set back: each write moves the time that no program can set (``ctime``). Only a write within the
same tick of that clock as the reading would leave no trace, so a file is not remembered until it
has been left alone for ``SETTLED_NS``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

SETTLED_NS = 2 * 10**9
"""Nanoseconds after its last change from which a file is trusted: two seconds, as FAT counts."""

_VERSION = 1

State = list[int]
"""Device, inode, size, and times of the last change of content and of any change, in ns."""


def state_of(found: os.stat_result) -> State:
    """Return what tells a file from what it was before, and from another of its name."""
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def is_settled(state: State, now_ns: int) -> bool:
    """Tell whether a file had been left alone for a while when it was about to be read.

    Parameters
    ----------
    state
        Its state before it was read.
    now_ns
        The time then.
    """
    return max(state[3:]) + SETTLED_NS <= now_ns


class Remembered:
    """Values by group and path, each good while its file is in the state in which it was read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_changed = False

    @cached_property
    def _known(self) -> dict[str, dict[str, Any]]:
        return _read(self._path)

    def get(self, group: str, name: str, state: State) -> Any:
        """Return what was read from a file in this state, or None."""
        held = self._known.get(group, {}).get(name)
        return held[1] if held and held[0] == state else None

    def put(self, group: str, name: str, state: State, value: Any) -> None:
        """Remember what was read from a file."""
        self._known.setdefault(group, {})[name] = (state, value)
        self._is_changed = True

    def keep(self, group: str, names: set[str]) -> None:
        """Forget all of a group but these."""
        held = self._known.get(group, {})
        for name in held.keys() - names:
            del held[name]
            self._is_changed = True

    def forget(self, is_gone: Callable[[str], bool]) -> None:
        """Forget the groups of which a function says so."""
        for group in [group for group in self._known if is_gone(group)]:
            del self._known[group]
            self._is_changed = True

    def save(self) -> None:
        """Write what is known, if it has changed."""
        if not self._is_changed:
            return
        temporary = self._path.with_name(f"{self._path.name}.partial")
        temporary.write_text(
            json.dumps({"version": _VERSION, "known": self._known}, separators=(",", ":")),
            encoding="utf-8",
        )
        os.replace(temporary, self._path)
        self._is_changed = False


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Return what a file holds; nothing where it is absent, damaged or of another version."""
    with suppress(OSError, ValueError, RecursionError):
        document = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(document, Mapping) and document.get("version") == _VERSION:
            known = document.get("known")
            if isinstance(known, dict) and all(
                isinstance(held, list) and len(held) == 2
                for group in known.values()
                for held in group.values()
            ):
                return known
    return {}
