"""JSON lines: one object per line, parsed by DuckDB's JSON functions on lines already cut.

A number becomes its decimal text; a value that is itself an object or an array becomes JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from shelfcast.landing.errors import FileEmptyError, FileRefusedError
from shelfcast.landing.lines import Lines, read_lines
from shelfcast.landing.mapping import ColumnNames
from shelfcast.landing.rows import NO_TEXT, Rows, repeated, trimmed, without_nul

BAD_JSON = "BAD_JSON"
NOT_AN_OBJECT = "NOT_AN_OBJECT"
DUPLICATE_COLUMN = "DUPLICATE_COLUMN"

_ONE_PER_LINE = "write one object per line (jq -c '.[]' does so for an array, jq -c . otherwise)"

_BATCH_LINES = 8192

_SHAPES = """
    select
        json_type(line) as type,
        case when json_type(line) = 'OBJECT' then to_json(json_keys(line))::varchar end as keys
    from (select case when json_valid(line) then line end as line from lines)
"""

_VALUES = "select json_extract_string(line, $pointers) as found from lines"


class JsonLinesReader:
    """Reads a text file that holds one JSON object per line."""

    def __init__(self, path: Path, names: ColumnNames) -> None:
        self.found: set[str] = set()
        self.ignored: list[str] = []
        self._path = path
        self._names = names

    def __iter__(self) -> Iterator[Rows]:
        """Yield the lines."""
        blocks = read_lines(self._path)
        first = next(blocks, None)
        if first is None:
            raise FileEmptyError
        start = first.text[0].as_py().strip()
        if start.endswith(("{", "[")) or (start.startswith("[") and not start.endswith("]")):
            raise FileRefusedError(f"it is one JSON document over many lines; {_ONE_PER_LINE}")
        keys: dict[str, None] = {}
        used: set[str] = set()
        with duckdb.connect() as connection:
            for lines in chain([first], blocks):
                objects = _objects(connection, lines, self._names)
                sources = self._names.sources(objects.matches)
                columns = _columns(connection, objects.text, sources)
                for column in columns.keys() & self._names.given.keys():
                    given = repeated(self._names.given[column], objects.errors)
                    columns[column] = pc.coalesce(columns[column], given)
                yield Rows(columns, lines.numbers, lines.text, objects.errors)
                keys |= dict.fromkeys(chain.from_iterable(objects.key_sets))
                used.update(chain.from_iterable(sources.values()))
                self.found |= set(sources)
        if not keys:
            raise FileRefusedError(f"none of its lines is a JSON object; {_ONE_PER_LINE}")
        self._names.require(self.found)
        self.ignored = [key for key in keys if key not in used]


@dataclass(frozen=True)
class _Objects:
    """The lines of a block that are objects (the others null), and what is known of them."""

    text: pa.StringArray
    errors: pa.StringArray
    key_sets: list[list[str]]
    matches: list[dict[str, str]]


def _objects(connection: duckdb.DuckDBPyConnection, lines: Lines, names: ColumnNames) -> _Objects:
    text = pc.if_else(pc.is_null(lines.errors), lines.text, NO_TEXT)
    _register(connection, text)
    shapes = connection.execute(_SHAPES).to_arrow_table().combine_chunks()
    encoded = pc.dictionary_encode(shapes["keys"].chunk(0))
    key_sets = [json.loads(keys) for keys in encoded.dictionary.to_pylist()]
    matches, ambiguous = [], []
    for index, keys in enumerate(key_sets):
        try:
            matches.append(names.match(keys))
        except FileRefusedError:
            ambiguous.append(index)
    kind = shapes["type"].chunk(0)
    is_ambiguous = pc.is_in(encoded.indices, pa.array(ambiguous, pa.int32()))
    reasons = pc.if_else(is_ambiguous, DUPLICATE_COLUMN, NO_TEXT)
    reasons = pc.if_else(pc.equal(kind, "OBJECT"), reasons, NOT_AN_OBJECT)
    reasons = pc.if_else(pc.is_null(kind), BAD_JSON, reasons)
    errors = pc.coalesce(lines.errors, reasons)
    return _Objects(pc.if_else(pc.is_null(errors), text, NO_TEXT), errors, key_sets, matches)


def _register(connection: duckdb.DuckDBPyConnection, text: pa.StringArray) -> None:
    """Give DuckDB the lines in batches, which it parses side by side and returns in order."""
    table = pa.table({"line": text})
    batches = table.to_batches(max_chunksize=_BATCH_LINES)
    connection.register("lines", pa.Table.from_batches(batches, table.schema))


def _columns(
    connection: duckdb.DuckDBPyConnection,
    objects: pa.StringArray,
    sources: dict[str, list[str]],
) -> dict[str, pa.StringArray]:
    """Return text by contract column; where several keys hold a column, the first that is set."""
    keys = list(dict.fromkeys(chain.from_iterable(sources.values())))
    _register(connection, objects)
    pointers = ["/" + key.replace("~", "~0").replace("/", "~1") for key in keys]
    table = connection.execute(_VALUES, {"pointers": pointers}).to_arrow_table()
    found = table["found"].combine_chunks()
    values = {key: trimmed(without_nul(pc.list_element(found, at))) for at, key in enumerate(keys)}
    return {
        column: pc.coalesce(*(values[key] for key in wanted)) for column, wanted in sources.items()
    }
