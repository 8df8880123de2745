"""``shelfcast gate``: whether what has landed is fit to plan from, as a whole and file by file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pyarrow as pa

from shelfcast import warehouse
from shelfcast.landing.contract import CONTRACT
from shelfcast.landing.lake import GATE, GATE_SCHEMA, MANIFEST, Lake
from shelfcast.locks import exclusive
from shelfcast.quality import pages
from shelfcast.quality.limits import Limits
from shelfcast.quality.project import (
    CHECKPOINT,
    DATASOURCE,
    PROJECT,
    SITE,
    ProjectUnreadableError,
    opened_project,
)
from shelfcast.quality.relations import LakeUnreadableError, build_relations
from shelfcast.quality.report import Check, CheckOutcome, GateReport, Severity
from shelfcast.quality.results import NOT_EVALUATED_REMEDY, checks_of, describe
from shelfcast.quality.suites import FILES, Expected, build_suites
from shelfcast.temporary import temporary_folder
from shelfcast.warehouse import WarehouseError


def run_gate(
    lake: Path,
    limits: Limits,
    *,
    elsewhere: frozenset[str] = frozenset(),
    gx_project: Path = PROJECT,
    docs: Path,
    run_at: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> GateReport:
    """Check what has landed, write the results to the lake, and Data Docs of this run.

    Parameters
    ----------
    lake
        Folder of the landed files.
    limits
        How much dirt passes.
    elsewhere
        Entities that come from tables of the retailer's own; their files are not asked for. Where
        they are all that a plan needs and nothing has landed, there is nothing to check.
    gx_project
        Folder of the Great Expectations project; it is not changed.
    docs
        Folder of the Data Docs; pages of earlier runs in it are replaced.
    run_at
        Time of the run, by default now; UTC, without zone.
    progress
        Called with one line of text for each step.

    Returns
    -------
    GateReport
        Every check and what it found. Where the gate cannot look, as when lake or project cannot be
        read, there is one check, not evaluated, that says why.
    """
    tell = progress or (lambda _: None)
    run_at = run_at or datetime.now(UTC).replace(tzinfo=None)
    run_id = f"{run_at:%Y%m%dT%H%M%S}_{uuid4().hex[:8]}"
    if _nothing_to_check(lake, elsewhere):
        report = GateReport(run_id, run_at, (), docs / "index.html")
        _publish(docs, {"index.html": pages.render(pages.index_page(report))})
        return report
    try:
        with temporary_folder() as folder:
            checks, lake_files, site = _evaluate(
                lake, limits, elsewhere, gx_project, folder, (run_id, run_at), tell
            )
            report = GateReport(run_id, run_at, tuple(checks), docs / "index.html", lake_files)
    # Great Expectations and its engine fail in many ways, and none of them may look like a pass
    except Exception as error:
        report = GateReport(run_id, run_at, (_cannot_look(error),), docs / "index.html")
        content = {"index": pages.index_page(report), FILES: pages.suite_page(report, FILES)}
        site = {f"{name}.html": pages.render(page) for name, page in content.items()}
    try:
        _publish(docs, site)
    except OSError as error:
        report = replace(report, checks=(*report.checks, _unpublished(error)))
    if lake.is_dir():
        (lake / GATE).mkdir(exist_ok=True)
        Lake(lake).write_gate_results(run_id, _table(report))
    return report


def _nothing_to_check(lake: Path, elsewhere: frozenset[str]) -> bool:
    """Return whether the lake is ready and empty, and no plan needs a file in it."""
    required = {entity.name for entity in CONTRACT if entity.required}
    manifest = [path.stem for path in (lake / MANIFEST).glob("*.parquet")]
    return required <= elsewhere and manifest == ["_schema"]


def _evaluate(
    lake: Path,
    limits: Limits,
    elsewhere: frozenset[str],
    gx_project: Path,
    folder: Path,
    run: tuple[str, datetime],
    tell: Callable[[str], None],
) -> tuple[list[Check], dict[str, list[str]], dict[str, str]]:
    """Return the checks of a run, the files of the lake by landed file, and the pages by name."""
    tell("Reading the lake")
    database = folder / "gate.duckdb"
    settings = _settings()
    with duckdb.connect(str(database), config=dict(settings)) as connection:
        landed = build_relations(connection, lake, run[1].date())
        lake_files = dict(connection.execute("select file, lake_files from landed").fetchall())
    suites = build_suites(limits, landed, elsewhere)
    url = f"duckdb:///{database}?{'&'.join(f'{name}={value}' for name, value in settings.items())}"
    tell(f"Checking {sum(map(len, suites.values())):,} expectations")
    with opened_project(gx_project, folder, suites, url) as context:
        results = _results(context, suites, run)
        tell("Writing Data Docs")
        context.build_data_docs()
        checks = [check for result in results for check in checks_of(result)]
    return checks, lake_files, _site(folder / PROJECT / SITE, list(suites))


def _results(
    context: Any, suites: dict[str, list[Expected]], run: tuple[str, datetime]
) -> list[Any]:
    """Run the checkpoint; return the results of the suites, with what was found in words."""
    from great_expectations import RunIdentifier  # noqa: PLC0415 # loaded by the open project

    run_id, run_at = run
    outcome = context.checkpoints.get(CHECKPOINT).run(
        run_id=RunIdentifier(run_name=run_id, run_time=run_at.replace(tzinfo=UTC))
    )
    engine = context.data_sources.get(DATASOURCE).get_engine()
    with engine.connect() as connection:

        def query(sql: str) -> list[Any]:
            return list(connection.exec_driver_sql(sql).fetchall())

        expectations = {expected.check: expected for suite in suites.values() for expected in suite}
        for key, result in outcome.run_results.items():
            for one in result.results:
                describe(one, expectations[one.expectation_config.meta["check"]], query)
            context.validation_results_store.set(key, result)
    engine.dispose()
    by_name = {result.suite_name: result for result in outcome.run_results.values()}
    return [by_name[name] for name in suites]


def _settings() -> dict[str, str]:
    """Return how much of the machine DuckDB may take, as for the build."""
    return {
        "threads": str(warehouse.threads()),
        "memory_limit": warehouse.memory(),
        "preserve_insertion_order": "false",
    }


def _cannot_look(error: Exception) -> Check:
    """Return the one check of a run that could not look, with the reason in a sentence."""
    first_line = next(iter(str(error).splitlines()), "no reason given")
    if isinstance(error, LakeUnreadableError | ProjectUnreadableError | WarehouseError):
        reason, remedy = first_line, "Do what the message says, and run the gate again."
    else:
        reason, remedy = f"{type(error).__name__}: {first_line}", NOT_EVALUATED_REMEDY
    return Check(
        suite=FILES,
        check="files__gate_can_look",
        column=None,
        severity=Severity.CRITICAL,
        outcome=CheckOutcome.NOT_EVALUATED,
        failing_rows=None,
        observed_value=reason,
        description="The gate can read the lake and its own project.",
        remedy=remedy,
    )


def _unpublished(error: OSError) -> Check:
    return Check(
        suite=FILES,
        check="files__data_docs_are_written",
        column=None,
        severity=Severity.WARNING,
        outcome=CheckOutcome.FAILED,
        failing_rows=None,
        observed_value=f"{error.filename}: {error.strerror}",
        description="The pages of this run can be written.",
        remedy="Allow the folder to be written, or remove what stands in the way.",
    )


def _site(folder: Path, suites: list[str]) -> dict[str, str]:
    """Return the pages that the site builder wrote, each suite's under its own name."""
    written = {"index.html": folder / "index.html"}
    for suite in suites:
        (written[f"{suite}.html"],) = (folder / "validations" / suite).rglob("*.html")
    return {name: path.read_text(encoding="utf-8") for name, path in written.items()}


def _publish(docs: Path, site: dict[str, str]) -> None:
    """Replace the pages of an earlier run; each appears only when it is complete."""
    docs.mkdir(parents=True, exist_ok=True)
    with exclusive(docs.with_name(f".{docs.name}.lock"), wait=True):
        for name, text in site.items():
            temporary = docs / f".{name}.partial"  # a killed run's is written over
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(docs / name)
        for leftover in docs.glob(".*.html.partial"):
            leftover.unlink()
    for page in docs.glob("*.html"):
        if page.name not in site:
            page.unlink(missing_ok=True)


def _table(report: GateReport) -> pa.Table:
    rows = [
        {
            "run_id": report.run_id,
            "run_at": report.run_at,
            "suite": check.suite,
            "check_name": check.check,
            "column_name": check.column,
            "severity": check.severity.value,
            "outcome": check.outcome.value,
            "failing_rows": check.failing_rows,
            "observed_value": check.observed_value,
            "description": check.description,
        }
        for check in report.checks
    ]
    return pa.Table.from_pylist(rows, GATE_SCHEMA)
