"""What lies in quarantine: counted, explained, and written out to be corrected.

A row carries one or more reject codes, such as ``BAD_TYPE:quantity``: the reason, and the column
where the reason has one. Reasons are explained in the seed ``reject_codes``. A row is open while
there is something to do about it; copies, and rows of a version of a file that a later version
has replaced, are closed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb

from shelfcast.landing.contract import CONTRACT, ENTITIES, Entity, EntityKind
from shelfcast.spreadsheets import write_csv
from shelfcast.text_table import one_line, table
from shelfcast.warehouse import WarehouseError, command, read_only, schema

LISTED = 20
"""Files, or unknown ids, that an explanation names; it counts the others."""

LONGEST_TEXT = 120
"""Characters of a row's text that are shown."""

LONGEST_EXPORTED_LINE = 10_000
"""Characters of a line that are exported; bronze has the whole of it."""

_DIGITS = 19  # of the largest bigint

EMPTY = "Nothing in quarantine needs correcting."
"""What there is to say where nothing is exported."""

_REFERENCES = {"UNKNOWN_SKU": "sku_id", "UNKNOWN_LOCATION": "location_id"}
"""Reasons that ask for something to land, and the column that holds its id."""

_TOTAL_KEY = ("sold_at", "sku_id", "location_id", "customer_id", "promotion_id", "channel")
_PLACE = "(entity, _file, _row, _landed_at)"
_SAME_ROW = """
    rejected._file = landed._file
    and rejected._row = landed._row
    and rejected._landed_at is not distinct from landed._landed_at
"""
_MATCHES = """
    entity = coalesce($entity, entity)
    and _file = coalesce($file, _file)
    and coalesce($code, code) in (code, reason)
"""


def list_rejects(
    *,
    entity: str | None = None,
    code: str | None = None,
    file: str | None = None,
    everything: bool = False,
) -> str:
    """Return the number of open quarantined rows by entity, reason and column, as text.

    Parameters
    ----------
    entity, file
        Only rows of this entity, and of this file; the end of its path will do.
    code
        Only rows with this reason: ``BAD_TYPE``, or ``BAD_TYPE:quantity`` for one column.
    everything
        Closed rows too; otherwise they are only counted.

    Raises
    ------
    WarehouseError
        There is no built warehouse, or no such entity, reason or file in it.
    """
    with read_only() as connection:
        (quarantined,) = _one(connection, f"select count(*) from {_rejected()}")
        if not quarantined:
            return "Nothing is in quarantine: every landed row was accepted."
        if entity is not None and entity not in ENTITIES:
            raise WarehouseError(f"There is no entity {entity}; there are {', '.join(ENTITIES)}.")
        wanted = {
            "entity": entity,
            "code": code and _known_code(connection, code),
            "file": file and _known_file(connection, file),
        }
        shown = "true" if everything else "is_open"
        matching, rows, files = _one(
            connection,
            f"""
            {_coded()}
            select
                count(distinct {_PLACE}),
                count(distinct {_PLACE}) filter (where {shown}),
                count(distinct _file) filter (where {shown})
            from coded
            where {_MATCHES}
            """,
            wanted,
        )
        counts = connection.execute(
            f"""
            {_coded()}
            select
                entity, reason, column_name, count(*),
                count(distinct _file)
            from coded
            where {_MATCHES} and {shown}
            group by all
            order by entity, count(*) desc, reason, column_name
            """,
            wanted,
        ).fetchall()
    if not matching:
        return f"None of the {quarantined:,} quarantined rows is of that kind."
    if not rows:
        return f"Nothing is open: {_closed(matching)} (--all)."
    return "\n".join(
        (
            f"{_count(rows, 'row')} of {_count(files, 'file')} in quarantine. "
            "A row is counted under each of its reasons.",
            table(("entity", "reason", "column", "rows", "files"), counts),
            *([f"{_closed(matching - rows, 'more')} (--all)."] if matching > rows else []),
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


def export_rejects(folder: Path, *, everything: bool = False) -> list[tuple[Path, int]]:
    """Write the quarantined rows, one CSV file for each entity that has any to correct.

    The columns are file, row, reject_codes and remedy, then those of the landing contract, then
    raw, the line as it stood. Corrected, the file lands like any other: the lander leaves out the
    first four and the last. For its sake, line breaks within values become blanks. A file is
    complete or absent, and one that stands is left alone: it may hold corrections.

    Copies and superseded rows are never written. Nor is a row of a state entity when a newer row of
    its key was accepted: the file lands last, and would put the old state back.

    Parameters
    ----------
    folder
        Where to write ``<entity>_rejects.csv``; made if absent.
    everything
        The rows of replaced versions of files too; otherwise only open rows.

    Returns
    -------
    Path and number of rows of each file; empty where there is nothing to correct.

    Raises
    ------
    FileExistsError
        A file of that name stands in the folder.
    WarehouseError
        There is no built warehouse.
    """
    written = []
    with read_only() as connection:
        held = connection.execute(f"select distinct entity from {_rejected()}").fetchall()
        for entity in CONTRACT:
            if (entity.name,) not in held:
                continue
            query = _exported(entity, everything=everything)
            connection.execute(f"create or replace temp table exported as {query}")
            (rows,) = _one(connection, "select count(*) from exported")
            if not rows:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{entity.name}_rejects.csv"
            if path.exists():
                raise FileExistsError(
                    f"{path} exists and may hold corrections; move it away, or name another folder"
                )
            temporary = path.with_name(f".{path.name}.partial")
            write_csv(connection.table("exported"), temporary)
            os.replace(temporary, path)
            written.append((path, rows))
    return written


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
        select
            entity, _file, count(distinct {_PLACE}),
            count(distinct {_PLACE}) filter (where not is_open)
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
        select distinct entity, _file, _row, _landed_at, _raw, is_open
        from coded
        where {_MATCHES}
        order by is_open desc, entity, _file, _row, _landed_at
        limit {limit:d}
        """,
        wanted,
    ).fetchall()
    closed = sum(file[3] for file in files)
    shown = [(entity, one_line(file), rows) for entity, file, rows, _ in files[:LISTED]]
    lines += [
        "",
        f"{_count(sum(file[2] for file in files), 'row')} of {_count(len(files), 'file')}",
        table(("entity", "file", "rows"), shown, whole=True),
    ]
    if len(files) > LISTED:
        lines.append(f"  and {_count(len(files) - LISTED, 'more file')}")
    if closed:
        lines.append(f"{_closed(closed, 'of them')}.")
    if code in _REFERENCES:
        lines += _unknown(connection, code, sorted({file[0] for file in files}))
    lines += [
        "",
        "Examples",
        table(
            ("file", "row", "text"),
            [
                (one_line(example[1]), str(example[2]), _text(connection, example))
                for example in examples
            ],
            whole=True,
        ),
    ]
    return "\n".join(lines)


def _unknown(connection: duckdb.DuckDBPyConnection, code: str, entities: list[str]) -> list[str]:
    """Return the ids that open rows name and nothing that was accepted has, most rows first."""
    column = _REFERENCES[code]
    named = " union all ".join(
        f"""
        select landed.{column}
        from {_rejected()} as rejected
        inner join {schema("bronze")}.stg_landing__{entity} as landed on {_SAME_ROW}
        where
            rejected.entity = '{entity}'
            and rejected.is_open
            and list_contains(string_split(rejected.reject_codes, ' '), $code)
        """
        for entity in entities
    )
    ids = connection.execute(
        f"""
        select {column}, count(*)
        from ({named})
        group by {column}
        order by count(*) desc, {column}
        """,
        {"code": code},
    ).fetchall()
    if not ids:
        return []
    shown = [(one_line(name), rows) for name, rows in ids[:LISTED]]
    more = [f"  and {len(ids) - LISTED:,} more"] if len(ids) > LISTED else []
    return ["", "To be landed", table((column, "rows"), shown, whole=True), *more]


def _explain_row(connection: duckdb.DuckDBPyConnection, file: str, row: int) -> str:
    file = _known_file(connection, file)
    found = connection.execute(
        f"""
        select entity, _file, _row, _landed_at, _raw, reject_codes, is_open
        from {_rejected()}
        where _file = $file and _row = $row
        order by entity, _landed_at
        """,
        {"file": file, "row": row},
    ).fetchall()
    if not found:
        raise WarehouseError(
            f"Row {row} of {one_line(file)} is not in quarantine; "
            f"{command('shelfcast rejects explain CODE')} gives examples of rows that are."
        )
    parts = []
    for example in found:
        entity, landed_at, codes, is_open = example[0], example[3], example[5], example[6]
        landed = f", landed {landed_at:%Y-%m-%d %H:%M}" if landed_at else ""
        lines = [f"Row {row} of {one_line(file)} ({entity}{landed})"]
        for code in codes.split(" "):
            lines += [f"  {line}" for line in _meaning(connection, code)]
        if not is_open and codes not in ("DUPLICATE", "SUPERSEDED"):
            lines.append("  A later version of the file has landed: nothing is to be done here.")
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


def _exported(entity: Entity, *, everything: bool) -> str:
    """Return the query of the quarantined rows of an entity that can be corrected."""
    columns = "".join(
        f"{_without_breaks(f'landed.{column}')} as {column}, " for column in entity.column_names
    )
    return f"""
        with rejected as (
            select *
            from {_rejected()}
            where
                entity = '{entity.name}'
                and reject_codes not in ('DUPLICATE', 'SUPERSEDED')
                and {"true" if everything else "is_open"}
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
        ),

        outdated as (
            {_outdated(entity)}
        )

        select
            {_without_breaks("rejected._file")} as file,
            rejected._row as row,
            rejected.reject_codes,
            remedies.remedy,
            {columns}
            left({_without_breaks("rejected._raw")}, {LONGEST_EXPORTED_LINE}) as raw
        from rejected
        inner join {schema("bronze")}.stg_landing__{entity.name} as landed on {_SAME_ROW}
        left join remedies on rejected.reject_codes = remedies.reject_codes
        where not exists (select 1 from outdated as landed where {_SAME_ROW})
        order by rejected._file, rejected._row, rejected._landed_at
    """


def _outdated(entity: Entity) -> str:
    """Return the query of the rejected rows whose state a newer accepted row describes."""
    judged = f"{schema('silver')}.int_{entity.name}_judged"
    if entity.kind is EntityKind.STATE:
        same = " and ".join(_equal(column) for column in entity.key)
    elif entity.name == "sales":
        # totals, of a day and without a receipt, are states; one whose quantity cannot be read is
        # taken for one of sales
        same = f"""
            {" and ".join(_equal(column) for column in _TOTAL_KEY)}
            and coalesce(sign(bad.quantity), 1) = sign(newer.quantity)
            and bad.transaction_id is null
            and newer.transaction_id is null
            and newer.sold_at = cast(newer.sold_at as date)
        """
    else:
        same = "false"
    return f"""
        select bad._file, bad._row, bad._landed_at
        from {judged} as bad
        where
            bad.reject_codes is not null
            and exists (
                select 1
                from {judged} as newer
                where
                    newer.reject_codes is null
                    and {same}
                    and (newer._landing_number, newer._file) > (bad._landing_number, bad._file)
            )
    """


def _equal(column: str) -> str:
    return f"bad.{column} is not distinct from newer.{column}"


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


def _known_file(connection: duckdb.DuckDBPyConnection, file: str) -> str:
    """Return the path of the file with quarantined rows that a path, or the end of one, names."""
    found = [
        name
        for (name,) in connection.execute(
            f"""
            select distinct _file
            from {_rejected()}
            where _file = $file or ends_with(_file, '/' || $file)
            order by _file
            """,
            {"file": file},
        ).fetchall()
    ]
    if not found:
        raise WarehouseError(_no_such_file(connection, file))
    if file not in found and len(found) > 1:
        raise WarehouseError(
            f"The paths of {len(found)} files with quarantined rows end in {one_line(file)}; "
            f"name one: {_listed(found)}."
        )
    return file if file in found else found[0]


def _no_such_file(connection: duckdb.DuckDBPyConnection, file: str) -> str:
    names = connection.execute(
        f"select distinct _file from {_rejected()} order by _file"
    ).fetchall()
    return (
        f"No row of {one_line(file)} is in quarantine. "
        f"Files with such rows: {_listed([name for (name,) in names])}."
    )


def _listed(files: list[str]) -> str:
    shown = ", ".join(one_line(file) for file in files[:LISTED])
    return f"{shown} and others" if len(files) > LISTED else shown


def _closed(rows: int, which: str = "") -> str:
    """Say that closed rows need nothing."""
    subject = " ".join(filter(None, (_count(rows, "row"), which)))
    need = "needs" if rows == 1 else "need"
    return f"{subject} {need} nothing: copies, or restated by a later version of their file"


def _one(
    connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None
) -> tuple[Any, ...]:
    row = connection.execute(query, values).fetchone()
    assert row is not None, "the query always gives one row"
    return row


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
