"""From the results of Great Expectations to the checks of a report.

Great Expectations decides whether an expectation holds. What it found is put into words here, with
the files in which most of it lies, and kept in the result, so that Data Docs, report and table say
the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shelfcast.quality.report import Check, CheckOutcome, Severity
from shelfcast.quality.suites import NAMED, SALES_HISTORY, Expected
from shelfcast.text_table import one_line

MOST_FILES = 3

NOT_EVALUATED_REMEDY = (
    "The check is at fault, not the data. See whether gx/ and the packages are those of the "
    "release, and run the gate again."
)

Query = Callable[[str], list[Any]]


def describe(result: Any, expected: Expected, query: Query) -> None:
    """Put what was found into an expectation's result, as ``observed_value`` and ``files``.

    Parameters
    ----------
    result
        An ``ExpectationValidationResult`` of the expectation.
    expected
        The expectation.
    query
        Runs SQL on the relations of the gate and returns the rows.
    """
    if exception := _exception(result):
        found = exception
    elif expected.suite in NAMED and expected.failing:
        found = _things(result, expected, query)
    elif expected.observed:
        ((found,),) = query(f"select {expected.observed} from {expected.suite}")
    else:
        found = _rows(result, expected, query)
    result.result["observed_value"] = one_line(found)


def checks_of(suite_result: Any) -> list[Check]:
    """Return the checks of an ``ExpectationSuiteValidationResult`` whose findings are described."""
    return [_check(suite_result.suite_name, result) for result in suite_result.results]


def _check(suite: str, result: Any) -> Check:
    configuration = result.expectation_config
    remedy = configuration.meta["remedy"]
    if _exception(result):
        outcome, remedy = CheckOutcome.NOT_EVALUATED, NOT_EVALUATED_REMEDY
    else:
        outcome = CheckOutcome.PASSED if result.success else CheckOutcome.FAILED
    return Check(
        suite=suite,
        check=configuration.meta["check"],
        column=configuration.meta["column"],
        severity=Severity(configuration.severity),
        outcome=outcome,
        failing_rows=None if suite == SALES_HISTORY else result.result.get("unexpected_count"),
        observed_value=result.result.get("observed_value"),
        description=configuration.description,
        remedy=remedy,
        covers=configuration.meta["covers"],
        files=tuple(result.result.get("files", ())),
    )


def _exception(result: Any) -> str | None:
    """Return why an expectation could not be evaluated, or None; one message is enough."""
    information = result.exception_info or {}
    each = [information] if "raised_exception" in information else list(information.values())
    for one in each:
        if one.get("raised_exception"):
            return str(one.get("exception_message") or "an error without a message").splitlines()[0]
    return None


def _things(result: Any, expected: Expected, query: Query) -> str:
    """Return what was found of files, or of locations with the file that brought most of it."""
    name = NAMED[expected.suite]
    failing = query(
        f"select {name}, {expected.observed}, file from {expected.suite} "
        f"where {expected.failing} order by {expected.worst}"
    )
    if not failing:
        counts = result.result
        noun = name.removesuffix("_id")
        compared = counts["element_count"] - counts.get("missing_count", 0)
        if not compared:
            return f"no {noun} to compare"
        return f"{_count(compared, noun)} {'is' if compared == 1 else 'are'} as expected"
    shown = failing[:MOST_FILES]
    result.result["files"] = list(dict.fromkeys(file for *_, file in shown))
    named = "; ".join(f"{thing}: {found}" for thing, found, _ in shown)
    more = len(failing) - MOST_FILES
    return f"{named}; and {more:,} more" if more > 0 else named


def _rows(result: Any, expected: Expected, query: Query) -> str:
    counts = result.result
    failing = counts["unexpected_count"]
    rows = counts["element_count"] - counts.get("missing_count", 0)
    share = failing / rows if rows else 0.0
    found = f"{failing:,} of {rows:,} ({100 * share:.3g} %)" if failing else f"none of {rows:,}"
    if result.success:
        return found
    files = query(
        f"""
        select _file, count(*) as failing_rows
        from (select _file from {expected.suite} where {expected.failing})
        group by _file
        order by failing_rows desc, _file
        """
    )
    counts["files"] = [file for file, _ in files[:MOST_FILES]]
    where = ", ".join(f"{rows:,} in {file}" for file, rows in files[:MOST_FILES])
    if len(files) > MOST_FILES:
        where += f" and {_count(len(files) - MOST_FILES, 'more file')}"
    values = counts.get("partial_unexpected_list", [])
    examples = dict.fromkeys(str(value) for value in values if value is not None)
    return f"{found}: {where}" + (f"; such as {', '.join(examples)}" if examples else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
