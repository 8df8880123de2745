"""What one run of the gate found, for a program to test and for a person to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path

from shelfcast.warehouse import command

FRESHNESS = "sales_history__newest_sale_is_fresh"
"""The check whose finding is printed whether or not it passes."""


class Outcome(IntEnum):
    """How a run ended; the values are the exit codes of ``shelfcast gate``."""

    OK = 0
    WARNINGS = 1
    CRITICAL = 2
    NOT_EVALUATED = 3


class Severity(StrEnum):
    """What a failed check means: stop, look at it, or know it."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class CheckOutcome(StrEnum):
    """What became of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EVALUATED = "not evaluated"


@dataclass(frozen=True)
class Check:
    """One check and what it found.

    Attributes
    ----------
    suite, check
        Names, stable from run to run.
    column
        Column of the landing contract, or measure, that is checked.
    failing_rows
        Rows that are not as expected; surplus ones where keys repeat; files in the suite ``files``;
        None where rows do not fail one by one.
    observed_value
        What was found, and in which files most of it.
    description, remedy
        What is expected, and what to do when it is not so.
    covers
        Check of the same thing with a lower limit, if there is one.
    files
        Files that fail, or in which most failing rows lie.
    """

    suite: str
    check: str
    column: str | None
    severity: Severity
    outcome: CheckOutcome
    failing_rows: int | None
    observed_value: str | None
    description: str
    remedy: str
    covers: str | None = None
    files: tuple[str, ...] = ()

    @property
    def effect(self) -> Outcome:
        """What the check alone makes of the run."""
        if self.outcome is CheckOutcome.NOT_EVALUATED:
            return Outcome.NOT_EVALUATED
        if self.outcome is CheckOutcome.PASSED or self.severity is Severity.INFO:
            return Outcome.OK
        return Outcome.CRITICAL if self.severity is Severity.CRITICAL else Outcome.WARNINGS

    def __str__(self) -> str:
        title = self.severity if self.outcome is CheckOutcome.FAILED else self.outcome
        lines = [f"{title}: {self.check}", f"  expected  {self.description}"]
        if self.observed_value:
            lines.append(f"  found     {self.observed_value}")
        return "\n".join(lines)


@dataclass(frozen=True)
class GateReport:
    """One run of the gate.

    Attributes
    ----------
    docs
        First page of its Data Docs.
    lake_files
        What the lake holds of each landed file: canonical files and manifest rows of all its
        versions, oldest first.
    """

    run_id: str
    run_at: datetime
    checks: tuple[Check, ...]
    docs: Path
    lake_files: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """The worst effect of any check."""
        return max((check.effect for check in self.checks), default=Outcome.OK)

    @property
    def findings(self) -> list[Check]:
        """The checks that did not pass, worst first."""
        order = list(Severity)
        return sorted(
            (check for check in self.checks if check.outcome is not CheckOutcome.PASSED),
            key=lambda check: (-check.effect, order.index(check.severity)),
        )

    def __str__(self) -> str:
        return "\n".join(
            [
                self.summary,
                *self._freshness(),
                *self._findings(),
                *self._next(),
                f"Data Docs: {self.docs}",
            ]
        )

    @property
    def summary(self) -> str:
        """One line of counts."""
        if not self.checks:
            return "Gate: nothing has landed, so there is nothing to check."
        outcomes = Counter(check.outcome for check in self.checks)
        failed = Counter(
            check.severity for check in self.checks if check.outcome is CheckOutcome.FAILED
        )
        parts = [f"{outcomes[CheckOutcome.PASSED]:,} passed"]
        parts += [
            f"{count:,} {severity}" + ("s" if severity is Severity.WARNING and count > 1 else "")
            for severity in Severity
            if (count := failed[severity])
        ]
        if outcomes[CheckOutcome.NOT_EVALUATED]:
            parts.append(f"{outcomes[CheckOutcome.NOT_EVALUATED]:,} not evaluated")
        return f"Gate: {len(self.checks):,} checks, {', '.join(parts)}."

    def _freshness(self) -> list[str]:
        """Return how old the newest sale is, in a sentence, where it could be seen."""
        return [
            f"{check.observed_value[0].upper()}{check.observed_value[1:]}."
            for check in self.checks
            if check.check == FRESHNESS
            and check.observed_value
            and check.outcome is not CheckOutcome.NOT_EVALUATED
        ]

    def _findings(self) -> list[str]:
        """Return the findings, each remedy once, without those that a worse one covers."""
        covered = {
            (check.suite, check.covers, check.failing_rows)
            for check in self.findings
            if check.covers and check.outcome is CheckOutcome.FAILED
        }
        groups: dict[str, list[Check]] = {}
        for check in self.findings:
            if (check.suite, check.check, check.failing_rows) not in covered:
                remedy = "" if check.effect is Outcome.OK else check.remedy
                groups.setdefault(remedy, []).append(check)
        lines: list[str] = []
        for remedy, checks in groups.items():
            lines += map(str, checks)
            if remedy:
                lines.append(f"  remedy    {remedy}")
        return lines

    def _next(self) -> list[str]:
        """Return what the outcome means for the build, and what to do then."""
        if self.outcome is Outcome.OK:
            return []
        if self.outcome is Outcome.WARNINGS:
            listed = command("shelfcast rejects list")
            return [f"The build may go on; after it, {listed} shows what is quarantined."]
        lines = ["Nothing is built; the tables of the last build, if any, stand as they were."]
        critical = [check for check in self.checks if check.effect is Outcome.CRITICAL]
        if not critical:
            return lines
        lines += [
            "To go on, do one of these, and start again:",
            "  - Correct the files and land them again under the same names: "
            f"{command('shelfcast land FOLDER')}",
        ]
        files = dict.fromkeys(file for check in critical for file in check.files)
        if files:
            lines.append(
                "  - Take a file out: delete it where you land it from, else it lands again, and "
                "these files of the lake (oldest version first):"
            )
        for file in files:
            lines += [f"      {file}", *(f"        {path}" for path in self.lake_files[file])]
        lines.append(
            "  - Raise the limit, where it has one: vars, gate in dbt_project.yml. "
            "docs/gate.md says which."
        )
        return lines
