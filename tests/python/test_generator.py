"""The simulator keeps its own rules, and the contract's; nothing that is judged can read it."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest

import shelfcast
from shelfcast.generator import generate
from shelfcast.generator.files import partial
from shelfcast.landing.contract import CONTRACT, ENTITIES, ColumnType, Entity

ENDS_ON = date(2026, 6, 30)
MODERATE_DAYS = 730
DIRT = 0.003
CASTS = {
    ColumnType.STRING: "varchar",
    ColumnType.INTEGER: "bigint",
    ColumnType.QUANTITY: "decimal(18, 4)",
    ColumnType.RATE: "decimal(9, 6)",
    ColumnType.DATE: "date",
    ColumnType.TIMESTAMP: "timestamp",
}
Query = Callable[[str], list[tuple]]


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def relation(landing: Path, entity: Entity) -> str:
    """Every column as text, as the lander sees it."""
    folder, name = landing / entity.name, entity.name
    if folder.is_dir():
        if any(folder.glob("*.csv")):
            return f"read_csv('{folder}/*.csv', header = true, all_varchar = true)"
        return f"read_parquet('{folder}/*.parquet')"
    if name == "purchase_orders":
        columns = ", ".join(f"{column}: 'varchar'" for column in entity.column_names)
        return f"read_json('{landing}/{name}.jsonl', columns = {{{columns}}})"
    return f"read_csv('{landing}/{name}.csv', header = true, all_varchar = true)"


def connect(landing: Path) -> duckdb.DuckDBPyConnection:
    """Views of the entities cast to the contract's types, and of the truth."""
    connection = duckdb.connect()
    for entity in CONTRACT:
        columns = ", ".join(
            f"{column.name}::{CASTS[column.type]} as {column.name}" for column in entity.columns
        )
        connection.execute(
            f"create table {entity.name} as select {columns} from {relation(landing, entity)}"
        )
    truth = landing.with_name(f"{landing.name}-truth")
    for name in ("true_demand", "future_demand"):
        connection.execute(f"create view {name} as from read_parquet('{truth}/{name}.parquet')")
    return connection


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "sample"
    generate(folder, skus=24, days=200)
    return folder


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small sample with bad rows in it."""
    folder = tmp_path_factory.mktemp("dirty") / "sample"
    generate(folder, skus=24, days=200, dirt=DIRT)
    return folder


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    """Two years of a third of the default catalogue, across two blocks of SKUs."""
    folder = tmp_path_factory.mktemp("moderate") / "sample"
    generate(folder, skus=130, days=MODERATE_DAYS)
    with connect(folder) as connection:
        yield lambda sql: connection.execute(sql).fetchall()


def test_equal_arguments_give_equal_bytes(small: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    generate(again, skus=24, days=200)
    first, second = hashes(small), hashes(again)
    assert len(first) > 20
    assert first == second
    assert hashes(small.with_name("sample-truth")) == hashes(tmp_path / "again-truth")


def test_another_seed_gives_other_sales(small: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    generate(other, skus=24, days=200, seed=1)
    month = "sales/sales_2026-06.csv"
    assert hashes(other)[month] != hashes(small)[month]


def test_progress_counts_every_sku_once(tmp_path: Path) -> None:
    finished: list[int] = []
    generate(tmp_path / "sample", skus=130, locations=1, days=5, progress=finished.append)
    assert sum(finished) == 130
    assert len(finished) > 1


@pytest.mark.parametrize(
    ("skus", "locations", "days"), [(1, 1, 1), (1, 1, 40), (3, 9, 2), (150, 2, 3)]
)
def test_smallest_sizes_work(tmp_path: Path, skus: int, locations: int, days: int) -> None:
    summary = generate(tmp_path / "sample", skus=skus, locations=locations, days=days)
    assert (summary.rows["skus"], summary.rows["locations"]) == (skus, locations)
    sales = [path.read_bytes() for path in (summary.landing / "sales").iterdir()]
    assert summary.rows["sales"] == sum(text.count(b"\n") - 1 for text in sales)
    demand = pyarrow.parquet.read_table(summary.truth / "true_demand.parquet")
    assert 0 < len(demand) <= skus * locations * days


@pytest.mark.parametrize("size", ["skus", "locations", "days"])
def test_a_size_below_one_is_refused(tmp_path: Path, size: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        generate(tmp_path / "sample", **{size: 0})


def test_many_skus_land_as_parquet_with_the_same_columns(tmp_path: Path) -> None:
    summary = generate(tmp_path / "sample", skus=1001, locations=1, days=4)
    files = sorted((summary.landing / "sales").iterdir())
    assert [path.name for path in files] == ["sales_2026-06.parquet"]
    table = pyarrow.parquet.read_table(files[0])
    assert tuple(table.column_names) == ENTITIES["sales"].column_names
    assert len(table) == summary.rows["sales"] > 0


def test_an_earlier_run_is_replaced(tmp_path: Path) -> None:
    landing = tmp_path / "sample"
    generate(landing, skus=2, days=40)
    generate(landing, skus=1, locations=1, days=3)
    assert [path.name for path in (landing / "sales").iterdir()] == ["sales_2026-06.csv"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sample", "sample-truth"]


@pytest.mark.parametrize("folder", ["sample", "sample-truth"])
@pytest.mark.parametrize("is_generated", [True, False])
def test_files_of_others_are_never_replaced(
    tmp_path: Path, folder: str, is_generated: bool
) -> None:
    if is_generated:
        generate(tmp_path / "sample", skus=1, locations=1, days=3)
    foreign = tmp_path / folder / "ours.csv"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("precious")
    with pytest.raises(FileExistsError):
        generate(tmp_path / "sample", skus=1, locations=1, days=3)
    assert foreign.read_text() == "precious"


def test_a_run_that_dies_leaves_no_half_landing(tmp_path: Path) -> None:
    landing = tmp_path / "sample"

    def die(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(landing, skus=1, locations=1, days=3, progress=die)
    assert not landing.exists()
    assert partial(landing).exists()
    generate(landing, skus=1, locations=1, days=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sample", "sample-truth"]


def test_the_landing_holds_the_contract_and_not_the_truth(small: Path) -> None:
    entities = {path.name.split(".")[0] for path in small.iterdir()}
    assert entities == set(ENTITIES)
    for path in small.rglob("*"):
        if path.suffix == ".csv":
            entity = path.stem.rsplit("_", 1)[0] if path.parent != small else path.stem
            header = path.read_text(encoding="utf-8").split("\n", 1)[0]
            assert tuple(header.split(",")) == ENTITIES[entity].column_names
        elif path.is_file():
            assert path.name == "purchase_orders.jsonl" or path.parent.name == "inventory"
    truth = small.with_name("sample-truth")
    assert {path.name for path in truth.iterdir()} == {
        *("true_demand.parquet", "future_demand.parquet", "generated.json"),
    }
    marker = json.loads((truth / "generated.json").read_text(encoding="utf-8"))
    assert (marker["skus"], marker["days"], marker["ends_on"]) == (24, 200, "2026-06-30")


@pytest.mark.parametrize("entity", CONTRACT, ids=lambda entity: entity.name)
def test_rows_meet_the_contract(query: Query, entity: Entity) -> None:
    ((rows, keys),) = query(
        f"select count(*), count(distinct ({', '.join(entity.key)})) from {entity.name}"
    )
    assert rows == keys > 0
    for column in entity.columns:
        ((missing, smallest, largest),) = query(
            f"select count(*) - count({column.name}), min({column.name}), max({column.name})"
            f" from {entity.name}"
        )
        assert not (column.required and missing), column.name
        if smallest is not None and column.minimum is not None:
            assert smallest >= column.minimum, column.name
        if largest is not None and column.maximum is not None:
            assert largest <= column.maximum, column.name


@pytest.mark.parametrize(
    ("child", "column", "parent", "parent_column"),
    [
        (entity.name, column, parent, key)
        for entity in CONTRACT
        for column, parent, key in (
            ("sku_id", "skus", "sku_id"),
            ("predecessor_sku_id", "skus", "sku_id"),
            ("category", "skus", "category"),
            ("location_id", "locations", "location_id"),
            ("region", "locations", "region"),
            ("customer_id", "customers", "customer_id"),
            ("supplier_id", "suppliers", "supplier_id"),
            ("promotion_id", "promotions", "promotion_id"),
        )
        if column in entity.column_names and (entity.name, column) != (parent, key)
    ],
)
def test_references_resolve(
    query: Query, child: str, column: str, parent: str, parent_column: str
) -> None:
    orphans = query(
        f"select {column} from {child} where {column} is not null"
        f" and {column} not in (select {parent_column} from {parent})"
    )
    assert orphans == []


def test_codes_are_those_of_the_contract(query: Query) -> None:
    assert {
        kind for (kind,) in query("select distinct movement_type from inventory_movements")
    } == {
        *("receipt", "adjustment", "write_off"),
    }
    assert query("select distinct signal from external_signals") == [("oil_price",)]


CHANGES = """
    with changes as (
        select sku_id, location_id, moved_at::date as snapshot_date, quantity
        from inventory_movements
        union all
        select sku_id, location_id, sold_at::date, -quantity from sales
    ),
    daily as (
        select sku_id, location_id, snapshot_date, sum(quantity) as change
        from changes group by all
    )
"""


def test_stock_adds_up_on_every_day(query: Query) -> None:
    ((days, gaps, wrong),) = query(f"""
        {CHANGES},
        followed as (
            select
                stock_on_hand,
                change,
                lag(stock_on_hand) over series as opening,
                snapshot_date - lag(snapshot_date) over series as days_passed,
            from inventory left join daily using (sku_id, location_id, snapshot_date)
            window series as (partition by sku_id, location_id order by snapshot_date)
        )
        select
            count(*),
            count(*) filter (where days_passed <> 1),
            count(*) filter (where stock_on_hand <> opening + coalesce(change, 0))
        from followed where opening is not null
    """)
    assert days > 130 * 6 * MODERATE_DAYS * 0.8
    assert (gaps, wrong) == (0, 0)
    assert (
        query(
            f"{CHANGES} from daily anti join inventory using (sku_id, location_id, snapshot_date)"
        )
        == []
    )


def test_a_launch_starts_from_its_first_delivery(query: Query) -> None:
    """The first snapshot of a launched SKU is of the eve, and holds what was received."""
    firsts = query("""
        with firsts as (
            select
                sku_id,
                location_id,
                min(snapshot_date) as received_on,
                arg_min(stock_on_hand, snapshot_date) as stock_on_hand,
            from inventory group by all
        )
        select launched_on - received_on, stock_on_hand - received_quantity
        from skus
        join firsts using (sku_id)
        left join purchase_orders using (sku_id, location_id, received_on)
        where launched_on > date '2024-07-01'
    """)
    assert len(firsts) > 60
    assert set(firsts) == {(1, 0)}


def test_receipts_are_in_stock_on_the_day_of_receipt(query: Query) -> None:
    """Received orders and receipt movements are the same rows, by day and quantity."""
    received = "select sku_id, location_id, received_on, received_quantity from purchase_orders"
    moved = "select sku_id, location_id, moved_at::date, quantity from inventory_movements"
    received += " where received_on is not null"
    moved += " where movement_type = 'receipt'"
    assert query(f"select count(*) from ({received})")[0][0] > 10_000
    assert query(f"({received}) except all ({moved})") == []
    assert query(f"({moved}) except all ({received})") == []


def test_deliveries_are_sold_from_the_next_opening(query: Query) -> None:
    """No day sells more than the stock at the close of the day before."""
    ((sold_on_empty,),) = query("""
        select count(*)
        from true_demand
        join inventory using (sku_id, location_id)
        where snapshot_date = demand_on - 1 and sales_quantity > stock_on_hand::double
    """)
    assert sold_on_empty == 0


def test_promises_follow_the_quoted_lead_time(query: Query) -> None:
    """expected_on - ordered_on is one number per SKU, the one that the SKU file states, if any."""
    quoted = query("""
        select
            min(expected_on - ordered_on), max(expected_on - ordered_on), any_value(lead_time_days)
        from purchase_orders join skus using (sku_id) group by sku_id
    """)
    assert all(low == high and stated in (low, None) for low, high, stated in quoted)
    assert 0 < sum(stated is None for _, _, stated in quoted) < len(quoted) / 2
    ((late, early, short, over, unreceived),) = query("""
        select
            avg((received_on > expected_on)::int), avg((received_on < expected_on)::int),
            avg((received_quantity < ordered_quantity)::int),
            count(*) filter (where received_quantity > ordered_quantity),
            count(*) filter (where (received_on is null) <> (received_quantity is null))
        from purchase_orders
    """)
    assert 0.1 < late < 0.6
    assert 0.05 < early < 0.4
    assert 0.01 < short < 0.1
    assert (over, unreceived) == (0, 0)


def test_an_order_is_what_a_location_orders_from_a_supplier_on_a_day(query: Query) -> None:
    ((orders, occasions, lines),) = query("""
        select
            count(distinct purchase_order_id),
            count(distinct (supplier_id, location_id, ordered_on)),
            count(distinct (purchase_order_id, supplier_id, location_id, ordered_on))
        from purchase_orders join skus using (sku_id)
    """)
    assert orders == occasions == lines > 5_000


def test_orders_keep_packs_minimum_and_weekdays(query: Query) -> None:
    ((lines, broken),) = query("""
        select count(*), count(*) filter (
            where ordered_quantity % pack_size <> 0
            or ordered_quantity < min_order_quantity
            or position(isodow(ordered_on)::varchar in order_weekdays) = 0
        )
        from purchase_orders join skus using (sku_id) join suppliers using (supplier_id)
        where ordered_on >= launched_on
    """)
    assert lines > 10_000
    assert broken == 0


def test_review_period_is_the_longest_gap_between_order_weekdays(query: Query) -> None:
    suppliers = query("select review_period_days, order_weekdays from suppliers")
    assert {review for review, _ in suppliers} == {1, 3, 7}
    for review, text in suppliers:
        weekdays = [int(weekday) for weekday in text.split()]
        following = [*weekdays[1:], weekdays[0] + 7]
        gaps = [later - earlier for earlier, later in zip(weekdays, following, strict=True)]
        assert max(gaps) == review


def test_orders_are_open_at_the_end(query: Query) -> None:
    ((open_lines, overdue, later),) = query("""
        select
            count(*) filter (where received_on is null),
            count(*) filter (where received_on is null and expected_on <= date '2026-06-30'),
            count(*) filter (where greatest(ordered_on, received_on) > date '2026-06-30')
        from purchase_orders
    """)
    assert open_lines > 100
    assert 0 < overdue < open_lines / 3
    assert later == 0


def test_empty_shelves_censor_sales_and_nothing_else_does(query: Query) -> None:
    ((share, lost, uncensored, oversold),) = query("""
        select
            avg(is_stocked_out::int),
            1 - sum(sales_quantity) / sum(demand_quantity),
            count(*) filter (where sales_quantity < demand_quantity and not is_stocked_out),
            count(*) filter (where sales_quantity > demand_quantity)
        from true_demand
    """)
    assert 0.04 <= share <= 0.08
    assert 0.03 < lost < 0.2
    assert (uncensored, oversold) == (0, 0)


def test_hours_without_stock_follow_from_stock_and_demand(query: Query) -> None:
    """12 h of an empty shelf, 12 · (1 - stock / demand) of one that runs empty, else none."""
    ((days, wrong),) = query("""
        select count(*), count(*) filter (where abs(closing.stockout_hours::double - case
            when not is_open then 0
            when opening.stock_on_hand = 0 then 12
            else 12 * greatest(1 - opening.stock_on_hand / nullif(demand_quantity, 0), 0)
        end) > 0.0101)
        from (
            select *, strftime(demand_on, '%m-%d') not in ('12-25', '01-01') as is_open
            from true_demand
        ) as truth
        join inventory as closing
            on (closing.sku_id, closing.location_id, closing.snapshot_date)
            = (truth.sku_id, truth.location_id, truth.demand_on)
        join inventory as opening
            on (opening.sku_id, opening.location_id, opening.snapshot_date)
            = (truth.sku_id, truth.location_id, truth.demand_on - 1)
        where demand_quantity > 0 or opening.stock_on_hand = 0
    """)
    assert days > 100_000
    assert wrong == 0


def test_sales_lines_are_the_true_sales(query: Query) -> None:
    ((lines, wrong),) = query("""
        with sold as (
            select sku_id, location_id, sold_at::date as demand_on, sum(quantity)::double as sold
            from sales where quantity > 0 group by all
        )
        select count(sold), count(*) filter (where abs(coalesce(sold, 0) - sales_quantity) > 1e-6)
        from true_demand full join sold using (sku_id, location_id, demand_on)
    """)
    assert lines > 100_000
    assert wrong == 0


def test_prices_are_the_list_price_less_the_discount_of_the_promotion(query: Query) -> None:
    ((wrong_price, wrong_promotion, promoted),) = query("""
        select
            count(*) filter (where abs(
                sales.unit_price - skus.unit_price::double * (1 - sales.discount_rate::double)
            ) > 0.00501),
            count(*) filter (where sales.quantity > 0 and promotion_id is not null and not (
                sold_at::date between starts_on and ends_on
                and coalesce(promotions.sku_id, sales.sku_id) = sales.sku_id
                and promotions.category = skus.category
                and coalesce(promotions.region, locations.region) = locations.region
                and promotions.discount_rate = sales.discount_rate
            )),
            avg((promotion_id is not null)::int)
        from sales
        join skus on skus.sku_id = sales.sku_id
        join locations on locations.location_id = sales.location_id
        left join promotions using (promotion_id)
    """)
    assert (wrong_price, wrong_promotion) == (0, 0)
    assert 0.03 < promoted < 0.2


def test_baskets_have_one_moment_customer_and_channel(query: Query) -> None:
    ((baskets, broken, several, known),) = query("""
        with baskets as (
            select
                count(distinct (sold_at, location_id, customer_id, channel)) as variants,
                min(line_number) = 1 and max(line_number) = count(*) as is_numbered,
                count(*) > 1 as has_several,
                any_value(customer_id) is not null as is_known
            from sales group by transaction_id
        )
        select
            count(*), count(*) filter (where variants <> 1 or not is_numbered),
            avg(has_several::int), avg(is_known::int)
        from baskets
    """)
    assert baskets > 50_000
    assert broken == 0
    assert 0.2 < several < 0.6
    assert 0.45 < known < 0.55


def test_sales_happen_in_opening_hours_on_open_days_to_signed_up_customers(query: Query) -> None:
    assert query("select min(hour(sold_at)), max(hour(sold_at)) from sales") == [(8, 19)]
    assert (
        query("""
        from sales where strftime(sold_at, '%m-%d') in ('12-25', '01-01')
    """)
        == []
    )
    assert (
        query("""
        select count(*) from inventory where strftime(snapshot_date, '%m-%d') in ('12-25', '01-01')
    """)[0][0]
        > 4 * 130 * 4
    )
    assert (
        query("""
        from sales join customers using (customer_id) where signed_up_on > sold_at::date
    """)
        == []
    )


def test_default_volume_stays_under_a_million_lines(query: Query) -> None:
    """130 SKUs × 6 locations in proportion to the default 300."""
    ((lines,),) = query("select count(*) from sales")
    assert 300_000 < lines * 300 / 130 < 1_000_000


def test_returns_refer_to_earlier_sales(query: Query) -> None:
    ((returns, orphans),) = query("""
        select count(*), count(*) filter (where not exists (
            from sales as sale
            where sale.quantity >= -returned.quantity
            and sale.sku_id = returned.sku_id
            and sale.location_id = returned.location_id
            and sale.customer_id is not distinct from returned.customer_id
            and sale.unit_price = returned.unit_price
            and sale.promotion_id is not distinct from returned.promotion_id
            and sale.sold_at < returned.sold_at
            and sale.sold_at > returned.sold_at - interval 24 days
        ))
        from sales as returned where quantity < 0
    """)
    assert returns > 1_000
    assert orphans == 0
    assert (
        query("""
        select transaction_id from sales group by 1 having min(quantity) < 0 and count(*) > 1
    """)
        == []
    )


def test_no_two_promotions_of_one_scope_run_on_one_day(query: Query) -> None:
    assert (
        query("""
        from promotions as earlier join promotions as later
            on earlier.promotion_id <> later.promotion_id
            and earlier.category = later.category
            and earlier.sku_id is not distinct from later.sku_id
            and earlier.region is not distinct from later.region
            and later.starts_on between earlier.starts_on and earlier.ends_on
    """)
        == []
    )


def test_stock_is_never_negative(query: Query) -> None:
    assert query("from inventory where stock_on_hand < 0") == []


def test_nothing_is_sold_outside_the_life_of_a_sku(query: Query) -> None:
    assert (
        query("""
        from sales join skus using (sku_id)
        where sold_at::date < launched_on or sold_at::date >= discontinued_on
    """)
        == []
    )
    assert (
        query("""
        from true_demand join skus using (sku_id)
        where demand_on < launched_on or demand_on >= discontinued_on
    """)
        == []
    )
    assert (
        query("""
        from inventory join skus using (sku_id)
        where snapshot_date >= discontinued_on and stock_on_hand <> 0
    """)
        == []
    )


def test_the_catalogue_has_launches_predecessors_and_ends(query: Query) -> None:
    ((launched, replacing, discontinued),) = query("""
        select
            avg((launched_on >= date '2024-07-01')::int),
            avg((predecessor_sku_id is not null)::int),
            avg((discontinued_on is not null)::int)
        from skus
    """)
    assert launched == pytest.approx(0.12, abs=0.01)
    assert replacing == pytest.approx(0.06, abs=0.01)
    assert discontinued == pytest.approx(0.08, abs=0.02)
    assert (
        query("""
        from skus as new join skus as old on new.predecessor_sku_id = old.sku_id
        where old.category <> new.category
        or old.discontinued_on - new.launched_on not between 0 and 21
    """)
        == []
    )
    assert query("select count(distinct category) from skus") == [(8,)]


def test_intermittent_and_weighed_skus_have_their_share(query: Query) -> None:
    ((rare, weighed),) = query("""
        with skus_sold as (
            select
                avg((demand_quantity > 0)::int) as frequency,
                bool_or(demand_quantity % 1 <> 0) as is_weighed,
            from true_demand group by sku_id
        )
        select avg((frequency < 0.25)::int), avg(is_weighed::int) from skus_sold
    """)
    assert 0.12 < rare < 0.3
    assert 0.02 < weighed < 0.08
    assert query("from sales where quantity <> round(quantity, 3)") == []


def test_demand_moves_with_week_and_year_by_category(query: Query) -> None:
    """A Saturday in Garden sells exp(1.2 · 0.7) = 2.3 times a Monday, but for jitter."""
    weekly = dict(
        query("""
            select category, sum(demand_quantity) filter (isodow(demand_on) = 6)
                / sum(demand_quantity) filter (isodow(demand_on) = 1)
            from true_demand join skus using (sku_id) group by 1
        """)
    )
    assert 1.8 < weekly["Garden"] < 3.0
    assert 1.0 < weekly["Pet care"] < 1.5
    yearly = dict(
        query("""
            select category, sum(demand_quantity) filter (month(demand_on) = 5)
                / sum(demand_quantity) filter (month(demand_on) = 11)
            from true_demand join skus using (sku_id)
            where launched_on < date '2024-07-01' and discontinued_on is null group by 1
        """)
    )
    assert yearly["Garden"] > 3.0
    assert yearly["Toys"] < 0.8


def test_demand_is_overdispersed_about_its_expectation(query: Query) -> None:
    """The mean agrees; the variance is above a Poisson's, as of a negative binomial."""
    ((ratio, dispersion),) = query("""
        select
            sum(demand_quantity) / sum(expected_demand),
            avg((demand_quantity - expected_demand) ** 2 / expected_demand)
        from true_demand where expected_demand > 1
    """)
    assert ratio == pytest.approx(1.0, abs=0.02)
    assert dispersion > 1.3


def test_promotions_lift_demand_by_amounts_that_vary(query: Query) -> None:
    """Each event against the same series and weekdays within five weeks either side."""
    uplifts = [
        uplift
        for (uplift,) in query("""
            select sum(during.expected_demand) / sum(around.expected_demand)
            from promotions
            join true_demand as during
                on during.sku_id = promotions.sku_id
                and during.demand_on between starts_on and ends_on
            join locations
                on locations.location_id = during.location_id
                and locations.region = coalesce(promotions.region, locations.region)
            join true_demand as around
                on (around.sku_id, around.location_id) = (during.sku_id, during.location_id)
                and around.demand_on in (during.demand_on - 14, during.demand_on + 14)
            group by promotion_id
        """)
    ]
    assert len(uplifts) > 100
    uplifts.sort()
    tenth, median, ninetieth = (uplifts[len(uplifts) * part // 10] for part in (1, 5, 9))
    assert 1.3 < median < 2.2
    assert ninetieth / tenth > 1.8


def test_planned_promotions_and_demand_lie_ahead(query: Query) -> None:
    ((planned, longest),) = query("""
        select count(*), max(ends_on - date '2026-06-30')
        from promotions where starts_on > date '2026-06-30'
    """)
    assert planned >= 8
    assert longest <= 60
    ((first, last, ratio),) = query("""
        select min(demand_on), max(demand_on), sum(demand_quantity) / sum(expected_demand)
        from future_demand
    """)
    assert (first, last) == (ENDS_ON + timedelta(days=1), ENDS_ON + timedelta(days=60))
    assert ratio == pytest.approx(1.0, abs=0.05)


def test_two_regions_have_two_locations_whose_stock_differs(query: Query) -> None:
    regions = query("""
        with stocks as (
            select region, location_id, avg(stock_on_hand) as stock
            from inventory join locations using (location_id) group by all
        )
        select region, count(*), max(stock) / min(stock) from stocks group by 1 order by 1
    """)
    assert [(region, count) for region, count, _ in regions] == [
        *(("East", 2), ("North", 1), ("South", 1), ("West", 2)),
    ]
    assert all(ratio > 1.2 for _, count, ratio in regions if count == 2)


# ---- dirt -------------------------------------------------------------------------------------


def planted_rows(landing: Path) -> list[dict[str, str]]:
    truth = landing.with_name(f"{landing.name}-truth")
    with (truth / "planted_rejects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_without_the_planted_rows_a_dirty_landing_is_the_clean_one(
    small: Path, dirty: Path
) -> None:
    planted: dict[str, set[int]] = {}
    for row in planted_rows(dirty):
        planted.setdefault(row["file"], set()).add(int(row["row"]))
    assert set(hashes(small)) < set(hashes(dirty))
    for path in sorted(dirty.rglob("*")):
        if path.is_dir():
            continue
        name = path.relative_to(dirty).as_posix()
        bad, clean = planted[name], small / name
        if path.suffix == ".parquet":
            good, rows = map(pyarrow.parquet.read_table, (clean, path))
            assert rows.slice(0, len(good)).equals(good), name
            assert bad == set(range(len(good) + 1, len(rows) + 1)), name
            continue
        lines = path.read_bytes().split(b"\n")[:-1]
        kept = [line for number, line in enumerate(lines, 1) if number not in bad]
        # beside a Parquet file there is a header and nothing else that is good
        header = ",".join(ENTITIES["inventory"].column_names).encode()
        good_lines = clean.read_bytes().split(b"\n")[:-1] if clean.exists() else [header]
        assert kept == good_lines, name


def test_dirt_does_not_touch_the_truth(small: Path, dirty: Path) -> None:
    clean = hashes(small.with_name("sample-truth"))
    truth = hashes(dirty.with_name("sample-truth"))
    assert set(truth) - set(clean) == {"planted_rejects.csv"}
    assert {name for name in clean if clean[name] != truth[name]} == {"generated.json"}


def test_dirt_comes_at_the_rate_that_was_asked_for(small: Path, dirty: Path) -> None:
    kinds = Counter((row["file"], row["reject_codes"]) for row in planted_rows(dirty))
    seen = set()
    for path in small.rglob("*"):
        name = path.relative_to(small).as_posix()
        if path.is_dir():
            continue
        if path.suffix == ".parquet":
            rows = pyarrow.parquet.read_metadata(path).num_rows
            beside = name.replace(".parquet", ".csv")
            assert kinds[beside, "BAD_TYPE:stock_on_hand"] == max(1, round(DIRT * rows))
        else:
            rows = path.read_bytes().count(b"\n") - (path.suffix == ".csv")
        seen.add(max(1, round(DIRT * rows)))
        # a movement that is equal to another is no copy
        kind = "PAST_DATE" if "movements" in name else "DUPLICATE"
        assert kinds[name, kind] == max(1, round(DIRT * rows)), name
    assert len(seen) > 3


def test_equal_dirt_gives_equal_bytes(dirty: Path, tmp_path: Path) -> None:
    again = tmp_path / "sample"
    generate(again, skus=24, days=200, dirt=DIRT)
    assert hashes(again) == hashes(dirty)
    assert planted_rows(again) == planted_rows(dirty)


def test_bad_lines_stand_among_the_good_ones(dirty: Path) -> None:
    rows = planted_rows(dirty)
    lines = (dirty / "purchase_orders.jsonl").read_bytes().count(b"\n")
    places = [int(row["row"]) / lines for row in rows if row["file"] == "purchase_orders.jsonl"]
    assert min(places) < 0.2
    assert 0.3 < sum(places) / len(places) < 0.9
    # a copy does not always follow its original at once
    sales = next((dirty / "sales").glob("*.csv"))
    text = sales.read_bytes().split(b"\n")
    copies = [
        int(row["row"])
        for row in rows
        if row["reject_codes"] == "DUPLICATE" and row["file"] == f"sales/{sales.name}"
    ]
    assert all(text.index(text[copy - 1]) < copy - 1 for copy in copies)
    assert any(text[copy - 2] != text[copy - 1] for copy in copies)


def test_many_skus_put_what_parquet_cannot_hold_beside_their_sales(tmp_path: Path) -> None:
    summary = generate(tmp_path / "sample", skus=1001, locations=1, days=4, dirt=DIRT)
    codes: dict[str, set[str]] = {}
    rows = planted_rows(summary.landing)
    for row in rows:
        codes.setdefault(row["file"], set()).add(row["reject_codes"])
    typed, text = codes["sales/sales_2026-06.parquet"], codes["sales/sales_2026-06.csv"]
    assert {"RETURN_WITHOUT_SALE", "CONFLICT", "MISSING_VALUE:sold_at"} <= typed
    assert {"BAD_TYPE:sold_at", "BROKEN_QUOTE", "COLUMN_COUNT", "NUL_BYTE"} <= text
    assert typed.isdisjoint(text)
    table = pyarrow.parquet.read_table(summary.landing / "sales" / "sales_2026-06.parquet")
    assert tuple(table.column_names) == ENTITIES["sales"].column_names
    assert len(table) > summary.rows["sales"]
    assert summary.planted == len(rows)
    assert f"{len(rows):,} bad rows were planted" in str(summary)


def test_a_clean_run_replaces_a_dirty_one(tmp_path: Path) -> None:
    landing = tmp_path / "sample"
    assert generate(landing, skus=2, days=40, dirt=0.01).planted > 0
    summary = generate(landing, skus=2, days=40)
    assert summary.planted == 0
    assert "planted" not in str(summary)
    assert not any((landing / "inventory").glob("*.csv"))
    assert not (tmp_path / "sample-truth" / "planted_rejects.csv").exists()


def test_the_smallest_landing_can_be_dirty(tmp_path: Path) -> None:
    summary = generate(tmp_path / "sample", skus=1, locations=1, days=1, dirt=1.0)
    assert summary.planted == len(planted_rows(summary.landing)) > 0


@pytest.mark.parametrize("dirt", [-0.1, 1.1])
def test_dirt_is_a_share(tmp_path: Path, dirt: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        generate(tmp_path / "sample", skus=1, locations=1, days=1, dirt=dirt)


# ---- the generator and what is judged ---------------------------------------------------------


def test_no_module_that_is_judged_names_the_generator() -> None:
    package = Path(shelfcast.__file__).parent
    modules = [
        path
        for folder in ("forecasting", "inventory", "landing")
        for path in (package / folder).rglob("*.py")
    ]
    assert len(modules) >= 3
    for path in [*modules, package / "__init__.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            names.append(getattr(node, "module", None) or "")
            assert not any("generator" in name.split(".") for name in names), path


def test_importing_what_is_judged_does_not_load_the_generator() -> None:
    program = """
import importlib, pkgutil, sys
for name in ("shelfcast.forecasting", "shelfcast.inventory", "shelfcast.landing"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)
print(*sorted(name for name in sys.modules if name.startswith("shelfcast")))
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = run.stdout.split()
    assert {"shelfcast.forecasting", "shelfcast.landing.contract"} <= set(loaded)
    assert not [name for name in loaded if name.startswith("shelfcast.generator")]
