"""What one run of the lander did, for a program to test and for a person to read."""

from __future__ import annotations

from dataclasses import dataclass

from shelfcast.text_table import one_line

ALREADY_LANDED = "already landed"

_SHOWN = 10  # columns of an entity, or files with bad rows, that are named

EXPORT_MARK = "reject_codes"
"""Column by which a file is known to be one that ``shelfcast rejects export`` wrote."""

_OF_EXPORT = {"file", "row", EXPORT_MARK, "remedy", "raw"}
"""Columns that ``shelfcast rejects export`` puts around those of the contract."""


@dataclass(frozen=True)
class LandedFile:
    """A file that landed.

    Attributes
    ----------
    rows, parse_errors, misplaced_rows
        Its rows; those with a reason code; those that hold another value than their folder names.
    columns_ignored
        Columns that the contract does not know.
    seconds
        Time taken.
    """

    file: str
    entity: str
    rows: int
    parse_errors: int
    misplaced_rows: int
    columns_ignored: tuple[str, ...]
    seconds: float

    def __str__(self) -> str:
        broken = f", {self.parse_errors:,} of them not readable" if self.parse_errors else ""
        if self.misplaced_rows:
            broken += f", {self.misplaced_rows:,} of them with another value than their folder"
        return (
            f"{one_line(self.file)}: {self.rows:,} rows of {self.entity}{broken} "
            f"({self.seconds:.1f} s)"
        )


@dataclass(frozen=True)
class LeftFile:
    """A file that did not land, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return one_line(f"{self.file}: {self.reason}")


@dataclass(frozen=True)
class LandingReport:
    """Outcome of a run.

    Attributes
    ----------
    landed, skipped, refused
        Every file below the source, in the order of their paths. A skipped file needs no
        attention or is none of ours; a refused one was meant to land and could not.
    missing_entities
        Required entities of which the lake holds no file after the run.
    """

    landed: tuple[LandedFile, ...]
    skipped: tuple[LeftFile, ...]
    refused: tuple[LeftFile, ...]
    missing_entities: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows landed in this run."""
        return sum(file.rows for file in self.landed)

    @property
    def parse_errors(self) -> int:
        """Rows landed in this run that could not be split into columns."""
        return sum(file.parse_errors for file in self.landed)

    def lines(self) -> list[str]:
        """Return the report as lines of text: counts, and the files that need attention."""
        known = sum(file.reason == ALREADY_LANDED for file in self.skipped)
        lines = [
            f"Landed {_count(len(self.landed), 'file')}, {self.rows:,} rows, "
            f"{self.parse_errors:,} of them not readable."
        ]
        lines += self._bad()
        lines += self._left_out()
        if known:
            lines.append(f"{_count(known, 'file')} had landed before.")
        for title, files in (
            ("Skipped", [file for file in self.skipped if file.reason != ALREADY_LANDED]),
            ("Refused", self.refused),
        ):
            if files:
                lines.append(f"{title} {_count(len(files), 'file')}:")
                lines += [f"  {file}" for file in files]
        lines += [
            f"Nothing of {entity} has landed yet, and no plan can be made without it: bring a file "
            f"named {entity}, or assign one to it in landing.yml."
            for entity in self.missing_entities
        ]
        return lines

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def _bad(self) -> list[str]:
        """Name the files with most rows that need attention; progress has told of every file."""
        bad = sorted(
            (file for file in self.landed if file.parse_errors or file.misplaced_rows),
            key=lambda file: file.parse_errors + file.misplaced_rows,
            reverse=True,
        )
        lines = [f"  {file}" for file in bad[:_SHOWN]]
        if len(bad) > _SHOWN:
            lines.append(f"  and {_count(len(bad) - _SHOWN, 'more file')} with such rows")
        return lines

    def _left_out(self) -> list[str]:
        """Name by entity the columns that did not land; a renamed one would go missing unseen."""
        ignored: dict[str, dict[str, None]] = {}
        for file in self.landed:
            ours = _OF_EXPORT if EXPORT_MARK in file.columns_ignored else set()
            columns = (column for column in file.columns_ignored if column not in ours)
            ignored.setdefault(file.entity, {}).update(dict.fromkeys(columns))
        return [
            f"Left out of {entity}, as the contract does not know them: {_listed(list(columns))}. "
            "If one holds what the contract asks for, name it in landing.yml."
            for entity, columns in ignored.items()
            if columns
        ]


def _listed(names: list[str]) -> str:
    shown = one_line(", ".join(names[:_SHOWN]))
    more = len(names) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
