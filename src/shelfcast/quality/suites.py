"""The suites of the gate, made from the landing contract and from what a plan needs.

Each expectation is one of Great Expectations' own, with our name, severity and words. The gate
speaks of shares and of files; single rows are judged by silver, and dbt tests are not restated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shelfcast.landing.contract import CONTRACT, ENTITIES, Column, ColumnType, Entity
from shelfcast.quality.limits import GRAVEST_RATE, Limits, grave
from shelfcast.quality.relations import (
    DRIFT_DAYS,
    FEWEST_ROWS,
    HAPPENED_AT,
    STAND_IN_DAY,
    TYPE_NAMES,
    alike_columns,
    unknown_columns,
)
from shelfcast.quality.report import FRESHNESS, Severity

FILES = "files"
SALES_LOCATIONS = "sales_locations"
SALES_HISTORY = "sales_history"

BAD_ROWS_REMEDY = (
    "Correct the file and land it again under its name. Left as they are, the rows are quarantined."
)
BAD_ROWS_STOP_REMEDY = "Correct the file and land it again under its name, or take it out."
UNKNOWN_REMEDY = (
    "Land the missing {0}; rows that name them are quarantined until then. If all of a file's are "
    "unknown, look for another spelling of the keys."
)
UNKNOWN_STOP_REMEDY = (
    "Land the missing {0}. If all of a file's are unknown, look for another spelling of the keys."
)


@dataclass(frozen=True)
class Expected:
    """One expectation of a suite.

    Attributes
    ----------
    suite, check
        Name of the suite, which is also its batch, and of the expectation in it.
    type, kwargs
        The expectation of Great Expectations and its arguments.
    failing
        SQL that is true for a row that is not as expected; None where rows do not fail one by one.
    observed
        SQL, over the rows of the batch, of a text that says what was found.
    worst
        SQL by which the worst failing row comes first, in ``files`` and ``sales_locations``.
    covers
        Check of the same thing with a lower limit; a person need not read of both.
    """

    suite: str
    check: str
    severity: Severity
    type: str
    kwargs: dict[str, Any]
    description: str
    remedy: str
    column: str | None = None
    failing: str | None = None
    observed: str | None = None
    worst: str = "file"
    covers: str | None = None


def build_suites(
    limits: Limits, landed: tuple[str, ...], elsewhere: frozenset[str] = frozenset()
) -> dict[str, list[Expected]]:
    """Return the expectations of each suite.

    Parameters
    ----------
    limits
        How much dirt passes.
    landed
        Entities of which something landed; the others have no suite, and keys that refer to them
        are not compared.
    elsewhere
        Entities that come from tables of the retailer's own, and so need not land.

    Returns
    -------
    dict
        Expectations by name of the suite: ``files``, the landed entities in the order of the
        contract, and ``sales_locations`` and ``sales_history`` where sales have landed.
    """
    suites = {FILES: _files(limits, landed, elsewhere)}
    for entity in CONTRACT:
        if entity.name in landed:
            suites[entity.name] = _entity(entity, limits, landed)
    if "sales" in landed:
        suites[SALES_LOCATIONS] = _sales_locations(limits)
        suites[SALES_HISTORY] = _sales_history(limits)
    return suites


def _entity(entity: Entity, limits: Limits, landed: tuple[str, ...]) -> list[Expected]:
    expected = []
    if entity.required:
        expected.append(
            Expected(
                entity.name,
                f"{entity.name}__rows_can_be_read",
                Severity.CRITICAL,
                "expect_column_distinct_values_to_contain_set",
                {"column": "_is_readable", "value_set": [True]},
                f"At least one row of {entity.name} can be read.",
                f"Bring a file of {entity.name} with rows that can be read; without one no plan "
                "can be made.",
                observed="format('{:,} rows', count(*) filter (where _is_readable))",
            )
        )
        expected += _shares(
            entity,
            None,
            ("rows_fit_the_contract", "rows_mostly_fit_the_contract"),
            limits.bad_rows_rate,
            "_fault",
            f"of rows {_UNFIT}",
            BAD_ROWS_REMEDY,
            stop_remedy=BAD_ROWS_STOP_REMEDY,
        )
    for column in entity.columns:
        if column.required:
            expected += _presence(entity, column, limits)
        if column.type is not ColumnType.STRING:
            expected += _type(entity, column, limits)
        if column.minimum is not None or column.maximum is not None:
            expected.append(_range(entity, column, limits))
    expected.append(
        Expected(
            entity.name,
            f"{entity.name}__keys_are_unique",
            Severity.WARNING,
            "expect_column_values_to_be_null",
            {"column": "_surplus", "mostly": _share(1 - limits.duplicate_rate)},
            f"At most {_percent(limits.duplicate_rate)} of rows repeat the key of another row "
            f"({', '.join(entity.key)}).",
            "Look for files that overlap, or an export that ran twice. One row of each key counts, "
            "the others are quarantined.",
            column=", ".join(entity.key),
            failing="_surplus is not null",
        )
    )
    for column_name in unknown_columns(entity.name, landed):
        expected += _known(entity, column_name, limits)
    for column_name in alike_columns(entity.name, landed):
        expected += _told_apart(entity, column_name)
    if entity.name in HAPPENED_AT:
        expected += _past(entity, limits)
        expected += _no_stand_in(entity)
    if entity.name == "inventory":
        expected.append(_stock(entity, limits))
    return expected


def _presence(entity: Entity, column: Column, limits: Limits) -> list[Expected]:
    return _shares(
        entity,
        column.name,
        (f"{column.name}_is_present", f"{column.name}_is_mostly_present"),
        limits.bad_rows_rate,
        f"{column.name}__missing",
        f"of rows hold no {column.name}",
        BAD_ROWS_REMEDY,
        stop_remedy=BAD_ROWS_STOP_REMEDY if entity.required else None,
    )


def _type(entity: Entity, column: Column, limits: Limits) -> list[Expected]:
    return _shares(
        entity,
        column.name,
        (f"{column.name}_is_of_its_type", f"{column.name}_is_mostly_of_its_type"),
        limits.bad_rows_rate,
        f"{column.name}__not_castable",
        f"of rows hold a {column.name} that is no {TYPE_NAMES[column.type]}",
        BAD_ROWS_REMEDY,
        stop_remedy=BAD_ROWS_STOP_REMEDY if entity.required and column.required else None,
    )


def _range(entity: Entity, column: Column, limits: Limits) -> Expected:
    bounds = {
        name: value
        for name, value in (("min_value", column.minimum), ("max_value", column.maximum))
        if value is not None
    }
    words = {
        ("min_value", "max_value"): "lie outside {min_value:,.10g} to {max_value:,.10g}",
        ("min_value",): "lie below {min_value:,.10g}",
        ("max_value",): "lie above {max_value:,.10g}",
    }[tuple(bounds)].format(**bounds)
    signs = {"min_value": "<", "max_value": ">"}
    return _bounded(
        entity,
        column.name,
        "is_in_range",
        limits,
        {name: float(value) for name, value in bounds.items()},
        words,
        " or ".join(f"{column.name} {signs[name]} {value:.10g}" for name, value in bounds.items()),
        BAD_ROWS_REMEDY,
    )


def _stock(entity: Entity, limits: Limits) -> Expected:
    """Return what the contract leaves to silver: systems do hold stock below zero, but rarely."""
    return _bounded(
        entity,
        "stock_on_hand",
        "is_not_negative",
        limits,
        {"min_value": 0.0},
        "lie below 0",
        "stock_on_hand < 0",
        "Look for sales booked before their receipt; the plan takes rows below zero for zero.",
    )


def _bounded(
    entity: Entity,
    column: str,
    claim: str,
    limits: Limits,
    bounds: dict[str, float],
    words: str,
    failing: str,
    remedy: str,
) -> Expected:
    """Return a warning above a share of values out of bounds."""
    return Expected(
        entity.name,
        f"{entity.name}__{column}_{claim}",
        Severity.WARNING,
        "expect_column_values_to_be_between",
        {"column": column, **bounds, "mostly": _share(1 - limits.bad_rows_rate)},
        f"At most {_percent(limits.bad_rows_rate)} of the values of {column} {words}.",
        remedy,
        column=column,
        failing=failing,
    )


def _known(entity: Entity, column: str, limits: Limits) -> list[Expected]:
    things = {"sku_id": "skus", "location_id": "locations"}[column]
    return _shares(
        entity,
        column,
        (f"{column}_is_known", f"{column}_is_mostly_known"),
        limits.unknown_rate,
        f"{column}__unknown",
        f"of rows name a {column} that no file of {things} has",
        UNKNOWN_REMEDY.format(things),
        stop_remedy=UNKNOWN_STOP_REMEDY.format(things) if entity.required else None,
    )


def _past(entity: Entity, limits: Limits) -> list[Expected]:
    column = HAPPENED_AT[entity.name]
    return _shares(
        entity,
        column,
        (f"{column}_is_past", f"{column}_is_mostly_past"),
        limits.bad_rows_rate,
        f"{column}__in_future",
        f"of rows have a {column} after the day on which their file landed",
        BAD_ROWS_REMEDY,
        stop_remedy=BAD_ROWS_STOP_REMEDY if entity.required else None,
    )


def _no_stand_in(entity: Entity) -> list[Expected]:
    column = HAPPENED_AT[entity.name]
    return _shares(
        entity,
        column,
        (f"{column}_is_no_stand_in", ""),
        0,
        f"{column}__stand_in",
        f"of rows have a {column} of {STAND_IN_DAY} or before, by which systems write unknown",
        "Bring the day, or leave the row out: it is quarantined as PAST_DATE.",
        stop_remedy=None,
    )


def _told_apart(entity: Entity, column: str) -> list[Expected]:
    return _shares(
        entity,
        column,
        (f"{column}_looks_like_no_other", ""),
        0,
        f"{column}__alike",
        f"of rows have a {column} that looks like another and differs in how letters are composed "
        "or in signs that take no room",
        "Write each key in one way, composed (NFC) and without zero-width signs: the two count as "
        "two.",
        stop_remedy=None,
    )


def _shares(
    entity: Entity,
    column: str | None,
    claims: tuple[str, str],
    rate: float,
    flag: str,
    fault: str,
    remedy: str,
    *,
    stop_remedy: str | None,
) -> list[Expected]:
    """Return a warning above a share of flagged rows and, where it can stop, a critical one."""
    warning, critical = (f"{entity.name}__{claim}" for claim in claims)
    levels: list[tuple[str, Severity, float, str, str | None]] = [
        (warning, Severity.WARNING, rate, remedy, None)
    ]
    if stop_remedy:
        levels.append((critical, Severity.CRITICAL, grave(rate), stop_remedy, warning))
    return [
        Expected(
            entity.name,
            name,
            severity,
            "expect_column_values_to_be_null",
            {"column": flag, "mostly": _share(1 - limit)},
            f"At most {_percent(limit)} {fault}.",
            what_to_do,
            column=column,
            failing=f"{flag} is not null",
            covers=covers,
        )
        for name, severity, limit, what_to_do, covers in levels
    ]


def _sales_history(limits: Limits) -> list[Expected]:
    change = limits.volume_change_rate
    days = limits.freshness_days
    return [
        Expected(
            SALES_HISTORY,
            "sales_history__newest_day_has_its_usual_volume",
            Severity.WARNING,
            "expect_column_values_to_be_between",
            {"column": "volume_ratio", "min_value": _share(1 - change), "max_value": 1 + change},
            f"The newest whole day has within {_percent(change)} of the lines that the same "
            "weekday had on average in the four weeks before.",
            "Look for a location or a part of the day that is missing, or for a file that landed "
            "twice. A holiday, a closing or a partial last day is a good reason.",
            column="sold_at",
            observed=(
                "case when judged_on is null then 'no sale' "
                "when volume_ratio is null then format('not judged: {:,} lines on {}, and fewer "
                "than two such weekdays before', judged_lines::bigint, judged_on) "
                "else format('{:,} lines on {}, usual are {:,}', judged_lines::bigint, judged_on, "
                "round(usual_lines)::bigint) end"
            ),
        ),
        Expected(
            SALES_HISTORY,
            FRESHNESS,
            Severity.INFO if days is None else Severity.CRITICAL,
            "expect_column_values_to_be_between",
            {"column": "days_since_newest_sale", "min_value": 0}
            | ({} if days is None else {"max_value": days}),
            "The newest sale is known; no limit of freshness is set."
            if days is None
            else f"The newest sale is at most {days} days old.",
            "Bring the files of the days since, or raise freshness_days.",
            column="sold_at",
            observed=(
                "case when newest_on is null then 'no sale has a date' else "
                "format('newest sale {}, {}', newest_on, case days_since_newest_sale "
                "when 0 then 'today' when 1 then '1 day ago' "
                "else format('{:,} days ago', days_since_newest_sale) end) end "
                f"|| '; {'no limit of freshness is set' if days is None else f'limit {days} days'}'"
            ),
        ),
        Expected(
            SALES_HISTORY,
            "sales_history__category_mix_holds",
            Severity.WARNING,
            "expect_column_values_to_be_between",
            {"column": "category_drift", "max_value": limits.category_drift},
            f"The categories' shares of sales lines in the last {DRIFT_DAYS} days lie within a "
            f"distance of {limits.category_drift:g} (0 same, 1 nothing in common) of those in the "
            f"{DRIFT_DAYS} days before.",
            "Look for a category that is missing from the files, or SKUs that changed category. "
            "A season or a campaign is a good reason.",
            column="category",
            observed=(
                "case when category_drift is null then 'not judged: too few lines' "
                "else format('distance {:.2f}', category_drift) end"
            ),
        ),
    ]


def _files(limits: Limits, landed: tuple[str, ...], elsewhere: frozenset[str]) -> list[Expected]:
    required = [
        entity.name for entity in CONTRACT if entity.required and entity.name not in elsewhere
    ]
    bad, change = limits.bad_rows_rate, limits.volume_change_rate
    have_landed = Expected(
        FILES,
        "files__required_entities_have_landed",
        Severity.CRITICAL,
        "expect_column_distinct_values_to_contain_set",
        {"column": "entity", "value_set": required},
        f"Files of {' and '.join(required)} have landed; without them no plan can be made.",
        "Bring a file named after the missing entity, or assign one to it in landing.yml.",
        column="entity",
        observed="'landed: ' || string_agg(distinct entity, ', ' order by entity)",
    )
    expected = [
        *([have_landed] if required else []),
        _per_file(
            "hold_every_contract_column",
            Severity.CRITICAL,
            "expect_column_values_to_be_null",
            {"column": "columns_lacking"},
            "Every canonical file has the columns of this release's contract.",
            "Another release wrote the lake: delete the canonical file and its manifest row, and "
            "land the file again.",
            "columns_lacking is not null",
            "'lacks ' || columns_lacking",
        ),
        _per_file(
            "hold_rows",
            Severity.WARNING,
            "expect_column_values_to_be_between",
            {"column": "rows", "min_value": 1},
            "Every file holds at least one row.",
            "Look why its export is empty.",
            "rows < 1",
            "'0 rows'",
        ),
        _file_rate("can_be_read", "unreadable_rate", "first_unreadable", bad, "are unreadable"),
        _file_rate("fit_the_contract", "unfit_rate", "first_unfit", bad, _UNFIT),
        replace(
            _file_rate(
                "mostly_fit_the_contract",
                "stopping_unfit_rate",
                "first_unfit",
                GRAVEST_RATE,
                _UNFIT,
                BAD_ROWS_STOP_REMEDY,
            ),
            severity=Severity.CRITICAL,
            description=f"No file of sales or skus of {FEWEST_ROWS} rows or more has more than "
            f"{_percent(GRAVEST_RATE)} of rows that {_UNFIT}.",
            covers="files__fit_the_contract",
        ),
    ]
    expected += _surplus(FILES, limits)
    facts_landed = {column for entity in landed for column in unknown_columns(entity, landed)}
    for column, things in (("sku_id", "skus"), ("location_id", "locations")):
        if column in facts_landed:
            expected.append(
                _file_rate(
                    f"name_known_{things}",
                    f"unknown_{column.removesuffix('_id')}_rate",
                    f"first_unknown_{column.removesuffix('_id')}",
                    limits.unknown_rate,
                    f"name a {column} that no file of {things} has",
                    UNKNOWN_REMEDY.format(things),
                )
            )
    return [
        *expected,
        _per_file(
            "have_their_usual_size",
            Severity.WARNING,
            "expect_column_values_to_be_between",
            {"column": "size_ratio", "min_value": _share(1 - change), "max_value": 1 + change},
            f"Each newly landed file has within {_percent(change)} of the rows of its entity's "
            "files of earlier landings (their median).",
            "Look for an export that was cut off, or that holds another period than usual.",
            f"size_ratio not between {_share(1 - change)} and {1 + change}",
            f"format('{{}}, usual are {{:,}}', {_ROWS}, usual_rows::bigint)",
        ),
        _per_file(
            "bring_their_usual_columns",
            Severity.WARNING,
            "expect_column_values_to_be_in_set",
            {"column": "columns_lost", "value_set": [""]},
            "No newly landed file lacks an optional column that each file of the landing before "
            "had.",
            "Look for a column that was renamed or dropped; landing.yml takes your own names.",
            "columns_lost <> ''",
            "'lacks ' || columns_lost",
        ),
        _per_file(
            "are_not_simulated",
            Severity.INFO,
            "expect_column_values_to_be_in_set",
            {"column": "is_simulated", "value_set": [False]},
            "No file holds simulated rows (its name ends in _simulated).",
            "Bring real data of the entity; tables flag what rests on simulated rows.",
            "is_simulated",
            _ROWS,
        ),
    ]


COPIES_REMEDY = (
    "Look for an export that ran twice or overlaps others, and take one of the two out. Where "
    "files overlap on purpose, such as a rolling week, raise copy_rate."
)
CONFLICTS_REMEDY = (
    "Look for receipt numbers that start over within a location and day, such as by till or shift, "
    "and put what tells them apart into transaction_id; else for files that contradict each other. "
    "Only the row that landed first counts."
)


def _sales_locations(limits: Limits) -> list[Expected]:
    return _surplus(SALES_LOCATIONS, limits)


def _surplus(suite: str, limits: Limits) -> list[Expected]:
    """Return what stops a build where most of a file, or of a location's sales, would not count."""
    subject, first = (
        (f"file of sales or skus of {FEWEST_ROWS} rows or more", "first {}")
        if suite == FILES
        else (f"location with {FEWEST_ROWS} rows of sales or more", "most in {}")
    )
    return [
        Expected(
            suite,
            f"{suite}__have_few_{name}",
            Severity.CRITICAL,
            "expect_column_values_to_be_between",
            {"column": rate, "max_value": limit},
            f"No {subject} has more than {_percent(limit)} of rows that {fault}.",
            remedy,
            column=rate,
            failing=f"{rate} > {limit}",
            observed=f"format('{{:.3g}} % of {{}}, {first}', 100 * {rate}, {_ROWS}, {place})",
            worst=f"{rate} desc, {label}",
        )
        for name, rate, limit, fault, remedy, place in (
            (
                "copies",
                "copy_rate",
                limits.copy_rate,
                "repeat in all columns a row that counts",
                COPIES_REMEDY,
                "first_copy" if suite == FILES else "file",
            ),
            (
                "conflicts",
                "conflict_rate",
                limits.conflict_rate,
                "have the key of a row that counts, and other values",
                CONFLICTS_REMEDY,
                "first_conflict" if suite == FILES else "file",
            ),
        )
        for label in [NAMED[suite]]
    ]


NAMED = {FILES: "file", SALES_LOCATIONS: "location_id"}
"""Column that names a row, by suite of which each row is a thing of its own."""

_ROWS = "case rows when 1 then '1 row' else format('{:,} rows', rows) end"
_UNFIT = "are unreadable, lack a required value, or hold one of the wrong type or out of range"


def _file_rate(
    claim: str,
    rate: str,
    first: str,
    limit: float,
    fault: str,
    remedy: str = BAD_ROWS_REMEDY,
) -> Expected:
    """Return a warning of files with too large a share of bad rows, which says the first of them.

    ``rate`` and ``first`` are columns of the relation ``files``.
    """
    expected = _per_file(
        claim,
        Severity.WARNING,
        "expect_column_values_to_be_between",
        {"column": rate, "max_value": limit},
        f"No file has more than {_percent(limit)} of rows that {fault}.",
        remedy,
        f"{rate} > {limit}",
        f"format('{{:.3g}} % of {{}}, first {{}}', 100 * {rate}, {_ROWS}, {first})",
    )
    return replace(expected, worst=f"{rate} desc, file")


def _per_file(
    claim: str,
    severity: Severity,
    kind: str,
    kwargs: dict[str, Any],
    description: str,
    remedy: str,
    failing: str,
    observed: str,
) -> Expected:
    return Expected(
        FILES,
        f"files__{claim}",
        severity,
        kind,
        kwargs,
        description,
        remedy,
        column=str(kwargs["column"]),
        failing=failing,
        observed=observed,
    )


def _share(value: float) -> float:
    """Return a share without the noise of binary fractions: 1 - 0.02 is 0.98."""
    return round(value, 9)


def _percent(rate: float) -> str:
    return f"{100 * rate:.4g} %"


ALL_ENTITIES = tuple(ENTITIES)
"""Every entity, for the suites as they are committed."""
