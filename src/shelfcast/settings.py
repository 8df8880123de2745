"""What an operator sets: every variable of the dbt project and of the environment, with its bounds.

This module is the only place that states them. ``shelfcast contract --write`` renders from it the
macro ``known_variables``, by which ``check_variables`` refuses wrong values while dbt parses, and
``docs/settings.md``; a test compares the defaults with ``dbt_project.yml``. What a planner sets
are seeds, which state themselves (``seeds/policy/_policy__seeds.yml``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shelfcast.landing.contract import ENTITIES

_SHOWN = 40  # characters of a wrong value


class Kind(StrEnum):
    """What a variable takes."""

    WHOLE = "whole"
    NUMBER = "number"
    DAY = "day"
    TABLES = "tables"
    GROUP = "group"


@dataclass(frozen=True)
class Variable:
    """A variable of the dbt project.

    Attributes
    ----------
    name, kind, meaning
        Its name, what it takes, and one sentence with the unit.
    default
        Its value in ``dbt_project.yml``.
    minimum, maximum
        Inclusive bounds of a number.
    optional
        Whether it takes null too.
    members
        The variables of a group.
    only_in_project
        Whether commands read it, and so from ``dbt_project.yml`` alone.
    """

    name: str
    kind: Kind
    meaning: str
    default: object = None
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False
    members: tuple[Variable, ...] = ()
    only_in_project: bool = False

    @property
    def takes(self) -> str:
        """What it takes, in words that end a sentence."""
        words = {
            Kind.WHOLE: "a whole number",
            Kind.NUMBER: "a number",
            Kind.DAY: "a day as YYYY-MM-DD, from 1970 on",
            Kind.TABLES: f"source.table for each of {', '.join(ENTITIES)}",
            Kind.GROUP: f"a mapping of {', '.join(member.name for member in self.members)}",
        }[self.kind]
        if self.maximum is not None:
            words += f" from {self.minimum:,.12g} to {self.maximum:,.12g}"
        elif self.minimum is not None:
            words += f", {self.minimum:,.12g} or more"
        return words + (", or null" if self.optional else "")


def _rate(name: str, meaning: str, default: float) -> Variable:
    return Variable(name, Kind.NUMBER, meaning, default, minimum=0, maximum=1)


def _count(name: str, meaning: str, default: int, minimum: int, maximum: int) -> Variable:
    return Variable(name, Kind.WHOLE, meaning, default, minimum, maximum)


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "as_of_date",
        Kind.DAY,
        "Day up to whose close history counts. Null: the last day with an accepted sale.",
        optional=True,
    ),
    _count(
        "horizon",
        "Days to forecast; raised where lead time and review need more, at most 180. Takes effect "
        "with the next fit.",
        35,
        30,
        180,
    ),
    _count(
        "season_length",
        "Days in a season of daily demand; 1 for none. Takes effect with the next fit.",
        7,
        1,
        366,
    ),
    Variable(
        "closed_day_minimum_lines",
        Kind.NUMBER,
        "A location that sells fewer lines a day than this is never taken for closed on a day "
        "without sales.",
        5,
        minimum=0,
    ),
    _count(
        "silent_location_days",
        "A location that sold nothing on this many days on which others sold is taken for closed, "
        "and no longer planned, where it would have sold on at least 5 of them at its usual rate.",
        14,
        1,
        3650,
    ),
    _count(
        "pilot_series",
        "Series from which seasonal profiles and the prior over smoothing methods are learnt, at "
        "most. Takes effect with the next fit.",
        1000,
        1,
        1_000_000,
    ),
    _count(
        "pool_series",
        "Series from which the law of forecast errors is learnt, at most.",
        4000,
        1,
        1_000_000,
    ),
    _count(
        "backtest_folds",
        "Past origins, a week apart, from which forecasts are tried on what came.",
        6,
        1,
        52,
    ),
    Variable(
        "source_tables",
        Kind.TABLES,
        "Tables of your own in the place of landed files, such as `{sales: erp.sales_lines}`; "
        "entities that are not named come from the lake.",
        {},
    ),
    _rate(
        "rejected_rate_limit",
        "Share of an entity's rows that may be rejected before the build warns.",
        0.05,
    ),
    Variable(
        "gate",
        Kind.GROUP,
        "Limits of the gate, by name, such as `{freshness_days: 2}`; "
        "[gate.md](gate.md#limits) has them.",
        {},
        members=(
            Variable("freshness_days", Kind.WHOLE, "", minimum=0, optional=True),
            _rate("volume_change_rate", "", 0.5),
            _rate("bad_rows_rate", "", 0.02),
            _rate("unknown_rate", "", 0.02),
            _rate("duplicate_rate", "", 0.02),
            _rate("copy_rate", "", 0.5),
            _rate("conflict_rate", "", 0.1),
            _rate("category_drift", "", 0.25),
        ),
        only_in_project=True,
    ),
)
"""Every variable of ``dbt_project.yml``, in its order."""


@dataclass(frozen=True)
class EnvironmentVariable:
    """A variable of the environment.

    Attributes
    ----------
    name, default, meaning
        Its name, what it is without being set, and its meaning.
    shape, takes
        Regular expression of its values, and these in words; nothing where it is checked elsewhere.
    """

    name: str
    default: str
    meaning: str
    shape: str = ""
    takes: str = ""


ENVIRONMENT: tuple[EnvironmentVariable, ...] = (
    EnvironmentVariable(
        "SHELFCAST_HOME",
        "`warehouse/sample`",
        "Folder of the warehouse: its lake, and its DuckDB file or embedded PostgreSQL. `make` "
        "sets it to `warehouse/` and the path of LANDING with a checksum of it.",
    ),
    EnvironmentVariable(
        "SHELFCAST_TARGET", "`duckdb`", "Engine that holds the tables: `duckdb` or `postgres`."
    ),
    EnvironmentVariable(
        "DATABASE_URL",
        "the embedded server",
        "PostgreSQL to use, as a URL of libpq: [postgres.md](postgres.md).",
    ),
    EnvironmentVariable(
        "SHELFCAST_SCHEMA_PREFIX",
        "none",
        "Text before every schema, such as `dev_`: at most 40 small letters a-z, digits and _, not "
        "a digit first.",
    ),
    EnvironmentVariable(
        "SHELFCAST_READER",
        "none",
        "Role of PostgreSQL that may read gold, and only that: [postgres.md](postgres.md).",
    ),
    EnvironmentVariable(
        "SHELFCAST_THREADS",
        "`4`",
        "Models that are built at once.",
        "[1-9][0-9]{0,2}",
        "a whole number from 1 to 999",
    ),
    EnvironmentVariable(
        "SHELFCAST_MEMORY",
        "`4GB`",
        "What DuckDB may hold, as it writes sizes. Processes need about 1.5 GB more: "
        "[size.md](size.md).",
        r"[0-9]{1,9}([.][0-9]{1,3})? ?[KMGTkmgt]i?[Bb]",
        "a size such as 4GB or 500MB",
    ),
    EnvironmentVariable(
        "SHELFCAST_WAIT",
        "`60`",
        "Seconds for which dbt waits for a DuckDB file that another has open: "
        "[operations.md](operations.md#two-at-once).",
        "[0-9]{1,6}",
        "a whole number of seconds, 0 or more",
    ),
)
"""Variables of the environment that shelfcast reads."""


def environment_fault(environment: Mapping[str, str]) -> str | None:
    """Return in a sentence which variable of an environment has a wrong value; None if none has.

    An empty one counts as not set.
    """
    for variable in ENVIRONMENT:
        value = environment.get(variable.name)
        if value and variable.shape and not re.fullmatch(variable.shape, value):
            return f"{variable.name} is {value[:_SHOWN]!a}; it takes {variable.takes}"
    return None


LIKENESS = 0.85
"""Share of letters in common from which a name is taken for another, misspelt; as in the macro."""

SHORTEST = 5
"""Letters from which a name can be misspelt: short ones are alike by chance; as in the macro."""


def misspelt(names: Iterable[str]) -> dict[str, str]:
    """Return the names that are almost those of variables, each with the one that was meant.

    The measure is twice the letters in common, by the letters of both, of names that begin alike.
    The macro ``is_misspelt`` has the same, for variables of the command line.
    """
    known = [variable.name for variable in VARIABLES]
    return {
        name: meant
        for name in names
        if name not in known
        for meant in known
        if len(name) >= SHORTEST
        and name[0].lower() == meant[0]
        and 2 * (Counter(name.lower()) & Counter(meant)).total() >= LIKENESS * len(name + meant)
    }
