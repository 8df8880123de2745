"""The files below a source, and what identifies one of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from shelfcast.landing.errors import FileRefusedError

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
    def digest(cls, file: str, path: Path) -> SourceFile:
        """Read a file once to identify it."""
        try:
            state = path.stat()
            with path.open("rb") as stream:
                sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise FileRefusedError(f"it cannot be read ({error.strerror}); allow it") from error
        return cls(file, path, sha256, state.st_size, state.st_mtime_ns)

    @property
    def file_id(self) -> str:
        """A readable form of the path, and twelve digits of the digest."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.file.casefold())[:_SLUG_LENGTH].strip("-")
        return f"{slug}-{self.sha256[:12]}".lstrip("-")

    def verify(self) -> None:
        """Refuse the file if it has changed since it was digested."""
        state = self.path.stat()
        if (state.st_size, state.st_mtime_ns) != (self.bytes, self.modified_ns):
            raise FileRefusedError("it changed while it was read; land it again when complete")


def find_files(folder: Path, lake: Path) -> Iterator[str]:
    """Yield the paths of all files below a folder, relative to it and in order.

    A hidden folder is yielded by itself, without its content. The lake is passed over, and so is a
    linked folder that has been seen.
    """
    seen = {lake.resolve()}

    def walk(parent: PurePosixPath) -> Iterator[str]:
        here = folder / parent
        if here.resolve() in seen:
            return
        seen.add(here.resolve())
        for entry in sorted(here.iterdir()):
            if entry.is_dir() and not entry.name.startswith("."):
                yield from walk(parent / entry.name)
            else:
                yield str(parent / entry.name)

    yield from walk(PurePosixPath())
