"""The lake: canonical Parquet files by entity, and the manifest of what has landed.

::

    lake/<entity>/_schema.parquet       no rows: an absent entity is an empty table
    lake/<entity>/<file_id>.parquet     the rows of one landed file, never changed
    lake/_manifest/_schema.parquet
    lake/_manifest/<file_id>.parquet    one row about that file
    lake/_gate/_schema.parquet
    lake/_gate/<run_id>.parquet         the checks of one run of the gate
    lake/.remembered.json               a cache of what the lander has read: ``remembered``

A file appears under its name only when it is complete. The canonical file comes first and carries
its manifest row in its footer, so a run that is killed between the two loses nothing: the next one
writes the manifest row.

One lander works on a lake at a time: it holds ``lake/.lander.lock``. A run of the gate may end
while a lander works; each holds ``lake/_gate/.lock`` for the moment in which it writes there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from shelfcast.landing.contract import CONTRACT, Entity, EqualLines
from shelfcast.landing.errors import LandingError
from shelfcast.landing.remembered import Remembered, state_of
from shelfcast.landing.rows import Reader, Rows
from shelfcast.landing.source import SourceFile
from shelfcast.locks import HeldError, exclusive

MANIFEST = "_manifest"
GATE = "_gate"

_TEMPORARY = ".tmp-"
_IDENTITY = "_lake_id"
_LANDER_LOCK = ".lander.lock"
_GATE_LOCK = ".lock"
_REMEMBERED = ".remembered.json"
_FOOTER_KEY = b"shelfcast.manifest"
_INSTANT = pa.timestamp("us")
_LINEAGE = {
    "_file": pa.string(),
    "_row": pa.int64(),
    "_raw": pa.string(),
    "_parse_error": pa.string(),
    "_landed_at": _INSTANT,
}

_WRITER_OPTIONS = {"compression": "zstd"}

MANIFEST_SCHEMA = pa.schema(
    {
        "file": pa.string(),
        "entity": pa.string(),
        "file_id": pa.string(),
        "sha256": pa.string(),
        "bytes": pa.int64(),
        "rows": pa.int64(),
        "parse_errors": pa.int64(),
        "columns_ignored": pa.string(),
        "columns_missing": pa.string(),
        "landed_at": _INSTANT,
        "landing_number": pa.int64(),
        "equal_lines": pa.string(),
        "landing_folder": pa.string(),
    }
)

_ADDED = ("landing_number", "equal_lines", "landing_folder")
_EARLIER_MANIFEST = pa.schema([field for field in MANIFEST_SCHEMA if field.name not in _ADDED])
"""The manifest of lakes from before 0.6.0."""

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)

GATE_SCHEMA = pa.schema(
    {
        "run_id": pa.string(),
        "run_at": _INSTANT,
        "suite": pa.string(),
        "check_name": pa.string(),
        "column_name": pa.string(),
        "severity": pa.string(),
        "outcome": pa.string(),
        "failing_rows": pa.int64(),
        "observed_value": pa.string(),
        "description": pa.string(),
    }
)


@dataclass(frozen=True)
class ManifestRow:
    """One landed file.

    Attributes
    ----------
    file
        Path relative to the source, with forward slashes.
    file_id
        Name of its canonical file, without ending.
    columns_ignored, columns_missing
        Columns that the contract does not know, and optional ones that the file lacks, separated
        by commas.
    landed_at
        UTC, without zone.
    landing_number
        Number of the landing that brought the file: a later landing has a greater one, whatever
        the clock said. It decides which version of a file or key is newer.
    equal_lines
        What lines of the file are that are equal in all columns and have no number.
    landing_folder
        Whole path of the source; None where the file landed before 0.6.0.
    """

    file: str
    entity: str
    file_id: str
    sha256: str
    bytes: int
    rows: int
    parse_errors: int
    columns_ignored: str
    columns_missing: str
    landed_at: datetime
    landing_number: int
    equal_lines: str
    landing_folder: str | None


def canonical_schema(entity: Entity) -> pa.Schema:
    """Return the columns of an entity's canonical files: the contract's as text, then lineage."""
    return pa.schema({**dict.fromkeys(entity.column_names, pa.string()), **_LINEAGE})


class Lake:
    """The folder that holds what has landed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.remembered = Remembered(folder / _REMEMBERED)

    @contextmanager
    def lander(self) -> Iterator[None]:
        """Be the one lander of the lake while the block runs; the lake is created if need be.

        Raises
        ------
        LandingError
            Another lander works on the lake, or the lake cannot be written.
        """
        with ExitStack() as held:
            with self._written():
                self._folder.mkdir(parents=True, exist_ok=True)
                try:
                    held.enter_context(exclusive(self._folder / _LANDER_LOCK))
                except HeldError as error:
                    raise LandingError(
                        f"{self._folder}: {error} is landing files in this lake; when it has "
                        "ended, land again"
                    ) from error
            try:
                yield
            finally:
                with self._written():
                    self.remembered.save()

    def prepare(self) -> list[ManifestRow]:
        """Create folders and schema files, recover from a killed run, return the manifest.

        Raises
        ------
        LandingError
            The lake cannot be written, or holds a file that did not land; the message names it.
        """
        with self._written():
            return self._prepare()

    def _prepare(self) -> list[ManifestRow]:
        for entity in CONTRACT:
            self._prepare_folder(entity.name, canonical_schema(entity))
        self._prepare_folder(MANIFEST, MANIFEST_SCHEMA)
        (self._folder / GATE).mkdir(exist_ok=True)
        with self._gate_lock():
            self._prepare_folder(GATE, GATE_SCHEMA)
        described = self._names(MANIFEST)
        for entity in CONTRACT:
            for name in sorted(self._names(entity.name) - described):
                self._adopt(self._folder / entity.name / name)
        for file in (self._folder / GATE).glob("*.parquet"):
            if not _holds(file, GATE_SCHEMA):
                raise _foreign(file)
        return self._manifest()

    def identity(self) -> str:
        """Return what tells this lake from any other; made when it is first asked for."""
        path = self._folder / _IDENTITY
        if not path.exists():
            temporary = path.with_name(f"{_TEMPORARY}{uuid4().hex}")
            temporary.write_text(uuid4().hex, encoding="utf-8")
            os.replace(temporary, path)
        return path.read_text(encoding="utf-8")

    def write(
        self,
        source: SourceFile,
        entity: Entity,
        reader: Reader,
        landed_at: datetime,
        landing_number: int,
        equal_lines: EqualLines,
        landing_folder: str,
    ) -> ManifestRow:
        """Write the canonical file of a source, then its manifest row.

        Raises
        ------
        FileRefusedError, FileEmptyError
            As the reader raises them; nothing of the file is left in the lake.
        """
        schema = canonical_schema(entity)
        rows = parse_errors = 0
        with (
            self._complete(entity.name, source.file_id) as temporary,
            pq.ParquetWriter(temporary, schema, **_WRITER_OPTIONS) as writer,
        ):
            for block in _ahead(reader):
                writer.write_batch(_canonical(block, schema, source.file, landed_at))
                rows += len(block.numbers)
                parse_errors += len(block.errors) - block.errors.null_count
            source.verify()
            entry = ManifestRow(
                file=source.file,
                entity=entity.name,
                file_id=source.file_id,
                sha256=source.sha256,
                bytes=source.bytes,
                rows=rows,
                parse_errors=parse_errors,
                columns_ignored=", ".join(reader.ignored),
                columns_missing=", ".join(
                    column for column in entity.column_names if column not in reader.found
                ),
                landed_at=landed_at,
                landing_number=landing_number,
                equal_lines=equal_lines.value,
                landing_folder=landing_folder,
            )
            writer.add_key_value_metadata({_FOOTER_KEY: json.dumps(asdict(entry), default=str)})
        self._write_manifest(entry)
        return entry

    def write_gate_results(self, run_id: str, results: pa.Table) -> None:
        """Write the checks of one run of the gate, a table of ``GATE_SCHEMA``."""
        with self._gate_lock():
            self._write_table(GATE, run_id, results.cast(GATE_SCHEMA))

    def _gate_lock(self) -> AbstractContextManager[None]:
        """Hold the folder of the gate; a lander that prepares it removes unfinished files."""
        return exclusive(self._folder / GATE / _GATE_LOCK, wait=True)

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Turn errors of the file system into a sentence that names what cannot be written."""
        try:
            yield
        except OSError as error:
            raise LandingError(
                f"{error.filename or self._folder} cannot be read or written "
                f"({error.strerror or error}); allow it, or choose another folder for the lake"
            ) from error

    def _prepare_folder(self, name: str, schema: pa.Schema) -> None:
        """Create a folder and its schema file, and remove what a killed run left unfinished."""
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(f"{_TEMPORARY}*"):
            leftover.unlink()
        self._write_table(name, "_schema", schema.empty_table())

    def _adopt(self, file: Path) -> None:
        """Write the manifest row of a canonical file that a killed run left without one."""
        if file.stem == "_schema":
            return
        try:
            entry = json.loads((pq.read_metadata(file).metadata or {})[_FOOTER_KEY])
        except (KeyError, ValueError) as error:
            raise _foreign(file) from error
        if entry["file_id"] != file.stem:
            raise _foreign(file)
        self._write_manifest(_row(entry))

    def _manifest(self) -> list[ManifestRow]:
        """Return the manifest rows whose canonical file stands, oldest first."""
        names = self._names(MANIFEST) - {"_schema.parquet"}
        self.remembered.keep(MANIFEST, names)
        entries = [self._entry(self._folder / MANIFEST / name) for name in sorted(names)]
        present = {entity.name: self._names(entity.name) for entity in CONTRACT}
        standing = [
            entry
            for entry in entries
            if f"{entry.file_id}.parquet" in present.get(entry.entity, ())
        ]
        return sorted(standing, key=lambda entry: (entry.landing_number, entry.file))

    def _names(self, folder: str) -> set[str]:
        """Return the names of the Parquet files in a folder of the lake."""
        names = os.listdir(self._folder / folder)
        return {name for name in names if name.endswith(".parquet") and name[0] != "."}

    def _entry(self, file: Path) -> ManifestRow:
        """Return the manifest row that a file holds; one without a number is given it."""
        state = state_of(os.stat(file))
        if (known := self.remembered.get(MANIFEST, file.name, state)) is not None:
            return _row(known)
        entry = self._read_entry(file)
        self._remember(entry)
        return entry

    def _remember(self, entry: ManifestRow) -> None:
        """Remember the manifest row of a file that was just read or written."""
        name = f"{entry.file_id}.parquet"
        state = state_of(os.stat(self._folder / MANIFEST / name))
        values = {**asdict(entry), "landed_at": entry.landed_at.isoformat()}
        self.remembered.put(MANIFEST, name, state, values)

    def _read_entry(self, file: Path) -> ManifestRow:
        try:
            with pq.ParquetFile(file) as parquet:
                schema = parquet.schema_arrow
                rows = parquet.read().to_pylist()
        except ValueError as error:
            raise _foreign(file) from error
        if schema not in (MANIFEST_SCHEMA, _EARLIER_MANIFEST) or len(rows) != 1:
            raise _foreign(file)
        entry = _numbered(rows[0])
        if schema == _EARLIER_MANIFEST:
            self._write_manifest(entry)
        return entry

    def _write_manifest(self, entry: ManifestRow) -> None:
        table = pa.Table.from_pylist([asdict(entry)], MANIFEST_SCHEMA)
        self._write_table(MANIFEST, entry.file_id, table)
        self._remember(entry)

    def _write_table(self, folder: str, name: str, table: pa.Table) -> None:
        with self._complete(folder, name) as temporary:
            pq.write_table(table, temporary)

    @contextmanager
    def _complete(self, folder: str, name: str) -> Iterator[Path]:
        """Yield a temporary path that takes its name when the block ends without an error."""
        temporary = self._folder / folder / f"{_TEMPORARY}{name}"
        try:
            yield temporary
            os.replace(temporary, self._folder / folder / f"{name}.parquet")
        finally:
            temporary.unlink(missing_ok=True)


def _holds(file: Path, schema: pa.Schema) -> bool:
    """Tell whether a file is Parquet with the columns of a schema."""
    try:
        return bool(pq.read_schema(file).equals(schema))
    except ValueError:
        return False


def _row(values: Mapping[str, Any]) -> ManifestRow:
    """Return the manifest row of values that were written as JSON."""
    return _numbered({**values, "landed_at": datetime.fromisoformat(values["landed_at"])})


def _numbered(row: Mapping[str, Any]) -> ManifestRow:
    """Return a manifest row; one from before 0.6.0 takes the microseconds of its time as number.

    So the number of each landing needs no other, and those that follow count on from there. Its
    equal lines are separate ones, as landing.yml could not say otherwise.
    """
    return ManifestRow(
        **{
            "landing_number": (row["landed_at"] - _EPOCH) // _MICROSECOND,
            "equal_lines": EqualLines.SEPARATE.value,
            "landing_folder": None,
            **row,
        },
    )


def _foreign(file: Path) -> LandingError:
    return LandingError(
        f"{file} lies in the lake and is none of its files, or is damaged; move it away. Files to "
        "land belong into the landing folder"
    )


def _ahead(reader: Reader) -> Iterator[Rows]:
    """Yield what a reader yields, while it already reads the next block."""
    blocks = iter(reader)
    with ThreadPoolExecutor(max_workers=1) as pool:
        following = pool.submit(next, blocks, None)
        while (block := following.result()) is not None:
            following = pool.submit(next, blocks, None)
            yield block


def _canonical(block: Rows, schema: pa.Schema, file: str, landed_at: datetime) -> pa.RecordBatch:
    length = len(block.numbers)
    lineage = {
        "_file": pa.repeat(pa.scalar(file), length),
        "_row": block.numbers,
        "_raw": block.raw,
        "_parse_error": block.errors,
        "_landed_at": pa.repeat(pa.scalar(landed_at, _INSTANT), length),
    }
    columns = {**block.columns, **lineage}
    return pa.record_batch(
        [
            columns[field.name] if field.name in columns else pa.nulls(length, field.type)
            for field in schema
        ],
        schema=schema,
    )
