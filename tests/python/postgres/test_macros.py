"""Cross-database macros: the same rows on DuckDB and PostgreSQL, against values written by hand.

Where the server can, the database on PostgreSQL sorts by language (_ a ä B), so that an order left
to its locale shows; the embedded server cannot.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import Any

import duckdb
import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from psycopg2.extensions import make_dsn
from warehouses import PostgresWarehouse, Warehouse

from shelfcast.postgres.connection import connect, parse_url

pytestmark = pytest.mark.slow

TYPES = ("integer", "quantity", "rate", "date", "timestamp")
ASIDE = "@@@"
"""Sign between templates that are compiled together: each start of dbt takes seconds."""

TEMPLATES = {
    **{f"cast_text {type_}": f"{{{{ cast_text('landed', '{type_}') }}}}" for type_ in TYPES},
    **{
        f"cast_double {type_}": f"{{{{ cast_double('given', '{type_}') }}}}"
        for type_ in ("quantity", "amount", "rate", "score")
    },
    "trim_text": "{{ trim_text('landed') }}",
    "row_hash": "dense_rank() over (order by {{ row_hash(['landed', 'amount', 'day']) }})",
    "inlined": "(with given {{ inlined() }} (select landed as it) select max(it) from given)",
    "text_order": "row_number() over (order by {{ text_order('landed') }} desc nulls last)",
    "collation": "collation for ({{ text_order('landed') }})",
    "listagg": """{{ dbt.listagg('landed', "'-'", 'order by ' ~ text_order('landed')) }}""",
    "matches_pattern": "{{ matches_pattern('landed', '^[0-9]+$') }}",
    "is_simulated": "{{ is_simulated('landed') }}",
    "is_correction": "{{ is_correction('landed') }}",
    "add_days": "{{ add_days('day', 'days') }}",
    "days_between": "{{ days_between('day', 'later') }}",
    "iso_weekday": "{{ iso_weekday('day') }}",
    "date_series": "{{ date_series('day', 'later') }}",
    "latest_day": "{{ latest_day('instant') }}",
    "type_double": "cast(given as {{ type_double() }})",
    "line_revenue": "cast({{ line_revenue('cases', 'cases') }} as {{ type_amount() }})",
    "exact_product": "{{ exact_product('units', 'price') }}",
    "audit_text": r"""{{ audit_text("it's 100 % \\ \"so\"; --") }}""",
}


@dataclass(frozen=True)
class Engine:
    """An engine, and what dbt makes of the templates for it."""

    open: Callable[[], AbstractContextManager[Any]]
    placeholder: str
    compiled: dict[str, str]

    def rows(self, template: str, columns: str, cases: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return what a template gives for each case, in the order of the cases."""
        with self.open() as connection:
            cursor = connection.cursor()
            cursor.execute(f"create temporary table cases (place integer, {columns})")
            signs = ", ".join([self.placeholder] * (len(cases[0]) + 1))
            for place, case in enumerate(cases):
                cursor.execute(f"insert into cases values ({signs})", [place, *case])
            cursor.execute(f"select place, {self.compiled[template]} as given_back from cases")
            return [value for _, value in sorted(cursor.fetchall())]

    def row(self, template: str, columns: str, cases: Sequence[tuple[Any, ...]]) -> Any:
        """Return what a template makes of all cases together."""
        with self.open() as connection:
            cursor = connection.cursor()
            cursor.execute(f"create temporary table cases ({columns})")
            signs = ", ".join([self.placeholder] * len(cases[0]))
            for case in cases:
                cursor.execute(f"insert into cases values ({signs})", case)
            cursor.execute(f"select {self.compiled[template]} from cases")
            ((value,),) = cursor.fetchall()
            return value


def compile_templates(warehouse: Warehouse) -> dict[str, str]:
    inline = ASIDE.join(TEMPLATES.values())
    result = warehouse.dbt("compile", "--quiet", "--output", "json", "--inline", inline)
    assert result.returncode == 0, result.stdout
    parts = json.loads(result.stdout)["compiled"].split(ASIDE)
    return dict(zip(TEMPLATES, parts, strict=True))


@pytest.fixture(scope="module")
def macro_database(server_url: str) -> Iterator[str]:
    """URL of an empty database whose texts sort by language, where the server can."""
    given = parse_url(server_url)
    name = f"shelfcast_test_{token_hex(4)}"
    with connect(given) as connection, connection.cursor() as cursor:
        for locale in ("template template0 locale_provider icu icu_locale 'und'", ""):
            with suppress(psycopg2.NotSupportedError):
                cursor.execute(f"create database {name} {locale}")
                break
    yield make_dsn(**{**given, "dbname": name})
    with connect(given) as connection, connection.cursor() as cursor:
        cursor.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, macro_database: str
) -> Engine:
    home: Path = tmp_path_factory.mktemp("home")
    if request.param == "duckdb":
        return Engine(duckdb.connect, "?", compile_templates(Warehouse(home)))
    return Engine(
        lambda: closing(psycopg2.connect(macro_database)),
        "%s",
        compile_templates(PostgresWarehouse(home, url=macro_database)),
    )


# ---- text ---------------------------------------------------------------------------------------

CASTS: dict[str, dict[str, object]] = {
    "integer": {
        "12": 12,
        "-3": -3,
        "+4": 4,
        "7.0": 7,
        "0" * 30 + "7": 7,
        "12.5": None,
        "1e3": None,
        "x": None,
        "12\n": None,
        "١٢": None,
        "9223372036854775807": 2**63 - 1,
        "9223372036854775808": None,
    },
    "quantity": {
        "12.5": Decimal("12.5"),
        ".5": Decimal("0.5"),
        "5.": Decimal(5),
        "0.00005": Decimal("0.0001"),
        "-0.00005": Decimal("-0.0001"),
        "0.00004" + "9" * 40: Decimal(0),
        "0" * 40 + "1": Decimal(1),
        "99999999999999.9999": Decimal("99999999999999.9999"),
        "99999999999999.99995": None,
        "99999999999999999999": None,
        "0." + "0" * 90 + "1": Decimal(0),
        "0." + "0" * 20_000 + "1": None,  # more decimals than PostgreSQL knows
        "1e3": Decimal(1000),
        "1E+03": Decimal(1000),
        "-1.25e-2": Decimal("-0.0125"),
        "5e-10": Decimal(0),  # 0.0001, were it left to DuckDB
        "6e-99": Decimal(0),
        "4.9e-5": Decimal(0),
        "1.5e-4": Decimal("0.0002"),
        "0." + "0" * 46 + "1e48": Decimal(10),
        "10000000000000000000000000000000000e-33": Decimal(10),
        "9e13": Decimal(90_000_000_000_000),
        "1e14": None,
        "1e400": None,
        "1,000": None,
        "NaN": None,
        "Infinity": None,
        "0x10": None,
    },
    "rate": {
        "0.25": Decimal("0.25"),
        "1": Decimal(1),
        "0.0000005": Decimal("0.000001"),
        "5e-7": Decimal("0.000001"),
        "5e-9": Decimal(0),
        ".09e4": Decimal(900),
        "9.999999999e2": None,
        "999.999999": Decimal("999.999999"),
        "25 %": None,
        "1234567": None,
    },
    "date": {
        "2026-02-28": date(2026, 2, 28),
        "2026-02-28 00:00:00": date(2026, 2, 28),
        "1582-10-10": date(1582, 10, 10),
        "9999-12-31": date(9999, 12, 31),
        "2026-02-30": None,
        "0000-01-01": None,
        "28/02/2026": None,
        "2026-2-8": None,
        "20260228": None,
        "2026-02-28\n": None,
        "infinity": None,
        "today": None,
    },
    "timestamp": {
        "2026-02-28": datetime(2026, 2, 28),
        "2026-02-28 13:05": datetime(2026, 2, 28, 13, 5),
        "2026-02-28T13:05:09.25": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28 23:59:59.9999999": datetime(2026, 2, 28, 23, 59, 59),
        "2026-02-28T13:05:09Z": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28T13:05Z": datetime(2026, 2, 28, 13, 5),
        "2026-02-28 23:59:60": None,
        "2026-02-28 24:00": None,
        "2026-02-28 13:05:09+02:00": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28 13:05:09+02": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28 13:05:09.123-0330": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28 25:00": None,
        "13:05": None,
        "now": None,
    },
}


@pytest.mark.parametrize("type_", TYPES)
def test_text_is_cast_where_it_has_the_shape_of_its_type(engine: Engine, type_: str) -> None:
    values = engine.rows(f"cast_text {type_}", "landed text", [(text,) for text in CASTS[type_]])
    assert dict(zip(CASTS[type_], values, strict=True)) == CASTS[type_]


def test_text_is_trimmed_as_the_lander_trims_it(engine: Engine) -> None:
    space = "".join(chr(point) for point in range(1, 0x3001) if chr(point).isspace())
    cases = [f"{sign}a {sign} b{sign}" for sign in space] + [space, "x", "", "\u200b\ufeff."]
    wanted = pc.utf8_trim_whitespace(pa.array(cases)).to_pylist()
    assert wanted[:2] == ["a \t b", "a \n b"]
    assert wanted[-4:] == ["", "x", "", "\u200b\ufeff."]
    assert engine.rows("trim_text", "landed text", [(text,) for text in cases]) == wanted


NAMES = ["b", "a", "B", "_", "ä", "Ä", "-", "1", "aa", "A b", "Z", None]
BY_CODE_POINT = ["-", "1", "A b", "B", "Z", "_", "a", "aa", "b", "Ä", "ä"]


def test_text_is_ordered_by_code_point(engine: Engine) -> None:
    places = engine.rows("text_order", "landed text", [(name,) for name in NAMES])
    ordered = [name for _, name in sorted(zip(places, NAMES, strict=True))]
    assert ordered == [*reversed(BY_CODE_POINT), None]
    joined = engine.row("listagg", "landed text", [(name,) for name in NAMES])
    assert joined == "-".join(BY_CODE_POINT)

    if engine.placeholder == "%s":  # the embedded server knows no other order
        assert engine.row("collation", "landed text", [("a",)]) == '"C"'


def test_a_pattern_is_of_the_whole_text_and_of_ascii(engine: Engine) -> None:
    cases = {"12": True, "12\n": False, "a\n12": False, "١٢": False, "": False, None: None}
    given = engine.rows("matches_pattern", "landed text", [(text,) for text in cases])
    assert dict(zip(cases, given, strict=True)) == cases


def test_names_of_files_tell_what_is_simulated_and_what_corrected(engine: Engine) -> None:
    cases = {
        "stock_simulated.csv": (True, False),
        "a/STOCK_SIMULATED.CSV": (True, False),
        "Stock_Simulated.parquet": (True, False),
        "simulated.csv": (False, False),
        "xsimulated.csv": (False, False),
        "sales_rejects.csv": (False, True),
        "salesXrejects.csv": (False, False),
        "sales\\_rejects.csv": (False, True),
        None: (False, False),
    }
    files = [(file,) for file in cases]
    simulated = engine.rows("is_simulated", "landed text", files)
    corrections = engine.rows("is_correction", "landed text", files)
    given = list(zip(simulated, corrections, strict=True))
    assert dict(zip(cases, given, strict=True)) == cases


def test_a_literal_says_what_the_text_says(engine: Engine) -> None:
    assert engine.row("audit_text", "place integer", [(1,)]) == 'it\'s 100 % \\ "so"; --'


# ---- numbers ------------------------------------------------------------------------------------

DOUBLES = {
    0.0: ("0", "0"),
    0.00015: ("0.0002", "0.000150"),  # as a double a little less
    -0.00015: ("-0.0001", "-0.000150"),
    1.00015: ("1.0002", "1.000150"),
    0.0000015: ("0", "0.000002"),
    2.5: ("2.5", "2.5"),
    12.34565: ("12.3457", "12.345650"),
    0.0001499: ("0.0001", "0.000150"),
    123.456785: ("123.4568", "123.456785"),
    1 / 3: ("0.3333", "0.333333"),
    None: (None, None),
}


@pytest.mark.parametrize(
    ("type_", "at"), [("quantity", 0), ("amount", 0), ("rate", 1), ("score", 1)]
)
def test_doubles_are_rounded_halves_up(engine: Engine, type_: str, at: int) -> None:
    wanted = [value[at] and Decimal(value[at]) for value in DOUBLES.values()]
    given = engine.rows(
        f"cast_double {type_}", "given double precision", [(value,) for value in DOUBLES]
    )
    assert given == wanted


def test_of_a_large_double_every_place_is_kept(engine: Engine) -> None:
    given = engine.rows(
        "cast_double quantity", "given double precision", [(123456789012.34565,), (8e13,)]
    )
    assert given == [Decimal("123456789012.3457"), Decimal(80_000_000_000_000)]


def test_an_amount_holds_what_a_quantity_cannot(engine: Engine) -> None:
    amounts = [(3.415e15,), (-3.415e15,), (123456789012.34565,), (9e18,), (-0.00015,)]
    given = engine.rows("cast_double amount", "given double precision", amounts)
    assert given == [
        Decimal(3_415_000_000_000_000),
        Decimal(-3_415_000_000_000_000),
        Decimal("123456789012.3457"),
        Decimal(9_000_000_000_000_000_000),
        Decimal("-0.0001"),
    ]
    with pytest.raises((duckdb.Error, psycopg2.Error)):
        engine.rows("cast_double amount", "given double precision", [(float("nan"),)])


def test_a_product_keeps_all_digits(engine: Engine) -> None:
    columns = "units numeric(18, 4), price numeric(18, 4)"
    cases = {
        ("150000", "150000"): "22500000000",  # DuckDB's own product stops at 1e10
        ("1000000", "1000000"): "1000000000000",
        ("99999999999999.9999", "-99999999999999.9999"): "-9999999999999999980000000000.00000001",
        ("0.0001", "0.0001"): "0.00000001",
        ("3", None): None,
    }
    given = engine.rows("exact_product", columns, list(cases))
    assert given == [value and Decimal(value) for value in cases.values()]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e15])
def test_a_double_that_is_no_number_of_the_type_is_an_error(engine: Engine, value: float) -> None:
    with pytest.raises((duckdb.Error, psycopg2.Error)):
        engine.rows("cast_double quantity", "given double precision", [(value,)])


def test_rows_of_equal_values_have_equal_hashes(engine: Engine) -> None:
    day = date(2026, 5, 1)
    cases = [
        ("a", Decimal("1.00"), day),
        ("a", Decimal("1.0"), day),
        (None, None, None),
        (None, None, None),
        ("a", None, day),
        (None, Decimal(1), day),
        ("A", Decimal(1), day),
        ("a", Decimal(1), date(2026, 5, 2)),
    ]
    columns = "landed varchar, amount numeric(18, 4), day date"
    first, same, empty, also_empty, *others = engine.rows("row_hash", columns, cases)
    assert first == same
    assert empty == also_empty
    assert len({first, empty, *others}) == 2 + len(others)


def test_a_cte_may_be_inlined(engine: Engine) -> None:
    assert engine.rows("inlined", "landed varchar", [("a",), ("b",)]) == ["a", "b"]


def test_a_double_has_eight_bytes(engine: Engine) -> None:
    (value,) = engine.rows(
        "type_double", "given numeric(38, 17)", [(Decimal("0.1234567890123456"),)]
    )
    assert value == 0.1234567890123456


def test_revenue_is_exact(engine: Engine) -> None:
    columns = "quantity numeric(18, 4), unit_price numeric(18, 4), discount_rate numeric(9, 6)"
    cases = {
        ("3", "0.3333", "0.1"): "0.9999",  # one price for both: what was paid counts
        ("1000000", "1000000", None): "1000000000000",
        ("-0.0001", "0.5", None): "-0.0001",  # -0.00005: half away from zero
        ("0.0001", "0.4999", None): "0",
        ("2", None, "0.5"): None,
    }
    given = engine.rows("line_revenue", columns, list(cases))
    assert given == [price and Decimal(price) for price in cases.values()]


# ---- dates --------------------------------------------------------------------------------------


def test_days_are_added_and_counted(engine: Engine) -> None:
    columns = "day date, days integer, later date"
    cases = [
        (date(2024, 2, 28), 2, date(2024, 3, 1)),
        (date(2026, 12, 31), 1, date(2027, 1, 1)),
        (date(2026, 1, 1), -1, date(2025, 12, 31)),
        (date(1582, 10, 4), 1, date(1582, 10, 5)),
    ]
    later = [case[2] for case in cases]
    days = [case[1] for case in cases]
    assert engine.rows("add_days", columns, cases) == later
    assert engine.rows("days_between", columns, cases) == days


def test_weeks_begin_on_monday(engine: Engine) -> None:
    days = [(date(2026, 11, day),) for day in range(16, 23)]
    assert engine.rows("iso_weekday", "day date", days) == [1, 2, 3, 4, 5, 6, 7]


def test_a_series_of_days_has_both_ends(engine: Engine) -> None:
    columns = "day date, later date"
    across = [(date(2026, 2, 27), date(2026, 3, 1))]
    days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
    assert engine.rows("date_series", columns, across) == days
    assert engine.rows("date_series", columns, [across[0][:1] * 2]) == days[:1]
    assert engine.rows("date_series", columns, [across[0][::-1]]) == []


def test_the_latest_day_is_that_of_the_clock_furthest_ahead(engine: Engine) -> None:
    instants = [(datetime(2026, 2, 28, 9, 59, 59, 999_999),), (datetime(2026, 2, 28, 10),)]
    days = [date(2026, 2, 28), date(2026, 3, 1)]
    assert engine.rows("latest_day", "instant timestamp", instants) == days
