"""What one run of the gate found, for a program to test and for a person to read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from pathlib import Path


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
        Rows that are not as expected; files in the suite ``files``; None where rows do not fail one
        by one.
    observed_value
        What was found, and in which files most of it.
    description, remedy
        What is expected, and what to do when it is not so.
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
        if self.effect is not Outcome.OK:
            lines.append(f"  remedy    {self.remedy}")
        return "\n".join(lines)


@dataclass(frozen=True)
class GateReport:
    """One run of the gate; ``docs`` is the first page of its Data Docs."""

    run_id: str
    run_at: datetime
    checks: tuple[Check, ...]
    docs: Path

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
            [self.summary, *map(str, self.findings), f"Data Docs: {self.docs}"],
        )

    @property
    def summary(self) -> str:
        """One line of counts."""
        outcomes = Counter(check.outcome for check in self.checks)
        failed = Counter(
            check.severity for check in self.checks if check.outcome is CheckOutcome.FAILED
        )
        parts = [f"{outcomes[CheckOutcome.PASSED]:,} passed"]
        parts += [f"{failed[severity]:,} {severity}" for severity in Severity if failed[severity]]
        if outcomes[CheckOutcome.NOT_EVALUATED]:
            parts.append(f"{outcomes[CheckOutcome.NOT_EVALUATED]:,} not evaluated")
        return f"Gate: {len(self.checks):,} checks, {', '.join(parts)}."
