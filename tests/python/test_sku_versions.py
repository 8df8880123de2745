"""The history of SKUs: files that change attributes, come late, are restated or partly bad."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
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


def test_every_fact_finds_one_version(sample: Warehouse) -> None:
    ((facts, joined, skus),) = sample.query(
        """
        select
            (select count(*) from gold.fct_daily_demand),
            count(*),
            (select count(*) from gold.dim_skus)
        from gold.fct_daily_demand as demand
        inner join gold.dim_sku_versions as versions
            on demand.sku_id = versions.sku_id
            and versions.valid_from_on <= demand.demand_on
            and (versions.valid_to_on > demand.demand_on or versions.is_current)
        """
    )
    assert joined == facts
    assert sample.query("select count(*) from gold.dim_sku_versions") == [(skus,)]


# ---- planted faults -----------------------------------------------------------------------------

RANGES = "dim_sku_versions__ranges_follow_each_other"
CURRENT = "dim_sku_versions__current_is_dim_skus"
A_SKU = "sku_id = (select min(sku_id) from gold.dim_skus)"


def split(ends_on: str, next_on: str, *, current: tuple[bool, bool] = (False, True)) -> str:
    """Return SQL that makes two versions of the one that a SKU has."""
    return f"""
        update gold.dim_sku_versions set valid_to_on = date '{ends_on}', is_current = {current[0]}
        where {A_SKU};
        insert into gold.dim_sku_versions
        select * replace (
            date '{next_on}' as valid_from_on, null as valid_to_on, {current[1]} as is_current
        )
        from gold.dim_sku_versions where {A_SKU}
    """


CHANGES: dict[str, tuple[str, set[str]]] = {
    # what is done to the versions of a SKU, and which tests must notice
    "two versions": (split("2026-01-05", "2026-01-05"), set()),
    "gap": (split("2026-01-05", "2026-01-06"), {RANGES}),
    "overlap": (split("2026-01-05", "2026-01-04"), {RANGES}),
    "two current": (split("2026-01-05", "2026-01-05", current=(True, True)), {RANGES}),
    "none current": (
        split("2026-01-05", "2026-01-05", current=(False, False)),
        {RANGES, CURRENT},
    ),
    "late first version": (
        f"update gold.dim_sku_versions set valid_from_on = date '2026-01-05' where {A_SKU}",
        {RANGES},
    ),
    "no version": (f"delete from gold.dim_sku_versions where {A_SKU}", {CURRENT}),
    "another attribute": (
        f"update gold.dim_sku_versions set shelf_life_days = 12345 where {A_SKU}",
        {CURRENT},
    ),
}


@pytest.fixture(scope="module")
def faulty(
    sample: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
    """A copy of the sample that may be spoiled, and the SQL of the tests that must notice."""
    folder = tmp_path_factory.mktemp("faulty")
    target = folder / "target"
    result = sample.dbt("compile", "--select", RANGES, CURRENT, "--target-path", str(target))
    assert result.returncode == 0, result.stdout[-4000:]
    compiled = target / "compiled/shelfcast/tests/integrity"
    copy = shutil.copy(sample.home / "shelfcast.duckdb", folder)
    queries = {name: (compiled / f"{name}.sql").read_text() for name in (RANGES, CURRENT)}
    with duckdb.connect(copy) as connection:
        yield connection, queries


@pytest.mark.parametrize("change", CHANGES)
def test_planted_faults_are_found(
    change: str, faulty: tuple[duckdb.DuckDBPyConnection, dict[str, str]]
) -> None:
    connection, queries = faulty
    sql, noticed_by = CHANGES[change]
    connection.begin()
    try:
        connection.execute(sql)
        found = {name for name, query in queries.items() if connection.execute(query).fetchall()}
    finally:
        connection.rollback()
    assert found == noticed_by
