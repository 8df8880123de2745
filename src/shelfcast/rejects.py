"""What lies in quarantine: counted, explained, and written out to be corrected.

A row carries one or more reject codes, such as ``BAD_TYPE:quantity``: the reason, and the column
where the reason has one. Reasons are explained in the seed ``reject_codes``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb

from shelfcast.landing.contract import CONTRACT, ENTITIES, Entity
from shelfcast.text_table import one_line, table
from shelfcast.warehouse import WarehouseError, command, read_only, schema

LISTED_FILES = 20
"""Files that an explanation names; it counts the others."""

LONGEST_TEXT = 120
"""Characters of a row's text that are shown."""

LONGEST_EXPORTED_LINE = 10_000
"""Characters of a line that are exported; bronze has the whole of it."""

_DIGITS = 19  # of the largest bigint

EMPTY = "Nothing is in quarantine: every landed row was accepted."


def list_rejects(
    *, entity: str | None = None, code: str | None = None, file: str | None = None
) -> str:
    """Return the number of quarantined rows by entity, reason and column, as text.

    Parameters
    ----------
    entity, file
        Only rows of this entity, and of this file.
    code
        Only rows with this reason: ``BAD_TYPE``, or ``BAD_TYPE:quantity`` for one column.

    Raises
    ------
    WarehouseError
        There is no built warehouse, or no such entity, reason or file in it.
    """
    with read_only() as connection:
        (everything,) = _one(connection, f"select count(*) from {_rejected()}")
        if not everything:
            return EMPTY
        if entity is not None and entity not in ENTITIES:
            raise WarehouseError(f"There is no entity {entity}; there are {', '.join(ENTITIES)}.")
        if code is not None:
            code = _known_code(connection, code)
        if file is not None and not _files(connection, file):
            raise WarehouseError(_no_such_file(connection, file))
        wanted = {"entity": entity, "code": code, "file": file}
        counts = connection.execute(
            f"""
            {_coded()}
            select
                entity, reason, column_name, count(*),
                count(distinct _file)
            from coded
            where {_MATCHES}
            group by all
            order by entity, count(*) desc, reason, column_name
            """,
            wanted,
        ).fetchall()
        rows, files = _one(
            connection,
            f"""
            {_coded()}
            select count(distinct (entity, _file, _row, _landed_at)), count(distinct _file)
            from coded
            where {_MATCHES}
            """,
            wanted,
        )
    if not counts:
        return f"None of the {everything:,} quarantined rows is of that kind."
    return "\n".join(
        (
            f"{_count(rows, 'row')} of {_count(files, 'file')} in quarantine. "
            "A row is counted under each of its reasons.",
            table(("entity", "reason", "column", "rows", "files"), counts),
            "",
            f"Next  {command(f'shelfcast rejects explain {counts[0][1]}')}",
            f"      {command('shelfcast rejects export')}",
        )
    )


def explain_rejects(what: str, *, limit: int = 5) -> str:
    """Return what a reason means, or why one row was rejected, as text.

    Parameters
    ----------
    what
        A reason, such as ``BAD_TYPE`` or ``BAD_TYPE:quantity``, or the place of a row, as
        ``file:row``.
    limit
        Number of example rows.

    Raises
    ------
    WarehouseError
        There is no built warehouse, or neither such a reason nor such a row in it.
    """
    file, _, row = what.rpartition(":")
    with read_only() as connection:
        if file and row.isdecimal() and len(row) < _DIGITS:
            return _explain_row(connection, file, int(row))
        return _explain_code(connection, _known_code(connection, what), limit)


def export_rejects(folder: Path) -> list[tuple[Path, int]]:
    """Write the quarantined rows, one CSV file for each entity that has any.

    The columns are file, row, reject_codes and remedy, then those of the landing contract, then
    raw, the line as it stood. Corrected, the file lands like any other: the lander leaves out the
    columns that the contract does not know. For its sake, line breaks within values become blanks.
    A file is complete or absent, and one that stands is left alone: it may hold corrections.

    Parameters
    ----------
    folder
        Where to write ``<entity>_rejects.csv``; made if absent.

    Returns
    -------
    Path and number of rows of each file; empty where nothing is in quarantine.

    Raises
    ------
    FileExistsError
        A file of that name stands in the folder.
    WarehouseError
        There is no built warehouse.
    """
    written = []
    with read_only() as connection:
        counts = dict(
            connection.execute(
                f"select entity, count(*) from {_rejected()} group by entity"
            ).fetchall()
        )
        for entity in CONTRACT:
            if entity.name in counts:
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{entity.name}_rejects.csv"
                if path.exists():
                    raise FileExistsError(
                        f"{path} exists and may hold corrections; move it away, or name another "
                        "folder"
                    )
                temporary = path.with_name(f".{path.name}.partial")
                connection.sql(_exported(entity)).write_csv(str(temporary))
                os.replace(temporary, path)
                written.append((path, counts[entity.name]))
    return written


_MATCHES = """
    entity = coalesce($entity, entity)
    and _file = coalesce($file, _file)
    and coalesce($code, code) in (code, reason)
"""


def _rejected() -> str:
    return f"{schema('silver')}.int_rejected_rows"


def _coded() -> str:
    """Return a CTE with one row for each code of each quarantined row."""
    return f"""
        with codes as (
            select *, unnest(string_split(reject_codes, ' ')) as code from {_rejected()}
        ),

        coded as (
            select
                *, split_part(code, ':', 1) as reason, split_part(code, ':', 2) as column_name
            from codes
        )
    """


def _explain_code(connection: duckdb.DuckDBPyConnection, code: str, limit: int) -> str:
    wanted = {"entity": None, "file": None, "code": code}
    files = connection.execute(
        f"""
        {_coded()}
        select entity, _file, count(distinct (_row, _landed_at))
        from coded
        where {_MATCHES}
        group by entity, _file
        order by 3 desc, entity, _file
        """,
        wanted,
    ).fetchall()
    lines = _meaning(connection, code)
    if not files:
        return "\n".join((*lines, "No quarantined row has this reason."))
    examples = connection.execute(
        f"""
        {_coded()}
        select distinct entity, _file, _row, _landed_at, _raw
        from coded
        where {_MATCHES}
        order by entity, _file, _row, _landed_at
        limit {limit:d}
        """,
        wanted,
    ).fetchall()
    shown = [(entity, one_line(file), rows) for entity, file, rows in files[:LISTED_FILES]]
    lines += [
        "",
        f"{_count(sum(file[2] for file in files), 'row')} of {_count(len(files), 'file')}",
        table(("entity", "file", "rows"), shown),
    ]
    if len(files) > LISTED_FILES:
        lines.append(f"  and {_count(len(files) - LISTED_FILES, 'more file')}")
    lines += [
        "",
        "Examples",
        table(
            ("file", "row", "text"),
            [
                (one_line(example[1]), str(example[2]), _text(connection, example))
                for example in examples
            ],
        ),
    ]
    return "\n".join(lines)


def _explain_row(connection: duckdb.DuckDBPyConnection, file: str, row: int) -> str:
    found = connection.execute(
        f"""
        select entity, _file, _row, _landed_at, _raw, reject_codes
        from {_rejected()}
        where _file = $file and _row = $row
        order by entity, _landed_at
        """,
        {"file": file, "row": row},
    ).fetchall()
    if not found:
        if not _files(connection, file):
            raise WarehouseError(_no_such_file(connection, file))
        raise WarehouseError(
            f"Row {row} of {one_line(file)} is not in quarantine; "
            f"{command('shelfcast rejects explain CODE')} gives examples of rows that are."
        )
    parts = []
    for example in found:
        entity, landed_at, codes = example[0], example[3], example[5]
        landed = f", landed {landed_at:%Y-%m-%d %H:%M}" if landed_at else ""
        lines = [f"Row {row} of {one_line(file)} ({entity}{landed})"]
        for code in codes.split(" "):
            lines += [f"  {line}" for line in _meaning(connection, code)]
        parts.append("\n".join((*lines, f"  Text    {_text(connection, example)}")))
    return "\n\n".join(parts)


def _meaning(connection: duckdb.DuckDBPyConnection, code: str) -> list[str]:
    reason, _, column = code.partition(":")
    meaning, remedy = _one(
        connection,
        f"""
        select any_value(meaning), any_value(remedy)
        from {schema("seeds")}.reject_codes
        where reject_code = $reason
        """,
        {"reason": reason},
    )
    where = f" ({column})" if column else ""
    return [f"{reason}{where}: {meaning}.", f"  Remedy  {remedy}."]


def _text(connection: duckdb.DuckDBPyConnection, row: tuple[Any, ...]) -> str:
    """Return the line of a row, or its values where it comes from a file without lines."""
    entity, file, number, landed_at, raw = row[:5]
    if raw is None:
        columns = ENTITIES[entity].column_names
        values = _one(
            connection,
            f"""
            select {", ".join(columns)}
            from {schema("bronze")}.stg_landing__{entity}
            where _file = $file and _row = $row and _landed_at is not distinct from $landed_at
            """,
            {"file": file, "row": number, "landed_at": landed_at},
        )
        pairs = zip(columns, values, strict=True)
        raw = ", ".join(f"{column}={value}" for column, value in pairs if value is not None)
    text = one_line(raw[: LONGEST_TEXT + 1])
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _exported(entity: Entity) -> str:
    """Return the query of the quarantined rows of an entity."""
    columns = "".join(
        f"{_without_breaks(f'landed.{column}')} as {column}, " for column in entity.column_names
    )
    return f"""
        with rejected as (
            select * from {_rejected()} where entity = '{entity.name}'
        ),

        reasons as (
            select distinct
                reject_codes, split_part(unnest(string_split(reject_codes, ' ')), ':', 1) as reason
            from rejected
        ),

        remedies as (
            select reasons.reject_codes, string_agg(remedy, '. ' order by reason) as remedy
            from reasons
            inner join {schema("seeds")}.reject_codes as codes
                on reasons.reason = codes.reject_code
            group by reasons.reject_codes
        )

        select
            {_without_breaks("rejected._file")} as file,
            rejected._row as row,
            rejected.reject_codes,
            remedies.remedy,
            {columns}
            left({_without_breaks("rejected._raw")}, {LONGEST_EXPORTED_LINE}) as raw
        from rejected
        inner join {schema("bronze")}.stg_landing__{entity.name} as landed
            on
                rejected._file = landed._file
                and rejected._row = landed._row
                and rejected._landed_at is not distinct from landed._landed_at
        left join remedies on rejected.reject_codes = remedies.reject_codes
        order by rejected._file, rejected._row, rejected._landed_at
    """


def _without_breaks(text: str) -> str:
    return rf"regexp_replace({text}, '[\r\n]+', ' ', 'g')"


def _known_code(connection: duckdb.DuckDBPyConnection, code: str) -> str:
    """Return a reject code in its own spelling, or refuse it and name the ones there are."""
    reason, separator, column = code.partition(":")
    reason = reason.upper()
    known = [
        known
        for (known,) in connection.execute(
            f"select reject_code from {schema('seeds')}.reject_codes order by reject_code"
        ).fetchall()
    ]
    if reason not in known:
        raise WarehouseError(
            f"{one_line(code)} is neither a reason nor the place of a row, as FILE:ROW. "
            f"Reasons are {', '.join(known)}."
        )
    return f"{reason}{separator}{column}"


def _files(connection: duckdb.DuckDBPyConnection, file: str) -> int:
    """Return how many quarantined rows a file has."""
    (rows,) = _one(
        connection, f"select count(*) from {_rejected()} where _file = $file", {"file": file}
    )
    return int(rows)


def _no_such_file(connection: duckdb.DuckDBPyConnection, file: str) -> str:
    names = connection.execute(
        f"select distinct _file from {_rejected()} order by _file limit {LISTED_FILES + 1}"
    ).fetchall()
    listed = ", ".join(one_line(name) for (name,) in names[:LISTED_FILES]) or "none"
    more = " and others" if len(names) > LISTED_FILES else ""
    return f"No row of {one_line(file)} is in quarantine. Files with such rows: {listed}{more}."


def _one(
    connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None
) -> tuple[Any, ...]:
    row = connection.execute(query, values).fetchone()
    assert row is not None, "the query always gives one row"
    return row


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
