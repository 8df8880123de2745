"""Promises that a page makes, and the tests that show them kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from warehouses import PROJECT

Test = TypeVar("Test", bound=Callable[..., None])


class Promises:
    """The promises of a section: the first column of its table.

    Parameters
    ----------
    page
        Path of the page in the project.
    heading
        Heading of the section.
    """

    def __init__(self, page: str, heading: str) -> None:
        self._page = page
        self._heading = heading
        self.shown: list[str] = []

    def kept(self, *promises: str) -> Callable[[Test], Test]:
        """Say which promises a test shows."""
        self.shown.extend(promises)
        return lambda test: test

    def made(self) -> list[str]:
        """Return the promises, as the page has them."""
        text = (PROJECT / self._page).read_text(encoding="utf-8")
        section = text.split(f"## {self._heading}\n")[1].split("\n## ")[0]
        return re.findall(r"^\| (.+?) \| .+ \|$", section, re.MULTILINE)[1:]
