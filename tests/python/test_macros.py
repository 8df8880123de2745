"""Cross-database macros, by what their SQL gives on cases written by hand."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from warehouses import Warehouse

pytestmark = pytest.mark.slow

CASES: dict[str, dict[str, object]] = {
    "integer": {"12": 12, "-3": -3, "+4": 4, "7.0": 7, "12.5": None, "1e3": None, "x": None},
    "quantity": {
        "12.5": Decimal("12.5"),
        ".5": Decimal("0.5"),
        "5.": Decimal(5),
        "-0.00005": Decimal("-0.0001"),
        "1e3": Decimal(1000),
        "1,000": None,
        "NaN": None,
        "Infinity": None,
        "0x10": None,
        "99999999999999999999": None,
    },
    "rate": {"0.25": Decimal("0.25"), "1": Decimal(1), "25 %": None, "1234567": None},
    "date": {
        "2026-02-28": date(2026, 2, 28),
        "2026-02-28 00:00:00": date(2026, 2, 28),
        "2026-02-30": None,
        "0000-01-01": None,
        "28/02/2026": None,
        "2026-2-8": None,
        "20260228": None,
    },
    "timestamp": {
        "2026-02-28": datetime(2026, 2, 28),
        "2026-02-28 13:05": datetime(2026, 2, 28, 13, 5),
        "2026-02-28T13:05:09.25": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28T13:05:09Z": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28T13:05Z": datetime(2026, 2, 28, 13, 5),
        "2026-02-28 23:59:60": None,
        "2026-02-28 13:05:09+02:00": datetime(2026, 2, 28, 13, 5, 9),
        "2026-02-28 25:00": None,
        "13:05": None,
    },
}

DATES = """
select
    {{ days_between("date '2024-02-28'", "date '2024-03-01'") }} as leap_days,
    {{ add_days("date '2026-12-31'", 1) }} as next_day,
    {{ add_days("date '2026-01-01'", -1) }} as day_before,
    {{ iso_weekday("date '2026-11-16'") }} as monday,
    {{ iso_weekday("date '2026-11-22'") }} as sunday
"""


def compile_sql(home: Path, template: str) -> str:
    result = Warehouse(home).dbt("compile", "--quiet", "--output", "json", "--inline", template)
    assert result.returncode == 0, result.stdout
    compiled: str = json.loads(result.stdout)["compiled"]
    return compiled


def test_text_is_cast_where_it_has_the_shape_of_its_type(tmp_path: Path) -> None:
    columns = ", ".join(
        f"{{{{ cast_text('landed', '{type_}') }}}} as as_{type_}" for type_ in CASES
    )
    sql = compile_sql(tmp_path, f"select landed, {columns} from cases")
    connection = duckdb.connect()
    for type_, cases in CASES.items():
        connection.execute("create or replace table cases (landed text)")
        connection.executemany("insert into cases values (?)", [[text] for text in cases])
        rows = connection.execute(
            f"select landed, as_{type_} from ({sql}) as cast_cases"
        ).fetchall()
        assert dict(rows) == cases, type_


def test_dates(tmp_path: Path) -> None:
    sql = compile_sql(tmp_path, DATES)
    assert duckdb.execute(sql).fetchall() == [(2, date(2027, 1, 1), date(2025, 12, 31), 1, 7)]
    series = compile_sql(
        tmp_path, "select {{ date_series(\"date '2026-02-27'\", \"date '2026-03-01'\") }} as day"
    )
    assert duckdb.execute(series).fetchall() == [
        (date(2026, 2, 27),),
        (date(2026, 2, 28),),
        (date(2026, 3, 1),),
    ]
