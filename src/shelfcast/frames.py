"""Carry relations into kernels: the one place that knows which engine a Python model runs on.

dbt hands a Python model the engine's own lazy frame. :func:`map_groups` streams it through a kernel
that sees whole groups (a series, or a scenario × series), many at a time, as Arrow, and gives back
what dbt can materialise. Memory holds a few batches, whatever the size of the table.
:func:`map_table` is for the small relations that are learnt from as a whole, and :func:`collect`
for the small ones that a kernel takes as a parameter.

A kernel's result for a group must not depend on the other groups of its batch: where a stream is
cut is an accident of size and engine.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Kernel = Callable[[pa.Table], pa.Table]

ROWS_PER_CALL = 200_000
"""Rows read at a time; a kernel sees about as many, and always whole groups."""


def map_groups(
    relation: Any,
    by: Sequence[str],
    order_by: Sequence[str],
    kernel: Kernel,
    schema: pa.Schema,
    *,
    rows_per_call: int = ROWS_PER_CALL,
    threads: int | None = None,
) -> Any:
    """Run ``kernel`` over whole groups of ``relation``, many groups a call.

    Parameters
    ----------
    relation
        Lazy frame of the engine, as ``dbt.ref()`` gives it.
    by
        Columns whose equal values make a group; they may hold nulls.
    order_by
        Columns that order the rows within a group; unique within it.
    kernel
        Pure function from an Arrow table of whole groups, sorted by ``by`` and ``order_by``, to an
        Arrow table with the columns of ``schema``. Must release the GIL to profit from threads.
    schema
        Columns and types of the result.
    rows_per_call
        Rows aimed at in one call; a longer group is still passed whole.
    threads
        Calls under way at once; by default the number of processors. The result does not depend
        on it.

    Returns
    -------
    The engine's frame with the results in the order of the groups; lazy where the engine allows.

    Raises
    ------
    TypeError
        The relation is of an engine that shelfcast does not know.
    """
    order = ", ".join(f'"{name}" nulls first' for name in [*by, *order_by])
    ordered = _with_doubles(relation).order(order)
    reader = ordered.to_arrow_reader(rows_per_call)
    tables = _in_order(kernel, _whole_groups(reader, by, rows_per_call), threads or _processors())
    batches = (
        batch for table in tables for batch in table.select(schema.names).cast(schema).to_batches()
    )
    return pa.RecordBatchReader.from_batches(schema, batches)


def map_table(relation: Any, kernel: Kernel, schema: pa.Schema) -> Any:
    """Run ``kernel`` once over the whole of a small relation, whose rows come in any order.

    Parameters and errors as for :func:`map_groups`.
    """
    return kernel(collect(relation)).select(schema.names).cast(schema)


def collect(relation: Any) -> pa.Table:
    """Return a small relation as one Arrow table, rows in any order."""
    return _with_doubles(relation).to_arrow_table()


def scalar(relation: Any, column: str) -> Any:
    """Return the one value of ``column`` in a relation of one row."""
    values = collect(relation)[column].to_pylist()
    if len(values) != 1:
        raise ValueError(f"expected one row with {column}, got {len(values)}")
    return values[0]


def where(relation: Any, condition: str) -> Any:
    """Keep the rows for which ``condition``, a SQL expression that every engine reads, is true."""
    return relation.filter(condition)


def _with_doubles(relation: Any) -> Any:
    """Cast exact numbers to doubles, in the engine.

    It gives the nearest double, whatever precision an engine has given the column. Arrow's cast
    multiplies by a power of ten, and is off by one in the last place for a third of all values.
    """
    _require_duckdb(relation)
    columns = [
        f'cast("{name}" as double) as "{name}"' if type_.id == "decimal" else f'"{name}"'
        for name, type_ in zip(relation.columns, relation.types, strict=True)
    ]
    return relation.project(", ".join(columns))


def only(relation: Any, columns: Sequence[str]) -> Any:
    """Keep the columns named: those that a kernel does not read need not be sorted."""
    return relation.select(", ".join(f'"{name}"' for name in columns))


def joined(relation: Any, other: Any, columns: Sequence[str]) -> Any:
    """Add the columns of ``other``, which has one row per value of ``columns``; inner join."""
    using = ", ".join(f'"{name}"' for name in columns)
    return relation.set_alias("relation").join(other.set_alias("other"), using)


def _require_duckdb(relation: Any) -> None:
    engine = type(relation).__module__.split(".")[0]
    if engine not in ("duckdb", "_duckdb"):
        raise TypeError(
            f"shelfcast cannot read a {type(relation).__qualname__} of '{engine}'; "
            "Python models run on DuckDB relations"
        )


def _processors() -> int:
    return os.cpu_count() or 1


def _in_order(kernel: Kernel, tables: Iterator[pa.Table], threads: int) -> Iterator[pa.Table]:
    """Map ``kernel`` over ``tables`` on a thread pool, at most ``threads`` ahead, keeping order."""
    with ThreadPoolExecutor(threads, thread_name_prefix="shelfcast") as pool:
        under_way: deque[Future[pa.Table]] = deque()
        try:
            for table in tables:
                under_way.append(pool.submit(kernel, table))
                if len(under_way) > threads:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def _whole_groups(
    reader: pa.RecordBatchReader, by: Sequence[str], rows_per_call: int
) -> Iterator[pa.Table]:
    """Cut a sorted stream anew so that no group spans two tables."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in reader:
        if batch.num_rows == 0:
            continue
        held.append(batch)
        rows += batch.num_rows
        if rows < rows_per_call:
            continue
        table = pa.Table.from_batches(held)
        cut = _last_group_start(table, by)
        if cut:
            yield table.slice(0, cut)
            table = table.slice(cut)
        held = table.to_batches()
        rows = table.num_rows
    if rows:
        yield pa.Table.from_batches(held)


def _last_group_start(table: pa.Table, by: Sequence[str]) -> int:
    """Return the row at which the last group of a sorted table starts."""
    same: Any = None
    for name in by:
        last = table[name][table.num_rows - 1]
        equal = (
            pc.fill_null(pc.equal(table[name], last), False)
            if last.is_valid
            else pc.is_null(table[name])
        )
        same = equal if same is None else pc.and_(same, equal)
    return int(pc.index(same, True).as_py())
