"""The command line: each command does one step, says what it made, and what to do next.

Commands import what they run when they run, so that ``shelfcast --help`` is instant.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click

from shelfcast import __version__, warehouse

EXIT_REFUSED = 2
EXIT_NOT_EVALUATED = 3

GX_PROJECT = Path("gx")


class RefusedError(click.ClickException):
    """The input is at fault, as is a wrong option."""

    exit_code = EXIT_REFUSED


class Commands(click.Group):
    """A group whose commands end with one sentence, not a traceback, when the input is at fault."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command and turn our own errors into messages."""
        from shelfcast.landing import LandingError

        try:
            return super().invoke(ctx)
        except (LandingError, warehouse.SettingError) as error:
            raise RefusedError(str(error)) from error
        except warehouse.WarehouseError as error:
            raise click.ClickException(str(error)) from error
        except RuntimeError as error:  # how DuckDB reports Ctrl-C
            if isinstance(error.__cause__, KeyboardInterrupt):
                raise click.Abort from error
            raise
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            raise click.ClickException(reason) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="shelfcast")
@click.pass_context
def main(context: click.Context) -> None:
    """Demand planning that lives in dbt: land files, build the warehouse, read the plan.

    SHELFCAST_HOME names the folder of the warehouse (default: warehouse/sample), SHELFCAST_TARGET
    where its tables are: duckdb (default) or postgres. DATABASE_URL names the PostgreSQL server.
    """
    if context.invoked_subcommand != "gate":  # which says by its exit code that it did not look
        warehouse.check_environment()


def _set_target(context: click.Context, _: click.Parameter, target: str | None) -> None:
    if target:
        context.with_resource(_environment("SHELFCAST_TARGET", target))


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """Set a variable while a command runs."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


_TARGET = click.option(
    "--target",
    type=click.Choice(warehouse.TARGETS),
    expose_value=False,
    callback=_set_target,
    help="Where the tables are. [default: SHELFCAST_TARGET, or duckdb]",
)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--skus", default=300, show_default=True, type=click.IntRange(min=1))
@click.option("--locations", default=6, show_default=True, type=click.IntRange(min=1))
@click.option("--days", default=730, show_default=True, type=click.IntRange(min=1))
@click.option(
    "--seed",
    default=20260630,
    show_default=True,
    type=click.IntRange(min=0),
    help="Same seed, same files.",
)
@click.option(
    "--ends-on",
    default="2026-06-30",
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day of history.",
)
@click.option(
    "--dirt",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0, max=0.5),
    help="Bad rows of every kind to plant, each as a share of a file's rows.",
)
def generate(
    folder: Path, skus: int, locations: int, days: int, seed: int, ends_on: datetime, dirt: float
) -> None:
    """Make a sample retailer in FOLDER, and its true demand in FOLDER-truth."""
    from shelfcast.generator import generate as generate_sample

    try:
        with click.progressbar(length=skus, label=f"Simulating {skus:,} SKUs") as bar:
            summary = generate_sample(
                folder,
                skus=skus,
                locations=locations,
                days=days,
                seed=seed,
                ends_on=ends_on.date(),
                dirt=dirt,
                progress=bar.update,
            )
    except ValueError as error:
        raise RefusedError(str(error)) from error
    click.echo(str(summary))
    click.echo(f"Next: {warehouse.make_build(str(folder))}")


@main.command()
@click.argument("source", required=False)
@click.option(
    "--lake",
    type=click.Path(path_type=Path),
    help="Where canonical files go. [default: lake in SHELFCAST_HOME]",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Names of files and columns. [default: landing.yml in SOURCE]",
)
@click.option("--moved", is_flag=True, help="SOURCE landed before, from another place.")
@_TARGET
def land(source: str | None, lake: Path | None, config: Path | None, moved: bool) -> None:
    """Land the files of SOURCE, each once, as canonical Parquet, and into PostgreSQL.

    Without SOURCE nothing lands: sales and skus have to be tables of your own (source_tables).
    """
    from shelfcast.landing import land as land_files
    from shelfcast.project import own_tables

    lake = lake or warehouse.lake()
    report = land_files(
        Path(source) if source else None,
        lake,
        config=config,
        elsewhere=own_tables(),
        moved=moved,
        progress=_tell_progress,
    )
    if source or report.missing_entities:
        click.echo(str(report))
    else:
        click.echo("Nothing to land: sales and skus come from tables of your own.")
    if warehouse.target() == warehouse.POSTGRES:
        click.echo(_load(lake))
    if report.refused or report.missing_entities:
        raise SystemExit(EXIT_REFUSED)
    click.echo(f"Next: {warehouse.command('shelfcast gate')}")


def _tell_progress(message: str) -> None:
    click.echo(message, err=True)


def _load(lake: Path) -> str:
    """Bring what is in the lake into PostgreSQL."""
    from shelfcast.postgres.connection import parameters
    from shelfcast.postgres.loading import load

    return str(load(lake, parameters(), progress=_tell_progress))


@main.group("import")
def import_() -> None:
    """Turn a public data set into a landing folder; each command states what it assumed."""


def _import(name: str, importer: str, source: Path, folder: Path | None) -> None:
    from shelfcast import importers

    folder = folder or Path("data") / name
    try:
        report = getattr(importers, importer)(source, folder)
    except importers.ImportFileError as error:
        raise RefusedError(str(error)) from error
    click.echo(str(report))
    click.echo(f"Next: {warehouse.make_build(str(folder))}")


_SOURCE = click.argument("source", type=click.Path(path_type=Path))
_FOLDER = click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="Landing folder to write. [default: data/<name of the data set>]",
)


@import_.command("online-retail")
@_SOURCE
@_FOLDER
def import_online_retail(source: Path, folder: Path | None) -> None:
    """Online Retail of UCI: SOURCE is its Parquet or CSV file."""
    _import("online-retail", "import_online_retail", source, folder)


@import_.command("fresh-retail")
@_SOURCE
@_FOLDER
def import_fresh_retail(source: Path, folder: Path | None) -> None:
    """FreshRetailNet-50K: SOURCE is a Parquet file of it."""
    _import("fresh-retail", "import_fresh_retail", source, folder)


@import_.command("favorita")
@_SOURCE
@_FOLDER
def import_favorita(source: Path, folder: Path | None) -> None:
    """Store Sales of Kaggle (Corporación Favorita): SOURCE is the folder of its CSV files."""
    _import("favorita", "import_favorita", source, folder)


@main.command()
@_TARGET
def gate() -> None:
    """Check what has landed, before the build: exit 0 ok, 1 warnings, 2 critical, 3 not evaluated.

    Limits are in the variable gate of dbt_project.yml.
    """
    try:
        from shelfcast.project import PROJECT, own_tables
        from shelfcast.quality import Limits, run_gate

        report = run_gate(
            warehouse.lake(),
            Limits.from_project(PROJECT),
            elsewhere=own_tables(),
            gx_project=GX_PROJECT,
            docs=warehouse.home() / "data_docs",
            progress=_tell_progress,
        )
        click.echo(str(report))
        if warehouse.target() == warehouse.POSTGRES:
            _load(warehouse.lake())
    # whatever keeps the gate from looking must not pass for a warning, which exit 1 would be
    except (Exception, KeyboardInterrupt) as error:
        reason = str(error) or type(error).__name__
        click.echo(f"Error: the gate cannot run or record: {reason}", err=True)
        raise SystemExit(EXIT_NOT_EVALUATED) from error
    raise SystemExit(int(report.outcome))


@main.group()
def rejects() -> None:
    """Look into the quarantine: which rows were rejected, why, and what to do."""


_EVERYTHING = click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also rows that need nothing: copies, and restated ones.",
)


@rejects.command("list")
@_TARGET
@click.option("--entity", help="Only rows of this entity.")
@click.option("--code", help="Only rows with this reason, such as BAD_TYPE or BAD_TYPE:quantity.")
@click.option("--file", help="Only rows of this file.")
@_EVERYTHING
def list_(entity: str | None, code: str | None, file: str | None, everything: bool) -> None:
    """Count the quarantined rows by entity and reason."""
    from shelfcast.rejects import list_rejects

    click.echo(list_rejects(entity=entity, code=code, file=file, everything=everything))


@rejects.command()
@_TARGET
@click.argument("what")
def explain(what: str) -> None:
    """Explain a reason, such as BAD_TYPE, or a row, as FILE:ROW."""
    from shelfcast.rejects import explain_rejects

    click.echo(explain_rejects(what))


@rejects.command("export")
@_TARGET
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@_EVERYTHING
def export_rejects(folder: Path | None, everything: bool) -> None:
    """Write the quarantined rows to be corrected, a CSV file per entity.

    They go to FOLDER, by default rejects in SHELFCAST_HOME.
    """
    from shelfcast.rejects import EMPTY
    from shelfcast.rejects import export_rejects as write_rejects

    folder = folder or warehouse.rejects()
    written = write_rejects(folder, everything=everything)
    if not written:
        click.echo(EMPTY)
        return
    for path, rows in written:
        click.echo(f"{path}: {rows:,} rows")
    again = warehouse.command(f"shelfcast land {shlex.quote(str(folder))}")
    click.echo(f"Next: correct them, then {again}")


@main.command()
@_TARGET
@click.option(
    "--landing", help="Folder that the warehouse was built from, to name in what is next."
)
def summary(landing: str | None) -> None:
    """Print what landed, what is urgent and what the scenarios change."""
    from shelfcast.summary import build_summary

    click.echo(build_summary(landing))


@main.command()
@_TARGET
@click.argument("folder", type=click.Path(path_type=Path), required=False)
def export(folder: Path | None) -> None:
    """Write the plan per SKU, region and day as CSV and Parquet.

    The files go to FOLDER, by default exports in SHELFCAST_HOME.
    """
    from shelfcast.export import export_forecast

    for path, rows in export_forecast(folder or warehouse.exports()):
        click.echo(f"{path}: {rows:,} rows")


@main.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
def publish(path: Path | None) -> None:
    """Swap in a read-only copy of gold for BI, at PATH or shelfcast_bi.duckdb in SHELFCAST_HOME."""
    from shelfcast.publishing import publish_gold

    click.echo(str(publish_gold(path)))


@main.group()
def postgres() -> None:
    """Start and stop the embedded PostgreSQL of the warehouse, where you have no server."""


@postgres.command()
def start() -> None:
    """Start the embedded server; it keeps its data in the warehouse's folder."""
    from shelfcast.postgres import server

    url = server.start()
    click.echo(f"PostgreSQL is at {url}")
    click.echo(f"Stop it with: {warehouse.command('shelfcast postgres stop')}")


@postgres.command()
def stop() -> None:
    """Stop the embedded server; its data stay."""
    from shelfcast.postgres import server

    if server.stop():
        click.echo("PostgreSQL has stopped.")
    else:
        click.echo("No embedded PostgreSQL runs in this warehouse.")


@main.command()
@click.option("--write", is_flag=True, help="Write the files instead of comparing them.")
def contract(write: bool) -> None:
    """Compare the files rendered from the landing contract, settings and suites with the code."""
    from shelfcast import settings_pages
    from shelfcast.landing import contract_pages
    from shelfcast.quality import project_files

    files = contract_pages.rendered_files() | settings_pages.rendered_files() | project_files()
    stale = []
    for path, text in files.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            click.echo(f"wrote {path}")
    if stale and not write:
        names = ", ".join(map(str, stale))
        raise click.ClickException(f"{names} differ from the code. Run: shelfcast contract --write")
    if not stale:
        click.echo("The rendered files are those of the code.")
