"""The lake in PostgreSQL: equal to it after every run, whatever came between."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from copy import copy
from datetime import datetime
from pathlib import Path
from secrets import token_hex

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg2.extensions import make_dsn

from shelfcast.landing import land
from shelfcast.landing.contract import CONTRACT, ENTITIES
from shelfcast.landing.lake import (
    GATE,
    GATE_SCHEMA,
    MANIFEST,
    MANIFEST_SCHEMA,
    Lake,
    canonical_schema,
)
from shelfcast.postgres import loading
from shelfcast.postgres.connection import PostgresError, attach, connect, parse_url
from shelfcast.postgres.loading import LOADED, OWNER, LoadReport, load
from shelfcast.postgres.locking import take_lock
from shelfcast.quoting import literal
from shelfcast.warehouse import WarehouseError

SKUS = "sku_id,category\nA1,Food\nbroken\n"
SALES = "sold_at,sku_id,location_id,quantity\n2024-05-01,A1,L1,3\n2024-05-02,A1,L1,4\n"

SCHEMAS = {
    **{entity.name: canonical_schema(entity) for entity in CONTRACT},
    MANIFEST: MANIFEST_SCHEMA,
    GATE: GATE_SCHEMA,
}


class Store:
    """Files of a retailer, the lake into which they land, and a database."""

    def __init__(self, folder: Path, url: str) -> None:
        self.source = folder / "source"
        self.lake = folder / "lake"
        self.url = url
        self.source.mkdir()

    def land(self, files: dict[str, str | bytes]) -> None:
        """Write files and land them, each at a time of its own."""
        for file, content in files.items():
            path = self.source / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        report = land(self.source, self.lake)
        assert not report.refused, report

    def load(self, **options: object) -> LoadReport:
        return load(self.lake, parse_url(self.url), **options)  # type: ignore[arg-type]

    def files(self, table: str) -> list[Path]:
        """Return the files of a table, without the schema."""
        found = (self.lake / table).glob("*.parquet")
        return sorted(path for path in found if path.name != "_schema.parquet")

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with connect(parse_url(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def execute(self, sql: str) -> None:
        with connect(parse_url(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def differences(self, schema: str = "raw") -> dict[str, tuple[int, int]]:
        """Return by table how many rows stand in the lake alone, and in PostgreSQL alone."""
        found = {}
        with duckdb.connect() as connection:
            attach(connection, parse_url(self.url), "server", read_only=True)
            for table, columns in SCHEMAS.items():
                files = [str(path) for path in (self.lake / table).glob("*.parquet")]
                paths = ", ".join(literal(path) for path in files)
                lake = (
                    f"select {', '.join(columns.names)} "
                    f"from read_parquet([{paths}], hive_partitioning = false, union_by_name = true)"
                )
                server = f'select {", ".join(columns.names)} from server."{schema}"."{table}"'
                counts = connection.execute(
                    f"select (select count(*) from ({lake} except all {server})), "
                    f"(select count(*) from ({server} except all {lake}))"
                ).fetchone()
                if counts != (0, 0):
                    found[table] = counts
        return found


@pytest.fixture
def store(tmp_path: Path, database: str) -> Store:
    return Store(tmp_path, database)


def gate_results(run_id: str) -> pa.Table:
    row = dict.fromkeys(GATE_SCHEMA.names) | {"run_id": run_id, "check_name": "rows"}
    return pa.Table.from_pylist([row], GATE_SCHEMA)


def write_sales(path: Path, rows: int) -> None:
    """Write a canonical file of sales, in several row groups."""
    with duckdb.connect() as connection:
        columns = ", ".join(
            f"'{column} ' || i as {column}" for column in ENTITIES["sales"].column_names
        )
        connection.execute(
            f"copy (select {columns}, {literal(path.name)} as _file, i as _row, 'raw ' || i as "
            "_raw, null::varchar as _parse_error, timestamp '2024-05-06 07:08:09' as _landed_at "
            f"from range({rows}) rows(i)) to {literal(str(path))} (row_group_size 20000)"
        )


# --- what stands where


def test_every_table_is_there_and_equal_to_the_lake(store: Store) -> None:
    store.land({"skus.csv": SKUS, "sales.csv": SALES})
    Lake(store.lake).write_gate_results("run-1", gate_results("run-1"))
    report = store.load()
    assert (report.files, report.rows, report.gate_runs, report.kept) == (2, 4, 1, 0)
    assert store.differences() == {}
    types = {pa.string(): "text", pa.int64(): "bigint", pa.timestamp("us"): "timestamp"}
    expected = {
        (table, field.name, types[field.type])
        for table, schema in SCHEMAS.items()
        for field in schema
    }
    found = store.query(
        "select table_name, column_name, replace(data_type, ' without time zone', '') "
        "from information_schema.columns where table_schema = 'raw' "
        f"and table_name not in ('{LOADED}', '{OWNER}') and column_name <> '_load_id'"
    )
    assert set(found) == expected


def test_a_second_run_has_nothing_to_do(store: Store) -> None:
    store.land({"skus.csv": SKUS, "sales.csv": SALES})
    store.load()
    places = "select ctid::text, xmin::text from raw.sales"
    before = store.query(places)
    for file in store.files("sales"):
        kept = file.stat()
        file.write_bytes(b"not read again" + bytes(kept.st_size - 14))
        os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))
    report = store.load()
    assert (report.files, report.rows, report.removed, report.kept) == (0, 0, (), 2)
    assert str(report) == "Nothing to load: PostgreSQL holds what the lake holds (2 files)."
    assert store.query(places) == before


def test_new_files_and_new_versions_come_to_what_stands(store: Store) -> None:
    store.land({"skus.csv": SKUS, "sales_1.csv": SALES})
    store.load()
    store.land({"skus.csv": "sku_id,category\nA1,Drink\n", "sales_2.csv": SALES + "x,y,z,1\n"})
    Lake(store.lake).write_gate_results("run-1", gate_results("run-1"))
    report = store.load()
    assert (report.files, report.rows, report.gate_runs, report.kept) == (2, 4, 1, 2)
    assert store.differences() == {}
    assert store.query("select count(distinct _landed_at) from raw.skus") == [(2,)]


def test_a_deleted_file_leaves_its_table(store: Store) -> None:
    store.land({"skus.csv": SKUS, "sales_1.csv": SALES, "sales_2.csv": SALES + "x,y,z,1\n"})
    store.load()
    gone = store.files("sales")[0]
    gone.unlink()
    (store.lake / MANIFEST / gone.name).unlink()
    report = store.load()
    assert (report.files, report.removed) == (0, (gone.stem,))
    assert report.removed_rows in (2, 3)
    assert gone.stem in str(report)
    assert store.differences() == {}
    assert store.query("select count(*) from raw._loaded") == [(4,)]


def test_versions_that_landed_at_the_same_moment_are_kept_apart(store: Store) -> None:
    path = store.source / "skus.csv"
    for content in (SKUS, SKUS + "B1,Food\n"):
        path.write_text(content, encoding="utf-8")
        land(store.source, store.lake, landed_at=datetime(2024, 5, 6))
    store.load()
    store.files("skus")[0].unlink()
    store.load()
    assert store.differences() == {}
    assert len(store.files("skus")) == 1


def test_a_file_that_lands_anew_under_another_mapping_is_replaced(store: Store) -> None:
    store.land({"skus.csv": "sku_id,category,dept\nA1,Food,Grocery\n"})
    store.load()
    [file] = store.files("skus")
    file.unlink()
    (store.lake / MANIFEST / file.name).unlink()
    store.land({"landing.yml": "entities: {skus: {columns: {category: dept}}}"})
    assert store.files("skus") == [file]
    assert store.load().rows == 1
    assert store.query("select category from raw.skus") == [("Grocery",)]
    assert store.differences() == {}


def test_a_file_that_moves_to_another_entity_is_there_once(store: Store) -> None:
    store.land({"holidays.csv": "holiday_date,signal,signal_date,value\n2024-01-01,x,2024-01-01,1"})
    store.load()
    store.files("holidays")[0].unlink()
    store.land({"landing.yml": "entities: {external_signals: {files: ['holidays.csv']}}"})
    store.load()
    assert store.query("select count(*) from raw.holidays") == [(0,)]
    assert store.query("select count(*) from raw.external_signals") == [(1,)]
    assert store.differences() == {}


def test_tables_that_changed_have_statistics(store: Store) -> None:
    store.land({"skus.csv": SKUS})
    store.load()
    count = "select relname, reltuples from pg_class where oid in ('raw.skus'::regclass, {})"
    assert store.query(count.format("'raw.sales'::regclass")) == [("sales", 0), ("skus", 2)]
    store.land({"sales.csv": SALES})
    store.load()
    assert store.query(count.format("'raw.sales'::regclass")) == [("sales", 2), ("skus", 2)]


# --- killed, damaged, at once


def test_a_damaged_file_leaves_nothing_of_itself_and_is_named(store: Store) -> None:
    store.land({"skus.csv": SKUS})
    write_sales(store.lake / "sales" / "a.parquet", 10)
    damaged = store.lake / "sales" / "b.parquet"
    write_sales(damaged, 100_000)
    sound = damaged.read_bytes()
    middle = pq.read_metadata(damaged).row_group(3).column(0).data_page_offset
    damaged.write_bytes(sound[:middle] + bytes(5_000) + sound[middle + 5_000 :])
    with pytest.raises(PostgresError, match=r"sales/b\.parquet cannot be loaded: "):
        store.load()
    assert store.query("select _file, count(*) from raw.sales group by _file") == [
        ("a.parquet", 10)
    ]
    assert store.query("select file_id from raw._loaded") == [("a",)]
    damaged.write_bytes(sound)
    report = store.load()
    assert (report.files, report.rows, report.kept) == (2, 100_002, 1)
    assert store.differences() == {}


def test_rows_and_the_note_that_they_are_loaded_come_together(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.land({"skus.csv": SKUS, "sales.csv": SALES})
    statements = loading._Transfer._statements

    def killed(transfer: object, group: object) -> Iterator[str]:
        yield from list(statements(transfer, group))[:-1]  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(loading._Transfer, "_statements", killed)
    with pytest.raises(KeyboardInterrupt):
        store.load()
    for table in ("sales", "skus", MANIFEST, LOADED):
        assert store.query(f"select count(*) from raw.{table}") == [(0,)]
    monkeypatch.undo()
    assert store.load().files == 2
    assert store.differences() == {}


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_process_ended_while_it_copies_loses_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    store.land({"skus.csv": SKUS})
    write_sales(store.lake / "sales" / "big.parquet", 400_000)
    # a job in the background is started with SIGINT ignored
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "import sys; from pathlib import Path; from shelfcast.postgres.connection import *\n"
    code += "from shelfcast.postgres.loading import load; load(Path(sys.argv[1]), parameters())"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(store.lake)],
        env={**os.environ, "DATABASE_URL": store.url},
        stderr=subprocess.DEVNULL,
    )
    copying = (
        "select count(*) from pg_stat_progress_copy "
        "where relid = to_regclass('raw.sales') and tuples_processed > 1000"
    )
    wait_for(store, copying, 1, process)
    process.send_signal(how)
    assert process.wait() == -how
    others = (
        "select count(*) from pg_stat_activity where datname = current_database() "
        "and backend_type = 'client backend' and pid <> pg_backend_pid()"
    )
    wait_for(store, others, 0)
    assert store.query("select count(*) from raw.sales") == [(0,)]
    monkeypatch.setattr(loading, "_SECONDS_BETWEEN_LINES", 0.05)
    lines: list[str] = []
    assert store.load(progress=lines.append).rows == 400_002
    assert store.differences() == {}
    told = [
        re.fullmatch(r"PostgreSQL: \d of \d files, ([\d,]+) of .* rows", line) for line in lines
    ]
    counts = [int(match[1].replace(",", "")) for match in told if match]
    assert len(counts) == len(lines) > 0
    assert 0 < max(counts) <= 400_002


def wait_for(
    store: Store, sql: str, wanted: int, process: subprocess.Popen[bytes] | None = None
) -> None:
    """Wait until a query returns a number; at most two minutes."""
    for _ in range(6_000):
        if store.query(sql) == [(wanted,)]:
            return
        assert process is None or process.poll() is None, "the process has ended"
        time.sleep(0.02)
    pytest.fail(f"{sql} is not {wanted} after two minutes")


def test_only_one_loads_at_a_time(store: Store) -> None:
    store.land({"skus.csv": SKUS})
    with connect(parse_url(store.url)) as connection:
        take_lock(connection)
        with pytest.raises(PostgresError, match="Another build or landing"):
            store.load()
    assert store.query("select to_regnamespace('raw')") == [(None,)]
    assert store.load().files == 1


# --- tables that somebody touched, and contracts that changed


def test_a_dropped_table_is_loaded_again(store: Store) -> None:
    store.land({"skus.csv": SKUS, "sales.csv": SALES})
    store.load()
    store.execute("drop table raw.sales")
    assert store.load().rows == 2
    assert store.differences() == {}


def test_rows_that_nothing_is_noted_of_do_not_double(store: Store) -> None:
    store.land({"skus.csv": SKUS, "sales.csv": SALES})
    store.load()
    store.execute(f"drop table raw.{LOADED}")
    assert store.load().rows == 4
    assert store.differences() == {}


@pytest.mark.parametrize("kind", ["table", "view"])
def test_what_is_not_ours_stays_as_it_is(store: Store, kind: str) -> None:
    store.land({"sales.csv": SALES})
    store.execute(f"create schema raw; create {kind} raw.sales as select 1 as total")
    with pytest.raises(PostgresError, match="SHELFCAST_SCHEMA_PREFIX"):
        store.load()
    assert store.query("select * from raw.sales") == [(1,)]
    assert store.query("select count(*) from pg_tables where schemaname = 'raw'") == [
        (1 if kind == "table" else 0,)
    ]


def test_a_column_that_the_contract_gained_is_added(store: Store) -> None:
    store.land({"skus.csv": SKUS})
    store.load()
    store.execute("alter table raw.skus drop column sku_name")
    older = pq.read_table(store.files("skus")[0]).drop_columns(["sku_name", "subcategory"])
    pq.write_table(older, store.lake / "skus" / "older.parquet")
    assert store.load().rows == 2
    assert store.differences() == {}


def test_a_column_that_the_contract_lost_is_kept(store: Store) -> None:
    store.land({"skus.csv": SKUS})
    [file] = store.files("skus")
    older = pq.read_table(file).append_column("colour", pa.array(["red", None]))
    pq.write_table(older, store.lake / "skus" / "older.parquet")
    store.load()
    assert store.query("select colour, count(*) from raw.skus group by colour order by 1") == [
        ("red", 1),
        (None, 3),
    ]


@pytest.mark.parametrize("content", ["damaged", "another schema", "another type"])
def test_a_file_that_did_not_land_is_refused_before_anything_moves(
    store: Store, content: str
) -> None:
    store.land({"skus.csv": SKUS})
    foreign = store.lake / "skus" / "foreign.parquet"
    if content == "damaged":
        foreign.write_bytes(b"PAR1 is no Parquet")
    else:
        table = pq.read_table(store.files("skus")[0])
        if content == "another schema":
            table = table.select(["sku_id"])
        else:
            table = table.set_column(0, "sku_id", pa.array([1, 2]))
        pq.write_table(table, foreign)
    with pytest.raises(WarehouseError, match=r"skus/foreign\.parquet lies in the lake and is none"):
        store.load()
    assert store.query("select count(*) from raw.skus") == [(0,)]


def test_without_a_lake_nothing_is_removed(store: Store, tmp_path: Path) -> None:
    store.land({"skus.csv": SKUS})
    store.load()
    with pytest.raises(WarehouseError, match="There is no lake at "):
        load(tmp_path / "elsewhere", parse_url(store.url))
    assert store.query("select count(*) from raw.skus") == [(2,)]


# --- text and names


def test_another_lake_does_not_take_the_place_of_the_one_that_stands(
    store: Store, tmp_path: Path
) -> None:
    store.land({"skus.csv": SKUS, "sales.csv": SALES})
    store.load()
    (tmp_path / "other").mkdir()
    other = Store(tmp_path / "other", store.url)
    other.land({"skus.csv": SKUS})
    with pytest.raises(
        PostgresError, match=r"another lake has landed.*drop schema \"raw\" cascade"
    ):
        other.load()
    assert store.differences() == {}
    store.execute('drop schema "raw" cascade')
    other.load()
    assert other.differences() == {}


def test_text_arrives_as_it_is(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 3_000_000
    store.land(
        {
            'skus/it\'s "é" %s {} $1 \\ \n 漢.csv': f"sku_id,category\n';--,Größe €\n{long},\\N\n",
            "skus/nul.csv": b"sku_id,category\nA\x001,Food\nB1,\xff\n",
            "skus/lone.json": '{"sku_id": "A\\u0000\\u0001", "category": "\U0001f95d"}\n',
        }
    )
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    report = store.load()
    monkeypatch.undo()
    assert (report.files, report.rows) == (3, 5)
    assert store.differences() == {}
    assert ("Größe €",) in store.query("select category from raw.skus")


def test_a_nul_in_a_canonical_file_is_spelled(store: Store) -> None:
    store.land({"skus.csv": "sku_id,category\nA1,Food\n"})
    table = pq.read_table(store.files("skus")[0])
    table = table.set_column(0, "sku_id", pa.array(["A\x001"]))
    pq.write_table(table, store.files("skus")[0])
    store.load()
    assert store.query("select sku_id from raw.skus") == [("A\\x001",)]


def test_folders_that_look_like_patterns_or_columns_are_read_as_they_are(
    tmp_path: Path, database: str
) -> None:
    folder = tmp_path / "it's [a] {b} *?" / "category=Drink"
    folder.mkdir(parents=True)
    store = Store(folder, database)
    store.land({"skus.csv": SKUS})
    store.load()
    assert store.query("select category from raw.skus order by sku_id") == [("Food",), (None,)]


def test_each_prefix_has_a_schema_of_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.land({"skus.csv": SKUS})
    store.load()
    store.land({"sales.csv": SALES})
    monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", "dev_1_")
    assert store.load().files == 2
    assert store.differences("dev_1_raw") == {}
    assert store.query("select count(*) from raw.sales") == [(0,)]


def test_a_database_that_cannot_hold_all_text_is_refused(store: Store, server_url: str) -> None:
    name = f"shelfcast_test_{token_hex(4)}"
    given = parse_url(server_url)
    store.execute(f"create database {name} encoding 'LATIN1' locale 'C' template template0")
    store.land({"skus.csv": SKUS})
    try:
        with pytest.raises(PostgresError, match=f"{name} has the encoding LATIN1"):
            load(store.lake, {**given, "dbname": name})
    finally:
        store.execute(f"drop database {name} with (force)")


# --- rights


@pytest.fixture
def stranger(store: Store) -> Iterator[Store]:
    """The same files and database, as a role without rights sees them."""
    role = f"shelfcast_test_{token_hex(4)}"
    store.execute(f"create role {role} login password 'secret'")
    stranger = copy(store)
    stranger.url = make_dsn(**{**parse_url(store.url), "user": role, "password": "secret"})
    yield stranger
    store.execute(f"drop owned by {role} cascade; drop role {role}")


def test_a_role_that_may_not_make_the_schema_is_told_what_it_needs(
    store: Store, stranger: Store
) -> None:
    store.land({"skus.csv": SKUS})
    with pytest.raises(PostgresError, match=r'may not make the schema "raw"; .* run: ') as told:
        stranger.load()
    store.execute(str(told.value).partition(" run: ")[2])
    assert stranger.load().files == 1
    assert store.differences() == {}


def test_a_role_that_may_not_use_the_schema_is_told_what_it_needs(
    store: Store, stranger: Store
) -> None:
    store.land({"skus.csv": SKUS})
    store.execute("create schema raw")
    with pytest.raises(PostgresError, match=r'tables in the schema "raw"; .* run: ') as told:
        stranger.load()
    store.execute(str(told.value).partition(" run: ")[2])
    assert stranger.load().files == 1
    assert store.differences() == {}


def test_a_role_that_does_not_own_the_tables_is_told_what_it_needs(
    store: Store, stranger: Store
) -> None:
    store.land({"skus.csv": SKUS})
    store.load()
    role = parse_url(stranger.url)["user"]
    store.execute(
        f"grant all on schema raw to {role}; grant all on all tables in schema raw to {role}"
    )
    with pytest.raises(PostgresError, match=r'does not own "raw"\."\w+"; .* run: ') as told:
        stranger.load()
    store.execute(str(told.value).partition(" run: ")[2])
    store.land({"sales.csv": SALES})
    assert stranger.load().files == 1
    assert store.differences() == {}
