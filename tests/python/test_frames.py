"""map_groups: whole groups, in order, whatever the cuts and the threads."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from shelfcast.frames import collect, joined, map_groups, map_table, only, scalar, where

SCHEMA = pa.schema([("key", pa.string()), ("total", pa.int64()), ("first", pa.int64())])


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def summarise(table: pa.Table) -> pa.Table:
    """One row a group; a group cut in two would give two rows."""
    keys = table["key"].combine_chunks()
    grouped = table.group_by("key").aggregate([("value", "sum")]).sort_by("key")
    firsts = [table["value"][pc.index(keys, key).as_py()].as_py() for key in grouped["key"]]
    return pa.table({"key": grouped["key"], "total": grouped["value_sum"], "first": firsts})


def relation(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    return connection.query(
        """
        select 'k' || lpad((i % 101)::text, 3, '0') as key, i as value
        from range(20000) as t (i)
        order by hash(i)
        """
    )


@pytest.mark.parametrize("rows_per_call", [1, 100, 2048, 1_000_000])
@pytest.mark.parametrize("threads", [1, 3])
def test_groups_stay_whole_and_in_order(
    connection: duckdb.DuckDBPyConnection, rows_per_call: int, threads: int
) -> None:
    result = map_groups(
        relation(connection),
        ["key"],
        ["value"],
        summarise,
        SCHEMA,
        rows_per_call=rows_per_call,
        threads=threads,
    ).read_all()
    expected = [(f"k{k:03d}", sum(range(k, 20_000, 101)), k) for k in range(101)]
    assert list(zip(*result.to_pydict().values(), strict=True)) == expected


def test_a_null_key_is_a_group(connection: duckdb.DuckDBPyConnection) -> None:
    frame = connection.query(
        "select * from (values ('a', 1), (null, 2), ('a', 3), (null, 4)) as t (key, value)"
    )
    sizes: list[int] = []

    def count(table: pa.Table) -> pa.Table:
        sizes.append(table.num_rows)
        return pa.table({"key": ["x"], "total": [table.num_rows], "first": [0]})

    map_groups(frame, ["key"], ["value"], count, SCHEMA, rows_per_call=1, threads=1).read_all()
    assert sizes == [2, 2]


def test_an_empty_relation_gives_no_rows(connection: duckdb.DuckDBPyConnection) -> None:
    frame = connection.query("select 'a' as key, 1 as value where false")
    assert map_groups(frame, ["key"], ["value"], summarise, SCHEMA).read_all().num_rows == 0


def test_a_kernel_error_reaches_the_caller(connection: duckdb.DuckDBPyConnection) -> None:
    def fail(table: pa.Table) -> pa.Table:
        raise ZeroDivisionError("kernel")

    with pytest.raises(ZeroDivisionError, match="kernel"):
        map_groups(relation(connection), ["key"], ["value"], fail, SCHEMA).read_all()


def test_the_result_can_be_written_by_another_cursor(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    frame = relation(connection)
    cursor = connection.cursor()
    result = map_groups(frame, ["key"], ["value"], summarise, SCHEMA, rows_per_call=100)
    cursor.register("result", result)
    cursor.execute("create table written as select * from result")
    assert connection.execute("select count(*), sum(total) from written").fetchone() == (
        101,
        sum(range(20_000)),
    )


def test_small_relations(connection: duckdb.DuckDBPyConnection) -> None:
    frame = connection.query("select 7 as horizon_days")
    assert scalar(frame, "horizon_days") == 7
    assert collect(where(relation(connection), "value < 5")).num_rows == 5
    assert map_table(relation(connection), summarise, SCHEMA).num_rows == 101
    assert collect(only(relation(connection), ["value"])).column_names == ["value"]
    prices = connection.query("select 'k007' as key, 2 as price union all select 'none', 9")
    priced = collect(joined(relation(connection), prices, ["key"]))
    assert priced.column_names == ["key", "value", "price"]
    assert (priced.num_rows, set(priced["price"].to_pylist())) == (198, {2})
    with pytest.raises(ValueError, match="expected one row"):
        scalar(relation(connection), "value")


def test_exact_numbers_become_the_nearest_doubles(connection: duckdb.DuckDBPyConnection) -> None:
    """Arrow's own cast of 23.45 is off by one in the last place."""
    exact = "select (i / 100.0)::numeric(18, 4) as value, i as at from range(1, 5000) as r (i)"
    table = collect(connection.query(exact)).sort_by("at")
    assert table["value"].to_pylist() == [at / 100 for at in range(1, 5000)]


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(TypeError, match="Table of 'pyarrow'"):
        map_groups(pa.table({"key": ["a"]}), ["key"], [], summarise, SCHEMA)
