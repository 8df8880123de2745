"""FreshRetailNet: daily sales of fresh food per store, with the hours that were out of stock.

Hours out of stock are recorded; the stock at close is not and is simulated from them.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from shelfcast.importers.files import (
    ImportFileError,
    ImportReport,
    LandingFolder,
    Progress,
    connect,
    count,
    read_source,
)
from shelfcast.importers.simulation import uniform

ORIGIN = "https://huggingface.co/datasets/Dingdong-Inc/FreshRetailNet-50K"
COLUMNS = (
    "city_id",
    "store_id",
    "first_category_id",
    "second_category_id",
    "third_category_id",
    "product_id",
    "dt",
    "sale_amount",
    "hours_stock_status",
    "stock_hour6_22_cnt",
    "discount",
    "holiday_flag",
    "activity_flag",
)

_COVER_DAYS = (1, 5)
_LEAST_STOCK = 0.1
_LAST_SELLING_HOUR = 22  # the hour from 21 to 22, counted from 1


def import_fresh_retail(
    file: Path, folder: Path, *, progress: Progress | None = None
) -> ImportReport:
    """Turn the series-days of FreshRetailNet into a landing folder.

    Parameters
    ----------
    file
        The data set, or a part of it, as Parquet with the columns of ``COLUMNS``.
    folder
        Landing folder; must not exist, be empty, or come from an earlier import.
    progress
        Called with a line of text for every file written.

    Returns
    -------
    ImportReport
        Rows by file and what was assumed. Every series-day of ``file`` is a row of
        ``inventory_simulated.parquet``, and of ``sales.parquet`` unless it sold nothing.

    Raises
    ------
    ImportFileError
        The file is absent, unreadable or lacks columns.
    FileExistsError
        The folder holds a file that no import wrote or that has changed since, or it is or holds
        the working folder.

    Notes
    -----
    Simulated stock at close is 0 where the last selling hour was out of stock, else

        max(0.1, cover · mean daily sales of the series on days never out of stock),

    where the cover of a series lies between 1 and 5 days, by a hash of its ids.
    """
    with LandingFolder(folder, "fresh-retail", progress) as landing, connect() as connection:
        read_source(connection, "source", file, COLUMNS, ORIGIN, lists=("hours_stock_status",))
        _make_days(connection, file)
        _make_covers(connection)
        landing.write("sales.parquet", connection.sql(_SALES))
        landing.write("inventory_simulated.parquet", connection.sql(_INVENTORY))
        landing.write("skus.csv", connection.sql(_SKUS))
        landing.write("locations.csv", connection.sql(_LOCATIONS))
        landing.write("suppliers_simulated.csv", connection.sql(_SUPPLIERS))
        landing.write("holidays.csv", connection.sql(_HOLIDAYS))
        return landing.report(*_assumptions(connection))


def _make_days(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Make the table ``days``: the series-days with the ids that land."""
    try:
        connection.execute(_DAYS)
    except duckdb.Error as error:
        message = " ".join(str(error).split())
        raise ImportFileError(
            f"{file} has columns of other types than published ({message[:300]}); fetch it again "
            f"from {ORIGIN}"
        ) from error


def _make_covers(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table ``covers`` of the days of demand that each series has in stock."""
    series = connection.execute(
        "select distinct sku_id, location_id from days order by sku_id, location_id"
    ).fetchall()
    least, most = _COVER_DAYS
    cover = least + uniform((f"{sku}|{place}" for sku, place in series), "cover") * (most - least)
    table = pa.table(
        {
            "sku_id": pa.array([sku for sku, _ in series], pa.string()),
            "location_id": pa.array([place for _, place in series], pa.string()),
            "cover_days": cover,
        }
    )
    connection.register("covers", table)


_DAYS = f"""
    create table days as
    select
        format('P{{:04d}}', product_id) as sku_id,
        format('S{{:03d}}', store_id) as location_id,
        cast(dt as date) as day,
        cast(sale_amount as decimal(18, 4)) as quantity,
        cast(hours_stock_status[{_LAST_SELLING_HOUR}] as integer) = 1 as is_out_at_close,
        cast(stock_hour6_22_cnt as integer) as stockout_hours,
        cast(discount as float) as discount,
        cast(activity_flag as integer) as activity_flag,
        cast(holiday_flag as integer) as holiday_flag,
        format('Product {{}}', product_id) as sku_name,
        format('Category {{:02d}}', first_category_id) as category,
        format('{{:02d}} / {{:03d}}', second_category_id, third_category_id) as subcategory,
        format('Store {{}}', store_id) as location_name,
        format('City {{:02d}}', city_id) as region
    from source
"""

_SALES = """
    select
        day as sold_at,
        sku_id,
        location_id,
        quantity,
        case when discount > 0 then cast(1 - discount as decimal(9, 6)) end as discount_rate,
        case when activity_flag = 1 then 'activity' end as promotion_id
    from days
    where quantity is distinct from 0
    order by days.rowid
"""

_INVENTORY = f"""
    with means as (
        select
            sku_id,
            location_id,
            coalesce(avg(quantity) filter (where stockout_hours = 0), avg(quantity), 0) as quantity
        from days
        group by sku_id, location_id
    )
    select
        day as snapshot_date,
        sku_id,
        location_id,
        case
            when is_out_at_close then 0
            else cast(
                greatest(means.quantity * covers.cover_days, {_LEAST_STOCK}) as decimal(18, 4)
            )
        end as stock_on_hand,
        stockout_hours
    from days
    left join means using (sku_id, location_id)
    left join covers using (sku_id, location_id)
    order by days.rowid
"""

_SKUS = """
    select
        sku_id,
        min(sku_name) as sku_name,
        min(category) as category,
        min(subcategory) as subcategory,
        'SIM-01' as supplier_id
    from days
    where sku_id is not null
    group by sku_id
    order by sku_id
"""

_LOCATIONS = """
    select
        location_id,
        min(location_name) as location_name,
        min(region) as region,
        'store' as location_type
    from days
    where location_id is not null
    group by location_id
    order by location_id
"""

_SUPPLIERS = """
    select
        'SIM-01' as supplier_id,
        'Simulated supplier' as supplier_name,
        1 as lead_time_days,
        0.5 as lead_time_sd_days,
        1 as review_period_days
"""

_HOLIDAYS = """
    select distinct day as holiday_date, 'Public holiday' as holiday_name
    from days
    where holiday_flag = 1 and isodow(day) <= 5
    order by day
"""


def _assumptions(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    def days(condition: str) -> str:
        return f"{count(connection, f'select count(*) from days where {condition}'):,}"

    least, most = _COVER_DAYS
    return (
        f"{days('quantity = 0')} series-days without a sale are no row of sales.parquet; every "
        "series-day is a row of inventory_simulated.parquet.",
        "sale_amount, which its publisher has scaled by one factor, is taken as units sold. Prices "
        "are not in the data, so figures of money are unknown.",
        f"The discount is 1 less the price ratio; {days('discount = 0')} series-days with ratio 0 "
        "have no known discount. Days with the activity flag are sold under one promotion, "
        "activity.",
        "The holiday flag also marks weekends: only flagged Mondays to Fridays are holidays.",
        "Hours out of stock between 6 and 22 are as recorded; hourly sales are not used.",
        f"Simulated, in files named so: stock at close is 0 on the {days('is_out_at_close')} "
        "series-days whose last selling hour was out of stock, else between "
        f"{least} and {most} days of the mean sales on days never out of stock.",
        "Simulated: one supplier that delivers after 1 day (standard deviation 0.5) and takes "
        "orders daily.",
    )
