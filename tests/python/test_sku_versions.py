"""The history of SKUs: files that change attributes, come late, are restated or partly bad."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from planted_faults import A_SKU, CURRENT, RANGES, SKU_VERSION_CHANGES
from warehouses import Warehouse

from shelfcast.landing import land

pytestmark = pytest.mark.slow

Rows = list[tuple[object, ...]]

FIRST = date(1970, 1, 1)
"""Day from which the first version of a SKU counts."""

HEADER = "sku_id,sku_name,category,unit_cost,lead_time_days,launched_on\n"

APPLE = "A,Apple,Fruit,1.50,5,2026-01-01\n"

KNOWN = (
    # landed, file, lines
    ("2026-05-01 02:00", "skus.csv", f"{APPLE}B,,Bread,2,,\n"),
    # the cost of A written otherwise; B has a name; C is new
    (
        "2026-05-02 02:00",
        "skus_2.csv",
        "A,Apple,Fruit,1.5000,5,2026-01-01\nB,Bun,Bread,2,,\nC,,Bread,3,,\n",
    ),
    # the first file restated: A moves, the cost of B is rejected, C is not mentioned
    ("2026-05-04 02:00", "skus.csv", "A,Apple,Snacks,1.50,5,2026-01-01\nB,Bun,Bread,cheap,,\n"),
    # on the same day A moves back, and then its lead time becomes unknown
    ("2026-05-04 09:00", "skus_3.csv", APPLE),
    ("2026-05-04 18:00", "skus_4.csv", "A,Apple,Fruit,1.50,,2026-01-01\n"),
)

LATE = (
    # a file of April: what it says of A is the news of the day on which it lands
    ("2026-05-06 02:00", "skus_2026-04.csv", "A,Apple,Fruit,1.20,5,2026-01-01\n"),
    # the corrected row of B
    ("2026-05-07 02:00", "skus_rejects.csv", "B,Bun,Bread,2.50,,\n"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("versions")


def versions(home: Path, landings: tuple[tuple[str, str, str], ...]) -> Rows:
    """Land files, each at its time, and return the history that follows."""
    warehouse = Warehouse(home)
    source = home.with_name("landing")
    source.mkdir(exist_ok=True)
    for landed_at, file, lines in landings:
        (source / file).write_text(HEADER + lines)
        land(source, home / "lake", landed_at=datetime.fromisoformat(landed_at))
    result = warehouse.dbt("run", "--select", "+dim_sku_versions")
    assert result.returncode == 0, result.stdout[-4000:]
    return warehouse.query(
        """
        select sku_id, valid_from_on, valid_to_on, is_current, sku_name, category,
            cast(unit_cost as double), cast(stated_lead_time_days as double)
        from gold.dim_sku_versions
        order by sku_id, valid_from_on
        """
    )


@pytest.fixture(scope="module")
def known(folder: Path) -> Rows:
    """The history before the late files."""
    return versions(folder / "home", KNOWN)


def test_a_version_lasts_until_an_attribute_changes(known: Rows) -> None:
    assert known == [
        ("A", FIRST, date(2026, 5, 4), False, "Apple", "Fruit", 1.5, 5),
        ("A", date(2026, 5, 4), None, True, "Apple", "Fruit", 1.5, None),
        ("B", FIRST, date(2026, 5, 2), False, "B", "Bread", 2, None),
        ("B", date(2026, 5, 2), None, True, "Bun", "Bread", 2, None),
        ("C", FIRST, None, True, "C", "Bread", 3, None),
    ]


def test_a_late_file_ends_the_current_version_and_changes_no_other(
    known: Rows, folder: Path
) -> None:
    after = versions(folder / "home", LATE)
    assert [version for version in after if version in known] == [
        version for version in known if version[2] is not None or version[0] == "C"
    ]
    assert [version for version in after if version not in known] == [
        ("A", date(2026, 5, 4), date(2026, 5, 6), False, "Apple", "Fruit", 1.5, None),
        ("A", date(2026, 5, 6), None, True, "Apple", "Fruit", 1.2, 5),
        ("B", date(2026, 5, 2), date(2026, 5, 7), False, "Bun", "Bread", 2, None),
        ("B", date(2026, 5, 7), None, True, "Bun", "Bread", 2.5, None),
    ]


# ---- in the sample -----------------------------------------------------------------------------

Faulty = tuple[duckdb.DuckDBPyConnection, dict[str, str]]


@pytest.fixture(scope="module")
def spoilt(sample: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """A copy of the sample's database, and the SQL of the tests that must notice a fault in it."""
    copy = shutil.copy(sample.home / "shelfcast.duckdb", tmp_path_factory.mktemp("spoilt"))
    compiled = sample.home / "target/compiled/shelfcast/tests/integrity"
    queries = {name: (compiled / f"{name}.sql").read_text() for name in (RANGES, CURRENT)}
    with duckdb.connect(copy) as connection:
        yield connection, queries


@pytest.fixture
def faulty(spoilt: Faulty) -> Iterator[Faulty]:
    """The copy, to be spoiled; what is done to it is undone."""
    connection, _ = spoilt
    connection.begin()
    yield spoilt
    connection.rollback()


def test_every_fact_finds_one_version(faulty: Faulty) -> None:
    """Those of a SKU that changed within history too, on either side of the day."""
    connection, _ = faulty
    sql, _ = SKU_VERSION_CHANGES["two versions"]
    connection.execute(sql)
    found = connection.execute(
        """
        with joined as (
            select
                demand.sku_id,
                demand.location_id,
                demand.demand_on,
                count(versions.sku_id) as version_count,
                max(versions.valid_from_on) as valid_from_on
            from gold.fct_daily_demand as demand
            left join gold.dim_sku_versions as versions
                on demand.sku_id = versions.sku_id
                and versions.valid_from_on <= demand.demand_on
                and (versions.valid_to_on > demand.demand_on or versions.is_current)
            group by all
        )
        select
            version_count,
            valid_from_on,
            min(demand_on) >= date '2026-01-05' as is_after,
            max(demand_on) < date '2026-01-05' as is_before
        from joined
        where sku_id = (select min(sku_id) from gold.dim_skus) or version_count <> 1
        group by all
        order by valid_from_on
        """
    ).fetchall()
    assert found == [(1, FIRST, False, True), (1, date(2026, 1, 5), True, False)]


@pytest.mark.parametrize("change", SKU_VERSION_CHANGES)
def test_planted_faults_are_found(change: str, faulty: Faulty) -> None:
    connection, queries = faulty
    sql, noticed_by = SKU_VERSION_CHANGES[change]
    connection.execute(sql)
    found = {name for name, query in queries.items() if connection.execute(query).fetchall()}
    assert found == noticed_by


def test_each_attribute_of_the_current_version_is_compared(spoilt: Faulty) -> None:
    """Of those that dim_skus has too: one added to both and forgotten in the test is seen here."""
    connection, queries = spoilt
    columns = connection.execute(
        """
        select versions.column_name, versions.data_type
        from duckdb_columns() as versions
        inner join duckdb_columns() as skus using (schema_name, column_name)
        where schema_name = 'gold' and versions.table_name = 'dim_sku_versions'
            and skus.table_name = 'dim_skus' and column_name <> 'sku_id'
        """
    ).fetchall()
    assert {"shelf_life_days", "discontinued_on"} < {name for name, _ in columns}
    unnoticed = []
    for name, data_type in columns:
        value = {"VARCHAR": "'Another'", "DATE": "date '2001-02-03'"}.get(data_type, "12345")
        connection.begin()
        connection.execute(f"update gold.dim_sku_versions set {name} = {value} where {A_SKU}")
        if not connection.execute(queries[CURRENT]).fetchall():
            unnoticed.append(name)
        connection.rollback()
    assert unnoticed == []
