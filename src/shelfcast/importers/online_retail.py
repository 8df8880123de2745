"""Online Retail (UCI): a year of invoice lines of a British wholesaler of giftware.

Lines land as they are, also cancellations, charges and bad debts: silver judges them. Stock,
suppliers and orders are not in the data and are simulated.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
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
from shelfcast.importers.simulation import SUPPLIERS, StockHistory, Suppliers, simulate_stock

ORIGIN = "https://archive.ics.uci.edu/dataset/352/online+retail"
COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
LOCATION = "WAREHOUSE"

_LANDING = """\
# An invoice has no line numbers. A line that repeats another in all columns was keyed twice.
entities:
  sales:
    equal_lines: copies
  inventory_movements:
    equal_lines: copies
"""

_IS_SKU = "regexp_matches(sku_id, '^([0-9]{5}|DCGS)')"

_DATE_FORMATS = {
    "year first": "%Y-%m-%d %H:%M:%S",
    "month first": "%m/%d/%Y %H:%M",
    "day first": "%d/%m/%Y %H:%M",
    "day first, with hyphens": "%d-%m-%Y %H:%M",
}

_CATEGORIES = (
    ("Christmas", "CHRISTMAS|XMAS|ADVENT|SANTA|REINDEER|BAUBLE"),
    ("Jewellery", "NECKLACE|BRACELET|EARRING|RING|CHARM|BANGLE|BROOCH|HAIR"),
    ("Bags and purses", "BAG|HANDBAG|WASHBAG|PURSE|SHOPPER"),
    ("Candles and lights", "CANDLE|CANDLEHOLDER|T-LIGHT|LIGHT|LANTERN|LAMP|LAMPSHADE|INCENSE"),
    ("Tea and coffee", "MUG|CUP|TEACUP|BEAKER|TEAPOT|SAUCER|COFFEE|TEA"),
    ("Plates and bowls", "PLATE|BOWL|DISH|TRAY|JUG|COASTER|PLACEMAT"),
    ("Kitchen and baking", "CAKE|KITCHEN|BAKING|CUTLERY|APRON|SPOON|RECIPE|LUNCH|PANTRY"),
    ("Storage", "BOX|TIN|JAR|BOTTLE|CABINET|BASKET|DRAWER"),
    ("Cards and stationery", "CARD|WRAP|NOTEBOOK|PAPER|STICKER|TAPE|RIBBON|TAG|PENCIL|PEN|CHALK"),
    ("Party", "BUNTING|GARLAND|PARTY|BALLOON|NAPKIN|DOILY|DOILEY|DOILIES"),
    ("Signs and frames", "SIGN|FRAME|CLOCK|MIRROR|PICTURE|PHOTO|ART"),
    ("Textiles", "CUSHION|COVER|TOWEL|DOORMAT|CURTAIN|QUILT|THROW|RUG"),
    ("Garden", "GARDEN|FLOWER|PARASOL|UMBRELLA|WATERING|POT|PLANT|PLANTER"),
    ("Toys and games", "TOY|GAME|DOLL|DOLLY|PUZZLE|JIGSAW|MAGNET|FELTCRAFT|SPACEBOY"),
    ("Hooks and hangers", "HOOK|HANGER|KNOB|DOORSTOP|RACK"),
    ("Decorations", "DECORATION|HANGING|HEART|STAR|BIRD|BUTTERFLY"),
)
"""Category and the words, one of which stands in the name; the first category that fits is it."""

_OTHER_CATEGORY = "Other giftware"

_LONGEST_YEARS = 10
"""The data set spans one year. Every day of the span is simulated for every SKU."""

_SHOWN_LINES = 3


def import_online_retail(
    file: Path, folder: Path, *, progress: Progress | None = None
) -> ImportReport:
    """Turn the lines of Online Retail into a landing folder.

    Parameters
    ----------
    file
        The data set as CSV or Parquet, with the columns of ``COLUMNS``.
    folder
        Landing folder; must not exist, be empty, or come from an earlier import.
    progress
        Called with a line of text for every file written.

    Returns
    -------
    ImportReport
        Rows by file and what was assumed. Every line of ``file`` is a row of ``sales.parquet`` or
        of ``inventory_movements_unpriced.parquet``.

    Raises
    ------
    ImportFileError
        The file is absent, unreadable, lacks columns, holds no sale, or holds sales over ten years
        apart.
    FileExistsError
        The folder holds a file that no import wrote or that has changed since, or it is or holds
        the working folder.
    """
    with LandingFolder(folder, "online-retail", progress) as landing, connect() as connection:
        read_source(connection, "source", file, COLUMNS, ORIGIN)
        dates = _make_lines(connection)
        _make_accepted(connection)
        suppliers = Suppliers.simulate()
        _assign_suppliers(connection, suppliers)
        stock = _simulate(connection, file)
        landing.write("sales.parquet", connection.sql(_SALES))
        landing.write("inventory_movements_unpriced.parquet", connection.sql(_UNPRICED))
        landing.write("skus.csv", connection.sql(_SKUS))
        landing.write("customers.csv", connection.sql(_CUSTOMERS))
        landing.write("locations.csv", connection.sql(_LOCATIONS))
        for name, table, query in (
            ("suppliers_simulated.csv", suppliers.table(), "from simulated"),
            ("inventory_simulated.parquet", stock.counts, _as_quantities("stock_on_hand")),
            (
                "inventory_movements_simulated.parquet",
                stock.receipts,
                _as_quantities("quantity"),
            ),
            (
                "purchase_orders_simulated.parquet",
                stock.orders,
                _as_quantities("ordered_quantity", "received_quantity"),
            ),
        ):
            connection.register("simulated", table)
            landing.write(name, connection.sql(query))
        landing.configure(_LANDING)
        return landing.report(*_assumptions(connection, dates, stock))


def _make_lines(connection: duckdb.DuckDBPyConnection) -> str:
    """Make the table ``lines``, the text that lands beside typed values; return how dates read.

    Spreadsheets save dates in the order of their user's country. The order in which most lines
    make a date holds for the whole file; of equal ones, the one that is named first.
    """
    counts = {
        name: count(
            connection,
            f"""
            select count(try_strptime(trim(cast(InvoiceDate as varchar)), '{date_format}'))
            from source
            """,
        )
        for name, date_format in _DATE_FORMATS.items()
    }
    chosen = max(counts, key=lambda name: counts[name])
    connection.execute(
        f"""
        create table lines as
        with trimmed as (
            select
                trim(cast(InvoiceNo as varchar)) as transaction_id,
                upper(trim(cast(StockCode as varchar))) as sku_id,
                nullif(regexp_replace(trim(cast(Description as varchar)), '\\s+', ' ', 'g'), '')
                    as description,
                trim(cast(InvoiceDate as varchar)) as sold_at_text,
                trim(cast(Quantity as varchar)) as quantity_text,
                trim(cast(UnitPrice as varchar)) as price_text,
                nullif(regexp_replace(trim(cast(CustomerID as varchar)), '\\.0$', ''), '')
                    as customer_id,
                nullif(trim(cast(Country as varchar)), '') as country
            from source
        )
        select
            *,
            try_strptime(sold_at_text, '{_DATE_FORMATS[chosen]}') as sold_at,
            try_cast(quantity_text as decimal(18, 4)) as quantity,
            try_cast(price_text as decimal(18, 4)) as unit_price,
            coalesce(try_cast(price_text as double) = 0, false) as is_unpriced
        from trimmed
        """
    )
    return chosen


_UNPRICED_QUANTITY = "case when customer_id is null then quantity else -quantity end"
_MOVEMENT_TYPE = f"case when {_UNPRICED_QUANTITY} < 0 then 'write_off' else 'adjustment' end"


def _make_accepted(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables ``sold`` and ``moved`` of what silver will accept, by SKU and day.

    Silver drops exact copies, lines that are no SKU's, and returns before a SKU's first sale.
    """
    connection.execute(
        f"""
        create table sold as
        with distinct_lines as (
            select distinct transaction_id, sold_at, sku_id, customer_id, quantity, unit_price
            from lines
            where
                not is_unpriced and {_IS_SKU} and sold_at is not null
                and quantity <> 0 and abs(quantity) <= 1e6 and unit_price between 0 and 1e6
        ),
        first_sales as (
            select sku_id, min(cast(sold_at as date)) as first_on
            from distinct_lines
            where quantity > 0
            group by sku_id
        )
        select sku_id, cast(sold_at as date) as day, first_on, sum(quantity) as quantity
        from distinct_lines
        inner join first_sales using (sku_id)
        where cast(sold_at as date) >= first_on
        group by all;

        create table moved as
        with distinct_movements as (
            select distinct
                sold_at, sku_id, {_MOVEMENT_TYPE} as movement_type, {_UNPRICED_QUANTITY} as quantity
            from lines
            where
                is_unpriced and {_IS_SKU} and sold_at is not null and abs(quantity) <= 1e6
        )
        select sku_id, cast(sold_at as date) as day, sum(quantity) as quantity
        from distinct_movements
        group by all
        """
    )


def _assign_suppliers(connection: duckdb.DuckDBPyConnection, suppliers: Suppliers) -> None:
    """Make the table ``assigned`` of every SKU with its simulated supplier."""
    rows = connection.execute(
        f"select distinct sku_id from lines where {_IS_SKU} order by sku_id"
    ).fetchall()
    sku_ids = [row[0] for row in rows]
    supplier_ids = [suppliers.ids[place] for place in suppliers.of(sku_ids)]
    connection.register("assigned", pa.table({"sku_id": sku_ids, "supplier_id": supplier_ids}))


def _simulate(connection: duckdb.DuckDBPyConnection, file: Path) -> StockHistory:
    """Simulate the stock of every SKU with an accepted sale."""
    span = connection.execute("select min(day), max(day) from sold").fetchone()
    if span is None or span[0] is None:
        raise ImportFileError(
            f"{file} holds no line that can be read as a sale; look at its columns InvoiceDate, "
            "Quantity, UnitPrice and StockCode"
        )
    _refuse_far_days(connection, file)
    starts_on, ends_on = span
    rows = connection.execute(
        "select sku_id, min(first_on) from sold group by sku_id order by sku_id"
    ).fetchall()
    sku_ids = [row[0] for row in rows]
    first_day = np.array([(row[1] - starts_on).days for row in rows], dtype=np.int64)
    shape = ((ends_on - starts_on).days + 1, len(sku_ids))
    return simulate_stock(
        sku_ids,
        LOCATION,
        starts_on,
        first_day,
        _daily(connection, "sold", sku_ids, starts_on, shape),
        _daily(connection, "moved", sku_ids, starts_on, shape),
    )


def _refuse_far_days(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Raise where a mistyped year stretches the sales over more days than a retailer has."""
    far = connection.execute(
        """
        with middles as (
            select quantile_disc(day, 0.5) as middle, max(day) - min(day) as days from sold
        )
        select
            lines.rowid + 1,
            coalesce(transaction_id, 'unknown'),
            sold_at_text,
            cast(middle as varchar),
            count(*) over ()
        from lines
        semi join sold on lines.sku_id = sold.sku_id and cast(lines.sold_at as date) = sold.day
        cross join middles
        where
            not lines.is_unpriced
            and middles.days > $longest_days
            and abs(cast(lines.sold_at as date) - middle) > $longest_days / 2
        order by lines.rowid
        limit $shown
        """,
        {"longest_days": _LONGEST_YEARS * 365.25, "shown": _SHOWN_LINES},
    ).fetchall()
    if far:
        named = ", ".join(
            f"row {row} (invoice {invoice}, {text})" for row, invoice, text, *_ in far
        )
        *_, middle, lines = far[0]
        more = f" and {lines - len(far):,} more" if lines > len(far) else ""
        raise ImportFileError(
            f"{file} has sales over {_LONGEST_YEARS} years apart; far from the others, around "
            f"{middle}, are those of {named}{more}; correct the InvoiceDate, or take the lines out"
        )


def _daily(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    sku_ids: list[str],
    starts_on: date,
    shape: tuple[int, int],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the quantities of a table as (days, skus)."""
    connection.register("places", pa.table({"sku_id": sku_ids, "place": range(len(sku_ids))}))
    columns = connection.execute(
        f"""
        select day - $starts_on as day, place, cast(quantity as double) as quantity
        from {table}
        inner join places using (sku_id)
        where day - $starts_on between 0 and $last_day
        """,
        {"starts_on": starts_on, "last_day": shape[0] - 1},
    ).fetchnumpy()
    quantities = np.zeros(shape)
    quantities[columns["day"], columns["place"]] = columns["quantity"]
    return quantities


def _as_quantities(*columns: str) -> str:
    casts = ", ".join(f"cast({column} as decimal(18, 4)) as {column}" for column in columns)
    return f"select * replace ({casts}) from simulated"


_SOLD_AT_TEXT = "coalesce(strftime(sold_at, '%Y-%m-%d %H:%M:%S'), sold_at_text)"

_SALES = f"""
    select
        transaction_id,
        {_SOLD_AT_TEXT} as sold_at,
        sku_id,
        '{LOCATION}' as location_id,
        customer_id,
        quantity_text as quantity,
        price_text as unit_price,
        'web' as channel
    from lines
    where not is_unpriced
    order by lines.rowid
"""

_UNPRICED = f"""
    select
        {_SOLD_AT_TEXT} as moved_at,
        sku_id,
        '{LOCATION}' as location_id,
        coalesce(cast({_UNPRICED_QUANTITY} as varchar), quantity_text) as quantity,
        {_MOVEMENT_TYPE} as movement_type
    from lines
    where is_unpriced
    order by lines.rowid
"""

_CUSTOMERS = """
    with lines_by_country as (
        select customer_id, country, count(*) as lines
        from lines
        where customer_id is not null
        group by all
    )
    select customer_id, country as region
    from lines_by_country
    qualify row_number() over (
        partition by customer_id order by lines desc, country nulls last
    ) = 1
    order by customer_id
"""

_LOCATIONS = f"""
    select
        '{LOCATION}' as location_id,
        'Warehouse' as location_name,
        'United Kingdom' as region,
        'warehouse' as location_type
"""


def _category() -> str:
    cases = " ".join(
        f"when regexp_matches(upper(sku_name), '\\b({words})(E?S)?\\b') then '{category}'"
        for category, words in _CATEGORIES
    )
    return f"case {cases} else '{_OTHER_CATEGORY}' end"


_SKUS = f"""
    with names as (
        select sku_id, description as sku_name
        from lines
        where not is_unpriced and description is not null
        group by sku_id, description
        qualify row_number() over (
            partition by sku_id order by count(*) desc, description
        ) = 1
    ),
    prices as (
        select sku_id, cast(median(unit_price) as decimal(18, 4)) as unit_price
        from lines
        where quantity > 0 and unit_price > 0
        group by sku_id
    )
    select sku_id, sku_name, {_category()} as category, supplier_id, unit_price
    from assigned
    left join names using (sku_id)
    left join prices using (sku_id)
    order by sku_id
"""


def _assumptions(
    connection: duckdb.DuckDBPyConnection, dates: str, stock: StockHistory
) -> tuple[str, ...]:
    def lines(condition: str) -> str:
        return f"{count(connection, f'select count(*) from lines where {condition}'):,}"

    return (
        f"Dates are read {dates}. Lines whose date or numbers cannot be read land as they are.",
        f"All is shipped from one location, {LOCATION}; the country is the customer's region.",
        "A code is a SKU when it begins with five digits or with DCGS, in capitals. "
        f"{lines(f'not coalesce({_IS_SKU}, false)')} lines with another code (postage, fees, "
        "vouchers, corrections) land too; skus.csv lacks those codes, and silver rejects them as "
        "UNKNOWN_SKU.",
        f"{lines('is_unpriced')} lines at price zero are no sales; they land as movements of "
        "stock. A negative one is a write-off, a positive one an adjustment; the "
        f"{lines('is_unpriced and customer_id is not null')} with a customer are gifts and leave "
        "the stock. Equal ones become DUPLICATE in silver.",
        "Cancellations and negative prices land as they are; silver judges them.",
        "Lines that are equal in all columns are copies: landing.yml says so; silver keeps one.",
        "A SKU's name is its most frequent description, its category follows from words in the "
        "name, its price is the median; unit costs are unknown.",
        f"Simulated, in files named so: {SUPPLIERS} suppliers, orders, "
        "receipts and weekly counts of stock; what rests on them, such as stock-out risk, shows "
        "how the plan works and not how this retailer stood.",
        "All recorded sales were delivered: where simulated stock would not have sufficed, "
        f"{stock.emergencies:,} emergency receipts cover it, so that no past day is censored.",
    )
