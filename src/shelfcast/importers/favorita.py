"""Corporación Favorita (Kaggle "Store Sales"): daily sales of product families in Ecuador.

The data holds no stock. Nothing is simulated for it: stock-out risk stays unknown.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from shelfcast.importers.files import (
    ImportFileError,
    ImportReport,
    LandingFolder,
    Progress,
    connect,
    count,
    read_source,
)

ORIGIN = "https://www.kaggle.com/competitions/store-sales-time-series-forecasting/data"
COLUMNS = {
    "train": ("date", "store_nbr", "family", "sales", "onpromotion"),
    "stores": ("store_nbr", "city", "state", "type"),
    "holidays_events": ("date", "type", "locale", "locale_name", "description", "transferred"),
    "transactions": ("date", "store_nbr", "transactions"),
    "oil": ("date", "dcoilwtico"),
}
"""Columns by file, without its ending; other columns and test.csv are not read."""


def import_favorita(
    source_dir: Path, folder: Path, *, progress: Progress | None = None
) -> ImportReport:
    """Turn the files of Kaggle's "Store Sales" into a landing folder.

    Parameters
    ----------
    source_dir
        Folder with the CSV files of ``COLUMNS``.
    folder
        Landing folder; must not exist, be empty, or come from an earlier import.
    progress
        Called with a line of text for every file written.

    Returns
    -------
    ImportReport
        Rows by file and what was assumed, with the number of lines left out of each file.

    Raises
    ------
    ImportFileError
        A file is absent, unreadable or lacks columns, or two families would share a sku_id.
    FileExistsError
        The folder holds a file that no import wrote or that has changed since, or it is or holds
        the working folder.
    """
    with LandingFolder(folder, "favorita", progress) as landing, connect() as connection:
        missing = [f"{name}.csv" for name in COLUMNS if not (source_dir / f"{name}.csv").is_file()]
        if missing:
            raise ImportFileError(
                f"{source_dir} lacks {', '.join(missing)}; fetch all files from {ORIGIN} and "
                "unpack them there"
            )
        for name, columns in COLUMNS.items():
            read_source(connection, name, source_dir / f"{name}.csv", columns, ORIGIN)
        _refuse_shared_ids(connection, source_dir)
        connection.execute(_HOLIDAY_SCOPES)
        landing.write("sales.parquet", connection.sql(_SALES))
        landing.write("skus.csv", connection.sql(_SKUS))
        landing.write("locations.csv", connection.sql(_LOCATIONS))
        landing.write("holidays.csv", connection.sql(_HOLIDAYS))
        landing.write("external_signals.csv", connection.sql(_SIGNALS))
        return landing.report(*_assumptions(connection))


def _location_id(column: str) -> str:
    number = f"try_cast({column} as integer)"
    return f"coalesce(format('S{{:02d}}', {number}), trim({column}))"


_SKU_ID = "trim(regexp_replace(lower(family), '[^a-z0-9]+', '-', 'g'), '-')"

_SALES = f"""
    select
        date as sold_at,
        {_SKU_ID} as sku_id,
        {_location_id("store_nbr")} as location_id,
        sales as quantity,
        case when try_cast(onpromotion as double) > 0 then 'onpromotion' end as promotion_id
    from train
    where try_cast(sales as double) is distinct from 0
    order by train.rowid
"""

_SKUS = f"""
    select distinct {_SKU_ID} as sku_id, trim(family) as sku_name, trim(family) as category
    from train
    where family is not null
    order by sku_id
"""

_LOCATIONS = f"""
    select
        {_location_id("store_nbr")} as location_id,
        format('Store {{}}, {{}}', trim(store_nbr), trim(city)) as location_name,
        trim(state) as region,
        trim(type) as location_type
    from stores
    order by stores.rowid
"""

_LEFT_OUT = {
    "transferred": "lower(trim(transferred)) = 'true'",
    "working day": "type = 'Work Day'",
    "city without store": "locale = 'Local' and cities.city is null",
    "unknown locale": "coalesce(locale not in ('National', 'Regional', 'Local'), true)",
}
"""Why an event is no holiday; the first that holds counts."""

_HOLIDAY_SCOPES = f"""
    create table holiday_scopes as
    with cities as (
        select trim(city) as city, list(distinct trim(state) order by trim(state)) as states
        from stores
        where city is not null
        group by trim(city)
    )
    select
        holidays_events.rowid as line,
        date,
        locale,
        locale_name,
        description,
        case locale
            when 'Regional' then [trim(locale_name)]
            when 'Local' then cities.states
            else [null]
        end as regions,
        case {" ".join(f"when {rule} then '{reason}'" for reason, rule in _LEFT_OUT.items())} end
            as left_out
    from holidays_events
    left join cities on locale = 'Local' and cities.city = trim(locale_name)
"""

_HOLIDAYS = """
    select
        date as holiday_date,
        case
            when locale = 'Local' then format('{} ({})', description, locale_name) else description
        end as holiday_name,
        unnest(regions) as region
    from holiday_scopes
    where left_out is null
    order by line, region
"""

_SIGNALS = """
    with known_transactions as (
        select date, trim(state) as region, sum(try_cast(transactions as bigint)) as value
        from transactions
        inner join stores on transactions.store_nbr = stores.store_nbr
        group by all
        having value is not null
    )
    select 'oil_price' as signal, date as signal_date, null as region, dcoilwtico as value
    from oil
    where dcoilwtico is not null
    union all
    select 'footfall', date, region, cast(value as varchar) from known_transactions
    order by signal, signal_date, region
"""


def _refuse_shared_ids(connection: duckdb.DuckDBPyConnection, source_dir: Path) -> None:
    shared = connection.execute(
        f"""
        select string_agg(distinct trim(family), ' and ' order by trim(family))
        from train
        group by {_SKU_ID}
        having count(distinct trim(family)) > 1
        """
    ).fetchone()
    if shared is not None:
        raise ImportFileError(
            f"{source_dir / 'train.csv'}: the families {shared[0]} would share a sku_id; rename one"
        )


def _assumptions(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    def lines(query: str) -> str:
        return f"{count(connection, f'select count(*) from {query}'):,}"

    def events(reason: str) -> str:
        return lines(f"holiday_scopes where left_out = '{reason}'")

    unsold = lines("train where try_cast(sales as double) = 0")
    unplaced = lines(
        "transactions left join stores using (store_nbr) "
        "where stores.store_nbr is null or try_cast(transactions as bigint) is null"
    )
    gaps = lines("oil where dcoilwtico is null")
    return (
        "A family is a SKU and its own category; a store's state is its region.",
        f"{unsold} lines of train.csv with sales 0 are left out: a day without a row sold nothing.",
        "Lines with items on promotion are sold under one promotion, onpromotion; its discount is "
        "unknown.",
        "National holidays are kept everywhere, regional ones in their state, local ones in the "
        "state of their city, with the city in the name.",
        f"Of holidays_events.csv are left out: {events('transferred')} transferred to another day, "
        f"{events('working day')} working days, {events('city without store')} of cities without a "
        f"store, {events('unknown locale')} of an unknown locale.",
        f"The oil price is a signal without region; {gaps} days without a price are left out.",
        "Footfall is the sum of transactions by state and day; "
        f"{unplaced} lines of transactions.csv without a known store or a number are left out.",
        "test.csv is not read. Prices are not in the data, so figures of money are unknown.",
        "Stock is not in the data and is not simulated: stock-out risk stays Unknown.",
    )
