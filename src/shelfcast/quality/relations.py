"""What the gate looks at: relations over the canonical Parquet of the lake, in a DuckDB database.

For each entity of which something landed:

``<entity>``
    View of every row of the newest version of each landed file, and the batch of the entity's
    suite: columns cast as silver casts them, and flags, null where a row is as it should be. A row
    that the lander could not read has no values.

And three tables that speak of the whole: ``files``, one row per landed file; ``sales_locations``,
one row per location that sales name; and ``sales_history``, one row.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from shelfcast.landing.contract import (
    CONTRACT,
    ENTITIES,
    TEXT_SHAPES,
    Column,
    ColumnType,
    Entity,
    EntityKind,
)
from shelfcast.landing.lake import MANIFEST, canonical_schema
from shelfcast.warehouse import command

FACTS = ("sales", "inventory", "inventory_movements", "purchase_orders")
"""Entities whose rows name a SKU and a location."""

HAPPENED_AT = {
    "sales": "sold_at",
    "inventory": "snapshot_date",
    "inventory_movements": "moved_at",
    "purchase_orders": "ordered_on",
}
"""Column that says when a row of a fact happened, by entity."""

NEVER_DAYS = 1_000_000
"""Age of the newest sale where no sale is known."""

DRIFT_DAYS = 28
_LATEST_DAY = "cast(_landed_at + interval 14 hours as date)"
"""Day of the landing by the clock that is furthest ahead; times of records are local."""

STAND_IN_DAY = "1970-01-01"
"""Day by which systems write that they do not know one; those before it are no better."""

_INVISIBLE = r"[\x{00AD}\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FEFF}]"
"""Signs that take no room: soft hyphen, zero-width ones, marks of direction, byte order mark."""

FEWEST_DRIFT_LINES = 100
"""Lines in either window below which shares of categories say nothing: their noise exceeds 0.1."""

USUAL_WEEKS = 4
FEWEST_USUAL_DAYS = 2
USUAL_FILES = 28
FEWEST_USUAL_FILES = 3

FEWEST_ROWS = 20
"""Rows below which a file alone does not stop a build: a typing error is a large share of few."""

_HAS_COPIES = "equal_lines = 'copies'"
_IS_NUMBERED = "(transaction_id is not null and line_number is not null)"
_IS_TOTAL = "(transaction_id is null and coalesce(sold_at = cast(sold_at as date), false))"

LONGEST_VALUE = 40
"""Characters of a bad value that are shown."""

TYPE_NAMES: dict[ColumnType, str] = {
    ColumnType.INTEGER: "whole number",
    ColumnType.QUANTITY: "number",
    ColumnType.RATE: "number",
    ColumnType.DATE: "date (YYYY-MM-DD)",
    ColumnType.TIMESTAMP: "time (YYYY-MM-DD HH:MM:SS)",
}
"""What the values of a typed column are, in words."""

# DuckDB reads the decimal 5e-10 as 0.0001; by way of a double it does not
_EXACT = (
    "case when {{0}} ilike '%e%' then try_cast(try_cast({{0}} as double) as {0})"
    " else try_cast({{0}} as {0}) end"
)
_CASTS: dict[ColumnType, str] = {
    ColumnType.INTEGER: "try_cast(split_part({0}, '.', 1) as bigint)",
    ColumnType.QUANTITY: _EXACT.format("numeric(18, 4)"),
    ColumnType.RATE: _EXACT.format("numeric(9, 6)"),
    ColumnType.DATE: "try_cast(substring({0}, 1, 10) as date)",
    ColumnType.TIMESTAMP: (
        "try_cast(substring({0}, 1, case when substring({0}, 17, 1) = ':' then 19 else 16 end)"
        " as timestamp)"
    ),
}


class LakeUnreadableError(RuntimeError):
    """The lake cannot be read; the message names the file and says what to do."""


def build_relations(
    connection: duckdb.DuckDBPyConnection, lake: Path, run_on: date
) -> tuple[str, ...]:
    """Make the relations of the gate in an empty database.

    Parameters
    ----------
    connection, lake
        The database, and the folder of the landed files.
    run_on
        Day of the run, from which the age of the newest sale counts.

    Returns
    -------
    tuple of str
        Entities of which something landed, in the order of the contract.

    Raises
    ------
    LakeUnreadableError
        A Parquet file is missing or cannot be read.
    """
    try:
        _read_manifest(connection, lake)
        landed = _landed_entities(connection, lake)
        _find_lacking_columns(connection)
        _make_known(connection, landed)
        for entity in landed:
            _make_view(connection, ENTITIES[entity], landed)
            _find_surplus(connection, entity)
        _make_files(connection, landed)
        if "sales" in landed:
            _make_sales_locations(connection)
            _make_sales_history(connection, landed, run_on)
    except duckdb.Error as error:
        raise LakeUnreadableError(_culprit(connection, lake, error)) from error
    return landed


def cast_text(text: str, kind: ColumnType) -> str:
    """Return SQL of a text column as a value of a contract type, null where it is not one."""
    value = _CASTS[kind].format(text)
    return f"case when regexp_matches({text}, '{TEXT_SHAPES[kind]}') then {value} end"


def _text(column: Column) -> str:
    """Return the name under which the views hold a column as it landed."""
    return column.name if column.type is ColumnType.STRING else f"{column.name}__text"


def _read_manifest(connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
    """Make the table ``landed``: the newest version of each file, in the order of landing.

    A correction is a file that ``shelfcast rejects export`` wrote. ``lake_files`` are the canonical
    files and manifest rows of all versions, oldest first.
    """
    pattern = lake / MANIFEST / "*.parquet"
    if all(path.stem == "_schema" for path in (lake / MANIFEST).glob("*.parquet")):
        raise LakeUnreadableError(
            f"{lake} holds no landed files; land some first: {command('shelfcast land FOLDER')}"
        )
    connection.execute(f"create view manifest as from read_parquet({_quoted(pattern)})")
    columns = connection.execute("select column_name from (describe manifest)").fetchall()
    if ("landing_number",) not in columns:
        raise LakeUnreadableError(
            f"{lake} is of an earlier version of shelfcast, without the order of landings; land "
            f"once more, nothing need be new: {command('shelfcast land FOLDER')}"
        )
    connection.execute(
        f"""
        create table landed as
        with located as (
            select
                *,
                {_quoted(lake)} || '/' || entity || '/' || file_id || '.parquet' as path,
                {_quoted(lake / MANIFEST)} || '/' || file_id || '.parquet' as manifest_path
            from manifest
        )

        select
            *,
            regexp_matches(file, '(^|/)' || entity || '_rejects[.]csv$') as is_correction,
            row_number() over (
                partition by entity order by landing_number, file, file_id
            ) as position,
            flatten(list([path, manifest_path]) over (
                partition by entity, file
                order by landing_number, file_id
                rows between unbounded preceding and unbounded following
            )) as lake_files
        from located
        qualify row_number() over (
            partition by entity, file order by landing_number desc, file_id desc
        ) = 1
        """
    )


def _landed_entities(connection: duckdb.DuckDBPyConnection, lake: Path) -> tuple[str, ...]:
    paths = connection.execute("select entity, path from landed order by path").fetchall()
    for _, path in paths:
        if not Path(path).is_file():
            raise LakeUnreadableError(
                f"{path} is missing, and the manifest says that it landed; restore it, or delete "
                f"{lake / MANIFEST / Path(path).name} and land the file again"
            )
    names = {entity for entity, _ in paths}
    known = {
        path
        for (paths,) in connection.execute("select lake_files from landed").fetchall()
        for path in paths
    }
    for entity in CONTRACT:
        for path in sorted((lake / entity.name).glob("*.parquet")):
            if path.stem != "_schema" and str(path) not in known:
                raise LakeUnreadableError(
                    f"{path} lies in the lake, and no manifest row names it; land again, or move "
                    "it away"
                )
    return tuple(entity.name for entity in CONTRACT if entity.name in names)


def _find_lacking_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``lacking``: contract columns that a canonical file does not have.

    A lake that an earlier release wrote lacks the columns that the contract has gained since.
    """
    expected = [(entity.name, name) for entity in CONTRACT for name in _columns(entity)]
    connection.execute("create table expected_columns (entity varchar, name varchar)")
    connection.executemany("insert into expected_columns values (?, ?)", expected)
    connection.execute(
        f"""
        create table lacking as
        select landed.path, string_agg(name, ', ' order by name) as columns_lacking
        from landed
        inner join expected_columns using (entity)
        anti join (
            select file_name as path, name
            from parquet_schema({_paths(connection, "true")})
        ) as present using (path, name)
        group by landed.path
        """
    )


def _make_known(connection: duckdb.DuckDBPyConnection, landed: tuple[str, ...]) -> None:
    """Make a type of the known keys: a cast to it finds unknown ones without a join.

    A join would be run for every query on the view, whether or not it asks for unknown keys.
    """
    for entity, column in (("skus", "sku_id"), ("locations", "location_id")):
        if entity in landed:
            known = (
                f"select distinct {column} from {_source(connection, ENTITIES[entity])} "
                f"where {column} is not null"
            )
            connection.execute(f"create type known_{column} as enum ({known})")
            # a type needs a value, and no key is empty
            connection.execute(
                f"create type folded_{column} as enum "
                f"(select distinct {_folded(column)} from ({known}) union select '')"
            )
            connection.execute(
                f"create type alike_{column} as enum (select {column} from ({known}) "
                f"qualify count(*) over (partition by {_folded(column)}) > 1 union all select '')"
            )


def _folded(column: str) -> str:
    """Return SQL of a key as people see it: composed, and without signs that take no room."""
    return rf"nfc_normalize(regexp_replace({column}, '{_INVISIBLE}', '', 'g'))"


def alike_columns(entity: str, landed: tuple[str, ...]) -> list[str]:
    """Return the key columns of an entity whose values are compared as people see them."""
    own = {"skus": "sku_id", "locations": "location_id"}
    return [own[entity]] if entity in own else unknown_columns(entity, landed)


def _alike(entity: str, column: str) -> str:
    """Return SQL of a key that looks like another: of two known ones, or unknown beside a known."""
    if entity in FACTS:
        found = (
            f"try_cast({column} as known_{column}) is null "
            f"and try_cast({_folded(column)} as folded_{column}) is not null"
        )
    else:
        found = f"try_cast({column} as alike_{column}) is not null"
    return f"case when {found} then {column} end as {column}__alike"


def _make_view(
    connection: duckdb.DuckDBPyConnection, entity: Entity, landed: tuple[str, ...]
) -> None:
    """Make the view ``<entity>_judged``: all rows of an entity, cast and flagged."""
    typed = [column for column in entity.columns if column.type is not ColumnType.STRING]
    copies = f"list_contains({_paths(connection, _HAS_COPIES)}::varchar[], _path)"
    readable = [
        f"case when _parse_error is null then {name} end as {name}" for name in entity.column_names
    ]
    lineage = ["_path", "_file", "_row", "_parse_error", "_landed_at"]
    cast = [f"{cast_text(column.name, column.type)} as {column.name}" for column in typed]
    as_landed = [f"{column.name} as {_text(column)}" for column in typed]
    missing = [
        f"case when _parse_error is null and {_text(column)} is null then 'row ' || _row end "
        f"as {column.name}__missing"
        for column in entity.columns
        if column.required
    ]
    not_castable = [
        f"case when {column.name} is null then {_text(column)} end as {column.name}__not_castable"
        for column in typed
    ]
    unknown = [
        f"case when try_cast({column} as known_{column}) is null then {column} end "
        f"as {column}__unknown"
        for column in unknown_columns(entity.name, landed)
    ]
    in_future = [
        f"case when cast({column} as date) > {_LATEST_DAY} then {column}__text end "
        f"as {column}__in_future"
        for column in [HAPPENED_AT.get(entity.name)]
        if column
    ]
    stand_in = [
        f"case when cast({column} as date) <= date '{STAND_IN_DAY}' then {column}__text end "
        f"as {column}__stand_in"
        for column in [HAPPENED_AT.get(entity.name)]
        if column
    ]
    alike = [_alike(entity.name, column) for column in alike_columns(entity.name, landed)]
    as_they_are = [column.name for column in entity.columns if column not in typed]
    connection.execute(
        f"""
        create view {entity.name}_judged as
        with readable as (
            select {", ".join([*lineage, *readable])}
            from {_source(connection, entity)}
        ),

        typed as (
            select {", ".join([*lineage, *as_they_are, *cast, *as_landed])}
            from readable
        )

        select
            {", ".join(["*", *missing, *not_castable, *unknown, *in_future, *stand_in, *alike])},
            _parse_error is null as _is_readable,
            {_fault(entity)} as _fault,
            {_key(entity, landed, copies)} as _key,
            {_is_counted(entity, copies)} as _is_counted,
            {_content(entity)} as _content
        from typed
        """
    )


def _find_surplus(connection: duckdb.DuckDBPyConnection, entity: str) -> None:
    """Make the table ``<entity>_surplus`` of rows that do not count, and the view of the entity.

    Of a key the row that landed first counts. Of equal lines that nothing tells apart, the k-th of
    a file has the key of the k-th of any other. A view without surplus rows needs no join.
    """
    place = "location_id" if entity in FACTS else "null"
    connection.execute(
        f"""
        create table {entity}_surplus as
        with repeated as (
            select _key from {entity}_judged where _key is not null
            group by _key having count(*) > 1
        ),

        numbered as (
            select
                _path, _row, _key, _content, {place} as place,
                case when _is_counted
                    then row_number() over (partition by _key, _path order by _row) else 1
                end as equal_number
            from {entity}_judged
            semi join repeated using (_key)
        ),

        compared as (
            select
                numbered.*,
                row_number() over first_landed as copy_number,
                first_value(_content) over first_landed as kept_content
            from numbered
            inner join landed on _path = path
            window first_landed as (partition by _key, equal_number order by position, _row)
        )

        select
            _path, _row, place,
            case when _content = kept_content then 'copy' else 'conflict' end as kind
        from compared
        where copy_number > 1
        """
    )
    (found,) = connection.execute(f"select count(*) from {entity}_surplus").fetchone() or (0,)
    surplus = (
        f"left join (select _path, _row, 'row ' || _row || ': ' || kind as _surplus "
        f"from {entity}_surplus) using (_path, _row)"
        if found
        else "cross join (select null::varchar as _surplus)"
    )
    connection.execute(
        f"""
        create view {entity} as
        select * exclude (_key, _is_counted, _content) from {entity}_judged {surplus}
        """
    )


def unknown_columns(entity: str, landed: tuple[str, ...]) -> list[str]:
    """Return the key columns of an entity that can be compared with what has landed."""
    if entity not in FACTS:
        return []
    sources = {"sku_id": "skus", "location_id": "locations"}
    return [column for column, source in sources.items() if source in landed]


def _fault(entity: Entity) -> str:
    """Return SQL of the first rule of the contract that a row breaks, in words, or null."""
    cases = ["when _parse_error is not null then _parse_error"]
    for column in entity.columns:
        name, value = column.name, f"left({_text(column)}, {LONGEST_VALUE})"
        if column.required:
            cases.append(f"when {_text(column)} is null then '{name} is missing'")
        if column.type is not ColumnType.STRING:
            cases.append(
                f"when {name} is null and {_text(column)} is not null "
                f"then '{name} is no {TYPE_NAMES[column.type]}: ' || {value}"
            )
        if column.longest is not None:
            cases.append(
                f"when length({name}) > {column.longest} then '{name} is too long: ' || {value}"
            )
        for bound, sign in ((column.minimum, "<"), (column.maximum, ">")):
            if bound is not None:
                cases.append(
                    f"when {name} {sign} {bound:.10g} then '{name} is out of range: ' || {value}"
                )
    return f"case {' '.join(cases)} end"


def _key(entity: Entity, landed: tuple[str, ...], copies: str) -> str:
    """Return SQL of a hash that is equal where silver takes rows for one; null where it does not.

    Silver compares the rows that break no other rule, so a row that breaks one that the gate knows
    has no key. A numbered line is one of a receipt, at its location on its day; a return may bear
    the number of the line that it takes back. A state lands again
    in each new file, so its copies are those within a file. Of a total all rows of a file count,
    unless equal lines of it are copies.

    copies: SQL of whether equal lines of a row's file are copies.
    """
    if entity.kind is EntityKind.STATE:
        key = f"hash({', '.join([*entity.key, '_path'])})"
    elif entity.name == "sales":
        key = (
            f"case when {_IS_NUMBERED} "
            "then hash(transaction_id, line_number, location_id, cast(sold_at as date), "
            "quantity < 0) "
            f"when {_IS_TOTAL} then case when {copies} then hash(_path, {_content(entity)}) end "
            f"else {_content(entity)} end"
        )
    else:
        key = _content(entity)
    unknown = [f"{column}__unknown" for column in unknown_columns(entity.name, landed)]
    happened_at = HAPPENED_AT.get(entity.name)
    bad_days = [f"{happened_at}__in_future", f"{happened_at}__stand_in"] if happened_at else []
    is_compared = " and ".join(f"{flag} is null" for flag in ["_fault", *unknown, *bad_days])
    return f"case when {is_compared} then {key} end"


def _is_counted(entity: Entity, copies: str) -> str:
    """Return SQL of whether rows that are equal in one file are as many events."""
    if entity.kind is EntityKind.STATE:
        return "false"
    is_line = f"not ({_IS_NUMBERED} or {_IS_TOTAL})" if entity.name == "sales" else "true"
    return f"{is_line} and not {copies}"


def _content(entity: Entity) -> str:
    """Return SQL of a hash that is equal for rows that are equal in all columns."""
    return f"hash({', '.join(entity.column_names)})"


def _make_files(connection: duckdb.DuckDBPyConnection, landed: tuple[str, ...]) -> None:
    """Make the table of landed files, each with its shares of bad rows, from one scan of them.

    Size and columns are compared for the files of an entity's newest landing only, with files of
    earlier landings: what was odd in an earlier one has been seen, and files that land together
    say nothing of what is usual. Corrections are left out of it.
    """
    counts = [
        f"""
        select
            _path as path,
            {_bad_rows("unreadable", "_parse_error")},
            {_bad_rows("unfit", "_fault")},
            {_unknown_rows("unknown_sku", entity, "sku_id", landed)},
            {_unknown_rows("unknown_location", entity, "location_id", landed)}
        from {entity}
        group by _path
        """
        for entity in landed
    ]
    surplus = " union all ".join(f"select * from {entity}_surplus" for entity in landed)
    can_stop = ", ".join(_quoted(entity.name) for entity in CONTRACT if entity.required)
    connection.execute(
        f"""
        create table files as
        with counted as ({" union all ".join(counts)}),

        surplus as (
            select
                _path as path,
                {_surplus_rows("copy")},
                {_surplus_rows("conflict")}
            from ({surplus})
            group by _path
        ),

        newest as (
            select entity, max(landing_number) as newest_number from landed group by entity
        ),

        earlier as (
            select
                landed.*,
                landing_number = max(landing_number) over (partition by entity)
                    as is_landing_before,
                row_number() over (partition by entity order by position desc) as age
            from landed
            inner join newest using (entity)
            where landing_number < newest_number and not is_correction
        ),

        usual as (
            select
                entity,
                median(rows) filter (where age <= {USUAL_FILES}) as usual_rows,
                count(*) as earlier_files,
                string_agg(columns_missing, ', ') filter (where is_landing_before)
                    as columns_missing_before
            from earlier
            group by entity
        )

        select
            entity,
            file,
            rows,
            unreadable_rows / nullif(rows, 0) as unreadable_rate,
            first_unreadable,
            unfit_rows / nullif(rows, 0) as unfit_rate,
            first_unfit,
            case when entity in ({can_stop}) and rows >= {FEWEST_ROWS} then unfit_rate
            end as stopping_unfit_rate,
            case when entity in ({can_stop}) and rows >= {FEWEST_ROWS}
                then coalesce(copy_rows, 0) / rows
            end as copy_rate,
            first_copy,
            case when entity in ({can_stop}) and rows >= {FEWEST_ROWS}
                then coalesce(conflict_rows, 0) / rows
            end as conflict_rate,
            first_conflict,
            unknown_sku_rows / nullif(rows, 0) as unknown_sku_rate,
            first_unknown_sku,
            unknown_location_rows / nullif(rows, 0) as unknown_location_rate,
            first_unknown_location,
            usual_rows,
            case when landing_number = newest_number and not is_correction
                and earlier_files >= {FEWEST_USUAL_FILES}
                then rows / nullif(usual_rows, 0)
            end as size_ratio,
            lacking.columns_lacking,
            case when landing_number = newest_number and not is_correction and earlier_files > 0
                then array_to_string(
                    list_filter(
                        string_split(columns_missing, ', '),
                        lambda name: not list_contains(
                            string_split(columns_missing_before, ', '), name
                        )
                    ),
                    ', '
                )
            end as columns_lost,
            contains(lower(file), '_simulated.') as is_simulated
        from landed
        left join newest using (entity)
        left join usual using (entity)
        left join counted using (path)
        left join surplus using (path)
        left join lacking using (path)
        order by entity, position
        """
    )


def _bad_rows(name: str, flag: str) -> str:
    """Return SQL of the number of a file's flagged rows, and of the first of them in words."""
    return (
        f"count({flag}) as {name}_rows, "
        f"arg_min('row ' || _row || ': ' || {flag}, _row) filter (where {flag} is not null) "
        f"as first_{name}"
    )


def _unknown_rows(name: str, entity: str, column: str, landed: tuple[str, ...]) -> str:
    if column not in unknown_columns(entity, landed):
        return f"null as {name}_rows, null as first_{name}"
    return _bad_rows(name, f"{column}__unknown")


def _surplus_rows(name: str) -> str:
    """Return SQL of the number of a file's surplus rows of one kind, and of the first of them."""
    return (
        f"count(*) filter (where kind = '{name}') as {name}_rows, "
        f"'row ' || min(_row) filter (where kind = '{name}') as first_{name}"
    )


def _make_sales_locations(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of locations that sales name, each with its shares of surplus rows.

    ``file`` is the one that brought most of these. Few rows say nothing, as in ``files``.
    """
    connection.execute(
        f"""
        create table sales_locations as
        with located as (
            select location_id, count(*) as rows from sales_judged
            where location_id is not null group by location_id
        ),

        found as (
            select
                place as location_id, file,
                count(*) filter (where kind = 'copy') as copies,
                count(*) filter (where kind = 'conflict') as conflicts
            from sales_surplus
            inner join landed on _path = path
            group by place, file
        ),

        totals as (
            select
                location_id, sum(copies) as copies, sum(conflicts) as conflicts,
                arg_max(file, (copies + conflicts, file)) as file
            from found
            group by location_id
        )

        select
            location_id, file, rows,
            case when rows >= {FEWEST_ROWS} then coalesce(copies, 0) / rows end as copy_rate,
            case when rows >= {FEWEST_ROWS} then coalesce(conflicts, 0) / rows end
                as conflict_rate
        from located
        left join totals using (location_id)
        order by location_id
        """
    )


def _make_sales_history(
    connection: duckdb.DuckDBPyConnection, landed: tuple[str, ...], run_on: date
) -> None:
    """Make the one row about the course of sales.

    The newest whole day is compared with the mean of the same weekday in the four weeks before:
    shops follow the week, so another weekday would be no measure. Days without a sale (closed) do
    not count. A day that was not over when its file landed is not judged.
    """
    category = (
        f"select sku_id, max_by(category, position) as category "
        f"from {_source(connection, ENTITIES['skus'])} "
        f"inner join landed on _path = path group by sku_id"
        if "skus" in landed
        else "select null::varchar as sku_id, null::varchar as category where false"
    )
    connection.execute(
        f"""
        create table sales_history as
        with landing as (
            select cast(max(landed_at) as date) as landed_on from landed where entity = 'sales'
        ),

        lines as (
            select cast(sold_at as date) as sold_on, sku_id, count(*) as lines
            from sales
            where sold_at is not null and sku_id is not null
            group by all
        ),

        categories as ({category}),

        known_lines as (
            select sold_on, category, lines
            from lines
            left join categories using (sku_id)
            where sold_on <= (select landed_on from landing)
        ),

        days as (select sold_on, sum(lines) as lines from known_lines group by sold_on),

        newest as (
            select
                landed_on,
                max(sold_on) as newest_on,
                coalesce(max(sold_on) filter (where sold_on < landed_on), max(sold_on)) as judged_on
            from landing
            left join days on true
            group by landed_on
        ),

        shares as (
            select
                category,
                sum(lines) filter (where sold_on > judged_on - {DRIFT_DAYS}) as recent,
                sum(lines) filter (where sold_on <= judged_on - {DRIFT_DAYS}) as earlier
            from known_lines, newest
            where
                category is not null
                and sold_on <= judged_on
                and sold_on > judged_on - {2 * DRIFT_DAYS}
            group by category
        ),

        drift as (
            select
                sum(recent) as recent_lines,
                sum(earlier) as earlier_lines,
                0.5 * sum(abs(
                    coalesce(recent, 0) / recent_lines - coalesce(earlier, 0) / earlier_lines
                )) as distance
            from shares, (
                select sum(recent) as recent_lines, sum(earlier) as earlier_lines from shares
            )
        ),

        usual as (
            select avg(lines) as usual_lines, count(*) as usual_days
            from days, newest
            where
                sold_on < judged_on
                and sold_on >= judged_on - {7 * USUAL_WEEKS}
                and (judged_on - sold_on) % 7 = 0
        )

        select
            newest_on,
            coalesce(date '{run_on}' - newest_on, {NEVER_DAYS}) as days_since_newest_sale,
            judged_on,
            days.lines as judged_lines,
            usual_lines,
            case when usual_days >= {FEWEST_USUAL_DAYS} then judged_lines / usual_lines
            end as volume_ratio,
            case when least(recent_lines, earlier_lines) >= {FEWEST_DRIFT_LINES} then distance
            end as category_drift
        from newest
        cross join usual
        cross join drift
        left join days on days.sold_on = newest.judged_on
        """
    )


def _source(connection: duckdb.DuckDBPyConnection, entity: Entity) -> str:
    """Return SQL of an entity's rows; columns that a canonical file lacks are null."""
    columns = ", ".join(f"null::{kind} as {name}" for name, kind in _columns(entity).items())
    paths = _paths(connection, f"entity = '{entity.name}'")
    return (
        f"(select {columns}, '' as _path where false union all by name "
        f"select * from read_parquet({paths}, union_by_name = true, filename = '_path'))"
    )


def _columns(entity: Entity) -> dict[str, str]:
    """Return the columns of an entity's canonical files, with their DuckDB types."""
    types = {pa.string(): "varchar", pa.int64(): "bigint", pa.timestamp("us"): "timestamp"}
    return {field.name: types[field.type] for field in canonical_schema(entity)}


def _paths(connection: duckdb.DuckDBPyConnection, condition: str) -> str:
    """Return SQL of the list of canonical files that meet a condition."""
    query = f"select path from landed where {condition} order by path"
    paths = [_quoted(path) for (path,) in connection.execute(query).fetchall()]
    return f"[{', '.join(paths)}]"


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _culprit(connection: duckdb.DuckDBPyConnection, lake: Path, error: duckdb.Error) -> str:
    """Return which file of the lake cannot be read, and what to do."""
    for folder in (MANIFEST, *ENTITIES):
        for path in sorted((lake / folder).glob("*.parquet")):
            try:
                connection.execute(f"select max(columns(*)) from read_parquet({_quoted(path)})")
            except duckdb.OutOfMemoryException as reason:
                error = reason
                break
            except duckdb.Error as reason:
                sentence = str(reason).splitlines()[0]
                if "Permission denied" in sentence:
                    return f"{path} may not be read; allow it"
                return (
                    f"{path} cannot be read ({sentence}); delete it and "
                    f"{lake / MANIFEST / path.name}, and land the file again"
                )
    if isinstance(error, duckdb.OutOfMemoryException):
        return f"the memory does not suffice to read the lake {lake}; raise SHELFCAST_MEMORY"
    return f"the lake {lake} cannot be read: {str(error).splitlines()[0]}"
