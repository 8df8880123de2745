"""Which entity a file belongs to, and which of its columns is which.

A retailer's own names are mapped by ``landing.yml``::

    entities:
      skus:
        files: ["sku_metadata*.csv"]
        columns: {sku_id: sku, category: dept}   # contract column: the file's own name
      inventory:
        files: ["raw_inventory.json*"]
      sales:
        equal_lines: copies                      # separate by default: each is a line of its own

Files that it does not name are matched by their own names, columns likewise. A folder named
``column=value`` says what its files leave out: ``sales/sold_at=2026-01-01/part-0.parquet``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from shelfcast.landing.contract import CONTRACT, ENTITIES, Entity, EntityKind, EqualLines
from shelfcast.landing.errors import FileRefusedError, LandingError
from shelfcast.yaml_files import YamlFileError, read_yaml, shown

CONFIG_NAME = "landing.yml"
"""Name under which a mapping is looked for in the source folder."""

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""How a folder spells that its rows have no value."""


def fold(name: str) -> str:
    """Return the form in which names are compared: trimmed, without case."""
    return name.strip().casefold()


def partitions(file: str) -> list[tuple[str, str | None]]:
    """Return name and value of the folders of a path that are named ``name=value``."""
    pairs = [part.partition("=") for part in PurePosixPath(file).parts[:-1] if "=" in part]
    return [
        (_decoded(name), None if value == NO_VALUE else _decoded(value).strip() or None)
        for name, _, value in pairs
    ]


def _decoded(text: str) -> str:
    return unquote(text, errors="backslashreplace").replace("\x00", "\\x00")


@dataclass(frozen=True)
class EntityMapping:
    """What ``landing.yml`` says about one entity.

    Attributes
    ----------
    files
        Patterns of file paths below the source, matched from the right as by
        ``pathlib.PurePath.match``.
    columns
        The file's own name by contract column.
    equal_lines
        What lines of one file are that are equal in all columns and have no number.
    """

    files: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    equal_lines: EqualLines = EqualLines.SEPARATE


class ColumnNames:
    """Finds the contract columns of one entity among the columns of a file.

    A column is found under the retailer's own name for it, else under its contract name, unless
    that name is the retailer's own name for another column.

    Attributes
    ----------
    given
        Value by contract column, for those that name a folder of the file.
    unknown_folders
        Names of the other folders that hold a value.

    Raises
    ------
    FileRefusedError
        Two folders of the file bear one name.
    """

    def __init__(
        self,
        entity: Entity,
        own: Mapping[str, str],
        folders: Sequence[tuple[str, str | None]] = (),
    ) -> None:
        self.entity = entity
        self._own = own
        claimed = {fold(name) for name in own.values()}
        self._names = {
            column: ((fold(own[column]),) if column in own else ())
            + (() if column in claimed else (column,))
            for column in entity.column_names
        }
        matched = self.match(name for name, _ in folders)
        values = dict(folders)
        self.given = {column: values[name] for column, name in matched.items()}
        self.unknown_folders = [name for name, _ in folders if name not in matched.values()]

    def match(self, file_columns: Iterable[str]) -> dict[str, str]:
        """Return the file's column by contract column, for those that the file has.

        Raises
        ------
        FileRefusedError
            Two columns of the file bear one name.
        """
        by_name: dict[str, list[str]] = {}
        for file_column in file_columns:
            by_name.setdefault(fold(file_column), []).append(file_column)
        matched = {}
        for column, names in self._names.items():
            found = next((by_name[name] for name in names if name in by_name), [])
            if len(found) > 1:
                raise FileRefusedError(
                    f"{len(found)} of its columns are named {found[0].strip()!r}; rename or drop "
                    "all but one"
                )
            if found:
                matched[column] = found[0]
        return matched

    def sources(self, matches: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
        """Return by contract column all names that matches give it, the retailer's own first."""
        sources = {}
        for column, names in self._names.items():
            found = {match[column] for match in matches if column in match}
            if found:
                sources[column] = sorted(found, key=lambda name: (names.index(fold(name)), name))
        return sources

    def require(self, matched: Iterable[str]) -> None:
        """Refuse a file that lacks a required column, or one that ``landing.yml`` names."""
        found = {*matched, *self.given}
        misnamed = [
            f"{name!r} ({column})" for column, name in self._own.items() if column not in found
        ]
        if misnamed:
            raise FileRefusedError(
                f"it has no column {', '.join(misnamed)}, which {CONFIG_NAME} names; correct the "
                "name, or take it out"
            )
        missing = [column for column in self.entity.required_columns if column not in found]
        if missing:
            raise FileRefusedError(
                f"it has no column {', '.join(missing)}, which {self.entity.name} requires; add "
                f"it, or give the file's own name for it in {CONFIG_NAME}"
            )


class LandingMap:
    """Assigns files to entities and columns to contract columns."""

    def __init__(self, mappings: Mapping[str, EntityMapping]) -> None:
        self._mappings = mappings

    @classmethod
    def read(cls, path: Path, *, within: Path | None = None) -> LandingMap:
        """Read and check a ``landing.yml``; ``within`` is the folder that it may not lead out of.

        Raises
        ------
        LandingError
            The file cannot be read, or names what the contract does not know.
        """
        try:
            document = read_yaml(path, within=within)
        except YamlFileError as error:
            raise LandingError(str(error)) from error
        root = _section(document, str(path), ["entities"])
        entities = _section(root.get("entities"), f"{path}: entities", list(ENTITIES))
        return cls({name: _entity_mapping(path, name, entities[name]) for name in entities})

    def column_names(self, entity: Entity, file: str) -> ColumnNames:
        """Return the names under which a file's columns are looked for.

        Raises
        ------
        FileRefusedError
            Two folders of the file bear one name.
        """
        own = self._mappings.get(entity.name, EntityMapping()).columns
        return ColumnNames(entity, own, partitions(file))

    def equal_lines(self, entity: Entity) -> EqualLines:
        """Return what equal lines of a file of an entity are."""
        return self._mappings.get(entity.name, EntityMapping()).equal_lines

    def entity_of(self, file: str, stem: str) -> Entity | None:
        """Return the entity of a file, or None where neither mapping nor name tells it.

        Parameters
        ----------
        file
            Path relative to the source, with forward slashes.
        stem
            The file's name without its endings.

        Raises
        ------
        FileRefusedError
            More than one entity claims the file.
        """
        claims = [
            name
            for name, mapping in self._mappings.items()
            if any(PurePosixPath(file).match(pattern) for pattern in mapping.files)
        ]
        if len(claims) > 1:
            raise FileRefusedError(
                f"{CONFIG_NAME} assigns it to {' and '.join(claims)}; narrow the patterns"
            )
        if claims:
            return ENTITIES[claims[0]]
        first_folder = PurePosixPath(file).parts[0] if "/" in file else ""
        names = [entity.name for entity in CONTRACT if _names(entity, first_folder, stem)]
        longest = max(names, key=len, default="")
        if not all(longest.startswith(name) for name in names):
            raise FileRefusedError(
                f"its path names {' and '.join(names)}; say in {CONFIG_NAME} which it is"
            )
        return ENTITIES.get(longest)

    def remedy(self) -> str:
        """Return how a file makes itself known, for a file that no entity matches."""
        patterns = [pattern for mapping in self._mappings.values() for pattern in mapping.files]
        mapped = f"{CONFIG_NAME} has the patterns {', '.join(patterns)}; " if patterns else ""
        return (
            f"{mapped}otherwise a file or its top folder is named after one of "
            f"{', '.join(ENTITIES)}; rename it, or add a pattern to {CONFIG_NAME}"
        )


def _names(entity: Entity, *parts: str) -> bool:
    for part in map(fold, parts):
        rest = part.removeprefix(entity.name)
        if rest != part and not rest[:1].isalpha():
            return True
    return False


def _section(value: Any, where: str, allowed: list[str]) -> dict[str, Any]:
    """Return a YAML mapping whose keys are all allowed; nothing at all is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise LandingError(f"{where} must be a mapping of {', '.join(allowed)}")
    unknown = [shown(key) for key in value if key not in allowed]
    if unknown:
        raise LandingError(
            f"{where} does not know {shown(', '.join(unknown))}; allowed are {', '.join(allowed)}"
        )
    return value


def _entity_mapping(path: Path, name: str, value: Any) -> EntityMapping:
    where = f"{path}: {name}"
    is_event = ENTITIES[name].kind is EntityKind.EVENT
    keys = ["files", "columns", *(["equal_lines"] if is_event else [])]
    section = _section(value, where, keys)
    files = section.get("files") or []
    if not isinstance(files, list) or not all(
        isinstance(pattern, str) and PurePosixPath(pattern).parts for pattern in files
    ):
        raise LandingError(f'{where}: files must be a list of patterns, such as ["{name}*.csv"]')
    allowed = list(ENTITIES[name].column_names)
    columns = _section(section.get("columns"), f"{where}: columns", allowed)
    for column, own in columns.items():
        if not isinstance(own, str):
            raise LandingError(f"{where}: columns: {column} must be the name of one file column")
    equal_lines = section.get("equal_lines", EqualLines.SEPARATE)
    if equal_lines not in list(EqualLines):
        raise LandingError(f"{where}: equal_lines must be {' or '.join(EqualLines)}")
    return EntityMapping(tuple(files), columns, EqualLines(equal_lines))
