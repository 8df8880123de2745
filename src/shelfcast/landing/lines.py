"""Text files as numbered lines, block by block; no line is ever dropped.

A line ends at LF or CRLF. A byte order mark is skipped, blank lines are passed over but counted.
Lines are cut before they are decoded, so one bad byte spoils one line.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shelfcast.landing.errors import FileRefusedError
from shelfcast.landing.rows import in_slices

BLOCK_BYTES = 16 * 2**20
"""Bytes read at a time."""

BLOCK_LINES = 2**20
"""Lines handed on at a time: of very short ones, a block of bytes holds millions."""

LONGEST_LINE_BYTES = 64 * 2**20
"""A longer stretch without a line break is no text file."""

BAD_ENCODING = "BAD_ENCODING"
NUL_BYTE = "NUL_BYTE"

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|[^\x00]\x00[^\x00]|\x00[^\x00]\x00")
"""How a UTF-16 file starts, with its mark or with a letter of ASCII."""


@dataclass(frozen=True)
class Lines:
    r"""Consecutive non-blank lines.

    Attributes
    ----------
    text
        The lines without their ends; what is no UTF-8 is spelled ``\xNN``.
    numbers
        Line numbers counted from 1, blank lines included; int64.
    errors
        ``BAD_ENCODING``, ``NUL_BYTE`` or null.
    """

    text: pa.StringArray
    numbers: pa.Int64Array
    errors: pa.StringArray

    def __len__(self) -> int:
        return len(self.text)

    def slice(self, start: int, end: int | None = None) -> Lines:
        """Return the lines from one position on, up to another."""
        return Lines(self.text[start:end], self.numbers[start:end], self.errors[start:end])


def read_lines(path: Path) -> Iterator[Lines]:
    """Yield the non-blank lines of a text file, gzipped when its name ends in ``.gz``.

    Raises
    ------
    FileRefusedError
        The file cannot be read to its end, or is no UTF-8 text at all.
    """
    opener = gzip.open if path.suffix.casefold() == ".gz" else open
    first_number = 1
    try:
        with opener(path, "rb") as stream:
            for block in _blocks(stream):
                lines = _split(block, first_number)
                first_number += block.count(b"\n") + 1
                for start in range(0, len(lines), BLOCK_LINES):
                    yield lines.slice(start, start + BLOCK_LINES)
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefusedError(f"it cannot be read to its end ({error}); bring it again") from error


def _blocks(stream: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """Yield the bytes in blocks of whole lines, each without its last line break."""
    pending: list[bytes] = []
    start = stream.read(len(_BYTE_ORDER_MARK))
    if _UTF_16.match(start):
        raise FileRefusedError("it is UTF-16; save it as UTF-8")
    chunk = start.removeprefix(_BYTE_ORDER_MARK) + stream.read(BLOCK_BYTES)
    while chunk:
        end = chunk.rfind(b"\n")
        if end >= 0:
            yield b"".join((*pending, chunk[:end]))
            pending = []
        pending.append(chunk[end + 1 :])
        if sum(map(len, pending)) > LONGEST_LINE_BYTES:
            raise FileRefusedError(
                f"it has no line break within {LONGEST_LINE_BYTES >> 20} MB; it is no text file of "
                "one record per line"
            )
        chunk = stream.read(BLOCK_BYTES)
    rest = b"".join(pending)
    if rest:
        yield rest


def _split(block: bytes, first_number: int) -> Lines:
    lines = pc.split_pattern(pa.array([block], pa.binary()), b"\n").values
    text, errors = _decode(lines, b"\x00" in block)
    if b"\r" in block:
        text = pc.replace_substring_regex(text, r"\r+$", "")
    numbers = pa.array(np.arange(first_number, first_number + len(lines), dtype=np.int64))
    present = pc.not_equal(pc.ascii_trim_whitespace(text), "")
    if pc.all(present).as_py():
        return Lines(text, numbers, errors)
    return Lines(text.filter(present), numbers.filter(present), errors.filter(present))


def _decode(lines: pa.BinaryArray, has_nul: bool) -> tuple[pa.StringArray, pa.StringArray]:
    """Return lines as text, and the reason code of those that are not plain UTF-8."""
    if not has_nul:
        try:
            return lines.cast(pa.string()), pa.nulls(len(lines), pa.string())
        except pa.ArrowInvalid:
            pass  # some line is no UTF-8: find it below
    return in_slices(lines, _decode_each)


def _decode_each(lines: list[bytes]) -> tuple[pa.StringArray, pa.StringArray]:
    texts, errors = [], []
    for line in lines:
        text = line.decode("utf-8", "backslashreplace")
        error = None
        if "\x00" in text:
            error = NUL_BYTE
        if text.encode() != line:
            error = BAD_ENCODING
        texts.append(text.replace("\x00", "\\x00"))
        errors.append(error)
    return pa.array(texts, pa.string()), pa.array(errors, pa.string())
