"""Dirt: bad rows of every kind among the good ones, and the list of what was planted.

Each bad row is made from a good one of its file and stands somewhere behind it, so that of a copy
the good row is the one that is kept. It breaks the rule that it was made to break and no other,
unless one rule cannot be broken alone. Good rows keep their bytes and their order.

Parquet cannot hold a broken line, or a value that is not of its column's type. Such rows of a
Parquet file go to a CSV file of the same name beside it, which holds nothing else.
"""

from __future__ import annotations

import csv
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from shelfcast.generator.files import parquet_appender
from shelfcast.generator.records import identifiers
from shelfcast.generator.world import World
from shelfcast.landing.contract import ENTITIES, Column, ColumnType, Entity

PLANTED_FILE = "planted_rejects.csv"
"""Name of the list of planted rows in the truth folder."""

Record = dict[str, str | None]
"""Text by column of one row; null where it is empty."""

_PLANTED_COLUMNS = ("file", "row", "entity", "reject_codes")
_TOO_LONG_BYTES = 131_073  # one more than Python's csv reads
_FUTURE = "2099-06-15"
_PAST = "1965-06-15"
_DAYS_ABOUT_LAUNCH = 30

_HAPPENED_ON = {
    "sales": "sold_at",
    "inventory": "snapshot_date",
    "inventory_movements": "moved_at",
    "purchase_orders": "ordered_on",
}
"""Column of a fact whose day lies neither in the future nor before 1970."""

_OTHER_VALUES = {
    "sales": ("unit_price", "0.01"),
    "inventory": ("stock_on_hand", "999999"),
    "skus": ("sku_name", "Another name"),
    "suppliers": ("supplier_name", "Another name"),
    "locations": ("location_name", "Another name"),
    "customers": ("segment", "another"),
    "purchase_orders": ("ordered_quantity", "999999"),
    "promotions": ("discount_rate", "0.99"),
    "external_signals": ("value", "0.01"),
}
"""A column outside the key, and a value that no good row has there.

Movements and holidays are all key: a row of theirs cannot differ and have the key of another.
"""

_COUNTED = ("inventory_movements",)
"""Entities of which a row that is equal to another of its file is no copy but one more."""

_NOT_OF_TYPE = {
    ColumnType.INTEGER: "first",
    ColumnType.QUANTITY: "12 units",
    ColumnType.RATE: "20%",
    ColumnType.DATE: "30/06/2026",
    ColumnType.TIMESTAMP: "30/06/2026 10:15",
}


@dataclass(frozen=True)
class _RowFault:
    """A fault of values; ``spoil`` makes the bad row from a good one."""

    reject_codes: str
    spoil: Callable[[Record], Record]

    @property
    def fits_types(self) -> bool:
        """The bad values are of their columns' types."""
        return not self.reject_codes.startswith("BAD_TYPE")


@dataclass(frozen=True)
class _LineFault:
    """A fault of text; ``spoil`` makes lines from a good one, each with its reject codes."""

    reject_codes: tuple[str, ...]
    spoil: Callable[[bytes], tuple[bytes, ...]]


@dataclass(frozen=True)
class _TextFormat:
    """How a text file spells a record in a line, and how such a line breaks.

    Attributes
    ----------
    header_lines
        Lines before the first record.
    faults
        Ways to break a line.
    large_faults
        Ways that cost much space.
    """

    header_lines: int
    faults: tuple[_LineFault, ...]
    large_faults: tuple[_LineFault, ...]
    read: Callable[[bytes], Record]
    write: Callable[[Record], bytes]


class _Planted(NamedTuple):
    """A planted row: its file, its line (Parquet: row) from 1, and what silver has to say of it."""

    file: Path
    row: int
    reject_codes: str


_Fault = TypeVar("_Fault", _RowFault, _LineFault)


def plant(world: World, landing: Path, truth: Path, rate: float) -> int:
    """Plant bad rows in the files of a clean landing and list them in ``planted_rejects.csv``.

    Parameters
    ----------
    world
        What the landing was simulated from.
    landing, truth
        Folders of the landing and of the truth.
    rate
        Bad rows of each kind as a share of the rows of the file; at least one of each is planted.

    Returns
    -------
    int
        Rows planted.

    Notes
    -----
    A kind is a reject code with its column, and each end of a range. A file without rows stays as
    it is. A field that is too long takes 128 KB: it is planted once a file, whatever the rate.

    The list has the columns file (relative to the landing), row, entity and reject_codes (as
    ``int_rejected_rows`` states them), sorted by file and row.
    """
    row_faults = {name: list(_row_faults(entity, world)) for name, entity in ENTITIES.items()}
    planted = 0
    with (truth / PLANTED_FILE).open("w", encoding="utf-8", newline="") as file:
        listing = csv.writer(file, lineterminator="\n")
        listing.writerow(_PLANTED_COLUMNS)
        for path in sorted(path for path in landing.rglob("*") if path.is_file()):
            name = path.relative_to(landing)
            entity = ENTITIES[name.parts[0].split(".")[0]]
            rng = np.random.default_rng((world.seed, *b"dirt", *name.as_posix().encode()))
            plant_file = _plant_parquet if path.suffix == ".parquet" else _plant_text
            rows = sorted(plant_file(path, entity, row_faults[entity.name], rate, rng))
            for bad in rows:
                place = bad.file.relative_to(landing).as_posix()
                listing.writerow((place, bad.row, entity.name, bad.reject_codes))
            planted += len(rows)
    return planted


# ---- files ------------------------------------------------------------------------------------


def _plant_text(
    path: Path,
    entity: Entity,
    row_faults: Sequence[_RowFault],
    rate: float,
    rng: np.random.Generator,
) -> list[_Planted]:
    """Plant row and line faults between the lines of a text file, which is read twice."""
    text = _csv(entity) if path.suffix == ".csv" else _JSON_LINES
    with path.open("rb") as lines:
        rows = sum(1 for _ in lines) - text.header_lines
    faults = [*(_of_text(fault, text) for fault in row_faults), *text.faults]
    draws = _draws(faults, rows, rate, rng) + _draws(text.large_faults, rows, 0, rng)
    draws.sort(key=lambda draw: draw[0], reverse=True)
    partial = path.with_name(f".{path.name}.partial")
    planted: list[_Planted] = []
    # bad lines that still wait for their place; the number keeps those of one place in order
    waiting: list[tuple[int, int, tuple[bytes, ...], tuple[str, ...]]] = []
    number = count()
    line_number = 0
    with path.open("rb") as clean, partial.open("wb") as dirty:
        for index, line in enumerate(clean, start=-text.header_lines):
            dirty.write(line)
            line_number += 1
            while draws and draws[-1][0] == index:
                _, fault = draws.pop()
                place = int(rng.integers(index, rows))
                bad_lines = fault.spoil(line.removesuffix(b"\n"))
                heapq.heappush(waiting, (place, next(number), bad_lines, fault.reject_codes))
            while waiting and waiting[0][0] == index:
                _, _, bad_lines, codes = heapq.heappop(waiting)
                for bad_line, code in zip(bad_lines, codes, strict=True):
                    dirty.write(bad_line + b"\n")
                    line_number += 1
                    planted.append(_Planted(path, line_number, code))
    partial.replace(path)
    return planted


def _plant_parquet(
    path: Path,
    entity: Entity,
    row_faults: Sequence[_RowFault],
    rate: float,
    rng: np.random.Generator,
) -> list[_Planted]:
    """Add to a Parquet file the faults that its types allow, and put the others beside it."""
    text = _csv(entity)
    typed = [fault for fault in row_faults if fault.fits_types]
    untyped = [_of_text(fault, text) for fault in row_faults if not fault.fits_types]
    partial = path.with_name(f".{path.name}.partial")
    with pyarrow.parquet.ParquetFile(path) as clean:
        rows = clean.metadata.num_rows
        row_draws = _draws(typed, rows, rate, rng)
        line_draws = _draws([*untyped, *text.faults], rows, rate, rng)
        line_draws += _draws(text.large_faults, rows, 0, rng)
        sources = {source for source, _ in (*row_draws, *line_draws)}
        records: dict[int, Record] = {}
        first = 0
        with parquet_appender(partial, clean.schema_arrow) as append:
            for group in range(clean.num_row_groups):
                table = clean.read_row_group(group)
                append(table)
                here = sorted(row for row in sources if first <= row < first + len(table))
                found = table.take([row - first for row in here]).to_pylist()
                records |= zip(here, map(_as_text, found), strict=True)
                first += len(table)
            bad_rows = [fault.spoil(records[source]) for source, fault in row_draws]
            append(_typed(bad_rows, clean.schema_arrow))
    partial.replace(path)
    planted = [
        _Planted(path, rows + number, fault.reject_codes)
        for number, (_, fault) in enumerate(row_draws, start=1)
    ]
    if line_draws:
        beside = path.with_suffix(".csv")
        with beside.open("wb") as file:
            file.write(",".join(entity.column_names).encode() + b"\n")
            line_number = 1
            for source, fault in line_draws:
                bad_lines = fault.spoil(text.write(records[source]))
                for bad_line, code in zip(bad_lines, fault.reject_codes, strict=True):
                    file.write(bad_line + b"\n")
                    line_number += 1
                    planted.append(_Planted(beside, line_number, code))
    return planted


def _draws(
    faults: Iterable[_Fault], rows: int, rate: float, rng: np.random.Generator
) -> list[tuple[int, _Fault]]:
    """Draw for each fault the good rows (from 0) that bad ones are made from."""
    if not rows:
        return []
    copies = max(1, round(rate * rows))
    return [(int(source), fault) for fault in faults for source in rng.integers(0, rows, copies)]


def _as_text(row: dict[str, object]) -> Record:
    return {column: None if value is None else str(value) for column, value in row.items()}


def _typed(records: Sequence[Record], schema: pa.Schema) -> pa.Table:
    columns = [
        pa.array([record[field.name] for record in records], pa.string()).cast(field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


# ---- broken lines -----------------------------------------------------------------------------


def _of_text(fault: _RowFault, text: _TextFormat) -> _LineFault:
    """Return a fault of values as one of the lines that spell them."""
    return _LineFault(
        (fault.reject_codes,), lambda line: (text.write(fault.spoil(text.read(line))),)
    )


def _csv(entity: Entity) -> _TextFormat:
    """Return comma-separated lines as the generator writes them, without quotation marks."""
    names = entity.column_names
    return _TextFormat(
        header_lines=1,
        faults=(
            _LineFault(("COLUMN_COUNT",), lambda line: (line + b",surplus",)),
            _LineFault(("COLUMN_COUNT",), lambda line: (line.rsplit(b",", 1)[0],)),
            _LineFault(("BROKEN_QUOTE",), lambda line: (b'"' + line,)),
            _LineFault(("BROKEN_QUOTE", "COLUMN_COUNT"), _break_quoted_field),
            *_BAD_BYTES,
        ),
        large_faults=(_LineFault(("FIELD_TOO_LONG",), _lengthen_quoted_field),),
        read=lambda line: {
            name: value or None for name, value in zip(names, line.decode().split(","), strict=True)
        },
        write=lambda record: ",".join(record[name] or "" for name in names).encode(),
    )


def _break_quoted_field(line: bytes) -> tuple[bytes, ...]:
    """Put a line break into the second field, in quotation marks."""
    first, second, *others = line.split(b",")
    return b",".join((first, b'"' + second)), b",".join((b'second line"', *others))


def _lengthen_quoted_field(line: bytes) -> tuple[bytes, ...]:
    """Make the first field too long, in quotation marks: bare fields have no limit."""
    _, *others = line.split(b",")
    return (b",".join((b'"' + b"x" * _TOO_LONG_BYTES + b'"', *others)),)


def _insert(line: bytes, bad: bytes) -> tuple[bytes, ...]:
    middle = len(line) // 2
    return (line[:middle] + bad + line[middle:],)


def _repeat_first_key(line: bytes) -> tuple[bytes, ...]:
    key = next(iter(json.loads(line)))
    return (line.removesuffix(b"}") + f',"{key}":"again"}}'.encode(),)


_BAD_BYTES = (
    _LineFault(("BAD_ENCODING",), lambda line: _insert(line, b"\xe9")),
    _LineFault(("NUL_BYTE",), lambda line: _insert(line, b"\x00")),
)

_JSON_LINES = _TextFormat(
    header_lines=0,
    faults=(
        _LineFault(("BAD_JSON",), lambda line: (line.removesuffix(b"}"),)),
        _LineFault(("NOT_AN_OBJECT",), lambda line: (b"[" + line + b"]",)),
        _LineFault(("DUPLICATE_COLUMN",), _repeat_first_key),
        *_BAD_BYTES,
    ),
    large_faults=(),
    read=lambda line: _as_text(json.loads(line)),
    write=lambda record: json.dumps(record, separators=(",", ":")).encode(),
)


# ---- bad values -------------------------------------------------------------------------------


def _row_faults(entity: Entity, world: World) -> Iterator[_RowFault]:
    """Yield the ways in which the values of a row can be bad."""
    for column in entity.columns:
        if column.required:
            yield _RowFault(f"MISSING_VALUE:{column.name}", _with(column.name, None))
        if column.type in _NOT_OF_TYPE:
            yield _RowFault(
                f"BAD_TYPE:{column.name}", _with(column.name, _NOT_OF_TYPE[column.type])
            )
        for value in _out_of_range(column):
            yield _RowFault(f"OUT_OF_RANGE:{column.name}", _with(column.name, value))
    if entity.name in ("promotions", *_HAPPENED_ON):
        yield _RowFault("UNKNOWN_SKU", _with("sku_id", "SKU-UNKNOWN"))
    if entity.name in _HAPPENED_ON:
        yield _RowFault("UNKNOWN_LOCATION", _with("location_id", "LOC-UNKNOWN"))
        yield from _date_faults(entity.name)
    if entity.name in _RULES:
        yield from _RULES[entity.name](world)
    if entity.name not in _COUNTED:
        yield _RowFault("DUPLICATE", dict)
    if entity.name in _OTHER_VALUES:
        yield _RowFault("CONFLICT", _with(*_OTHER_VALUES[entity.name]))


def _with(column: str, value: str | None) -> Callable[[Record], Record]:
    return lambda record: {**record, column: value}


def _out_of_range(column: Column) -> Iterator[str]:
    # stock below its range would be negative stock as well
    if column.minimum is not None and column.name != "stock_on_hand":
        yield str(Decimal(str(column.minimum)) - 1)
    if column.maximum is not None:
        yield str(Decimal(str(column.maximum)) + 1)


def _date_faults(entity: str) -> Iterator[_RowFault]:
    column = _HAPPENED_ON[entity]
    # an order of the future has neither been promised nor received before it
    later: Record = {"expected_on": None, "received_on": None} if column == "ordered_on" else {}
    yield _RowFault("FUTURE_DATE", lambda record: {**record, **later, column: _FUTURE})
    # no SKU was launched before 1970, so that a sale of the time is too early in two ways
    codes = "PRE_LAUNCH_DATE PAST_DATE" if entity == "sales" else "PAST_DATE"
    yield _RowFault(codes, _with(column, _PAST))


def _sales_rules(world: World) -> Iterator[_RowFault]:
    skus = identifiers("SKU-", np.arange(len(world.catalogue)), 5).to_pylist()
    launches = world.calendar.dates(world.catalogue.launch_day).astype(object)
    launched_on: dict[str, date] = dict(zip(skus, launches, strict=True))
    # on sale before the first day on record, for as many days at least; no sale of then is known
    established = [
        sku
        for sku, day in launched_on.items()
        if day + timedelta(days=_DAYS_ABOUT_LAUNCH) <= world.calendar.starts_on
    ]
    number = count()

    def sell_before_launch(record: Record) -> Record:
        day = launched_on[record["sku_id"] or ""]
        day -= timedelta(days=1 + next(number) % _DAYS_ABOUT_LAUNCH)
        return {**record, "sold_at": day.isoformat(), "quantity": "1"}

    def return_unsold(record: Record) -> Record:
        turn = next(number)
        sku = established[turn % len(established)]
        day = launched_on[sku] + timedelta(days=turn % _DAYS_ABOUT_LAUNCH)
        return {
            **record,
            "transaction_id": f"T-RETURN-{turn}",
            "sold_at": day.isoformat(),
            "sku_id": sku,
            "quantity": "-1",
        }

    yield _RowFault("OUT_OF_RANGE:quantity", _with("quantity", "0"))
    yield _RowFault("PRE_LAUNCH_DATE", sell_before_launch)
    yield _RowFault("RETURN_WITHOUT_SALE", return_unsold)


def _movement_rules(_: World) -> Iterator[_RowFault]:
    yield _RowFault("OUT_OF_RANGE:movement_type", _with("movement_type", "theft"))
    yield _RowFault(
        "OUT_OF_RANGE:quantity",
        lambda record: {**record, "movement_type": "write_off", "quantity": "1"},
    )


def _promotion_rules(_: World) -> Iterator[_RowFault]:
    number = count(1)

    def start_meanwhile(record: Record) -> Record:
        """Start a day later than a promotion, which lasts three days or more, and end with it."""
        record = {**record, "promotion_id": f"PRM-OVERLAP-{next(number)}"}
        return _moved(record, "starts_on", "starts_on", 1)

    yield _RowFault(
        "OUT_OF_RANGE:ends_on", lambda record: _moved(record, "ends_on", "starts_on", -1)
    )
    yield _RowFault("OVERLAPPING_PROMOTION", start_meanwhile)


def _order_rules(_: World) -> Iterator[_RowFault]:
    yield _RowFault(
        "OUT_OF_RANGE:expected_on", lambda record: _moved(record, "expected_on", "ordered_on", -1)
    )
    yield _RowFault(
        "OUT_OF_RANGE:received_on", lambda record: _moved(record, "received_on", "ordered_on", -1)
    )


def _moved(record: Record, column: str, origin: str, days: int) -> Record:
    """Put a column some days after another."""
    day = date.fromisoformat(record[origin] or "") + timedelta(days=days)
    return {**record, column: day.isoformat()}


_RULES: dict[str, Callable[[World], Iterator[_RowFault]]] = {
    "sales": _sales_rules,
    "inventory": lambda _: iter((_RowFault("NEGATIVE_STOCK", _with("stock_on_hand", "-1")),)),
    "inventory_movements": _movement_rules,
    "suppliers": lambda _: iter(
        (_RowFault("OUT_OF_RANGE:order_weekdays", _with("order_weekdays", "8")),)
    ),
    "purchase_orders": _order_rules,
    "promotions": _promotion_rules,
}
"""Faults of one entity alone."""
