"""Whether two warehouses hold the same gold tables, whatever engines built them.

Types, keys, texts, dates and truth values must be equal, numbers within 1e-9 of their size. Only
what belongs to a run and not to the data is left aside.
"""

from __future__ import annotations

import json

import duckdb
import pyarrow as pa
from warehouses import Warehouse

TOLERANCE = 1e-9
OF_A_RUN = {"fct_data_quality": ("run_id", "run_at")}
"""Columns that name a run; the rows of a table with such columns are those of the latest run."""

FIRST_KEYS = 3


def gold_differences(left: Warehouse, right: Warehouse) -> list[str]:
    """Return one sentence per gold table and column that differs; none where all are equal."""
    keys = gold_keys(left)
    names = left.gold_tables()
    if names != right.gold_tables():
        return [f"{sorted(set(names) ^ set(right.gold_tables()))} are not on both sides"]
    assert set(names) == set(keys), "every gold table has a test of its key"
    return [
        f"{name}{difference}"
        for name in names
        for difference in table_differences(left.gold(name), right.gold(name), keys[name], name)
    ]


def gold_keys(warehouse: Warehouse) -> dict[str, list[str]]:
    """Return the columns of the key of each gold table, as its data test in the project says."""
    manifest = json.loads((warehouse.home / "target/manifest.json").read_text())
    nodes = manifest["nodes"]
    tested = {
        node["attached_node"]: node["test_metadata"]["kwargs"]["columns"]
        for node in nodes.values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") == "unique_key"
    }
    return {
        nodes[model]["name"]: columns
        for model, columns in tested.items()
        if nodes[model]["config"]["schema"] == "gold"
    }


def table_differences(left: pa.Table, right: pa.Table, key: list[str], name: str) -> list[str]:
    """Return what differs between two tables, by column, with the first keys."""
    if left.schema.names != right.schema.names:
        return [f": columns {left.schema.names} and {right.schema.names}"]
    aside = OF_A_RUN.get(name, ())
    columns = [column for column in left.schema.names if column not in aside]
    key = [column for column in key if column not in aside]
    found = [
        f".{column}: {left.schema.field(column).type} and {right.schema.field(column).type}"
        for column in columns
        if left.schema.field(column).type != right.schema.field(column).type
    ]
    with duckdb.connect() as connection:
        for side, table in (("left_rows", left), ("right_rows", right)):
            connection.register("given", table)
            latest = "where is_latest" if aside else ""
            connection.execute(f"create table {side} as select * from given {latest}")
            connection.unregister("given")
        same_key = " and ".join(f"(a.{column} is not distinct from b.{column})" for column in key)
        shown = ", ".join(f"coalesce(a.{column}, b.{column}) as {column}" for column in key)
        checks = {
            "": "a.is_here is null or b.is_here is null",
            **{
                f".{column}": "a.is_here and b.is_here and not "
                + _equal(column, left.schema.field(column).type)
                for column in columns
                if column not in key
            },
        }
        tests = ", ".join(f"{test} as check_{at}" for at, test in enumerate(checks.values()))
        connection.execute(
            f"""
            create table joined as
            select {shown}, {tests}
            from (select *, true as is_here from left_rows) as a
            full outer join (select *, true as is_here from right_rows) as b on {same_key}
            """
        )
        for at, what in enumerate(checks):
            rows = connection.execute(
                f"select {', '.join(key)} from joined where check_{at} order by all"
            ).fetchall()
            if rows:
                says = "rows on one side only" if not what else "rows differ"
                first = "; ".join(", ".join(map(str, row)) for row in rows[:FIRST_KEYS])
                found.append(f"{what}: {len(rows):,} {says}, first {', '.join(key)} = {first}")
    return found


def _equal(column: str, type_: pa.DataType) -> str:
    if pa.types.is_decimal(type_) or pa.types.is_floating(type_):
        return (
            f"((a.{column} is null and b.{column} is null) or coalesce("
            f"abs(a.{column}::double - b.{column}::double) <= {TOLERANCE} "
            f"* greatest(1, abs(a.{column}::double)), false))"
        )
    return f"(a.{column} is not distinct from b.{column})"
