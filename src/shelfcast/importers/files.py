"""What importers share: source files as tables of text, and a folder that appears at once.

What is written depends on the source alone, so that equal files make equal bytes.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from shelfcast.landing.mapping import CONFIG_NAME, fold
from shelfcast.landing.source import IMPORT_MARKER

_BATCH_ROWS = 128 * 1024
_READ_BYTES = 1 << 20
_OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}

Progress = Callable[[str], None]


class ImportFileError(ValueError):
    """A source cannot be read or a folder not be written; the message names the remedy."""


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
    lists: tuple[str, ...] = (),
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
    lists
        Columns that hold lists; the others hold single values.

    Returns
    -------
    Number of rows.

    Raises
    ------
    ImportFileError
        The file is absent, cannot be read, lacks a column or has it twice, has values of another
        kind in one, or holds lines that cannot be told apart.
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
            _refuse_kinds(batches.schema, lists, path, origin)
            connection.register("batches", batches)
            connection.execute(f"create table {table} as select * from batches")
            connection.unregister("batches")
    except (OSError, csv.Error, pa.ArrowException, duckdb.Error) as error:
        message = " ".join(str(error).split())
        raise ImportFileError(
            f"{path} cannot be read ({message[:300]}); fetch it again from {origin}"
        ) from error
    rows = count(connection, f"select count(*) from {table}")
    if path.suffix.lower() == ".csv":
        lines = _lines(path) - 1
        if lines != rows:
            cause = "a quotation mark swallows a line break"
            if lines < rows:
                cause = "some lines end in CR alone"
            raise ImportFileError(
                f"{path} has {lines:,} lines below its header, but {rows:,} rows: {cause}; mend "
                f"it, or fetch the file again from {origin}"
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
    by_name: dict[str, list[str]] = {}
    for name in header:
        by_name.setdefault(fold(name), []).append(name)
    missing = [column for column in columns if fold(column) not in by_name]
    if missing:
        raise ImportFileError(
            f"{path} has no column {', '.join(missing)}; bring the file as {origin} has it, with "
            f"the columns {', '.join(columns)}"
        )
    for column in columns:
        own = by_name[fold(column)]
        if len(own) > 1:
            raise ImportFileError(
                f"{path}: {len(own)} of its columns are named {own[0].strip()!r}; rename or drop "
                "all but one"
            )
    return {column: by_name[fold(column)][0] for column in columns}


def _refuse_kinds(schema: pa.Schema, lists: tuple[str, ...], path: Path, origin: str) -> None:
    for field in schema:
        expected = "lists" if field.name in lists else "single values"
        if pa.types.is_list(field.type) or pa.types.is_large_list(field.type):
            found = "lists"
        elif pa.types.is_nested(field.type) or _is_binary(field.type):
            found = str(field.type)
        else:
            found = "single values"
        if found != expected:
            raise ImportFileError(
                f"{path}: its column {field.name} holds {found} instead of {expected}; bring the "
                f"file as {origin} has it"
            )


def _is_binary(type_: pa.DataType) -> bool:
    kinds = pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary
    return any(is_kind(type_) for is_kind in kinds)


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
    own = _matched(_csv_header(path, encoding, columns), columns, path, origin)
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


def _csv_header(path: Path, encoding: str, columns: tuple[str, ...]) -> list[str]:
    """Return the names in the first line, unless its bytes or delimiters are not those of CSV."""
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="\n") as file:
        lines = iter(lambda: file.readline(_READ_BYTES), "")
        line = next(filter(str.strip, lines), "").rstrip("\r\n")
    if "\0" in line:
        raise ImportFileError(
            f"{path} has NUL bytes in its first line, as UTF-16 has; save it as CSV (UTF-8)"
        )
    if "\r" in line:
        raise ImportFileError(f"{path} has lines that end in CR alone; save it with LF or CRLF")
    names = {fold(column) for column in columns}
    headers = {
        delimiter: next(csv.reader((line,), delimiter=delimiter), [])
        for delimiter in (",", *_OTHER_DELIMITERS)
    }
    delimiter = max(headers, key=lambda each: len(names.intersection(map(fold, headers[each]))))
    if delimiter != ",":
        raise ImportFileError(
            f"{path} has {_OTHER_DELIMITERS[delimiter]} between its columns; save it with commas "
            "there, and with points in numbers"
        )
    return headers[","]


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
    earlier import wrote, unchanged, which is then replaced. A link is followed and stays.

    Raises
    ------
    FileExistsError
        The folder holds a file that no import wrote or that has changed since, or it is or holds
        the working folder.
    ImportFileError
        The folder cannot be made or replaced.
    """

    def __init__(self, folder: Path, dataset: str, progress: Progress | None) -> None:
        place = Path(os.path.realpath(folder))
        if Path.cwd().is_relative_to(place):
            raise FileExistsError(
                f"{folder} is the working folder or holds it, and will not be replaced; name a new "
                "folder"
            )
        self._folder = folder
        self._place = place
        self._partial = place.with_name(f".{place.name}.partial")
        self._old = place.with_name(f".{place.name}.old")
        self._dataset = dataset
        self._progress = progress
        self._rows: dict[str, int] = {}
        self._configuration: tuple[str, ...] = ()

    def __enter__(self) -> LandingFolder:
        self._refuse_foreign()
        shutil.rmtree(self._partial, ignore_errors=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            return
        files = {
            name: _sha256(self._partial / name) for name in (*self._rows, *self._configuration)
        }
        marker = {"dataset": self._dataset, "files": files}
        (self._partial / IMPORT_MARKER).write_text(
            json.dumps(marker, indent=2) + "\n", encoding="utf-8"
        )
        shutil.rmtree(self._old, ignore_errors=True)
        try:
            if self._place.exists():
                self._place.rename(self._old)
            self._partial.rename(self._place)
        except OSError as error:
            shutil.rmtree(self._partial, ignore_errors=True)
            raise self._unwritable(error) from error
        shutil.rmtree(self._old, ignore_errors=True)

    def write(self, name: str, relation: duckdb.DuckDBPyRelation) -> None:
        """Write the rows of an ordered relation to a new ``.csv`` or ``.parquet`` file."""
        try:
            self._partial.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        path = self._partial / name
        batches = relation.to_arrow_reader(_BATCH_ROWS)
        write = _write_csv if path.suffix == ".csv" else _write_parquet
        self._rows[name] = write(path, batches)
        if self._progress is not None:
            self._progress(f"{name}: {self._rows[name]:,} rows")

    def configure(self, text: str) -> None:
        """Write the ``landing.yml`` that says how the files read; some file is written before."""
        (self._partial / CONFIG_NAME).write_text(text, encoding="utf-8")
        self._configuration = (CONFIG_NAME,)

    def report(self, *assumptions: str) -> ImportReport:
        """Return the report on what was written."""
        return ImportReport(self._folder, dict(self._rows), assumptions)

    def _refuse_foreign(self) -> None:
        if os.path.lexists(self._place) and not self._place.is_dir():
            raise FileExistsError(f"{self._folder} is no folder; name a new one")
        written = _written(self._place)
        foreign = [
            name
            for path in self._place.rglob("*")
            if path.is_symlink() or not path.is_dir()
            if (name := path.relative_to(self._place).as_posix()) not in written
            or not _has_digest(path, written[name])
        ]
        if foreign:
            raise FileExistsError(
                f"{self._folder}: {min(foreign)} was not imported or has changed since, and will "
                "not be replaced; name a new folder, or delete this one if you need nothing in it"
            )

    def _unwritable(self, error: OSError) -> ImportFileError:
        return ImportFileError(
            f"{self._folder} cannot be written ({error.strerror}); name another folder"
        )


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


def _written(folder: Path) -> dict[str, str]:
    """Return SHA-256 by name of what an import wrote into a folder; a damaged marker names none."""
    marker = folder / IMPORT_MARKER
    try:
        content = marker.read_bytes()
        files = json.loads(content)["files"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    if not isinstance(files, dict):
        return {}
    return {**files, IMPORT_MARKER: hashlib.sha256(content).hexdigest()}


def _has_digest(path: Path, sha256: str) -> bool:
    try:
        return _sha256(path) == sha256
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
