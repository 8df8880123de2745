"""``shelfcast land``: files of a retailer become canonical Parquet, each exactly once."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import duckdb
import pyarrow as pa

from shelfcast.landing.columnar import ParquetReader
from shelfcast.landing.contract import CONTRACT, Entity
from shelfcast.landing.delimited import DelimitedReader
from shelfcast.landing.errors import FileEmptyError, FileRefusedError, LandingError
from shelfcast.landing.json_lines import JsonLinesReader
from shelfcast.landing.lake import Lake, ManifestRow
from shelfcast.landing.mapping import CONFIG_NAME, ColumnNames, LandingMap
from shelfcast.landing.partitions import PartitionedReader
from shelfcast.landing.remembered import is_settled, state_of
from shelfcast.landing.report import ALREADY_LANDED, LandedFile, LandingReport, LeftFile
from shelfcast.landing.rows import Reader
from shelfcast.landing.source import IMPORT_MARKER, SourceFile, find_files
from shelfcast.text_table import one_line

_TEXT_READERS: dict[str, Callable[[Path, ColumnNames], Reader]] = {
    ".csv": DelimitedReader,
    ".tsv": DelimitedReader,
    ".json": JsonLinesReader,
    ".jsonl": JsonLinesReader,
    ".ndjson": JsonLinesReader,
}
READERS: dict[str, Callable[[Path, ColumnNames], Reader]] = {
    ".parquet": ParquetReader,
    **_TEXT_READERS,
    **{f"{ending}.gz": reader for ending, reader in _TEXT_READERS.items()},
}
"""Readers by ending of the file name."""


_CORRECTION = "_rejects.csv"
"""How the name of a corrected export ends; the macro ``is_correction`` has the same."""

_SOURCES = "source "
"""Group of what is remembered of the files of a source, before its path."""


class _FileSkippedError(Exception):
    """A file is none of ours, or needs nothing; the message says why."""


def land(
    source: Path | None,
    lake: Path,
    *,
    config: Path | None = None,
    elsewhere: frozenset[str] = frozenset(),
    landed_at: datetime | None = None,
    moved: bool = False,
    progress: Callable[[str], None] | None = None,
) -> LandingReport:
    """Land every new file below a folder, or one file.

    Parameters
    ----------
    source
        Folder, searched with its subfolders, or one file. None where there is nothing to land, for
        everything that a plan needs comes from elsewhere.
    lake
        Folder of the canonical files; created if need be.
    config
        A ``landing.yml``; by default the one in the source folder, if there is one.
    elsewhere
        Entities that come from tables of the retailer's own, and so need not land.
    landed_at
        Time written into every row, by default now; UTC where it has no zone.
    moved
        Whether the folder is one that has landed from another place. Else nothing lands where a
        file would become a version of one that came from another folder.
    progress
        Called with one line of text for each file that lands or is refused.

    Returns
    -------
    LandingReport
        What became of each file.

    Raises
    ------
    LandingError
        There is no such source, ``landing.yml`` is at fault, another lander works on the lake, or
        the lake holds the landing of another folder; nothing has landed.
    """
    if source is None:
        return _land_nothing(lake, elsewhere)
    folder, files = _search(source, lake)
    landing_map = _landing_map(folder, config)
    tell = progress or (lambda _: None)
    landed, skipped, refused = [], [], []
    store = Lake(lake)
    with store.lander():
        run = _Run(folder, store, landing_map, _naive_utc(landed_at or datetime.now(UTC)))
        if not moved:
            run.require_own_lake(files)
        if run.is_behind:
            tell(run.is_behind)
        for file in files:
            try:
                landed.append(run.land(file))
                tell(str(landed[-1]))
            except _FileSkippedError as error:
                skipped.append(LeftFile(file, str(error)))
            except FileRefusedError as error:
                refused.append(LeftFile(file, str(error)))
                tell(f"refused {refused[-1]}")
        if source is not None and source.is_dir():
            run.remember_only(files)
    return LandingReport(
        tuple(landed), tuple(skipped), tuple(refused), run.missing_entities(elsewhere)
    )


def _land_nothing(lake: Path, elsewhere: frozenset[str]) -> LandingReport:
    """Make the lake ready, so that every entity that does not land is an empty table."""
    store = Lake(lake)
    with store.lander():
        run = _Run(Path(), store, LandingMap({}), _naive_utc(datetime.now(UTC)))
    return LandingReport((), (), (), run.missing_entities(elsewhere))


def _search(source: Path, lake: Path) -> tuple[Path, list[str]]:
    """Return the folder to which file names are relative, and the files."""
    if not source.exists():
        raise LandingError(f"{source} does not exist; give the folder that holds the data files")
    if source.resolve().is_relative_to(lake.resolve()):
        raise LandingError(f"{source} lies in the lake; give the folder that holds the data files")
    if source.is_file():
        return source.parent, [source.name]
    own_files = (CONFIG_NAME, IMPORT_MARKER)
    return source, [file for file in find_files(source, lake) if file not in own_files]


def _landing_map(folder: Path, config: Path | None) -> LandingMap:
    if config is not None:
        return LandingMap.read(config)
    if not os.path.lexists(folder / CONFIG_NAME):
        return LandingMap({})
    return LandingMap.read(folder / CONFIG_NAME, within=folder)


def _naive_utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _unused(instant: datetime, used: set[datetime]) -> datetime:
    """Return the first instant from one on that no landing bears, so that it names this one."""
    while instant in used:
        instant += timedelta(microseconds=1)
    return instant


class _Run:
    """One run of the lander over one source."""

    def __init__(
        self, folder: Path, lake: Lake, landing_map: LandingMap, landed_at: datetime
    ) -> None:
        self._folder = folder
        self._lake = lake
        self._map = landing_map
        self._remembered = lake.remembered
        self._place = os.fsencode(folder.resolve()).decode(errors="backslashreplace")
        self._sources = f"{_SOURCES}{self._place}"
        self._manifest: dict[str, list[ManifestRow]] = {}
        self._paths: set[tuple[str, str]] = set()
        self._places: dict[str, str | None] = {}
        entries = lake.prepare()
        for entry in entries:
            self._remember(entry)
        self._number = 1 + max((entry.landing_number for entry in entries), default=0)
        self._newest = max((entry.landed_at for entry in entries), default=landed_at)
        self._landed_at = _unused(landed_at, {entry.landed_at for entry in entries})

    def require_own_lake(self, files: list[str]) -> None:
        """Refuse a folder of which a file would become a version of one from another folder.

        Corrections that ``shelfcast rejects export`` wrote come from a folder of their own.
        """
        for file in files:
            place = self._places.get(file)
            if place is None or place == self._place or file.endswith(_CORRECTION):
                continue
            raise LandingError(
                f"{self._folder}: {one_line(file)} has landed from {one_line(place)}, and one "
                "warehouse is of one landing folder: nothing has landed. Give this folder a "
                "warehouse of its own (another SHELFCAST_HOME; make build LANDING=… does so). If "
                "it is that folder in another place, land it with --moved"
            )

    @property
    def is_behind(self) -> str:
        """Say that the clock stands before an earlier landing; nothing where it does not."""
        if self._landed_at >= self._newest:
            return ""
        return (
            f"The clock of this computer says {self._landed_at:%Y-%m-%d %H:%M}, and files have "
            f"landed at {self._newest:%Y-%m-%d %H:%M} UTC: one of the two is wrong. Versions "
            "count in the order of landing, but rows of days after the clock's are taken for "
            "future ones: set the clock before you land."
        )

    def land(self, file: str) -> LandedFile:
        """Land one file, or raise why it is skipped or refused."""
        start = time.perf_counter()
        path = self._folder / file
        stem, reader_type, found = _recognise(path)
        entity = self._map.entity_of(file, stem)
        if entity is None:
            raise _FileSkippedError(f"no entity matches; {self._map.remedy()}")
        source = self._identify(file, path, found)
        if self._has_landed(source, entity):
            raise _FileSkippedError(ALREADY_LANDED)
        names = self._map.column_names(entity, file)
        self._skip_known(source, entity, names)
        reader = PartitionedReader(reader_type(path, names), names)
        try:
            entry = self._lake.write(
                source,
                entity,
                reader,
                self._landed_at,
                self._number,
                self._map.equal_lines(entity),
                self._place,
            )
        except FileEmptyError:
            raise _FileSkippedError("it is empty") from None
        except (pa.ArrowException, duckdb.Error) as error:
            raise FileRefusedError(f"it cannot be read ({error}); bring it again") from error
        except OSError as error:
            raise LandingError(
                f"{file}: the lake cannot be written ({error}); make room or allow it, and land "
                "again"
            ) from error
        self._remember(entry)
        return LandedFile(
            file,
            entity.name,
            entry.rows,
            entry.parse_errors,
            reader.misplaced,
            tuple(reader.ignored),
            time.perf_counter() - start,
        )

    def missing_entities(self, elsewhere: frozenset[str]) -> tuple[str, ...]:
        """Return the required entities of which the lake holds no file, and no table is named."""
        held = {entry.entity for entries in self._manifest.values() for entry in entries}
        return tuple(
            entity.name
            for entity in CONTRACT
            if entity.required and entity.name not in held | elsewhere
        )

    def _remember(self, entry: ManifestRow) -> None:
        self._manifest.setdefault(entry.sha256, []).append(entry)
        self._paths.add((entry.entity, entry.file))
        self._places[entry.file] = entry.landing_folder

    def _identify(self, file: str, path: Path, found: os.stat_result) -> SourceFile:
        """Digest a file, unless it is as it was when it was last digested."""
        state, now_ns = state_of(found), time.time_ns()
        known = self._remembered.get(self._sources, file, state)
        source = SourceFile.digest(file, path, found, known)
        if known is None and is_settled(state, now_ns):
            self._remembered.put(self._sources, file, state, source.sha256)
        return source

    def remember_only(self, files: list[str]) -> None:
        """Forget the digests of files that are gone."""
        self._remembered.keep(self._sources, set(files))
        self._remembered.forget(
            lambda group: group.startswith(_SOURCES) and not Path(group[len(_SOURCES) :]).is_dir()
        )

    def _has_landed(self, source: SourceFile, entity: Entity) -> bool:
        """Tell whether the file has landed with this content."""
        return any(
            entry.file == source.file and entry.entity == entity.name
            for entry in self._manifest.get(source.sha256, [])
        )

    def _skip_known(self, source: SourceFile, entity: Entity, names: ColumnNames) -> None:
        """Skip a file whose content has landed; what its folders give is part of the content.

        A file that has landed with other content lands, whatever else holds the new one.
        """
        twins = self._manifest.get(source.sha256, [])
        same_entity = [entry for entry in twins if entry.entity == entity.name]
        is_rewritten = (entity.name, source.file) in self._paths
        for entry in same_entity if not is_rewritten else []:
            given = self._map.column_names(entity, entry.file).given
            absent = entry.columns_missing.split(", ")
            if all(names.given.get(column) == given.get(column) for column in absent):
                raise _FileSkippedError(f"its content has landed as {entry.file}")
        for entry in twins:
            if entry.file == source.file:
                raise _FileSkippedError(
                    f"it has landed as {entry.entity}; to land it as {entity.name}, delete "
                    f"{entry.entity}/{entry.file_id}.parquet from the lake"
                )


def _recognise(
    path: Path,
) -> tuple[str, Callable[[Path, ColumnNames], Reader], os.stat_result]:
    """Return a file's name without its endings, what reads it, and its state."""
    if path.name.startswith("."):
        raise _FileSkippedError("it is hidden")
    try:
        state = path.stat()
    except PermissionError as error:
        raise FileRefusedError(f"it cannot be read ({error.strerror}); allow it") from error
    except OSError as error:
        raise _FileSkippedError("it is no regular file") from error
    if stat.S_ISDIR(state.st_mode):
        raise FileRefusedError("it is a folder that cannot be read; allow it")
    if not stat.S_ISREG(state.st_mode):
        raise _FileSkippedError("it is no regular file")
    name = PurePosixPath(path.name.casefold())
    ending = "".join(name.suffixes[-2:]) if name.suffix == ".gz" else name.suffix
    if ending not in READERS:
        raise _FileSkippedError(
            f"files ending in {ending or 'nothing'} are not read; bring {', '.join(READERS)}"
        )
    if not state.st_size:
        raise _FileSkippedError("it is empty")
    return name.name.removesuffix(ending), READERS[ending], state
