"""YAML files that a user writes: read without waiting, and refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from shelfcast.text_table import one_line

LARGEST_BYTES = 2**20
"""A larger file is none that somebody wrote."""

LONGEST_SHOWN = 300
"""Characters that a message repeats of a file."""


class YamlFileError(ValueError):
    """The file cannot be read; the message names it and says why."""


def read_yaml(path: Path, *, within: Path | None = None) -> Any:
    """Return what a YAML file holds.

    Parameters
    ----------
    path
        A regular file.
    within
        Folder that the file lies in, also where it is a link.

    Raises
    ------
    YamlFileError
        It is something else, lies elsewhere, is too large, or is not YAML of plain values.
    """
    try:
        if not path.is_file():  # a pipe would be waited for, and a device never ends
            what = "is no regular file" if path.exists() else "does not exist"
            raise YamlFileError(f"{path} {what}; write a text file in its place")
        if within is not None and not path.resolve().is_relative_to(within.resolve()):
            raise YamlFileError(
                f"{path} is a link that leads out of its folder, to {one_line(str(path.resolve()))}"
                "; put the file itself there, or name it with --config"
            )
        if path.stat().st_size > LARGEST_BYTES:
            raise YamlFileError(f"{path} is larger than {LARGEST_BYTES >> 20} MB; shorten it")
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except YamlFileError:
        raise
    # a value that is not of its tag, such as !!int "abc", or a number of 5,000 digits, ends in one
    # of many ways
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        yaml.YAMLError,
    ) as error:
        raise YamlFileError(f"{path} cannot be read as YAML: {shown(error)}") from error


def shown(value: object) -> str:
    """Return what a message says of a value: cut, on one line, unprintable signs spelled out."""
    try:
        text = " ".join(str(value).split())
    except ValueError:  # a whole number of more digits than Python writes
        return "a number that is too long to be written"
    text = one_line(text)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
