"""How much dirt the gate lets pass: the mapping ``gate`` among the variables of the dbt project."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from shelfcast.project import variables

GRAVE_FACTOR = 10
GRAVEST_RATE = 0.5


@dataclass(frozen=True)
class Limits:
    """Limits of the gate; each rate is a share of rows between 0 and 1.

    Attributes
    ----------
    freshness_days
        Most days from the newest sale to the run of the gate; None only reports them.
    volume_change_rate
        Most by which the newest day's lines, or a new file's rows, may differ from the usual.
    bad_rows_rate
        Most rows that may be unreadable, lack a required value, or hold one of the wrong type or
        out of range.
    unknown_rate
        Most rows that may name a SKU or location that has not landed.
    duplicate_rate
        Most rows of an entity that may be surplus: copies of rows that count, or in conflict with
        them.
    copy_rate
        Most rows of a file of sales or skus, or of a location's sales, that may be copies: equal in
        all columns to a row that counts.
    conflict_rate
        Most of the same rows that may be in conflict: of the key of a row that counts, with other
        values.
    category_drift
        Most by which the categories' shares of sales lines may differ between the last 28 days and
        the 28 before: the total variation distance, half the sum of absolute differences.

    Raises
    ------
    ValueError
        A limit is not of its type or out of its bounds; the message names it and says what is
        allowed.
    """

    freshness_days: int | None = None
    volume_change_rate: float = 0.5
    bad_rows_rate: float = 0.02
    unknown_rate: float = 0.02
    duplicate_rate: float = 0.02
    copy_rate: float = 0.5
    conflict_rate: float = 0.1
    category_drift: float = 0.25

    def __post_init__(self) -> None:
        days = self.freshness_days
        if days is not None and (isinstance(days, bool) or not isinstance(days, int) or days < 0):
            raise ValueError(
                f"freshness_days is {days!r}; it takes a whole number of days, 0 or more, or null"
            )
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "freshness_days":
                continue
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if not is_number or not 0 <= value <= 1:
                raise ValueError(f"{field.name} is {value!r}; it takes a number between 0 and 1")

    @classmethod
    def from_project(cls, path: Path) -> Limits:
        """Read the variable ``gate`` of a ``dbt_project.yml``; what it leaves out has its default.

        Raises
        ------
        ValueError
            The variable is no mapping, or holds an unknown key or a bad value.
        """
        given = variables(path).get("gate", {})
        allowed = [field.name for field in fields(cls)]
        if not isinstance(given, dict):
            raise ValueError(
                f"{path}: vars.gate is {given!r}; it takes a mapping of {', '.join(allowed)}"
            )
        for key in given:
            if key not in allowed:
                raise ValueError(
                    f"{path}: vars.gate has no limit {key!r}; it takes {', '.join(allowed)}"
                )
        try:
            return cls(**given)
        except ValueError as error:
            raise ValueError(f"{path}: vars.gate: {error}") from None


def grave(rate: float) -> float:
    """Return the share above which a warning becomes critical: ten times it, at most a half."""
    return min(GRAVE_FACTOR * rate, GRAVEST_RATE)
