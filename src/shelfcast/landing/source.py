"""The files below a source, and what identifies one of them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shelfcast.landing.errors import FileRefusedError

IMPORT_MARKER = ".imported.json"
"""File in which ``shelfcast import`` lists what it wrote into a landing folder."""

_SLUG_LENGTH = 80


@dataclass(frozen=True)
class SourceFile:
    """A file to land.

    Attributes
    ----------
    file
        Path relative to the source, with forward slashes.
    sha256, bytes
        Digest (hexadecimal) and number of its bytes.
    modified_ns
        Time of its last change when it was digested, in nanoseconds.
    """

    file: str
    path: Path
    sha256: str
    bytes: int
    modified_ns: int

    @classmethod
    def digest(
        cls, file: str, path: Path, found: os.stat_result, sha256: str | None = None
    ) -> SourceFile:
        """Read a file once to identify it.

        Parameters
        ----------
        file, path
            Its path below the source, and its whole path.
        found
            What the file system said of it before.
        sha256
            Its digest, where it is known; then it is not read.
        """
        try:
            file.encode()
        except UnicodeEncodeError as error:
            raise FileRefusedError("its path is not UTF-8; rename it") from error
        try:
            if sha256 is None:
                with path.open("rb") as stream:
                    sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise FileRefusedError(f"it cannot be read ({error.strerror}); allow it") from error
        return cls(file, path, sha256, found.st_size, found.st_mtime_ns)

    @property
    def file_id(self) -> str:
        """A readable form of the path, and twelve digits of a digest of path and content.

        Folders may differ where the readable form does not, over files of the same content.
        """
        slug = re.sub(r"[^a-z0-9]+", "-", self.file.casefold())[:_SLUG_LENGTH].strip("-")
        digest = hashlib.sha256(f"{self.file}\n{self.sha256}".encode()).hexdigest()
        return f"{slug}-{digest[:12]}".lstrip("-")

    def verify(self) -> None:
        """Refuse the file if it has changed since it was digested."""
        try:
            state = self.path.stat()
        except OSError as error:
            raise FileRefusedError("it was removed while it was read; bring it again") from error
        if (state.st_size, state.st_mtime_ns) != (self.bytes, self.modified_ns):
            raise FileRefusedError("it changed while it was read; land it again when complete")


def find_files(folder: Path, lake: Path) -> Iterator[str]:
    """Yield the paths of all files below a folder, relative to it and in order.

    A folder that is hidden or cannot be read is yielded by itself, without its content. The lake is
    passed over, and so is a linked folder that has been seen.
    """
    seen = {_identity(lake)} if lake.exists() else set()
    pending = [PurePosixPath()]
    while pending:
        path = pending.pop()
        here = folder / path
        if path.name.startswith(".") or not os.path.isdir(here):
            yield str(path)
        elif _identity(here) not in seen:
            seen.add(_identity(here))
            try:
                names = sorted(entry.name for entry in here.iterdir())
            except OSError:
                yield str(path)
            else:
                pending += [path / name for name in reversed(names)]


def _identity(folder: Path) -> tuple[int, int]:
    """Return what a folder and a link to it have in common; resolving long paths takes minutes."""
    state = os.stat(folder)
    return state.st_dev, state.st_ino
