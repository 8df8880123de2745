"""The landing contract: which entities a retailer may bring, with which columns, types and meaning.

This module is the only place that states the contract. The lander reads it to canonicalise files;
``shelfcast contract --write`` renders from it the dbt macro ``landing_contract``, the sources in
``models/staging/_landing__sources.yml`` and ``docs/landing-contract.md``; a test fails when a
rendered file has drifted.

A *state* entity describes how things stand (a SKU, a stock level, an order line): a key that lands
again in a later file replaces the earlier row. An *event* entity describes what happened (a sale, a
movement): a key that lands again is a duplicate. Equal lines of one file that nothing tells apart
are as many events, unless ``landing.yml`` says that they are copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """Types that silver casts to; each has one spelling on every engine."""

    STRING = "string"
    INTEGER = "integer"
    QUANTITY = "quantity"  # numeric(18,4): units and money
    RATE = "rate"  # numeric(9,6): shares between 0 and 1
    DATE = "date"
    TIMESTAMP = "timestamp"


_NUMBER = "^[+-]?([0-9]+[.]?[0-9]{0,99}|[.][0-9]{1,99})([eE][+-]?[0-9]{1,2})?$"

TEXT_SHAPES: dict[ColumnType, str] = {
    ColumnType.INTEGER: "^[+-]?[0-9]+([.]0*)?$",
    ColumnType.QUANTITY: _NUMBER,
    ColumnType.RATE: _NUMBER,
    ColumnType.DATE: "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}([ T][0-9:.]+)?$",
    ColumnType.TIMESTAMP: (
        "^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
        "([ T]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?"
        "(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$"
    ),
}
"""Text that the gate and silver cast, by type: regular expressions all engines read alike."""


class EntityKind(StrEnum):
    """What a key that lands twice means."""

    EVENT = "event"
    STATE = "state"


class EqualLines(StrEnum):
    """What rows of one file are that are equal in all columns and have no number."""

    SEPARATE = "separate"  # each is one more
    COPIES = "copies"  # the first counts


@dataclass(frozen=True)
class Column:
    """One column of an entity.

    Attributes
    ----------
    name, type, meaning
        Name in every layer, type in silver, and one sentence with the unit.
    required
        Every row must hold a value; a file without the column is refused.
    minimum, maximum
        Inclusive bounds in the column's unit; a value outside is ``OUT_OF_RANGE``.
    longest
        Most characters of a text; a longer one is ``TOO_LONG``.
    """

    name: str
    type: ColumnType
    meaning: str
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    longest: int | None = None


@dataclass(frozen=True)
class Entity:
    """One kind of record that a retailer brings."""

    name: str
    grain: str
    kind: EntityKind
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the contract columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Names of the columns without which a file is refused."""
        return tuple(column.name for column in self.columns if column.required)


LINEAGE_COLUMNS: dict[str, str] = {
    "_file": "Path of the file that brought the row, relative to the landing folder.",
    "_row": "Line of a text file (the header is line 1), or row of a Parquet file, counted from 1.",
    "_raw": "The line as it stood in a text file; null for Parquet.",
    "_parse_error": "Why the line could not be split into columns; null when it could.",
    "_landed_at": "UTC time at which the file was landed.",
}
"""Columns that the lander adds to every row, with their meaning."""

LARGEST_QUANTITY = 1_000_000
LONGEST_DAYS = 365


LONGEST_KEY = 200
"""Characters of a key: PostgreSQL's index takes 2,704 bytes, and three keys of four bytes each."""


def _string(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, ColumnType.STRING, meaning, required, longest=LONGEST_KEY)


def _name(name: str, meaning: str) -> Column:
    """Return a text for people, which is no key and may be long."""
    return Column(name, ColumnType.STRING, meaning)


def _date(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, ColumnType.DATE, meaning, required)


def _quantity(
    name: str,
    meaning: str,
    *,
    required: bool = False,
    minimum: float = 0,
    maximum: float = LARGEST_QUANTITY,
) -> Column:
    return Column(name, ColumnType.QUANTITY, meaning, required, minimum, maximum)


def _days(name: str, meaning: str) -> Column:
    return Column(name, ColumnType.QUANTITY, meaning, False, 0, LONGEST_DAYS)


_SKU = _string("sku_id", "The retailer's own key of the SKU.", required=True)
_LOCATION = _string("location_id", "The retailer's own key of the location.", required=True)
_DISCOUNT = Column(
    "discount_rate", ColumnType.RATE, "Share of the list price taken off, 0 to 1.", False, 0, 1
)

CONTRACT: tuple[Entity, ...] = (
    Entity(
        "sales",
        "one line of a receipt or of a ledger without receipts, or one daily total",
        EntityKind.EVENT,
        ("transaction_id", "line_number", "location_id", "sold_at"),
        (
            _string(
                "transaction_id",
                "Receipt or order, of its location and day; absent for ledgers and daily totals.",
            ),
            Column("line_number", ColumnType.INTEGER, "Line within the transaction.", minimum=0),
            Column(
                "sold_at",
                ColumnType.TIMESTAMP,
                "Local time of the sale; without transaction_id, a date alone is a daily total.",
                required=True,
            ),
            _SKU,
            _LOCATION,
            _string("customer_id", "Key of the customer, where known."),
            _quantity(
                "quantity",
                "Units sold; negative for a return.",
                required=True,
                minimum=-LARGEST_QUANTITY,
            ),
            _quantity("unit_price", "Price paid for one unit, in the retailer's currency."),
            _DISCOUNT,
            _string("promotion_id", "Promotion under which the line was sold."),
            _string("channel", "Where it was sold, such as store or web."),
        ),
        required=True,
    ),
    Entity(
        "inventory",
        "one SKU × location × day",
        EntityKind.STATE,
        ("snapshot_date", "sku_id", "location_id"),
        (
            _date("snapshot_date", "Day at whose close the stock was counted.", required=True),
            _SKU,
            _LOCATION,
            _quantity(
                "stock_on_hand",
                "Sellable units at close of day; less than 0 is NEGATIVE_STOCK and counts as 0.",
                required=True,
                minimum=-LARGEST_QUANTITY,
            ),
            Column(
                "stockout_hours",
                ColumnType.QUANTITY,
                "Opening hours of the day without stock.",
                minimum=0,
                maximum=24,
            ),
        ),
    ),
    Entity(
        "inventory_movements",
        "one movement of stock",
        EntityKind.EVENT,
        ("moved_at", "sku_id", "location_id", "movement_type", "quantity"),
        (
            Column("moved_at", ColumnType.TIMESTAMP, "Local time of the movement.", required=True),
            _SKU,
            _LOCATION,
            _quantity(
                "quantity",
                "Units moved; positive adds to stock, negative takes from it.",
                required=True,
                minimum=-LARGEST_QUANTITY,
            ),
            _string("movement_type", "receipt, adjustment, transfer or write_off.", required=True),
        ),
    ),
    Entity(
        "skus",
        "one SKU",
        EntityKind.STATE,
        ("sku_id",),
        (
            _SKU,
            _name("sku_name", "Name that a planner recognises."),
            _string(
                "category", "Category, the level at which campaigns are planned.", required=True
            ),
            _string("subcategory", "Finer class within the category."),
            _string("supplier_id", "Supplier that delivers the SKU."),
            _days("lead_time_days", "Mean days from order to receipt."),
            _days("lead_time_sd_days", "Standard deviation of the lead time in days."),
            _quantity("unit_cost", "Cost of one unit, in the retailer's currency."),
            _quantity("unit_price", "List price of one unit, in the retailer's currency."),
            Column(
                "pack_size",
                ColumnType.QUANTITY,
                "Units in the smallest pack that can be ordered.",
                minimum=0.0001,
                maximum=LARGEST_QUANTITY,
            ),
            _quantity("min_order_quantity", "Fewest units that the supplier accepts."),
            Column(
                "shelf_life_days",
                ColumnType.QUANTITY,
                "Days for which the SKU can be sold after receipt.",
                minimum=1,
                maximum=36500,
            ),
            _date("launched_on", "First day on sale."),
            _date("discontinued_on", "First day no longer on sale."),
            _string("predecessor_sku_id", "SKU that this one replaces."),
        ),
        required=True,
    ),
    Entity(
        "suppliers",
        "one supplier",
        EntityKind.STATE,
        ("supplier_id",),
        (
            _string("supplier_id", "The retailer's own key of the supplier.", required=True),
            _name("supplier_name", "Name of the supplier."),
            _days("lead_time_days", "Mean days from order to receipt."),
            _days("lead_time_sd_days", "Standard deviation of the lead time in days."),
            Column(
                "review_period_days",
                ColumnType.INTEGER,
                "Days between two regular orders; with weekdays, 14 is every second week.",
                minimum=1,
                maximum=LONGEST_DAYS,
            ),
            _string(
                "order_weekdays", "Weekdays on which orders are placed, ISO 1 to 7, such as '1 4'."
            ),
        ),
    ),
    Entity(
        "locations",
        "one location",
        EntityKind.STATE,
        ("location_id",),
        (
            _LOCATION,
            _name("location_name", "Name that a planner recognises."),
            _string("region", "Region, the level at which campaigns run.", required=True),
            _string("location_type", "Such as store, warehouse or web."),
            _date("opened_on", "First day of trading."),
            _date("closed_on", "First day on which it no longer trades."),
        ),
    ),
    Entity(
        "customers",
        "one customer",
        EntityKind.STATE,
        ("customer_id",),
        (
            _string("customer_id", "The retailer's own key of the customer.", required=True),
            _string("segment", "Segment, such as loyal or occasional."),
            _string("region", "Region in which the customer lives."),
            _date("signed_up_on", "Day on which the customer signed up."),
        ),
    ),
    Entity(
        "purchase_orders",
        "one order line",
        EntityKind.STATE,
        ("purchase_order_id", "sku_id", "location_id"),
        (
            _string("purchase_order_id", "Key of the order.", required=True),
            _SKU,
            _LOCATION,
            _date("ordered_on", "Day at whose close the order was placed.", required=True),
            _date("expected_on", "Day on which the supplier promised delivery."),
            _date(
                "received_on", "Day on which it was received; empty while some is still to come."
            ),
            _quantity("ordered_quantity", "Units ordered.", required=True, minimum=0.0001),
            _quantity("received_quantity", "Units received so far, also of an open line."),
        ),
    ),
    Entity(
        "promotions",
        "one promotion × scope",
        EntityKind.STATE,
        ("promotion_id", "category", "sku_id", "region"),
        (
            _string("promotion_id", "The retailer's own key of the promotion.", required=True),
            _string("category", "Category on promotion; empty for all."),
            _string("sku_id", "SKU on promotion; empty for all of the category."),
            _string("region", "Region of the promotion; empty for all."),
            _date("starts_on", "First day; a day after the as-of date is planned.", required=True),
            _date("ends_on", "Last day, inclusive.", required=True),
            _DISCOUNT,
        ),
    ),
    Entity(
        "holidays",
        "one day × region",
        EntityKind.STATE,
        ("holiday_date", "region", "holiday_name"),
        (
            _date("holiday_date", "Day of the holiday.", required=True),
            _string("holiday_name", "Name of the holiday."),
            _string("region", "Region that keeps it; empty for all."),
        ),
    ),
    Entity(
        "external_signals",
        "one signal × region × day",
        EntityKind.STATE,
        ("signal", "signal_date", "region"),
        (
            _string("signal", "Name of the signal, such as oil_price.", required=True),
            _date("signal_date", "Day of the observation.", required=True),
            _string("region", "Region of the observation; empty for all."),
            Column(
                "value", ColumnType.QUANTITY, "The observation, in the signal's own unit.", True
            ),
        ),
    ),
)
"""Every entity of the landing contract, in the order of the documentation."""

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in CONTRACT}
"""The contract by entity name."""
