"""Quarantine: what is planted is rejected, for its reason alone; what is mended comes back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from pathlib import Path

import duckdb
import pytest
from warehouses import PROJECT, Warehouse

from shelfcast.generator import generate
from shelfcast.landing import land, lines
from shelfcast.landing.contract import CONTRACT, Entity

LANDED_AT = datetime(2026, 7, 1)
NEVER_PLANTED = {
    "TOO_LONG": "its keys are short; a unit test has rows at the bound",
    "SUPERSEDED": "needs a file that was rewritten; the generator writes each file once",
}
"""Reject codes that the generator cannot plant, and why."""


def landed(folder: Path, dirt: float) -> Warehouse:
    landing = folder / "landing"
    generate(landing, skus=40, locations=4, days=120, ends_on=date(2026, 6, 30), dirt=dirt)
    warehouse = Warehouse(folder / "home")
    report = land(landing, warehouse.home / "lake", landed_at=LANDED_AT)
    assert report.refused == ()
    warehouse.build()
    return warehouse


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A retailer of 40 SKUs and 4 locations, 120 days."""
    return landed(tmp_path_factory.mktemp("clean"), 0)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The same retailer with bad rows of every kind."""
    return landed(tmp_path_factory.mktemp("dirty"), 0.002)


@pytest.fixture(scope="module")
def planted(dirty: Warehouse) -> list[tuple[str, str, int, str]]:
    """What the generator says that it planted: entity, file, row, reject codes."""
    path = dirty.home.parent / "landing-truth" / "planted_rejects.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (row["entity"], row["file"], int(row["row"]), row["reject_codes"])
            for row in csv.DictReader(file)
        ]


# ---- planted dirt -----------------------------------------------------------------------------


@pytest.mark.slow
def test_rejected_rows_are_the_planted_ones(
    dirty: Warehouse, planted: list[tuple[str, str, int, str]]
) -> None:
    rejected = dirty.query("select entity, _file, _row, reject_codes from silver.int_rejected_rows")
    assert len(planted) > 1_000
    assert sorted(rejected) == sorted(planted)


def reject_codes() -> dict[str, tuple[str, str]]:
    """Meaning and remedy by reject code, of the seed that explains them."""
    with (PROJECT / "seeds" / "reference" / "reject_codes.csv").open(encoding="utf-8") as file:
        return {row["reject_code"]: (row["meaning"], row["remedy"]) for row in csv.DictReader(file)}


def test_the_page_explains_the_codes_as_the_seed_does() -> None:
    page = (PROJECT / "docs" / "quarantine.md").read_text(encoding="utf-8")
    cells = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    table = {row[0].strip("`"): (row[2], row[3]) for row in cells if len(row) == 4}
    assert table == reject_codes()


@pytest.mark.slow
def test_every_reject_code_is_planted(planted: list[tuple[str, str, int, str]]) -> None:
    found = {code.split(":")[0] for *_, codes in planted for code in codes.split()}
    assert found | set(NEVER_PLANTED) == set(reject_codes())
    assert found.isdisjoint(NEVER_PLANTED)


@pytest.mark.slow
@pytest.mark.parametrize("entity", CONTRACT, ids=lambda entity: entity.name)
def test_good_rows_are_accepted_among_bad_ones(
    clean: Warehouse, dirty: Warehouse, entity: Entity
) -> None:
    sql = f"""
        select _file, {", ".join(entity.column_names)}
        from silver.int_{entity.name}_judged where reject_codes is null
    """
    good = sorted(map(repr, clean.query(sql)))
    assert good
    assert sorted(map(repr, dirty.query(sql))) == good


@pytest.mark.slow
@pytest.mark.parametrize(
    "table", ["fct_daily_demand", "sku_demand_forecast", "fct_replenishment_plan"]
)
def test_dirt_does_not_change_the_plan(clean: Warehouse, dirty: Warehouse, table: str) -> None:
    rows = sorted(map(repr, clean.query(f"select * from gold.{table}")))
    assert rows
    assert sorted(map(repr, dirty.query(f"select * from gold.{table}"))) == rows


@pytest.mark.slow
def test_a_clean_landing_has_nothing_to_reject(clean: Warehouse) -> None:
    assert clean.query("select * from silver.int_rejected_rows") == []


# ---- where a row stands -----------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line with its end, and what landing has to say of it; blank lines are no rows."""

    text: bytes
    error: str | None = None
    is_blank: bool = False


def odd_lines() -> Iterator[Line]:
    """Lines of customers without end, among them everything that miscounts lines."""
    number = 0
    while True:
        for pattern in (
            Line(b"%d,loyal,West,2020-01-01\n"),
            Line(b"%d,loyal,West,2020-01-01\r\n"),
            Line(b"\n", is_blank=True),
            Line(b'%d,"loyal, mostly",West,2020-01-01\n'),
            Line(b" \t\r\n", is_blank=True),
            Line(b'%d,"two\n', "BROKEN_QUOTE"),
            Line(b'lines",West,2020-01-01\n', "COLUMN_COUNT"),
            Line(b'%d,"two\r\n', "BROKEN_QUOTE"),
            Line(b'%d lines",2020-01-01\r\n', "COLUMN_COUNT"),
            Line(b"%d,lo\x00yal,West,2020-01-01\n", "NUL_BYTE"),
            Line(b"%d,f\xe9al,West,2020-01-01\n", "BAD_ENCODING"),
            Line(b"%d,loyal\x00,\xff\xfe,2020-01-01\r\n", "BAD_ENCODING"),
            Line(b"%d,carriage\rreturn,West,2020-01-01\n"),
            Line(b"%d,form\x0cfeed\x0b,West,2020-01-01\n"),
            Line("%d,line\u2028separator\x85,Wëst,2020-01-01\n".encode()),
            Line(b'"%d","loyal","West","2020-01-01"\n'),
            Line(b'"%d","said ""loyal""","West","2020-01-01"\r\n'),
            Line(b'"%d,loyal,West,2020-01-01\n', "BROKEN_QUOTE"),
            Line(b"%d,loyal,West\n", "COLUMN_COUNT"),
            Line(b"%d,loyal,West,2020-01-01,,\n", "COLUMN_COUNT"),
            Line(b"%d," + b"long " * 5_000 + b",West,2020-01-01\n"),
            Line(b'%d,"' + b"y" * 140_000 + b'",West,2020-01-01\n', "FIELD_TOO_LONG"),
            Line(b"%d,,,\r\r\n"),
        ):
            number += 1
            yield Line(pattern.text.replace(b"%d", b"%d" % number), pattern.error, pattern.is_blank)


def test_every_line_of_an_odd_file_is_found_by_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """10,000 lines, read in blocks that end anywhere, are the lines that Python counts."""
    monkeypatch.setattr(lines, "BLOCK_BYTES", 60_000)
    header = b"\xef\xbb\xbfcustomer_id,segment,region,signed_up_on\r\n"
    expected = list(islice(odd_lines(), 9_999))
    path = tmp_path / "customers.csv"
    path.write_bytes((header + b"".join(line.text for line in expected)).removesuffix(b"\n"))
    land(path, tmp_path / "lake")

    physical = path.read_bytes().split(b"\n")
    assert len(physical) == 10_000
    rows = (
        duckdb.connect()
        .execute(
            f"""
            select _row, _raw, _parse_error, customer_id
            from '{tmp_path}/lake/customers/customers-*.parquet' order by _row
            """
        )
        .fetchall()
    )
    assert [(row, error) for row, _, error, _ in rows] == [
        (number, line.error) for number, line in enumerate(expected, 2) if not line.is_blank
    ]
    for row, raw, error, customer in rows:
        line = physical[row - 1].rstrip(b"\r")
        assert raw == line.decode("utf-8", "backslashreplace").replace("\x00", "\\x00"), row
        # what was read from the line is of the line, and nothing is read from a bad one
        assert customer == (str(row - 1) if error is None else None), row


# ---- mended causes ----------------------------------------------------------------------------

HEADER = "transaction_id,line_number,sold_at,sku_id,location_id,quantity\n"
TOTALS = "sold_at,sku_id,location_id,quantity,promotion_id\n"


class Retailer:
    """A landing written by hand, and the sales that its builds accept and reject."""

    def __init__(self, folder: Path) -> None:
        self._landing = folder / "landing"
        self._landing.mkdir()
        self._warehouse = Warehouse(folder / "home")

    def build(self, landed_at: datetime, files: dict[str, str]) -> Sales:
        """Write files, land them, and judge what has landed."""
        for name, text in files.items():
            (self._landing / name).write_text(text, encoding="utf-8")
        land(self._landing, self._warehouse.home / "lake", landed_at=landed_at)
        result = self._warehouse.dbt("run", "--select", "+int_rejected_rows")
        assert result.returncode == 0, result.stdout[-6000:]
        return Sales(
            accepted=self._warehouse.query(
                """
                select _file, _row, transaction_id, cast(quantity as integer)
                from silver.int_sales_judged where reject_codes is null order by 1, 2
                """
            ),
            rejected=self._warehouse.query(
                """
                select _file, _row, day(_landed_at), reject_codes
                from silver.int_rejected_rows order by 1, 2, 3
                """
            ),
        )


@dataclass(frozen=True)
class Sales:
    """Accepted lines as file, row, transaction, quantity; rejected ones as file, row, day, codes.

    The day is that on which the version of the file landed.
    """

    accepted: list[tuple[object, ...]]
    rejected: list[tuple[object, ...]]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sales, Sales]:
    """The sales of one retailer before and after what was wrong is mended."""
    retailer = Retailer(tmp_path_factory.mktemp("mended"))
    before = retailer.build(
        datetime(2026, 5, 1),
        {
            "skus.csv": "sku_id,category\nA,Fruit\nB,Fruit\nC,Fruit\n",
            "locations.csv": "location_id,region\nOld,West\nNew,West\n",
            "sales_early.csv": HEADER + "E1,1,2026-04-01,LATE,Old,2\nE2,1,2026-04-01,A,Old,3\n",
            "sales_broken.csv": HEADER
            + 'B1,1,2026-04-02,A,Old,4\nB2,1,"2026-04-02,A,Old,5\nB3,1,2026-04-02,A,Old\n',
            "sales_wrong.csv": HEADER + "W1,1,2026-04-03,A,Old,70\nW2,1,2026-04-03,A,Old,8\n",
            "sales_lineless.csv": "transaction_id,sold_at,sku_id,location_id,quantity\n"
            "L1,2026-04-04,A,Old,70\nL1,2026-04-04,B,Old,3\nL2,2026-04-04,A,Old,8\n",
            "sales_totals.csv": TOTALS + "2026-04-05,A,Old,9,\n2026-04-06,A,Old,4,\n",
            "sales_day.csv": TOTALS + "2026-04-07,A,Old,5,\n2026-04-08,A,Old,6,\n",
            "sales_returned.csv": HEADER + "R1,1,2026-04-09,A,New,-1\nR2,1,2026-04-09,C,Old,-1\n",
            "sales_rejects.csv": HEADER + "X1,1,2026-04-10,A,Old,1\n",
            "sales_none.csv": TOTALS + "2026-04-11,A,Old,5,\n",
        },
    )
    after = retailer.build(
        datetime(2026, 5, 2, 12),
        {
            "skus_late.csv": "sku_id,category\nLATE,Fruit\n",
            "sales_broken.csv": HEADER
            + "B1,1,2026-04-02,A,Old,4\nB2,1,2026-04-02,A,Old,5\nB3,1,2026-04-02,A,Old,6\n",
            "sales_wrong.csv": HEADER + "W1,1,2026-04-03,A,Old,7\nW2,1,2026-04-03,A,Old,8\n",
            "sales_lineless.csv": "transaction_id,sold_at,sku_id,location_id,quantity\n"
            "L1,2026-04-04,A,Old,7\n",
            "sales_totals.csv": TOTALS + "2026-04-05,A,Old,9,SPRING\n",
            "sales_a_later_day.csv": TOTALS + "2026-04-07,A,Old,50,\n",
            "sales_earlier.csv": HEADER + "C1,1,2026-04-08,C,New,1\n",
            "sales_rejects.csv": HEADER + "X1,2,2026-04-10,A,Old,2\n",
            "sales_none.csv": TOTALS + "2026-04-11,A,Old,0,\n",
            "sales_zone.csv": HEADER + "Z1,1,2026-05-03,A,Old,1\nZ2,1,2026-05-04,A,Old,1\n",
        },
    )
    return before, after


def of_file(rows: list[tuple[object, ...]], file: str) -> list[tuple[object, ...]]:
    return [row[1:] for row in rows if row[0] == file]


@pytest.mark.slow
def test_a_sale_comes_in_when_its_sku_arrives(builds: tuple[Sales, Sales]) -> None:
    before, after = builds
    assert of_file(before.accepted, "sales_early.csv") == [(3, "E2", 3)]
    assert of_file(before.rejected, "sales_early.csv") == [(2, 1, "UNKNOWN_SKU")]
    assert of_file(after.accepted, "sales_early.csv") == [(2, "E1", 2), (3, "E2", 3)]
    assert of_file(after.rejected, "sales_early.csv") == []


@pytest.mark.slow
def test_broken_lines_come_in_when_their_file_is_corrected(builds: tuple[Sales, Sales]) -> None:
    before, after = builds
    assert of_file(before.accepted, "sales_broken.csv") == [(2, "B1", 4)]
    assert of_file(before.rejected, "sales_broken.csv") == [
        (3, 1, "BROKEN_QUOTE"),
        (4, 1, "COLUMN_COUNT"),
    ]
    assert of_file(after.accepted, "sales_broken.csv") == [
        *((2, "B1", 4), (3, "B2", 5), (4, "B3", 6)),
    ]
    # the first version stays what it was
    assert of_file(after.rejected, "sales_broken.csv") == [
        (2, 1, "SUPERSEDED"),
        (3, 1, "BROKEN_QUOTE"),
        (4, 1, "COLUMN_COUNT"),
    ]


@pytest.mark.slow
def test_a_corrected_quantity_replaces_the_wrong_one(builds: tuple[Sales, Sales]) -> None:
    before, after = builds
    assert of_file(before.accepted, "sales_wrong.csv") == [(2, "W1", 70), (3, "W2", 8)]
    assert of_file(before.rejected, "sales_wrong.csv") == []
    assert of_file(after.accepted, "sales_wrong.csv") == [(2, "W1", 7), (3, "W2", 8)]
    assert of_file(after.rejected, "sales_wrong.csv") == [
        (2, 1, "SUPERSEDED"),
        (3, 1, "SUPERSEDED"),
    ]


@pytest.mark.slow
def test_a_transaction_without_line_numbers_is_restated_as_a_whole(
    builds: tuple[Sales, Sales],
) -> None:
    before, after = builds
    assert of_file(before.accepted, "sales_lineless.csv") == [
        *((2, "L1", 70), (3, "L1", 3), (4, "L2", 8)),
    ]
    # the corrected line counts once, the line left out no more, the transaction left out still
    assert of_file(after.accepted, "sales_lineless.csv") == [(2, "L1", 7), (4, "L2", 8)]
    assert of_file(after.rejected, "sales_lineless.csv") == [
        (2, 1, "SUPERSEDED"),
        (3, 1, "SUPERSEDED"),
    ]


@pytest.mark.slow
def test_a_total_with_its_promotion_filled_in_counts_once(builds: tuple[Sales, Sales]) -> None:
    before, after = builds
    totals = [(2, None, 9), (3, None, 4)]
    assert of_file(before.accepted, "sales_totals.csv") == totals
    assert of_file(after.accepted, "sales_totals.csv") == totals
    assert of_file(after.rejected, "sales_totals.csv") == [(2, 1, "SUPERSEDED")]


@pytest.mark.slow
def test_of_two_totals_of_a_day_the_later_counts(builds: tuple[Sales, Sales]) -> None:
    before, after = builds
    assert of_file(before.accepted, "sales_day.csv") == [(2, None, 5), (3, None, 6)]
    assert of_file(after.accepted, "sales_day.csv") == [(3, None, 6)]
    assert of_file(after.rejected, "sales_day.csv") == [(2, 1, "SUPERSEDED")]
    assert of_file(after.accepted, "sales_a_later_day.csv") == [(2, None, 50)]


@pytest.mark.slow
def test_a_return_needs_a_sale_wherever_it_was(builds: tuple[Sales, Sales]) -> None:
    before, after = builds
    assert of_file(before.accepted, "sales_returned.csv") == [(2, "R1", -1)]
    assert of_file(before.rejected, "sales_returned.csv") == [(3, 1, "RETURN_WITHOUT_SALE")]
    assert of_file(after.accepted, "sales_returned.csv") == [(2, "R1", -1), (3, "R2", -1)]
    assert of_file(after.rejected, "sales_returned.csv") == []


@pytest.mark.slow
def test_corrections_under_one_name_do_not_restate_each_other(builds: tuple[Sales, Sales]) -> None:
    _, after = builds
    rows = of_file(after.accepted, "sales_rejects.csv")
    assert sorted(rows, key=str) == [(2, "X1", 1), (2, "X1", 2)]


@pytest.mark.slow
def test_a_total_can_be_corrected_to_nothing(builds: tuple[Sales, Sales]) -> None:
    before, after = builds
    assert of_file(before.accepted, "sales_none.csv") == [(2, None, 5)]
    assert of_file(after.accepted, "sales_none.csv") == [(2, None, 0)]
    assert of_file(after.rejected, "sales_none.csv") == [(2, 1, "SUPERSEDED")]


@pytest.mark.slow
def test_the_future_begins_when_no_clock_has_reached_it(builds: tuple[Sales, Sales]) -> None:
    _, after = builds
    assert of_file(after.accepted, "sales_zone.csv") == [(2, "Z1", 1)]
    assert of_file(after.rejected, "sales_zone.csv") == [(3, 2, "FUTURE_DATE")]
