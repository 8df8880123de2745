"""Whole builds: from generated files to gold, twice, with what a retailer may lack or get wrong."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from warehouses import COLUMNS_OF_THE_BRIEF, PROJECT, Warehouse

from shelfcast.landing import land
from shelfcast.summary import build_summary

pytestmark = pytest.mark.slow

GOLD = (
    "dim_skus",
    "dim_sku_versions",
    "dim_locations",
    "dim_customer_segments",
    "dim_scenarios",
    "fct_daily_demand",
    "fct_segment_demand",
    "fct_demand_forecasts",
    "fct_inventory_projections",
    "fct_stockout_risks",
    "fct_replenishment_plan",
    "fct_scenario_impacts",
    "sku_demand_forecast",
    "forecast_vs_actual",
)


SCENARIOS = {"baseline", "tiktok_west", "holiday_surge", "supplier_delay"}
EFFECTIVE = SCENARIOS - {"baseline"}


@pytest.fixture(scope="module")
def writable(
    sample: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the sample's database, for changes that are taken back."""
    copy = sample.copy(tmp_path_factory.mktemp("writable") / "home")
    with copy.connect() as connection:
        yield connection


def fingerprint(warehouse: Warehouse) -> dict[str, str]:
    """Hash of every gold table, whatever the order of its rows."""
    hashes = {}
    for table in GOLD:
        rows = sorted(map(repr, warehouse.query(f"select * from gold.{table}")))
        hashes[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return hashes


# ---- the sample -------------------------------------------------------------------------------


def test_every_gold_table_has_rows(sample: Warehouse) -> None:
    for table in GOLD:
        ((rows,),) = sample.query(f"select count(*) from gold.{table}")
        assert rows > 0, table


def test_schemas_are_those_of_the_design(sample: Warehouse) -> None:
    names = sample.query(
        """
        select distinct table_schema from information_schema.tables
        where table_catalog = 'shelfcast' order by 1
        """
    )
    assert [name for (name,) in names] == ["audit", "bronze", "gold", "seeds", "silver"]


def test_clean_files_are_accepted_whole(sample: Warehouse) -> None:
    ((landed, accepted, rejected),) = sample.query(
        """
        select sum(judged_rows), sum(accepted_rows), sum(rejected_rows)
        from silver.int_landed_rows
        """
    )
    ((listed,),) = sample.query("select sum(rows) from bronze.stg_landing__files")
    assert landed == listed == accepted
    assert rejected == 0


def test_the_planning_table_begins_with_the_columns_of_the_brief(sample: Warehouse) -> None:
    columns = [row[0] for row in sample.query("describe gold.sku_demand_forecast")]
    assert columns[:6] == COLUMNS_OF_THE_BRIEF


def test_closed_days_are_known_as_closed(sample: Warehouse) -> None:
    """The generator closes every store on 25 December and 1 January, and on no other day."""
    closed = sample.query(
        """
        select distinct demand_on from gold.fct_daily_demand
        where not is_open order by demand_on
        """
    )
    assert [day for (day,) in closed] == [date(2025, 12, 25), date(2026, 1, 1)]
    ((known,),) = sample.query(
        "select count(demand_quantity) from gold.fct_daily_demand where not is_open"
    )
    assert known == 0


def test_history_is_the_truth_where_the_shelf_was_not_empty(
    sample: Warehouse, sample_landing: Path
) -> None:
    truth = sample_landing.with_name("sample-truth") / "true_demand.parquet"
    with sample.connect(read_only=True) as connection:
        row = connection.execute(
            f"""
            select
                count(*),
                count(*) filter (where abs(gold.sales_quantity - truth.sales_quantity) > 1e-9),
                count(*) filter (where gold.is_censored <> truth.is_stocked_out),
                sum(truth.demand_quantity) filter (where gold.is_censored),
                sum(gold.demand_quantity) filter (where gold.is_censored),
                sum(gold.sales_quantity) filter (where gold.is_censored)
            from gold.fct_daily_demand as gold
            inner join '{truth}' as truth using (sku_id, location_id, demand_on)
            where gold.is_open
            """
        ).fetchone()
    assert row is not None
    days, wrong_sales, wrong_flags, wanted, estimated, sold = map(float, row)
    assert days > 40_000
    assert wrong_sales == 0
    # a shelf that empties with the last wanted unit looks the same as one that empties before
    assert wrong_flags < 0.02 * days
    # the simple rule closes about half of the gap that stock-outs leave
    assert abs(estimated - wanted) < 0.6 * abs(sold - wanted)


def test_the_campaign_in_the_west_changes_the_west_alone(sample: Warehouse) -> None:
    rows = sample.query(
        """
        select category, region, forecast_quantity, forecast_quantity_change
        from gold.fct_scenario_impacts where scenario_id = 'tiktok_west'
        """
    )
    changed = {(category, region) for category, region, _, change in rows if change}
    assert changed == {("Beauty", "West")}
    # 70 % more on days 1 to 28, nothing after
    ((lifted, base, after),) = sample.query(
        """
        select
            sum(scenario.demand_quantity) filter (where lead_day <= 28),
            sum(baseline.demand_quantity) filter (where lead_day <= 28),
            sum(scenario.demand_quantity - baseline.demand_quantity) filter (where lead_day > 28)
        from gold.fct_inventory_projections as scenario
        inner join gold.fct_inventory_projections as baseline
            using (sku_id, location_id, lead_day)
        inner join gold.dim_skus as skus using (sku_id)
        inner join gold.dim_locations as locations using (location_id)
        where scenario.scenario_id = 'tiktok_west' and baseline.scenario_id = 'baseline'
            and skus.category = 'Beauty' and locations.region = 'West'
        """
    )
    assert float(lifted) == pytest.approx(1.7 * float(base), rel=1e-4)
    assert after == 0


def test_the_campaign_raises_risk_and_orders_where_it_runs(sample: Warehouse) -> None:
    rows = sample.query(
        """
        select
            count(*),
            count(*) filter (
                where scenario.stockout_probability < baseline.stockout_probability - 1e-6
            ),
            sum(scenario.units_at_risk) > sum(baseline.units_at_risk),
            count(*) filter (where scenario_plan.order_up_to_quantity
                < baseline_plan.order_up_to_quantity),
            sum(scenario_plan.recommended_order_quantity)
                > sum(baseline_plan.recommended_order_quantity)
        from gold.fct_stockout_risks as scenario
        inner join gold.fct_stockout_risks as baseline using (sku_id, location_id)
        inner join gold.fct_replenishment_plan as scenario_plan
            on scenario_plan.scenario_id = 'tiktok_west'
            and scenario_plan.sku_id = scenario.sku_id
            and scenario_plan.location_id = scenario.location_id
        inner join gold.fct_replenishment_plan as baseline_plan
            on baseline_plan.scenario_id = 'baseline'
            and baseline_plan.sku_id = scenario.sku_id
            and baseline_plan.location_id = scenario.location_id
        where scenario.scenario_id = 'tiktok_west' and baseline.scenario_id = 'baseline'
            and scenario.category = 'Beauty' and scenario.region = 'West'
        """
    )
    series, safer, more_units, lower_levels, more_orders = rows[0]
    assert series > 0
    assert safer == lower_levels == 0
    assert more_units
    assert more_orders


def test_a_late_supplier_changes_supply_and_not_demand(sample: Warehouse) -> None:
    ((demand, units),) = sample.query(
        """
        select sum(abs(forecast_quantity_change)), sum(units_at_risk_change)
        from gold.fct_scenario_impacts where scenario_id = 'supplier_delay'
        """
    )
    assert demand == 0
    assert units > 0


def test_a_second_build_changes_nothing(sample: Warehouse, tmp_path: Path) -> None:
    again = sample.copy(tmp_path / "again")
    again.build()
    assert fingerprint(again) == fingerprint(sample)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("update seeds.scenario_effects set effect_value = 1.5", EFFECTIVE),
        ("delete from seeds.scenario_effects where scenario_id = 'tiktok_west'", {"tiktok_west"}),
        ("update seeds.replenishment_policy set review_period_days = 14", SCENARIOS),
        ("update seeds.risk_policy set minimum_probability = 0.3", SCENARIOS),
        ("update silver.int_planning_horizon set horizon_days = 90", SCENARIOS),
        ("update silver.int_planning_horizon set fitted_on = fitted_on - 1", SCENARIOS),
        ("update silver.int_as_of set as_of_date = as_of_date - 1", SCENARIOS),
        (
            "create or replace view bronze.stg_landing__files as "
            "select 'sales' as entity, 'sales.csv' as file, 'other' as sha256, "
            "1 as landing_number, 'separate' as equal_lines",
            SCENARIOS,
        ),
    ],
)
def test_the_hash_of_inputs_tells_what_has_changed(
    sample: Warehouse, writable: duckdb.DuckDBPyConnection, change: str, changed: set[str]
) -> None:
    compiled = sample.home / "target/compiled/shelfcast/models/intermediate/int_scenario_inputs.sql"
    hashes = f"select scenario_id, inputs_hash from ({compiled.read_text(encoding='utf-8')})"
    before = dict(sample.query("select scenario_id, inputs_hash from gold.dim_scenarios"))
    assert dict(writable.execute(hashes).fetchall()) == before
    writable.begin()
    writable.execute(change)
    after = dict(writable.execute(hashes).fetchall())
    writable.rollback()
    assert {name for name in SCENARIOS if after[name] != before[name]} == changed


@pytest.mark.parametrize(
    ("change", "is_changed"),
    [
        ("entity = 'inventory' where sha256 = 'y'", True),
        ("file = 'a.csv' where sha256 = 'y'", True),  # now a version of the first file
        ("sha256 = 'z' where sha256 = 'y'", True),
        ("equal_lines = 'copies' where sha256 = 'y'", True),
        ("landing_number = 3 - landing_number", True),
        ("landing_number = landing_number + 3", False),
    ],
)
def test_the_hash_of_inputs_holds_what_decides_which_rows_count(
    sample: Warehouse, writable: duckdb.DuckDBPyConnection, change: str, is_changed: bool
) -> None:
    compiled = sample.home / "target/compiled/shelfcast/models/intermediate/int_scenario_inputs.sql"
    hashes = f"select distinct inputs_hash from ({compiled.read_text(encoding='utf-8')}) order by 1"
    writable.begin()
    writable.execute("""
        create temp table files as
        select * from (
            values ('sales', 'a.csv', 'x', 1, 'separate'), ('sales', 'b.csv', 'y', 2, 'separate')
        ) as landed (entity, file, sha256, landing_number, equal_lines);
        create or replace view bronze.stg_landing__files as from files
    """)
    before = writable.execute(hashes).fetchall()
    writable.execute(f"update files set {change}")
    after = writable.execute(hashes).fetchall()
    writable.rollback()
    assert (after != before) == is_changed


# ---- what a retailer may lack or get wrong ------------------------------------------------------

SKUS = """sku,title,dept
A,Apple,Fruit
B,Banana,Fruit
"""

SALES_HEADER = "sold_at,sku_id,location_id,quantity,unit_price\n"

BAD_SALES = {
    "2026-02-30,A,Here,1,2": "BAD_TYPE:sold_at",
    "2026-03-01,A,Here,one,2": "BAD_TYPE:quantity",
    "2026-03-01,A,Here,NaN,2": "BAD_TYPE:quantity",
    "2026-03-01,,Here,1,2": "MISSING_VALUE:sku_id",
    "2026-03-01,A,,1,2": "MISSING_VALUE:location_id",
    "2026-03-01,Z,Here,1,2": "UNKNOWN_SKU",
    "2026-03-01,A,Here,1,-2": "OUT_OF_RANGE:unit_price",
    "2031-03-01,A,Here,1,2": "FUTURE_DATE",
    "1026-03-01,A,Here,1,2": "PAST_DATE",
    "0000-03-01,A,Here,1,2": "BAD_TYPE:sold_at",
    "2026-03-01,A,Here,1": "COLUMN_COUNT",
    '2026-03-01,"A,Here,1,2': "BROKEN_QUOTE",
    "31/12/2025,Z,Here,x,2": "BAD_TYPE:sold_at BAD_TYPE:quantity UNKNOWN_SKU",
}


@pytest.fixture(scope="module")
def minimal(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Daily totals and SKUs alone, under the names of the brief, with one bad row of each kind."""
    source = tmp_path_factory.mktemp("minimal") / "landing"
    source.mkdir()
    (source / "landing.yml").write_text(
        """
        entities:
          skus: {files: ["sku_metadata.csv"], columns: {sku_id: sku, sku_name: title,
                 category: dept}}
          inventory: {files: ["raw_inventory.json"]}
        """
    )
    (source / "sku_metadata.csv").write_text(SKUS)
    good = [
        f"{date.fromordinal(date(2026, 1, 1).toordinal() + day)},{sku},Here,{1 + day % 7},2.50\n"
        for day in range(120)
        for sku in "AB"
    ]
    (source / "sales.csv").write_text(SALES_HEADER + "".join(good) + "\n".join(BAD_SALES) + "\n")
    warehouse = Warehouse(tmp_path_factory.mktemp("minimal_home"))
    land(source, warehouse.home / "lake", landed_at=datetime(2026, 6, 1))
    warehouse.build()
    return warehouse


def test_bad_rows_are_quarantined_with_their_reasons(minimal: Warehouse) -> None:
    rows = minimal.query(
        "select _row, reject_codes, _raw from silver.int_rejected_rows order by _row"
    )
    first = 2 + 240
    assert rows == [
        (first + position, codes, line) for position, (line, codes) in enumerate(BAD_SALES.items())
    ]
    assert minimal.query("select max(accepted_rows) from silver.int_landed_rows") == [(240,)]


def test_sales_and_skus_alone_make_a_plan(minimal: Warehouse) -> None:
    rows = minimal.query(
        """
        select risks.sku_id, risks.region, risk_level, recommended_order_quantity,
            order_up_to_quantity, constraint_reason
        from gold.fct_stockout_risks as risks
        inner join gold.fct_replenishment_plan using (scenario_id, sku_id, location_id)
        where scenario_id = 'baseline' order by risks.sku_id
        """
    )
    assert [row[:4] for row in rows] == [
        ("A", "All", "Unknown", None),
        ("B", "All", "Unknown", None),
    ]
    for *_, order_up_to, reason in rows:
        # two weeks at 4 a day and a little more
        assert 50 < order_up_to < 80
        assert reason == "no stock record"


def test_examples_of_the_sample_are_no_scenarios_of_others(
    minimal: Warehouse, warehouse_home: Callable[[Path], None]
) -> None:
    """Nothing here is Beauty, and nothing lies in the West."""
    assert minimal.query("select scenario_id from gold.dim_scenarios order by 1") == [
        ("baseline",),
        ("holiday_surge",),
        ("supplier_delay",),
    ]
    assert minimal.query("select * from silver.int_unmatched_scopes") == []
    warehouse_home(minimal.home)
    summary = build_summary()
    assert "Holiday surge" in summary
    assert "examples (is_example) that name what is not in this data, left out: 2" in summary
    assert not re.search("TikTok|tiktok|Beauty|West", summary)


def test_the_as_of_date_is_the_last_accepted_sale(minimal: Warehouse) -> None:
    assert minimal.query("select as_of_date from silver.int_as_of") == [(date(2026, 4, 30),)]


def test_an_earlier_as_of_date_turns_later_rows_into_future(
    minimal: Warehouse, tmp_path: Path
) -> None:
    earlier = minimal.copy(tmp_path / "earlier", variables="{as_of_date: '2026-02-28'}")
    earlier.build("--select", "+fct_daily_demand", "+fct_segment_demand", "int_landed_rows")
    assert earlier.query("select as_of_date from silver.int_as_of") == [(date(2026, 2, 28),)]
    assert earlier.query("select max(demand_on) from silver.int_daily_demand") == [
        (date(2026, 2, 28),)
    ]
    ((late,),) = earlier.query(
        """
        select count(*) from silver.int_sales_judged
        where reject_codes = 'FUTURE_DATE' and quantity is not null
        """
    )
    # the days of March and April, of two SKUs, and the planted row of 2031
    assert late == 2 * (31 + 30) + 1


def readme_yaml(file: str) -> str:
    """Return the block of the README that begins with the name of a file, as a comment."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(rf"```yaml\n# {file}\n(.*?)```", text, re.DOTALL)
    return str(block)


def test_tables_of_your_own_serve_as_sources(tmp_path: Path) -> None:
    """As the README says it, with nothing to land; then with what lands beside them."""
    project = tmp_path / "project"
    shutil.copytree(
        PROJECT,
        project,
        ignore=shutil.ignore_patterns(
            ".git", ".venv", "data", "warehouse", "target", "logs", "src", "tests"
        ),
    )
    shutil.copytree(PROJECT / "tests/generic", project / "tests/generic")
    shutil.copytree(PROJECT / "tests/integrity", project / "tests/integrity")
    (project / "models/own_sources.yml").write_text(readme_yaml("models/own_sources.yml"))
    settings = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))
    settings["vars"] |= yaml.safe_load(readme_yaml("dbt_project.yml"))["vars"]
    settings["vars"]["as_of_date"] = "2026-03-31"
    (project / "dbt_project.yml").write_text(yaml.safe_dump(settings, sort_keys=False))
    warehouse = Warehouse(tmp_path / "home", project)
    assert "Nothing to land" in (landed := warehouse.shelfcast("land")).stdout
    assert "nothing to check" in (checked := warehouse.shelfcast("gate")).stdout
    assert landed.returncode == checked.returncode == 0
    with warehouse.connect() as connection:
        connection.execute("create schema erp")
        connection.execute(
            """
            create table erp.products as
            select 'A' as sku_id, 'Fruit' as category, 1.5 as unit_cost
            """
        )
        connection.execute(
            """
            create table erp.sales_lines as
            select timestamp '2026-01-01 10:00' + to_days(i::integer) as sold_at, 'A' as sku_id,
                'Here' as location_id, 1 + i % 7 as quantity, 'not in the contract' as memo
            from range(90) as t (i)
            """
        )
    warehouse.build()
    assert warehouse.query(
        "select count(*), min(_file) from silver.int_sales_judged where reject_codes is null"
    ) == [(90, "erp.sales_lines")]
    assert warehouse.query("select distinct region from gold.sku_demand_forecast") == [("All",)]
    summary = warehouse.shelfcast("summary").stdout
    assert "91 rows read from 2 tables of your own: 91 accepted, 0 rejected." in summary
    assert "nothing has landed, so there is nothing to check" in summary
    assert "make build  # again" in summary

    source = tmp_path / "landing"
    source.mkdir()
    (source / "locations.csv").write_text("location_id,region\nHere,West\n")
    assert warehouse.shelfcast("land", str(source)).returncode == 0
    assert warehouse.dbt("run", "--select", "+dim_locations").returncode == 0
    assert warehouse.query("select region from gold.dim_locations") == [("West",)]


def test_make_lands_nothing_where_all_are_tables_of_your_own(tmp_path: Path) -> None:
    """The sample has no part in a warehouse of other people's tables."""
    for file in ("Makefile", "pyproject.toml", "packages.yml"):
        shutil.copy(PROJECT / file, tmp_path)
    shutil.copytree(PROJECT / "fallback", tmp_path / "fallback")
    (tmp_path / "mine").mkdir()
    show = "include Makefile\nshow:\n\t@echo '$(LANDING)' in $$SHELFCAST_HOME\n"

    def make(source_tables: str, *arguments: str) -> str:
        (tmp_path / "dbt_project.yml").write_text(f"vars:\n  source_tables: {source_tables}\n")
        result = subprocess.run(
            ["make", "--no-print-directory", "-f", "-", *arguments],
            cwd=tmp_path,
            input=show,
            capture_output=True,
            text=True,
            check=True,
            env={"PATH": os.environ["PATH"]},
        )
        return result.stdout

    both = ("{sales: erp.lines, skus: erp.items}", "\n    sales: erp.lines\n    skus: erp.items")
    for tables in both:
        assert "shelfcast generate" not in make(tables, "--dry-run", "build"), tables
        assert make(tables, "show") == " in warehouse/own-tables\n", tables
    assert make(both[0], "show", "LANDING=mine").startswith("mine in warehouse/")
    for tables in ("{}", "{sales: erp.lines}", "{} # such as {sales: erp.lines, skus: erp.items}"):
        assert "shelfcast generate data/sample" in make(tables, "--dry-run", "build"), tables
        assert make(tables, "show") == "data/sample in warehouse/sample\n", tables


def test_a_table_without_a_required_column_is_named(tmp_path: Path, minimal: Warehouse) -> None:
    wrong = minimal.copy(tmp_path / "home", variables="{source_tables: {skus: landing.customers}}")
    result = wrong.dbt("compile", "--select", "stg_landing__skus")
    assert result.returncode != 0
    assert "has no column sku_id, which skus requires" in result.stdout


def test_a_build_before_the_first_landing_says_what_to_do(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home")
    result = warehouse.dbt("build")
    assert result.returncode != 0
    assert "land files first: .venv/bin/shelfcast land FOLDER --target duckdb" in result.stdout
    assert warehouse.dbt("seed").returncode == 0
