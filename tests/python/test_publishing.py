"""``shelfcast publish``: what the copy holds, who sees which copy, and what is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from warehouses import Warehouse

from shelfcast.locks import exclusive
from shelfcast.publishing import PublishError, publish_gold
from shelfcast.warehouse import WarehouseError

PLAN = """
    create schema {schema};
    create table {schema}.fct_plan (
        sku_id varchar primary key, due_on date, quantity decimal(18, 4), scenario_id varchar
    );
    insert into {schema}.fct_plan values
        ('C', '2026-01-02', 3, 'baseline'), ('A', '2026-01-03', 1, 'what_if'),
        ('B', '2026-01-01', 2, 'baseline'), ('D', null, null, 'baseline');
    create view {schema}.plan_totals as
        select scenario_id, sum(quantity) as quantity from {schema}.fct_plan group by all;
    comment on table {schema}.fct_plan is 'One SKU: what''s due.';
    comment on column {schema}.fct_plan.due_on is 'Day; null where nothing is due.';
    comment on view {schema}.plan_totals is 'One scenario.';
    create schema {schema}_silver;
    create table {schema}_silver.int_customers as select 'Ann' as customer_id;
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small warehouse: gold with a table and a view, and a schema that BI must not see."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("SHELFCAST_HOME", str(folder))
    for name in ("SHELFCAST_SCHEMA_PREFIX", "SHELFCAST_TARGET"):
        monkeypatch.delenv(name, raising=False)
    write(folder, PLAN.format(schema="gold"))
    return folder


def write(home: Path, sql: str) -> None:
    with duckdb.connect(str(home / "shelfcast.duckdb")) as connection:
        connection.execute(sql)


def read(file: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@contextmanager
def process(code: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python that says ``ready`` when it is, and goes on at a line of input."""
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


# ---- what the copy holds ------------------------------------------------------------------------


def test_the_copy_holds_gold_alone_and_whole(home: Path) -> None:
    published = publish_gold()
    assert published.path == home / "shelfcast_bi.duckdb"
    assert published.tables == (("fct_plan", 4), ("plan_totals", 2))
    assert published.bytes == published.path.stat().st_size
    assert read(
        published.path,
        "select schema_name, table_name, comment from duckdb_tables() order by table_name",
    ) == [("gold", "fct_plan", "One SKU: what's due."), ("gold", "plan_totals", "One scenario.")]
    assert read(published.path, "select count(*) from duckdb_views() where not internal") == [(0,)]
    assert read(
        published.path,
        "select column_name, comment from duckdb_columns() where comment is not null",
    ) == [("due_on", "Day; null where nothing is due.")]
    for table in ("fct_plan", "plan_totals"):
        query = f"select * from gold.{table} order by all"
        assert read(published.path, query) == read(home / "shelfcast.duckdb", query)
        query = f"describe gold.{table}"
        types = [row[:2] for row in read(published.path, query)]
        assert types == [row[:2] for row in read(home / "shelfcast.duckdb", query)]


def test_rows_are_in_the_order_of_scenario_and_key(home: Path) -> None:
    published = publish_gold()
    assert read(published.path, "select sku_id from gold.fct_plan order by rowid") == [
        ("B",),
        ("C",),
        ("D",),
        ("A",),
    ]


def test_nobody_may_write_the_copy_and_nothing_else_is_left(home: Path) -> None:
    published = publish_gold()
    assert published.path.stat().st_mode & 0o777 == 0o444
    assert {path.name for path in home.iterdir()} == {
        "shelfcast.duckdb",
        "shelfcast_bi.duckdb",
        ".shelfcast_bi.duckdb.lock",
    }


def test_a_prefix_of_schemas_is_not_published(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(home, PLAN.format(schema="dev_gold"))
    write(home, "delete from dev_gold.fct_plan where sku_id = 'A'")
    monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", "dev_")
    published = publish_gold(tmp_path / "bi" / "it's a copy.duckdb")
    assert read(published.path, "select distinct schema_name from duckdb_tables()") == [("gold",)]
    assert read(published.path, "select count(*) from gold.fct_plan") == [(3,)]


def test_superset_opens_the_copy_as_the_report_says(home: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    report = str(publish_gold())
    (url,) = (word.rstrip(";") for word in report.split() if word.startswith("duckdb:"))
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select count(*) from gold.fct_plan").scalar() == 4
        assert (
            connection.exec_driver_sql("select current_setting('access_mode')").scalar()
            == "read_only"
        )
    engine.dispose()


@pytest.mark.slow
def test_a_built_warehouse_is_published_whole(
    sample: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFCAST_HOME", str(sample.home))
    monkeypatch.delenv("SHELFCAST_TARGET", raising=False)
    published = publish_gold(tmp_path / "bi.duckdb")
    assert [name for name, _ in published.tables] == sample.gold_tables()
    with sample.connect(read_only=True) as connection:
        connection.execute(f"attach '{published.path}' as bi (read_only)")
        for table, rows in published.tables:
            ((different,),) = connection.execute(
                f"""
                select count(*) from (
                    (from gold.{table} except all from bi.gold.{table})
                    union all (from bi.gold.{table} except all from gold.{table})
                )
                """
            ).fetchall()
            assert different == 0, table
            assert connection.execute(f"select count(*) from gold.{table}").fetchone() == (rows,)
        assert (
            connection.execute(
                """
            select table_name, column_name from duckdb_columns()
            where database_name = 'bi' and comment is null
            """
            ).fetchall()
            == []
        )


# ---- who sees which copy ------------------------------------------------------------------------


def test_a_reader_keeps_the_old_copy_and_a_new_one_gets_the_new(home: Path) -> None:
    file = publish_gold().path
    count = "select count(*) from gold.fct_plan"
    reader = f"""
import duckdb
connection = duckdb.connect({str(file)!r}, read_only=True)
print('ready', flush=True)
input()
print(connection.execute({count!r}).fetchone()[0])
beside = duckdb.connect({str(file)!r}, read_only=True)
print(beside.execute({count!r}).fetchone()[0])
beside.close()
connection.close()
print(duckdb.connect({str(file)!r}, read_only=True).execute({count!r}).fetchone()[0])
"""
    with process(reader) as old:
        # BI holds the copy open, and neither a build nor the next copy minds
        write(home, "delete from gold.fct_plan where sku_id = 'A'")
        publish_gold()
        assert (
            run(
                f"import duckdb; print(duckdb.connect({str(file)!r}, read_only=True)"
                f".execute({count!r}).fetchone()[0])"
            ).stdout
            == "3\n"
        )
        # a process stays on the old copy until all its connections to it are closed
        assert old.communicate("\n")[0] == "4\n4\n3\n"


def test_a_killed_publish_leaves_the_old_copy_and_the_next_one_clears_up(home: Path) -> None:
    file = publish_gold().path
    old = file.read_bytes()
    write(home, "delete from gold.fct_plan where sku_id = 'A'")
    killed = run(
        "import os, signal\n"
        "os.replace = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from shelfcast.publishing import publish_gold\n"
        "publish_gold()"
    )
    assert killed.returncode == -signal.SIGKILL
    assert file.read_bytes() == old
    assert (home / ".shelfcast_bi.duckdb.partial").exists()
    assert publish_gold().tables[0] == ("fct_plan", 3)
    assert not (home / ".shelfcast_bi.duckdb.partial").exists()
    assert read(file, "select count(*) from gold.fct_plan") == [(3,)]


def test_a_full_disk_leaves_the_old_copy(home: Path) -> None:
    file = publish_gold().path
    old = file.read_bytes()
    write(home, "create table gold.fct_noise as select md5(i::varchar) as t from range(99999) r(i)")
    failed = run(
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))\n"
        "from shelfcast.publishing import PublishError, publish_gold\n"
        "try:\n    publish_gold()\nexcept PublishError as error:\n    print(error)"
    )
    assert "make room" in failed.stdout, failed.stderr
    assert failed.stdout.count("\n") == 1
    assert file.read_bytes() == old
    assert not (home / ".shelfcast_bi.duckdb.partial").exists()


# ---- what is refused ----------------------------------------------------------------------------


def refused(path: Path | None = None) -> str:
    """Return the sentence with which a publish is refused."""
    with pytest.raises(WarehouseError) as caught:
        publish_gold(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_warehouse_that_is_not_built_is_refused(home: Path) -> None:
    write(home, "drop schema gold cascade")
    assert "make build" in refused()
    (home / "shelfcast.duckdb").unlink()
    assert "make build" in refused()
    assert not (home / "shelfcast_bi.duckdb").exists()


def test_paths_that_hold_something_else_are_refused(home: Path, tmp_path: Path) -> None:
    database = home / "shelfcast.duckdb"
    before = database.read_bytes()
    (tmp_path / "link").symlink_to(database)
    for path in (database, home / ".." / "home" / database.name, tmp_path / "link"):
        assert "is the warehouse itself" in refused(path)
    assert database.read_bytes() == before
    assert "is a folder" in refused(tmp_path)
    # a file of someone else's, even if it is of DuckDB, or may not be written
    mine = tmp_path / "mine.duckdb"
    mine.write_bytes(before)
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")
    notes.chmod(0o444)
    archive = tmp_path / "archive.duckdb"
    archive.write_bytes(before)
    archive.chmod(0o444)
    for path in (mine, notes, archive):
        held = path.read_bytes()
        assert "move it away" in refused(path)
        assert path.read_bytes() == held


def test_what_is_no_file_is_refused_and_not_waited_for(home: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", Path("/dev/null")):
        assert "is no regular file" in refused(path)


def test_a_warehouse_that_is_being_built_is_refused(home: Path) -> None:
    builder = f"""
import duckdb
connection = duckdb.connect({str(home / "shelfcast.duckdb")!r})
print('ready', flush=True)
input()
"""
    with process(builder):
        assert "wait for the build to end" in refused()
    assert not (home / "shelfcast_bi.duckdb").exists()
    assert publish_gold().tables


def test_two_at_once_are_one_after_the_other(home: Path) -> None:
    with exclusive(home / ".shelfcast_bi.duckdb.lock"):
        assert f"process {os.getpid()} is publishing" in refused()
    assert publish_gold().tables


def test_postgres_needs_no_copy(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_TARGET", "postgres")
    assert "BI reads PostgreSQL itself" in refused()
    with pytest.raises(PublishError):
        publish_gold()


# ---- a build that did not finish ----------------------------------------------------------------


def test_gold_of_an_unfinished_build_is_refused(home: Path) -> None:
    published = publish_gold()
    before = published.path.read_bytes()
    names = [f"fct_{number}" for number in range(7)]
    write(
        home,
        "create schema audit;"
        "create table audit.unfinished_nodes (node_id text, node_name text);"
        "insert into audit.unfinished_nodes select 'model.x.' || name, name "
        f"from unnest({names}) as names (name)",
    )
    assert "has not come to fct_0, fct_1, fct_2, fct_3, fct_4 and 2 more" in refused()
    assert published.path.read_bytes() == before
    write(home, "delete from audit.unfinished_nodes")
    assert publish_gold().tables


@pytest.mark.slow
def test_dbt_records_what_it_has_not_finished(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home")
    warehouse.home.mkdir()

    def unfinished() -> set[object]:
        return {name for (name,) in warehouse.query("select node_name from audit.unfinished_nodes")}

    assert warehouse.dbt("seed", "--select", "risk_policy").returncode == 0
    missing = unfinished()  # all of gold, and no seed that is there
    assert {"dim_skus", "sku_demand_forecast"} <= missing
    assert "risk_policy" not in missing
    assert warehouse.dbt("run", "--select", "int_locations").returncode == 1
    assert unfinished() == missing | {"int_locations"}
    with warehouse.connect() as connection:
        connection.execute("insert into audit.unfinished_nodes values ('model.x.gone', 'gone')")
        connection.execute("insert into seeds.risk_policy select * from seeds.risk_policy")
    assert warehouse.dbt("test", "--select", "risk_policy").returncode == 1
    assert {str(name).partition("_risk_policy")[0] for name in unfinished() - missing} == {
        "int_locations",
        "unique_key",
        "risk_policy__holds_both_levels",
    }
    assert warehouse.dbt("seed", "--select", "risk_policy").returncode == 0
    assert warehouse.dbt("test", "--select", "risk_policy").returncode == 0
    assert unfinished() == missing | {"int_locations"}
