"""The command line: each command does one step, says what it made, and what to do next.

Commands import what they run when they run, so that ``shelfcast --help`` is instant.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from shelfcast import __version__, warehouse

EXIT_REFUSED = 2


class Commands(click.Group):
    """A group whose commands end with one sentence, not a traceback, when the input is at fault."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command and turn our own errors into messages."""
        from shelfcast.landing import LandingError

        try:
            return super().invoke(ctx)
        except (FileExistsError, LandingError, warehouse.WarehouseError) as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="shelfcast")
def main() -> None:
    """Demand planning that lives in dbt: land files, build the warehouse, read the plan.

    SHELFCAST_HOME names the folder of the warehouse (default: warehouse/sample).
    """


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--skus", default=300, show_default=True, type=click.IntRange(min=1))
@click.option("--locations", default=6, show_default=True, type=click.IntRange(min=1))
@click.option("--days", default=730, show_default=True, type=click.IntRange(min=1))
@click.option("--seed", default=20260630, show_default=True, help="Same seed, same files.")
@click.option(
    "--ends-on",
    default="2026-06-30",
    show_default=True,
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day of history.",
)
def generate(
    folder: Path, skus: int, locations: int, days: int, seed: int, ends_on: datetime
) -> None:
    """Make a sample retailer in FOLDER, and its true demand in FOLDER-truth."""
    from shelfcast.generator import generate as generate_sample

    with click.progressbar(length=skus, label=f"Simulating {skus:,} SKUs") as bar:
        summary = generate_sample(
            folder,
            skus=skus,
            locations=locations,
            days=days,
            seed=seed,
            ends_on=ends_on.date(),
            progress=bar.update,
        )
    click.echo(str(summary))
    click.echo(f"Next: {warehouse.command(f'shelfcast land {folder}')}")


@main.command()
@click.argument("source", type=click.Path(path_type=Path))
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
def land(source: Path, lake: Path | None, config: Path | None) -> None:
    """Land the files of SOURCE, each once, as canonical Parquet."""
    from shelfcast.landing import land as land_files

    report = land_files(
        source,
        lake or warehouse.lake(),
        config=config,
        progress=lambda message: click.echo(message, err=True),
    )
    click.echo(str(report))
    if report.refused or report.missing_entities:
        raise SystemExit(EXIT_REFUSED)
    click.echo(f"Next: {warehouse.command('dbt build --profiles-dir profiles')}")


@main.command()
def summary() -> None:
    """Print what landed, what is urgent and what the scenarios change."""
    from shelfcast.summary import build_summary

    click.echo(build_summary())


@main.command()
@click.argument("folder", type=click.Path(path_type=Path), default="exports")
def export(folder: Path) -> None:
    """Write the plan per SKU, region and day to FOLDER, as CSV and Parquet."""
    from shelfcast.export import export_forecast

    for path, rows in export_forecast(folder):
        click.echo(f"{path}: {rows:,} rows")


@main.command()
@click.option("--write", is_flag=True, help="Write the files instead of comparing them.")
def contract(write: bool) -> None:
    """Compare the files rendered from the landing contract with the contract."""
    from shelfcast.landing.contract_pages import rendered_files

    stale = []
    for path, text in rendered_files().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path)
        if write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            click.echo(f"wrote {path}")
    if stale and not write:
        names = ", ".join(map(str, stale))
        raise click.ClickException(
            f"{names} differ from the contract. Run: shelfcast contract --write"
        )
    if not stale:
        click.echo("The rendered files are those of the contract.")
