"""The same landing gives the same gold on DuckDB and PostgreSQL: once, twice, and after more."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
from analysis_queries import compiled_analyses
from parity import gold_differences
from warehouses import PostgresWarehouse, Warehouse

from shelfcast.generator import generate
from shelfcast.landing import land

pytestmark = pytest.mark.slow

NEWEST = "*_2026-06.*"
"""Files of the last month, which land on a later day."""

LATE = slice(-2_000, -1_700)
"""Lines of the sales of May that come with them."""


@dataclass(frozen=True)
class Pair:
    """One lake in two warehouses."""

    landing: Path
    duckdb: Warehouse
    postgres: PostgresWarehouse

    def land(self, landed_at: datetime) -> None:
        """Land what is new, for both."""
        land(self.landing, self.duckdb.home / "lake", landed_at=landed_at)
        self.postgres.load()

    def differences(self) -> list[str]:
        """Compare gold."""
        return gold_differences(self.duckdb, self.postgres)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that are held back from the first landing."""
    return tmp_path_factory.mktemp("later")


@pytest.fixture(scope="module")
def pair(
    later: Path, tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], str]
) -> Pair:
    """A generated retailer with every kind of bad row, its newest month held back, on both."""
    folder = tmp_path_factory.mktemp("parity")
    landing = folder / "landing"
    generate(landing, skus=40, locations=6, days=300, ends_on=date(2026, 6, 30), dirt=0.002)
    hold_back(landing, later)
    home = folder / "home"
    both = Pair(landing, Warehouse(home), PostgresWarehouse(home, url=new_database()))
    both.land(datetime(2026, 6, 1))
    both.duckdb.build()
    both.postgres.build()
    return both


def hold_back(landing: Path, later: Path) -> None:
    """Move the newest files out of a landing, some sales of May, and the new name of a SKU."""
    for file in landing.rglob(NEWEST):
        target = later / file.relative_to(landing)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)
    may = landing / "sales/sales_2026-05.csv"
    lines = may.read_bytes().splitlines(keepends=True)
    late = [lines[0], *lines[LATE]]
    del lines[LATE]
    may.write_bytes(b"".join(lines))
    (later / "sales/sales_late.csv").write_bytes(b"".join(late))
    header, first, *_ = (landing / "skus.csv").read_bytes().splitlines(keepends=True)
    (later / "skus_renamed.csv").write_bytes(header + first.replace(b",", b",New ", 1))


def test_both_engines_give_the_same_gold(pair: Pair) -> None:
    rejected = pair.postgres.query("select count(*) from silver.int_rejected_rows")
    assert rejected == pair.duckdb.query("select count(*) from silver.int_rejected_rows")
    assert rejected > [(1_000,)]
    assert pair.differences() == []


def test_a_build_before_the_first_landing_says_what_to_do(tmp_path: Path, database: str) -> None:
    result = PostgresWarehouse(tmp_path, url=database).dbt("build")
    assert result.returncode != 0
    assert "land files first: .venv/bin/shelfcast land FOLDER --target postgres" in result.stdout


def test_a_second_build_changes_nothing(pair: Pair) -> None:
    pair.postgres.build()
    assert pair.differences() == []


def test_a_planted_difference_is_found_and_named(pair: Pair) -> None:
    ((sku, location),) = pair.postgres.query(
        "select min(sku_id), min(location_id) from gold.fct_replenishment_plan"
    )
    place = f"sku_id = '{sku}' and location_id = '{location}' and scenario_id = 'baseline'"
    table = "gold.fct_replenishment_plan"
    pair.postgres.execute(f"create table kept as select * from {table}")
    for change, sign in (
        (f"update {table} set safety_stock_quantity = safety_stock_quantity + 0.0001 where {place}",
         "fct_replenishment_plan.safety_stock_quantity: 1 rows differ"),
        (f"update {table} set explanation = explanation || ' ' where {place}",
         "fct_replenishment_plan.explanation: 1 rows differ"),
        (f"update {table} set supplier_id = null where {place}",
         "fct_replenishment_plan.supplier_id: 1 rows differ"),
        (f"delete from {table} where {place}",
         "fct_replenishment_plan: 1 rows on one side only"),
    ):  # fmt: skip
        pair.postgres.execute(change)
        assert pair.differences() == [
            f"{sign}, first scenario_id, sku_id, location_id = baseline, {sku}, {location}"
        ]
        pair.postgres.execute(f"delete from {table}; insert into {table} select * from kept")
    pair.postgres.execute(
        f"drop table kept; alter table {table} "
        "alter column safety_stock_quantity type double precision"
    )
    assert pair.differences() == [
        "fct_replenishment_plan.safety_stock_quantity: decimal128(18, 4) and double"
    ]
    pair.postgres.execute(
        f"alter table {table} alter column safety_stock_quantity type numeric(18, 4)"
    )
    assert pair.differences() == []


def test_new_days_and_late_rows_keep_them_equal(pair: Pair, later: Path) -> None:
    before = pair.postgres.query("select as_of_date from silver.int_as_of")
    shutil.copytree(later, pair.landing, dirs_exist_ok=True)
    pair.land(datetime(2026, 7, 1))
    pair.duckdb.build()
    pair.postgres.build()
    assert pair.differences() == []
    after = pair.postgres.query("select as_of_date from silver.int_as_of")
    assert (before, after) == ([(date(2026, 5, 31),)], [(date(2026, 6, 30),)])
    late = pair.postgres.query(
        """
        select count(*) from silver.int_sales_judged
        where _file = 'sales/sales_late.csv' and reject_codes is null
        """
    )
    assert late > [(250,)]
    assert pair.postgres.query(
        "select count(*) from gold.dim_sku_versions where not is_current"
    ) == [(1,)]


def test_unit_tests_pass(pair: Pair) -> None:
    result = pair.postgres.dbt("test", "--select", "test_type:unit")
    assert result.returncode == 0, result.stdout[-6000:]


def test_analyses_give_the_same_rows(pair: Pair, tmp_path: Path) -> None:
    on_duckdb = compiled_analyses(pair.duckdb, tmp_path / "duckdb")
    on_postgres = compiled_analyses(pair.postgres, tmp_path / "postgres")
    assert on_duckdb.keys() == on_postgres.keys()
    for name, sql in on_duckdb.items():
        assert pair.duckdb.query(sql) == pair.postgres.query(on_postgres[name]), name


def test_real_sales_give_the_same_gold(
    online_retail: Warehouse, new_database: Callable[[], str]
) -> None:
    postgres = PostgresWarehouse(online_retail.home, url=new_database())
    postgres.load()
    postgres.build("--threads", "2")
    assert gold_differences(online_retail, postgres) == []
