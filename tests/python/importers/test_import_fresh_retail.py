"""FreshRetailNet: recorded hours out of stock, and stock simulated from them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from import_sources import digests, landed, shared_file

from shelfcast.importers import ImportFileError, ImportReport, import_fresh_retail
from shelfcast.landing import land


@pytest.fixture(scope="module")
def source() -> Path:
    return shared_file("fresh_retail_sample.parquet")


@pytest.fixture(scope="module")
def whole(source: Path, tmp_path_factory: pytest.TempPathFactory) -> ImportReport:
    return import_fresh_retail(source, tmp_path_factory.mktemp("fresh_retail") / "landing")


def joined(source: Path, whole: ImportReport, query: str) -> tuple:
    """One row of a query over the source's days beside the landed ones, found by their ids."""
    row = duckdb.sql(
        f"""
        with days as (
            select
                *,
                printf('P%04d', product_id) as sku_id,
                printf('S%03d', store_id) as location_id
            from '{source}'
        ),
        sales as (select * from '{whole.folder}/sales.parquet'),
        inventory as (select * from '{whole.folder}/inventory_simulated.parquet')
        {query}
        """
    ).fetchone()
    assert row is not None
    return row


def test_every_series_day_lands(source: Path, whole: ImportReport) -> None:
    assert whole.rows == {
        "sales.parquet": 186_128,
        "inventory_simulated.parquet": 197_280,
        "skus.csv": 288,
        "locations.csv": 65,
        "suppliers_simulated.csv": 1,
        "holidays.csv": 6,
    }
    assert whole.assumptions[0].startswith(f"{197_280 - 186_128:,} series-days without a sale")
    matched, sold, recorded = joined(
        source,
        whole,
        """
        select count(*), round(sum(quantity), 4), round(sum(sale_amount), 4)
        from days inner join sales using (sku_id, location_id)
        where sold_at = dt and abs(quantity - sale_amount) < 1e-6
        """,
    )
    assert matched == 186_128
    assert float(sold) == pytest.approx(float(recorded))


def test_discounts_and_activities_are_as_recorded(source: Path, whole: ImportReport) -> None:
    wrong = joined(
        source,
        whole,
        """
        select count(*)
        from days inner join sales using (sku_id, location_id)
        where
            sold_at = dt
            and (
                (discount = 0) <> (discount_rate is null)
                or abs(discount_rate + discount - 1) > 1e-6
                or (activity_flag = 1) <> (promotion_id is not null)
            )
        """,
    )
    assert wrong == (0,)


def test_stock_is_zero_where_the_last_selling_hour_was(source: Path, whole: ImportReport) -> None:
    days, wrong_hours, wrong_zero, lowest = joined(
        source,
        whole,
        """
        select
            count(*),
            count(*) filter (stockout_hours <> stock_hour6_22_cnt),
            count(*) filter ((stock_on_hand = 0) <> (hours_stock_status[22] = 1)),
            min(stock_on_hand) filter (stock_on_hand > 0)
        from days inner join inventory using (sku_id, location_id)
        where snapshot_date = dt
        """,
    )
    assert (days, wrong_hours, wrong_zero) == (197_280, 0, 0)
    assert lowest >= 0.1


def test_stock_covers_a_fixed_number_of_days_per_series(source: Path, whole: ImportReport) -> None:
    """The cover is between 1 and 5 days of the mean sales on days never out of stock."""
    series, lowest, highest, spread = joined(
        source,
        whole,
        """,
        means as (
            select sku_id, location_id,
                coalesce(
                    avg(sale_amount) filter (stock_hour6_22_cnt = 0), avg(sale_amount)
                ) as quantity
            from days group by all
        ),
        covers as (
            select sku_id, location_id,
                min(stock_on_hand / quantity) as least, max(stock_on_hand / quantity) as most
            from inventory inner join means using (sku_id, location_id)
            where stock_on_hand > 0.1
            group by all
        )
        select count(*), min(least), max(most), max(most - least) from covers
        """,
    )
    assert series > 2_000
    assert lowest >= 0.999
    assert highest <= 5.001
    assert spread < 1e-3


def test_holidays_are_flagged_weekdays(whole: ImportReport) -> None:
    days = [row[0] for row in landed(whole.folder, "holidays.csv", "holiday_date")]
    assert days == [
        "2024-04-04",
        "2024-04-05",
        "2024-05-01",
        "2024-05-02",
        "2024-05-03",
        "2024-06-10",
    ]


def test_the_folder_lands_and_comes_out_alike(
    source: Path, whole: ImportReport, tmp_path: Path
) -> None:
    report = land(whole.folder, tmp_path / "lake")
    assert not report.refused
    assert {Path(file.file).name: file.rows for file in report.landed} == whole.rows
    again = import_fresh_retail(source, tmp_path / "again")
    assert digests(again.folder) == digests(whole.folder)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("dt", "'soon'", "has columns of other types"),
        ("store_id", "'north'", "has columns of other types"),
        ("city_id", "'north'", "has columns of other types"),
        ("discount", "'dear'", "has columns of other types"),
        ("activity_flag", "'yes'", "has columns of other types"),
        ("product_id", "[1]", "column product_id holds lists instead of single values"),
        ("hours_stock_status", "'0'", "column hours_stock_status holds single values instead of"),
    ],
)
def test_columns_of_other_types_are_refused(
    tmp_path: Path, column: str, value: str, message: str
) -> None:
    path = tmp_path / "other.parquet"
    days = duckdb.sql(
        """
        select 1 as city_id, 1 as store_id, 1 as first_category_id, 1 as second_category_id,
            1 as third_category_id, 1 as product_id, date '2024-04-01' as dt, 1.0 as sale_amount,
            [0] as hours_stock_status, 0 as stock_hour6_22_cnt, 1.0 as discount,
            0 as holiday_flag, 0 as activity_flag
        """
    )
    days.write_parquet(str(path))
    import_fresh_retail(path, tmp_path / "right")
    days.project(f"* replace ({value} as {column})").write_parquet(str(path))
    with pytest.raises(ImportFileError, match=rf"other\.parquet.* {message}"):
        import_fresh_retail(path, tmp_path / "landing")
    assert not (tmp_path / "landing").exists()
