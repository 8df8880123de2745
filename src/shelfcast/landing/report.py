"""What one run of the lander did, for a program to test and for a person to read."""

from __future__ import annotations

from dataclasses import dataclass

ALREADY_LANDED = "already landed"


@dataclass(frozen=True)
class LandedFile:
    """A file that landed: its rows, those among them with a reason code, and seconds taken."""

    file: str
    entity: str
    rows: int
    parse_errors: int
    seconds: float

    def __str__(self) -> str:
        broken = f", {self.parse_errors:,} of them not readable" if self.parse_errors else ""
        return f"{self.file}: {self.rows:,} rows of {self.entity}{broken} ({self.seconds:.1f} s)"


@dataclass(frozen=True)
class LeftFile:
    """A file that did not land, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


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
        lines += [f"  {file}" for file in self.landed if file.parse_errors]
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


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
