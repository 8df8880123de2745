"""The commands: what they print, what they write, how they end."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from warehouses import COLUMNS_OF_THE_BRIEF, Warehouse

from shelfcast.cli import main


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


def test_generate_says_what_it_made_and_what_is_next(tmp_path: Path) -> None:
    code, output = run("generate", tmp_path / "mine", "--skus", 3, "--locations", 1, "--days", 40)
    assert code == 0
    assert f"make build LANDING={tmp_path / 'mine'}" in output
    assert "3 skus" in output
    assert (tmp_path / "mine" / "skus.csv").exists()


def test_generate_leaves_folders_of_others_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sales.csv").write_text("mine")
    code, output = run("generate", tmp_path / "mine", "--skus", 1, "--days", 10)
    assert code == 1
    assert output.count("\n") <= 3
    assert "Error:" in output
    assert (tmp_path / "mine" / "sales.csv").read_text() == "mine"


def test_land_reports_and_fails_when_a_file_is_refused(
    tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    warehouse_home(tmp_path / "home")
    source = tmp_path / "source"
    source.mkdir()
    (source / "skus.csv").write_text("sku_id,category\nA,Fruit\n")
    (source / "sales.csv").write_text("sold_at,sku_id,quantity\n2026-01-01,A,1\n")
    code, output = run("land", source)
    assert code == 2
    assert "sales.csv" in output
    assert "location_id" in output
    (source / "sales.csv").write_text("sold_at,sku_id,location_id,quantity\n2026-01-01,A,L,1\n")
    code, output = run("land", source)
    assert code == 0, output
    assert f"SHELFCAST_HOME={tmp_path / 'home'} .venv/bin/shelfcast gate" in output


def test_nothing_lands_only_where_sales_and_skus_are_own_tables(
    tmp_path: Path, warehouse_home: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse_home(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dbt_project.yml").write_text("vars: {source_tables: {sales: erp.lines}}\n")
    code, output = run("land")
    assert code == 2
    assert "Nothing of skus has landed yet" in output
    (tmp_path / "dbt_project.yml").write_text(
        "vars: {source_tables: {sales: erp.lines, skus: erp.items}}\n"
    )
    code, output = run("land", "")  # as make says it
    assert code == 0
    assert "Nothing to land" in output
    assert (tmp_path / "home/lake/_manifest/_schema.parquet").exists()


def test_land_without_a_source_is_one_sentence(tmp_path: Path) -> None:
    code, output = run("land", tmp_path / "nowhere")
    assert code == 2
    assert "nowhere" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    "options",
    [
        ("--dirt", "nan"),
        ("--seed", "-1"),
        ("--ends-on", "1970-03-01"),
        ("--ends-on", "9999-12-31"),
    ],
)
def test_generate_refuses_what_it_cannot_simulate(tmp_path: Path, options: tuple[str, str]) -> None:
    code, output = run("generate", tmp_path / "mine", "--skus", 1, "--days", 40, *options)
    assert code != 0
    assert "Error:" in output
    assert not (tmp_path / "mine").exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, output = run("generate", tmp_path / "file" / "below", "--skus", 1, "--days", 40)
    assert code == 1
    assert "file" in output
    assert output.splitlines()[-1].startswith("Error:")


def test_generate_plants_dirt_when_asked(tmp_path: Path) -> None:
    code, output = run(
        *("generate", tmp_path / "mine", "--skus", 3, "--locations", 1, "--days", 40),
        *("--dirt", 0.001),
    )
    assert code == 0
    planted = (tmp_path / "mine-truth" / "planted_rejects.csv").read_text().splitlines()
    assert f"{len(planted) - 1:,}" in output


@pytest.mark.parametrize("data_set", ["online-retail", "fresh-retail", "favorita"])
def test_import_without_its_file_is_one_sentence(data_set: str, tmp_path: Path) -> None:
    code, output = run("import", data_set, tmp_path / "nowhere.csv", "--to", tmp_path / "landing")
    assert code == 2
    assert "nowhere.csv" in output
    assert output.count("\n") == 1
    assert not (tmp_path / "landing").exists()


def test_import_states_what_it_assumed_and_what_is_next(tmp_path: Path) -> None:
    source = tmp_path / "retail.csv"
    source.write_text(
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
        "536365,85123A,HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n"
        "536366,POST,POSTAGE,1,2010-12-14 08:28:00,18,17850,France\n"
    )
    code, output = run("import", "online-retail", source, "--to", tmp_path / "landing")
    assert code == 0, output
    assert "Assumed:" in output
    assert "1 lines with another code" in output or "1 line with another code" in output
    assert f"make build LANDING={tmp_path / 'landing'}" in output


def test_a_gate_that_cannot_run_ends_with_3(
    tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    warehouse_home(tmp_path / "nowhere")
    code, output = run("gate")
    assert code == 3
    assert "shelfcast land" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("command", [("summary",), ("export",), ("rejects", "list")])
def test_without_a_warehouse_the_remedy_is_named(
    command: tuple[str, ...], tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    warehouse_home(tmp_path)
    code, output = run(*command)
    assert code == 1
    assert "make build" in output


def test_a_warehouse_without_tables_names_the_remedy(
    tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    warehouse_home(tmp_path)
    duckdb.connect(str(tmp_path / "shelfcast.duckdb")).close()
    code, output = run("summary")
    assert code == 1
    assert "make build" in output


def test_a_warehouse_that_is_being_written_is_said_to_be(
    tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    warehouse_home(tmp_path)
    hold = (
        f"import duckdb, sys; held = duckdb.connect({str(tmp_path / 'shelfcast.duckdb')!r}); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "held\n"
        code, output = run("summary")
        writer.communicate("")
    assert code == 1
    assert "being written by another process" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_summary_says_what_the_tables_say(
    sample: Warehouse, warehouse_home: Callable[[Path], None]
) -> None:
    warehouse_home(sample.home)
    code, output = run("summary")
    assert code == 0
    counts = dict(
        sample.query(
            """
            select risk_level, count(*) from gold.fct_stockout_risks
            where scenario_id = 'baseline' group by 1
            """
        )
    )
    assert f"{counts['High']} High, {counts['Medium']} Medium, {counts['Low']} Low." in output
    ((landed,),) = sample.query("select sum(rows) from bronze.stg_landing__files")
    assert f"{landed:,} rows landed" in output
    ((series,),) = sample.query("select count(*) from silver.int_series where is_active")
    assert f"{series} series" in output
    ((worst,),) = sample.query(
        """
        select sku_id from gold.fct_stockout_risks
        where scenario_id = 'baseline' and risk_level = 'High'
        order by revenue_at_risk_amount desc, units_at_risk desc, sku_id, location_id limit 1
        """
    )
    assert output.split("most urgent")[1].splitlines()[3].split()[0] == worst
    for name in ("TikTok campaign in the West", "Holiday surge", "Supplier delay"):
        assert name in output


@pytest.mark.slow
def test_export_writes_the_planning_table_whole(
    sample: Warehouse, tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    warehouse_home(sample.home)
    code, output = run("export", tmp_path / "out")
    assert code == 0
    ((rows, demand),) = sample.query(
        "select count(*), sum(forecast_demand) from gold.sku_demand_forecast"
    )
    assert f"{rows:,} rows" in output
    with (tmp_path / "out/forecast_metrics.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == rows
    assert list(lines[0])[:6] == COLUMNS_OF_THE_BRIEF
    assert sum(float(line["forecast_demand"]) for line in lines) == pytest.approx(float(demand))
    table = pq.read_table(tmp_path / "out/forecast_metrics.parquet")
    assert table.num_rows == rows
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "forecast_metrics.csv",
        "forecast_metrics.parquet",
    ]


@pytest.mark.slow
def test_newly_high_is_the_count_of_gold(
    sample: Warehouse, warehouse_home: Callable[[Path], None]
) -> None:
    """A SKU that turns High in two shops is two series, in the summary and in gold."""
    warehouse_home(sample.home)
    _, output = run("summary")
    table = output.split("Scenarios, against the baseline")[1]
    column = table.splitlines()[1].index("newly High")
    counted = {
        line.strip().split("  ")[0]: line[column:].split()[0] for line in table.splitlines()[3:6]
    }
    expected = sample.query(
        """
        select scenario_name, count(*)
        from gold.fct_stockout_risks as risks
        inner join gold.fct_stockout_risks as baseline using (sku_id, location_id)
        inner join gold.dim_scenarios as scenarios on risks.scenario_id = scenarios.scenario_id
        where baseline.scenario_id = 'baseline' and risks.scenario_id <> 'baseline'
            and risks.risk_level = 'High' and baseline.risk_level <> 'High'
        group by 1
        """
    )
    assert {name: f"+{count}" for name, count in expected} == {
        name: counted[str(name)] for name, _ in expected
    }
    assert expected


@pytest.mark.slow
def test_the_summary_names_rows_of_seeds_that_match_nothing(
    sample: Warehouse, tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    copy = sample.copy(tmp_path / "home")
    with copy.connect() as connection:
        connection.execute(
            """
            insert into silver.int_unmatched_scopes values
                ('replenishment_policy', 'Beuaty', 'category', 'Beuaty'),
                ('scenario_effects', 'heat', 'category', 'beauty '),
                ('scenario_effects', 'heat', 'region', 'Wset'),
                ('scenario_effects', 'heat', 'combination', 'category Beauty, sku_id SKU-00002'),
                ('scenario_effects', 'heat', 'days', 'effect 2')
            """
        )
    warehouse_home(copy.home)
    _, output = run("summary", "--landing", "path/it's $5")
    effects = "seeds/scenarios/scenario_effects.csv, heat"
    assert output.split("Rows of seeds that match nothing")[1].splitlines()[1:6] == [
        "  seeds/policy/replenishment_policy.csv: nothing has the category 'Beuaty'; "
        "the nearest is 'Beauty'",
        f"  {effects}: nothing has the category 'beauty '; the nearest is 'Beauty'",
        f"  {effects}: nothing on sale has all of category Beauty, sku_id SKU-00002",
        f"  {effects}: the days of effect 2 lie outside those forecast",
        f"  {effects}: nothing has the region 'Wset'; the nearest is 'West'",
    ]
    # as the shell reads it back
    assert """make build LANDING='path/it'"'"'s $5'  # again""" in output


@pytest.mark.slow
def test_what_is_written_stays_with_its_warehouse(
    sample: Warehouse, tmp_path: Path, warehouse_home: Callable[[Path], None]
) -> None:
    copy = sample.copy(tmp_path / "home")
    warehouse_home(copy.home)
    code, output = run("export")
    assert code == 0
    assert str(copy.home / "exports" / "forecast_metrics.csv") in output
    assert (copy.home / "exports" / "forecast_metrics.parquet").exists()
    _, output = run("summary")
    for name in ("exports", "docs/index.html", "data_docs/index.html"):
        assert str(copy.home / name) in output
