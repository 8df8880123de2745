"""Online Retail: every line lands, and what is simulated agrees with it to the unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from import_sources import digests, landed, shared_file, write_csv

from shelfcast.importers import ImportFileError, ImportReport, import_online_retail
from shelfcast.landing import land
from shelfcast.landing.source import IMPORT_MARKER

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
LINES = (
    ("536365", "85123A", " RED MUG ", "6", "12/1/2010 8:26", "2.55", "17850", "United Kingdom"),
    ("536366", "85123a", "RED  MUG", "2", "12/13/2010 8:26", "2.95", "17850.0", "France"),
    ("536366", "85123a", "RED  MUG", "2", "12/13/2010 8:26", "2.95", "17850.0", "France"),
    ("C53637", "85123A", "RED MUG", "-1", "12/14/2010 10:02", "2.55", "17850", "France"),
    ("536370", "22001", "£1 CAKE TIN, BLUE", "3", "12/14/2010 11:00", "1.00", "", "EIRE"),
    ("536371", "POST", "POSTAGE", "1", "12/14/2010 11:00", "18.00", "17851", "EIRE"),
    ("536372", "85123A", "damaged", "-2", "12/15/2010 9:00", "0.00", "", "United Kingdom"),
    ("536373", "85123A", "found", "4", "12/16/2010 9:00", "0", "", "United Kingdom"),
    ("536374", "85123A", "RED MUG", "1", "12/16/2010 9:30", "0.0", "17851", "EIRE"),
    ("536375", "99999", "?", "5", "12/16/2010 9:30", "0.0", "", "United Kingdom"),
    ("536376", "22001", "£1 CAKE TIN, BLUE", "many", "soon", "cheap", "", "EIRE"),
)
DAY_FIRST = tuple(
    (*line[:4], re.sub(r"^(\d+)/(\d+)/", r"\2/\1/", line[4]), *line[5:]) for line in LINES
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "data.csv", HEADER, *LINES)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def test_lines_land_as_they_are(source: Path, folder: Path) -> None:
    report = import_online_retail(source, folder)
    sales = landed(folder, "sales.parquet", "transaction_id, sold_at, sku_id, quantity, unit_price")
    assert sales == [
        ("536365", "2010-12-01 08:26:00", "85123A", "6", "2.55"),
        ("536366", "2010-12-13 08:26:00", "85123A", "2", "2.95"),
        ("536366", "2010-12-13 08:26:00", "85123A", "2", "2.95"),
        ("C53637", "2010-12-14 10:02:00", "85123A", "-1", "2.55"),
        ("536370", "2010-12-14 11:00:00", "22001", "3", "1.00"),
        ("536371", "2010-12-14 11:00:00", "POST", "1", "18.00"),
        ("536376", "soon", "22001", "many", "cheap"),
    ]
    assert report.rows["sales.parquet"] + report.rows["inventory_movements_unpriced.parquet"] == 11
    assert {row[0] for row in landed(folder, "sales.parquet", "customer_id")} == {
        "17850",
        "17851",
        None,
    }


def test_lines_at_price_zero_move_stock(source: Path, folder: Path) -> None:
    import_online_retail(source, folder)
    movements = landed(
        folder,
        "inventory_movements_unpriced.parquet",
        "moved_at, sku_id, cast(cast(quantity as double) as int), movement_type",
    )
    assert movements == [
        ("2010-12-15 09:00:00", "85123A", "-2", "write_off"),
        ("2010-12-16 09:00:00", "85123A", "4", "adjustment"),
        ("2010-12-16 09:30:00", "85123A", "-1", "write_off"),  # a gift leaves the stock
        ("2010-12-16 09:30:00", "99999", "5", "adjustment"),
    ]


def test_skus_and_customers_are_what_most_lines_say(source: Path, folder: Path) -> None:
    import_online_retail(source, folder)
    assert landed(folder, "skus.csv", "sku_id, sku_name, category, unit_price") == [
        ("22001", "£1 CAKE TIN, BLUE", "Kitchen and baking", "1.0000"),
        ("85123A", "RED MUG", "Tea and coffee", "2.9500"),
        ("99999", None, "Other giftware", None),
    ]
    assert landed(folder, "customers.csv") == [("17850", "France"), ("17851", "EIRE")]
    suppliers = {row[0] for row in landed(folder, "suppliers_simulated.csv", "supplier_id")}
    assert {row[0] for row in landed(folder, "skus.csv", "supplier_id")} <= suppliers


@pytest.mark.parametrize(
    ("lines", "encoding"),
    [(LINES, "iso-8859-1"), (LINES, "utf-8-sig"), (DAY_FIRST, "utf-8")],
)
def test_spreadsheet_spellings_read_alike(
    source: Path, folder: Path, tmp_path: Path, lines: tuple, encoding: str
) -> None:
    other = write_csv(tmp_path / "other.csv", HEADER, *lines, encoding=encoding)
    import_online_retail(source, folder)
    import_online_retail(other, tmp_path / "other")
    assert digests(folder) == digests(tmp_path / "other")


def test_an_import_replaces_its_own_files_only(source: Path, folder: Path) -> None:
    import_online_retail(source, folder)
    before = digests(folder)
    messages: list[str] = []
    import_online_retail(source, folder, progress=messages.append)
    assert digests(folder) == before
    assert messages[0] == "sales.parquet: 7 rows"
    files = (message.split(":")[0] for message in messages)
    assert set(before) == {IMPORT_MARKER, "landing.yml", *files}

    (folder / "notes.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(FileExistsError, match=r"notes\.txt was not imported"):
        import_online_retail(source, folder)
    assert set(digests(folder)) == {*before, "notes.txt"}


@pytest.mark.parametrize("name", ["sales.parquet", "skus.csv", "landing.yml"])
def test_an_imported_file_that_has_changed_is_kept(source: Path, folder: Path, name: str) -> None:
    import_online_retail(source, folder)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-9] + b"!" + content[-8:])
    before = digests(folder)
    with pytest.raises(FileExistsError, match=f"{re.escape(name)} was not imported or has changed"):
        import_online_retail(source, folder)
    assert digests(folder) == before


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b'{"files": 3}',
        b'{"files": ["sales.parquet"]}',
        b"\xff\xfa",
        b"[" * 9**6,
    ],
)
def test_a_damaged_marker_names_nothing(source: Path, folder: Path, content: bytes) -> None:
    import_online_retail(source, folder)
    (folder / IMPORT_MARKER).write_bytes(content)
    before = digests(folder)
    with pytest.raises(FileExistsError, match=r"\.imported\.json was not imported or has changed"):
        import_online_retail(source, folder)
    assert digests(folder) == before


def test_the_working_folder_is_never_replaced(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "below").mkdir(parents=True)
    monkeypatch.chdir(folder / "below")
    for name in (".", "..", "/", folder):
        with pytest.raises(FileExistsError, match="is the working folder or holds it"):
            import_online_retail(source, Path(name))
    import_online_retail(source, Path("../beside"))
    assert (folder / "beside" / "sales.parquet").is_file()


def test_a_link_is_followed_and_stays(source: Path, folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder, target_is_directory=True)
    for _ in range(2):
        import_online_retail(source, link)
        assert link.is_symlink()
        assert (folder / IMPORT_MARKER).is_file()
    assert not list(tmp_path.glob(".*"))


def test_what_is_no_folder_is_refused(source: Path) -> None:
    content = source.read_bytes()
    with pytest.raises(FileExistsError, match=r"data\.csv is no folder; name a new one"):
        import_online_retail(source, source)
    with pytest.raises(ImportFileError, match=r"below cannot be written .*; name another folder"):
        import_online_retail(source, source / "below")
    assert source.read_bytes() == content


@pytest.mark.parametrize("year", ["0001", "1910", "2036", "9999"])
def test_a_mistyped_year_is_named(folder: Path, tmp_path: Path, year: str) -> None:
    line = (*LINES[0][:4], f"12/31/{year} 8:26", *LINES[0][5:])
    path = write_csv(tmp_path / "typo.csv", HEADER, *LINES[:5], line)
    named = (
        rf"around 2010-12-1\d, are those of row 6 \(invoice 536365, 12/31/{year} 8:26\); correct"
    )
    with pytest.raises(ImportFileError, match=named):
        import_online_retail(path, folder)
    assert not folder.exists()


def test_of_many_mistyped_years_the_first_are_named(folder: Path, tmp_path: Path) -> None:
    lines = [(*LINES[0][:4], f"1/{day}/2110 8:26", *LINES[0][5:]) for day in range(1, 5)]
    days = [(*LINES[0][:4], f"12/{day}/2010 8:26", *LINES[0][5:]) for day in range(1, 10)]
    path = write_csv(tmp_path / "typos.csv", HEADER, *lines, *days)
    with pytest.raises(ImportFileError, match=r"row 1 .*, row 2 .*, row 3 .* and 1 more; correct"):
        import_online_retail(path, folder)


def test_years_apart_are_simulated(folder: Path, tmp_path: Path) -> None:
    line = (*LINES[0][:4], "12/1/2019 8:26", *LINES[0][5:])
    path = write_csv(tmp_path / "years.csv", HEADER, *LINES, line)
    assert import_online_retail(path, folder).rows["sales.parquet"] == 8


def test_a_failed_import_leaves_the_folder_as_it_was(
    source: Path, folder: Path, tmp_path: Path
) -> None:
    import_online_retail(source, folder)
    before = digests(folder)
    unsold = write_csv(tmp_path / "unsold.csv", HEADER, LINES[5])
    with pytest.raises(ImportFileError, match=r"unsold\.csv holds no line that can be read as a"):
        import_online_retail(unsold, folder)
    assert digests(folder) == before
    assert not list(tmp_path.glob(".*"))


def test_unreadable_files_say_what_to_do(tmp_path: Path, folder: Path) -> None:
    def message(path: Path) -> str:
        with pytest.raises(ImportFileError) as caught:
            import_online_retail(path, folder / "below")
        assert not folder.exists()
        return str(caught.value)

    assert "does not exist; fetch it from https://archive" in message(tmp_path / "absent.csv")
    assert "save it as CSV" in message(tmp_path / "Online Retail.xlsx")
    assert "neither .csv nor .parquet" in message(tmp_path / "data.json")
    short = write_csv(tmp_path / "short.csv", "InvoiceNo,StockCode", ("1", "2"))
    assert "has no column Description, Quantity, InvoiceDate, UnitPrice" in message(short)
    (tmp_path / "empty.csv").touch()
    assert "has no column InvoiceNo" in message(tmp_path / "empty.csv")
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1 no more")
    assert "damaged.parquet cannot be read" in message(tmp_path / "damaged.parquet")
    for name, line in (("columns", "1,2,3\n"), ("quote", '1,2,"a,4,5,6,7,8\n')):
        path = write_csv(tmp_path / f"{name}.csv", HEADER, LINES[0])
        path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
        assert f"{name}.csv cannot be read" in message(path)
    broken = write_csv(tmp_path / "break.csv", HEADER, LINES[0], ("1", "2", "a\nb", *LINES[0][3:]))
    assert "3 lines below its header, but 2 rows" in message(broken)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (lambda text: text.encode("utf-16"), "NUL bytes in its first line, as UTF-16 has; save it"),
        (lambda text: text.encode("utf-16-le"), "as UTF-16 has; save it as CSV (UTF-8)"),
        (lambda text: text.replace(",", ";").encode(), "semicolons between its columns; save it"),
        (lambda text: text.replace(",", "\t").encode(), "tabs between its columns; save it"),
        (
            lambda text: text.replace("\n", "\r").encode(),
            "lines that end in CR alone; save it with",
        ),
        (
            lambda text: text.replace("\nC53", "\rC53").encode(),
            "10 lines below its header, but 11 rows: some lines end in CR alone",
        ),
        (
            lambda text: text.replace("Country", "Country,country").encode(),
            "2 of its columns are named 'Country'; rename or drop all but one",
        ),
    ],
    ids=["UTF-16", "UTF-16 without mark", "semicolons", "tabs", "CR", "one CR", "case"],
)
def test_csv_of_other_kinds_is_told_by_its_cause(
    source: Path, folder: Path, found: Callable[[str], bytes], message: str
) -> None:
    source.write_bytes(found(source.read_text(encoding="utf-8")))
    with pytest.raises(ImportFileError, match=re.escape(message)):
        import_online_retail(source, folder)
    assert not folder.exists()


def test_blank_lines_are_passed_over(source: Path, folder: Path) -> None:
    source.write_bytes(b"\r\n" + source.read_bytes() + b"\r\n")
    assert import_online_retail(source, folder).rows["sales.parquet"] == 7


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("Description", "[Description]", "lists"),
        ("StockCode", "[StockCode]", "lists"),
        ("Country", "{'name': Country}", "struct<name: string>"),
        ("Description", "encode(Description)", "binary"),
    ],
)
def test_parquet_of_other_kinds_names_the_column(
    source: Path, folder: Path, tmp_path: Path, column: str, value: str, found: str
) -> None:
    path = tmp_path / "nested.parquet"
    duckdb.sql(
        f"select * replace ({value} as {column}) from read_csv('{source}', all_varchar = true)"
    ).write_parquet(str(path))
    with pytest.raises(ImportFileError, match=f"column {column} holds {found} instead of single"):
        import_online_retail(path, folder)


def test_numbers_as_text_columns_land(source: Path, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "numbers.parquet"
    duckdb.sql(
        f"""
        select * replace (7 as Description, null as Country)
        from read_csv('{source}', all_varchar = true)
        """
    ).write_parquet(str(path))
    import_online_retail(path, folder)
    assert {row[0] for row in landed(folder, "skus.csv", "sku_name")} == {"7", None}


def test_report_reads_as_lines(source: Path, folder: Path) -> None:
    lines = str(import_online_retail(source, folder)).splitlines()
    assert lines[0] == f"{folder / 'sales.parquet'}: 7 rows"
    assert "Assumed:" in lines
    assert any("1 lines with another code" in line for line in lines)
    assert any(line.startswith("  4 lines at price zero") for line in lines)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ImportReport:
    folder = tmp_path_factory.mktemp("online_retail") / "landing"
    return import_online_retail(shared_file("online_retail.parquet"), folder)


@pytest.fixture(scope="module")
def database(whole: ImportReport) -> Iterator[duckdb.DuckDBPyConnection]:
    """The landed files, and what silver accepts of them: no copies, no returns without a sale."""
    with duckdb.connect() as connection:
        for name in whole.rows:
            path = whole.folder / name
            connection.execute(f"create view {path.stem} as select * from '{path}'")
        connection.execute(
            """
            create table accepted_sales as
            with priced as (
                select distinct
                    transaction_id, cast(sold_at as timestamp) as sold_at, sku_id, customer_id,
                    cast(quantity as decimal(18, 4)) as quantity,
                    cast(unit_price as decimal(18, 4)) as unit_price
                from sales
                where sku_id in (select sku_id from skus) and cast(unit_price as double) >= 0
            )
            select
                *, min(sold_at) filter (quantity > 0) over (partition by sku_id) as first_sold_at
            from priced
            qualify quantity > 0 or cast(sold_at as date) >= cast(first_sold_at as date);

            create table changes as
            select sku_id, cast(sold_at as date) as day, -quantity as quantity from accepted_sales
            union all
            select sku_id, cast(moved_at as date), quantity
            from (
                select distinct
                    cast(moved_at as timestamp) as moved_at, sku_id, movement_type,
                    cast(quantity as decimal(18, 4)) as quantity
                from inventory_movements_unpriced
            )
            union all
            select sku_id, cast(moved_at as date), quantity from inventory_movements_simulated
            """
        )
        yield connection


@pytest.mark.slow
def test_every_line_of_the_file_lands(
    whole: ImportReport, database: duckdb.DuckDBPyConnection
) -> None:
    assert whole.rows["sales.parquet"] == 539_394
    assert whole.rows["inventory_movements_unpriced.parquet"] == 2_515
    assert whole.rows["skus.csv"] == 3_942
    assert whole.rows["customers.csv"] == 4_372
    differences = database.execute(
        f"""
        select count(*) from (
            select InvoiceNo, upper(trim(StockCode)), InvoiceDate, Quantity, UnitPrice
            from '{shared_file("online_retail.parquet")}' where UnitPrice <> 0
            except all
            select
                transaction_id, sku_id, cast(sold_at as timestamp), cast(quantity as integer),
                cast(unit_price as double)
            from sales
        )
        """
    ).fetchone()
    assert differences == (0,)


@pytest.mark.slow
def test_counts_agree_with_sales_and_movements(database: duckdb.DuckDBPyConnection) -> None:
    intervals, breaks = database.execute(
        """
        with counts as (
            select
                sku_id, snapshot_date, stock_on_hand,
                lag(snapshot_date) over by_sku as previous_date,
                lag(stock_on_hand) over by_sku as previous_stock
            from inventory_simulated
            window by_sku as (partition by sku_id order by snapshot_date)
        ),
        compared as (
            select counts.sku_id, snapshot_date, stock_on_hand - previous_stock as difference,
                coalesce(sum(changes.quantity), 0) as change
            from counts
            left join changes
                on counts.sku_id = changes.sku_id
                and changes.day > previous_date and changes.day <= snapshot_date
            where previous_date is not null
            group by all
        )
        select count(*), count(*) filter (difference <> change) from compared
        """
    ).fetchone()
    assert intervals > 170_000
    assert breaks == 0


@pytest.mark.slow
def test_no_past_day_runs_out_of_stock(database: duckdb.DuckDBPyConnection) -> None:
    """Also between counts: the stock of every day follows from the first count."""
    lowest = database.execute(
        """
        with first_counts as (
            select sku_id, min(snapshot_date) as day, arg_min(stock_on_hand, snapshot_date) as stock
            from inventory_simulated
            group by sku_id
        ),
        daily as (
            select sku_id, changes.day, stock, sum(quantity) as quantity
            from changes
            inner join first_counts using (sku_id)
            where changes.day > first_counts.day
            group by all
        )
        select min(stock) from (
            select stock + sum(quantity) over (partition by sku_id order by day) as stock from daily
            union all
            select stock_on_hand from inventory_simulated
        )
        """
    ).fetchone()
    assert lowest is not None
    assert lowest[0] > 0


@pytest.mark.slow
def test_orders_are_received_as_receipts(database: duckdb.DuckDBPyConnection) -> None:
    unmatched = database.execute(
        """
        with received as (
            select sku_id, received_on as day, sum(received_quantity) as quantity
            from purchase_orders_simulated
            where received_on is not null
            group by all
        ),
        receipts as (
            select sku_id, cast(moved_at as date) as day, quantity
            from inventory_movements_simulated
            where extract(hour from moved_at) = 20
        )
        select count(*)
        from received
        full join receipts using (sku_id, day)
        where received.quantity is distinct from receipts.quantity
        """
    ).fetchone()
    assert unmatched == (0,)
    open_lines, early = database.execute(
        """
        select count(*) filter (received_on is null), count(*) filter (received_on <= ordered_on)
        from purchase_orders_simulated
        """
    ).fetchone()
    assert open_lines > 0
    assert early == 0


@pytest.mark.slow
def test_sundays_and_the_last_day_are_counted(database: duckdb.DuckDBPyConnection) -> None:
    wrong = database.execute(
        """
        with first_sales as (
            select sku_id, cast(min(sold_at) as date) as first_on
            from accepted_sales where quantity > 0
            group by sku_id
        ),
        expected as (
            select sku_id, day
            from first_sales
            cross join (
                select unnest(generate_series(
                    date '2010-12-01', date '2011-12-09', interval 1 day
                ))::date as day
            )
            where day >= first_on and (isodow(day) = 7 or day = date '2011-12-09')
        )
        select count(*)
        from expected
        full join inventory_simulated as counts
            on expected.sku_id = counts.sku_id and expected.day = counts.snapshot_date
        where expected.sku_id is null or counts.sku_id is null
        """
    ).fetchone()
    assert wrong == (0,)


@pytest.mark.slow
def test_the_whole_folder_lands(whole: ImportReport, tmp_path: Path) -> None:
    report = land(whole.folder, tmp_path / "lake")
    assert not report.refused
    assert {Path(file.file).name: file.rows for file in report.landed} == whole.rows
    assert report.parse_errors == 0
