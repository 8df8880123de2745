"""What importers share: source files as tables of text, and a folder that appears at once.

What is written depends on the source alone, so that equal files make equal bytes.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from shelfcast.landing.source import IMPORT_MARKER

_BATCH_ROWS = 128 * 1024
_READ_BYTES = 1 << 20

Progress = Callable[[str], None]


class ImportFileError(ValueError):
    """A source file cannot be imported; the message names it, what is wrong and the remedy."""


@dataclass(frozen=True)
class ImportReport:
    """What an importer wrote and what it took for granted.

    Attributes
    ----------
    folder
        The landing folder.
    rows
        Rows by name of the file written, in order.
    assumptions
        One sentence each: what was decided, left out (with the number of lines) or simulated.
    """

    folder: Path
    rows: dict[str, int]
    assumptions: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"{self.folder / name}: {count:,} rows" for name, count in self.rows.items()]
        lines += ["Assumed:", *(f"  {assumption}" for assumption in self.assumptions)]
        return "\n".join(lines)


def connect() -> duckdb.DuckDBPyConnection:
    """Open a database in memory; one thread keeps the order of rows and the size of batches."""
    return duckdb.connect(config={"threads": 1})


def read_source(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    path: Path,
    columns: tuple[str, ...],
    origin: str,
) -> int:
    """Make a table of the columns of a CSV or Parquet file, in the file's order.

    Columns of a CSV file are text, null where empty. Names are compared without case. The file is
    UTF-8 or, where it is not, ISO-8859-1.

    Parameters
    ----------
    connection, table
        Where the table is made, and its name.
    path
        The file; its ending tells the format.
    columns
        Columns that the file must have; others are not read.
    origin
        Where the file is found, for messages.

    Returns
    -------
    Number of rows.

    Raises
    ------
    ImportFileError
        The file is absent, cannot be read, lacks a column, or holds lines that cannot be told
        apart.
    """
    readers = {".csv": _csv_batches, ".parquet": _parquet_batches}
    if path.suffix.lower() in (".xlsx", ".xls"):
        raise ImportFileError(f"{path} is a workbook; save it as CSV (UTF-8) and import that")
    if path.suffix.lower() not in readers:
        raise ImportFileError(f"{path} is neither .csv nor .parquet; bring the file of {origin}")
    if not path.is_file():
        raise ImportFileError(f"{path} does not exist; fetch it from {origin}")
    try:
        with readers[path.suffix.lower()](path, columns, origin) as batches:
            connection.register("batches", batches)
            connection.execute(f"create table {table} as select * from batches")
            connection.unregister("batches")
    except (OSError, pa.ArrowException, duckdb.Error) as error:
        message = " ".join(str(error).split())
        raise ImportFileError(
            f"{path} cannot be read ({message[:300]}); fetch it again from {origin}"
        ) from error
    rows = count(connection, f"select count(*) from {table}")
    if path.suffix.lower() == ".csv":
        lines = _lines(path) - 1
        if lines != rows:
            raise ImportFileError(
                f"{path} has {lines:,} lines below its header, but {rows:,} rows: a quotation mark "
                f"swallows a line break; mend it, or fetch the file again from {origin}"
            )
    return rows


def count(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """Return the one number that a query finds."""
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _matched(
    header: list[str], columns: tuple[str, ...], path: Path, origin: str
) -> dict[str, str]:
    """Return the file's own name by column."""
    by_name = {name.strip().casefold(): name for name in header}
    missing = [column for column in columns if column.casefold() not in by_name]
    if missing:
        raise ImportFileError(
            f"{path} has no column {', '.join(missing)}; bring the file as {origin} has it, with "
            f"the columns {', '.join(columns)}"
        )
    return {column: by_name[column.casefold()] for column in columns}


@contextmanager
def _parquet_batches(
    path: Path, columns: tuple[str, ...], origin: str
) -> Iterator[pa.RecordBatchReader]:
    with pyarrow.parquet.ParquetFile(path) as file:
        own = _matched(file.schema_arrow.names, columns, path, origin)
        schema = pa.schema(
            [file.schema_arrow.field(name).with_name(column) for column, name in own.items()]
        )
        batches = file.iter_batches(_BATCH_ROWS, columns=list(own.values()))
        yield pa.RecordBatchReader.from_batches(
            schema,
            (
                pa.RecordBatch.from_arrays([batch[name] for name in own.values()], schema=schema)
                for batch in batches
            ),
        )


@contextmanager
def _csv_batches(
    path: Path, columns: tuple[str, ...], origin: str
) -> Iterator[pa.RecordBatchReader]:
    encoding = _encoding(path)
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        own = _matched(next(csv.reader(file), []), columns, path, origin)
    with pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(encoding=encoding, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(own.values(), pa.string()),
            include_columns=list(own.values()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    ) as reader:
        schema = pa.schema([(column, pa.string()) for column in own])
        yield pa.RecordBatchReader.from_batches(
            schema,
            (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader),
        )


def _encoding(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        try:
            while file.read(_READ_BYTES):
                pass
        except UnicodeDecodeError:
            return "iso-8859-1"
    return "utf-8"


def _lines(path: Path) -> int:
    """Return the number of lines that are not blank."""
    with path.open("rb") as file:
        return sum(not line.isspace() for line in file)


class LandingFolder:
    """A landing folder in the making: files are written beside it, and it appears when complete.

    Use it as a context manager. The folder must not exist, be empty, or hold nothing but what an
    earlier import wrote, which is then replaced.

    Raises
    ------
    FileExistsError
        The folder holds a file that no import wrote.
    """

    def __init__(self, folder: Path, dataset: str, progress: Progress | None) -> None:
        self._folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")
        self._old = folder.with_name(f".{folder.name}.old")
        self._dataset = dataset
        self._progress = progress
        self._rows: dict[str, int] = {}

    def __enter__(self) -> LandingFolder:
        _refuse_foreign(self._folder)
        shutil.rmtree(self._partial, ignore_errors=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            return
        marker = {"dataset": self._dataset, "files": list(self._rows)}
        (self._partial / IMPORT_MARKER).write_text(
            json.dumps(marker, indent=2) + "\n", encoding="utf-8"
        )
        shutil.rmtree(self._old, ignore_errors=True)
        if self._folder.exists():
            self._folder.rename(self._old)
        self._partial.rename(self._folder)
        shutil.rmtree(self._old, ignore_errors=True)

    def write(self, name: str, relation: duckdb.DuckDBPyRelation) -> None:
        """Write the rows of an ordered relation to a new ``.csv`` or ``.parquet`` file."""
        self._partial.mkdir(parents=True, exist_ok=True)
        path = self._partial / name
        batches = relation.to_arrow_reader(_BATCH_ROWS)
        write = _write_csv if path.suffix == ".csv" else _write_parquet
        self._rows[name] = write(path, batches)
        if self._progress is not None:
            self._progress(f"{name}: {self._rows[name]:,} rows")

    def report(self, *assumptions: str) -> ImportReport:
        """Return the report on what was written."""
        return ImportReport(self._folder, dict(self._rows), assumptions)


def _write_csv(path: Path, batches: pa.RecordBatchReader) -> int:
    rows = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(batches.schema.names)
        for batch in batches:
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
            rows += len(batch)
    return rows


def _write_parquet(path: Path, batches: pa.RecordBatchReader) -> int:
    rows = 0
    with pyarrow.parquet.ParquetWriter(
        path, batches.schema, compression="zstd", store_schema=False
    ) as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += len(batch)
    return rows


def _refuse_foreign(folder: Path) -> None:
    """Raise unless a folder is absent or holds nothing but what an earlier import wrote."""
    marker = folder / IMPORT_MARKER
    known = set()
    if marker.is_file():
        known = {IMPORT_MARKER, *json.loads(marker.read_text(encoding="utf-8"))["files"]}
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    foreign = {folder.name} if folder.is_file() else found - known
    if foreign:
        raise FileExistsError(
            f"{folder}: {min(foreign)} was not imported and will not be replaced; name a new folder"
        )
