"""The suites of the gate, made from the landing contract and from what a plan needs.

Each expectation is one of Great Expectations' own, with our name, severity and words. The gate
speaks of shares and of files; single rows are judged by silver, and dbt tests are not restated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shelfcast.landing.contract import CONTRACT, ENTITIES, Column, ColumnType, Entity
from shelfcast.quality.limits import GRAVEST_RATE, Limits, grave
from shelfcast.quality.relations import DRIFT_DAYS, text_column, unknown_columns
from shelfcast.quality.report import Severity

FILES = "files"
SALES_HISTORY = "sales_history"

BAD_ROWS_REMEDY = (
    "Correct the file and land it again under its name. Left as they are, the rows are "
    "quarantined: shelfcast rejects lists them."
)
UNKNOWN_REMEDY = (
    "Land the missing {0}; rows that name them are quarantined until then. If all of a file's are "
    "unknown, look for another spelling of the keys."
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
        contract, and ``sales_history`` where sales have landed.
    """
    suites = {FILES: _files(limits, landed, elsewhere)}
    for entity in CONTRACT:
        if entity.name in landed:
            suites[entity.name] = _entity(entity, limits, landed)
    if "sales" in landed:
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
                "expect_table_row_count_to_be_between",
                {"min_value": 1},
                f"At least one row of {entity.name} can be read.",
                f"Bring a file of {entity.name} with rows that can be read; without one no plan "
                "can be made.",
                observed="format('{:,} rows', count(*))",
            )
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
            "expect_column_proportion_of_unique_values_to_be_between",
            {"column": "_key", "min_value": _share(1 - limits.duplicate_rate)},
            f"At most {_percent(limits.duplicate_rate)} of rows repeat the key of another row "
            f"({', '.join(entity.key)}).",
            "Look for files that overlap, or an export that ran twice. One row of each key counts, "
            "the others are quarantined.",
            column=", ".join(entity.key),
            failing=f"_key in (select _key from {entity.name} group by _key having count(*) > 1)",
        )
    )
    for column_name in unknown_columns(entity.name, landed):
        expected += _known(entity, column_name, limits)
    if entity.name == "inventory":
        expected.append(_stock(entity, limits))
    return expected


def _presence(entity: Entity, column: Column, limits: Limits) -> list[Expected]:
    return _shares(
        entity,
        column.name,
        ("is_present", "is_mostly_present"),
        limits.bad_rows_rate,
        "expect_column_values_to_not_be_null",
        {"column": text_column(column)},
        f"of rows hold no {column.name}",
        f"{text_column(column)} is null",
        BAD_ROWS_REMEDY,
        can_stop=entity.required,
    )


def _type(entity: Entity, column: Column, limits: Limits) -> list[Expected]:
    return _shares(
        entity,
        column.name,
        ("is_of_its_type", "is_mostly_of_its_type"),
        limits.bad_rows_rate,
        "expect_column_values_to_be_null",
        {"column": f"{column.name}__not_castable"},
        f"of rows hold a {column.name} that is no {_type_name(column.type)}",
        f"{column.name}__not_castable is not null",
        BAD_ROWS_REMEDY,
        can_stop=entity.required and column.required,
    )


def _type_name(kind: ColumnType) -> str:
    return {
        ColumnType.INTEGER: "whole number",
        ColumnType.QUANTITY: "number",
        ColumnType.RATE: "number",
        ColumnType.DATE: "date (YYYY-MM-DD)",
        ColumnType.TIMESTAMP: "time (YYYY-MM-DD HH:MM:SS)",
    }[kind]


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
    (expected,) = _shares(
        entity,
        column.name,
        ("is_in_range", ""),
        limits.bad_rows_rate,
        "expect_column_values_to_be_between",
        {"column": column.name, **{name: float(value) for name, value in bounds.items()}},
        f"of the values of {column.name} {words}",
        " or ".join(f"{column.name} {signs[name]} {value:.10g}" for name, value in bounds.items()),
        BAD_ROWS_REMEDY,
        can_stop=False,
    )
    return expected


def _stock(entity: Entity, limits: Limits) -> Expected:
    """Return what the contract leaves to silver: systems do hold stock below zero, but rarely."""
    (expected,) = _shares(
        entity,
        "stock_on_hand",
        ("is_not_negative", ""),
        limits.bad_rows_rate,
        "expect_column_values_to_be_between",
        {"column": "stock_on_hand", "min_value": 0.0},
        "of the values of stock_on_hand lie below 0",
        "stock_on_hand < 0",
        "Look for sales booked before their receipt; rows below zero are quarantined.",
        can_stop=False,
    )
    return expected


def _known(entity: Entity, column: str, limits: Limits) -> list[Expected]:
    things = {"sku_id": "skus", "location_id": "locations"}[column]
    return _shares(
        entity,
        column,
        (f"{column}_is_known", f"{column}_is_mostly_known"),
        limits.unknown_rate,
        "expect_column_values_to_be_null",
        {"column": f"{column}__unknown"},
        f"of rows name a {column} that no file of {things} has",
        f"{column}__unknown is not null",
        UNKNOWN_REMEDY.format(things),
        can_stop=entity.required,
        named=False,
    )


def _shares(
    entity: Entity,
    column: str,
    names: tuple[str, str],
    rate: float,
    kind: str,
    kwargs: dict[str, Any],
    fault: str,
    failing: str,
    remedy: str,
    *,
    can_stop: bool,
    named: bool = True,
) -> list[Expected]:
    """Return a warning above a share of failing rows and, where it can stop, a critical one."""
    levels = [(names[0], Severity.WARNING, rate)]
    if can_stop:
        levels.append((names[1], Severity.CRITICAL, grave(rate)))
    prefix = f"{entity.name}__{column}_" if named else f"{entity.name}__"
    return [
        Expected(
            entity.name,
            f"{prefix}{name}",
            severity,
            kind,
            {**kwargs, "mostly": _share(1 - limit)},
            f"At most {_percent(limit)} {fault}.",
            remedy,
            column=column,
            failing=failing,
        )
        for name, severity, limit in levels
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
            "sales_history__newest_sale_is_fresh",
            Severity.INFO if days is None else Severity.CRITICAL,
            "expect_column_values_to_be_between",
            {"column": "days_since_newest_sale", "min_value": 0}
            | ({} if days is None else {"max_value": days}),
            "The newest sale is known; no limit of freshness is set."
            if days is None
            else f"The newest sale is at most {days} days older than the newest landing of sales.",
            "Bring the files of the days since, or raise freshness_days.",
            column="sold_at",
            observed=(
                "case when newest_on is null then 'no sale' else "
                "format('newest sale on {}, newest landing on {}', newest_on, landed_on) end"
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
        _file_rate("can_be_read", Severity.WARNING, "unreadable_rate", bad, "are unreadable"),
        _file_rate("fit_the_contract", Severity.WARNING, "unfit_rate", bad, _UNFIT),
        _file_rate(
            "mostly_fit_the_contract", Severity.CRITICAL, "unfit_rate", GRAVEST_RATE, _UNFIT
        ),
    ]
    facts_landed = {column for entity in landed for column in unknown_columns(entity, landed)}
    for column, things in (("sku_id", "skus"), ("location_id", "locations")):
        if column in facts_landed:
            expected.append(
                _file_rate(
                    f"name_known_{things}",
                    Severity.WARNING,
                    f"unknown_{column.removesuffix('_id')}_rate",
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
            "earlier files (their median).",
            "Look for an export that was cut off, or that holds another period than usual.",
            f"size_ratio not between {_share(1 - change)} and {1 + change}",
            "format('{:,} rows, usual are {:,}', rows, usual_rows::bigint)",
        ),
        _per_file(
            "bring_their_usual_columns",
            Severity.WARNING,
            "expect_column_values_to_be_null",
            {"column": "columns_lost"},
            "No newly landed file lacks an optional column that the file before it had.",
            "Look for a column that was renamed or dropped; landing.yml takes your own names.",
            "columns_lost is not null",
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
            "format('{:,} rows', rows)",
        ),
    ]


_UNFIT = "are unreadable, lack a required value, or hold one of the wrong type or out of range"


def _file_rate(
    claim: str,
    severity: Severity,
    column: str,
    limit: float,
    fault: str,
    remedy: str = BAD_ROWS_REMEDY,
) -> Expected:
    return _per_file(
        claim,
        severity,
        "expect_column_values_to_be_between",
        {"column": column, "max_value": limit},
        f"No file has more than {_percent(limit)} of rows that {fault}.",
        remedy,
        f"{column} > {limit}",
        f"format('{{:.1f}} % of {{:,}} rows', 100 * {column}, rows)",
    )


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
