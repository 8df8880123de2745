"""Each analysis runs, and finds what pandas counts in the files or in gold."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas as pd
import pytest
import yaml
from analysis_queries import compiled_analyses
from warehouses import PROJECT, Warehouse

pytestmark = pytest.mark.slow

Results = dict[str, pd.DataFrame]

LAST = pd.Timestamp(2026, 6, 30)
"""The last day of the sample's history."""


def since(days: int) -> pd.Timestamp:
    """The first of the last so many days of history."""
    return LAST - pd.Timedelta(days=days - 1)


def frame(warehouse: Warehouse, sql: str) -> pd.DataFrame:
    with warehouse.connect(read_only=True) as connection:
        return connection.sql(sql).df()


@pytest.fixture(scope="module")
def queries(sample: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The SQL of each analysis."""
    return compiled_analyses(sample, tmp_path_factory.mktemp("analyses"))


@pytest.fixture(scope="module")
def results(sample: Warehouse, queries: dict[str, str]) -> Results:
    """The rows of each analysis of the sample."""
    return {name: frame(sample, sql) for name, sql in queries.items()}


@pytest.fixture(scope="module")
def copy(
    sample: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the sample's database."""
    file = shutil.copy(sample.home / "shelfcast.duckdb", tmp_path_factory.mktemp("copy"))
    with duckdb.connect(file) as connection:
        yield connection


@pytest.fixture
def scratch(copy: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The copy, to be written to; what is done to it is undone."""
    copy.begin()
    yield copy
    copy.rollback()


@pytest.fixture(scope="module")
def demand(sample: Warehouse) -> pd.DataFrame:
    """The daily facts, with attributes of SKU and location."""
    return frame(
        sample,
        """
        select demand.*, category, unit_cost, unit_price, is_active, abc_class, region
        from gold.fct_daily_demand as demand
        inner join gold.dim_skus using (sku_id)
        inner join gold.dim_locations using (location_id)
        """,
    )


def test_each_gives_rows_and_the_columns_that_are_described(results: Results) -> None:
    described = yaml.safe_load((PROJECT / "analyses/_analyses.yml").read_text())["analyses"]
    assert {name: list(rows) for name, rows in results.items()} == {
        analysis["name"]: [column["name"] for column in analysis["columns"]]
        for analysis in described
    }
    assert [name for name, rows in results.items() if rows.empty] == []


def test_the_best_and_worst_sellers_are_those_of_the_sales_files(
    results: Results, sample_landing: Path
) -> None:
    files = sorted((sample_landing / "sales").glob("*.csv"))
    skus = pd.read_csv(sample_landing / "skus.csv")
    sales = pd.concat(map(pd.read_csv, files)).merge(
        skus[["sku_id", "unit_cost", "discontinued_on"]], on="sku_id"
    )
    sales = sales[sales.discontinued_on.isna()]
    sales["revenue"] = sales.quantity * sales.unit_price
    sales["margin"] = sales.revenue - sales.quantity * sales.unit_cost
    sold_on = pd.to_datetime(sales.sold_at).dt.normalize()
    now = sales[sold_on >= since(90)].groupby("sku_id")[["revenue", "margin"]].sum()
    before = sales[(sold_on >= since(180)) & (sold_on < since(90))].groupby("sku_id").revenue.sum()
    now = now.sort_values("revenue")
    sellers = results["best_and_worst_sellers"]
    best = sellers[sellers.standing == "best"]
    worst = sellers[sellers.standing == "worst"]
    assert list(best.sku_id) == list(now.index[::-1][:10])
    assert list(worst.sku_id) == list(now.index[:10])
    # gold rounds the revenue of a day to four decimals; what is weighed has five
    for found, expected in (
        (best.revenue_amount, now.revenue[::-1][:10]),
        (best.revenue_amount_before, before[best.sku_id]),
        (worst.margin_amount, now.margin[:10]),
    ):
        assert list(found) == pytest.approx(list(expected), abs=0.01)


def test_sales_change_only_of_what_was_on_sale_in_all_days_before(
    results: Results, queries: dict[str, str], scratch: duckdb.DuckDBPyConnection
) -> None:
    seller = results["best_and_worst_sellers"].dropna(subset="sales_change_rate").iloc[0]
    change = seller.sales_quantity / seller.sales_quantity_before - 1
    assert seller.sales_change_rate == pytest.approx(float(change), abs=1e-6)
    scratch.execute(
        "delete from gold.fct_daily_demand where sku_id = $1 and demand_on <= $2",
        [seller.sku_id, since(180)],
    )
    after = scratch.sql(queries["best_and_worst_sellers"]).df().set_index("sku_id")
    assert after.sales_quantity_before[seller.sku_id] > 0
    assert pd.isna(after.sales_change_rate[seller.sku_id])


def test_seasonal_indices_are_means_over_the_mean_of_all(
    results: Results, demand: pd.DataFrame
) -> None:
    key = ["category", "season_cycle", "season_number"]
    indices = results["seasonality"].set_index(key).sort_index()
    for category, days in demand[demand.demand_quantity.notna()].groupby("category"):
        for cycle, numbers in (
            ("weekday", days.demand_on.dt.day_of_week + 1),
            ("month", days.demand_on.dt.month),
        ):
            means = days.groupby(numbers).demand_quantity.mean() / days.demand_quantity.mean()
            found = indices.demand_index[category, cycle]
            assert list(found.index) == list(means.index)
            assert list(found) == pytest.approx(list(means), abs=2e-6)


def test_an_uplift_is_over_days_like_the_promoted_ones(
    results: Results, demand: pd.DataFrame
) -> None:
    effects = results["promotion_effects"].sort_values("compared_days")
    effect = effects[effects.compared_days >= 20].iloc[0]
    days = demand[demand.is_open]
    days = days.assign(
        margin=days.revenue_amount
        - (days.sales_quantity - days.returned_quantity) * days.unit_cost,
        weekday=days.demand_on.dt.day_of_week,
    )
    promoted = days[(days.promotion_id == effect.promotion_id) & (days.category == effect.category)]
    usual = days[days.promotion_id.isna() & ~days.is_censored]
    usual_of = dict(list(usual.groupby(["sku_id", "location_id", "weekday"])))
    pairs = []
    for day in promoted[~promoted.is_censored].itertuples():
        like = usual_of[day.sku_id, day.location_id, day.weekday]
        like = like[(like.demand_on - day.demand_on).abs() <= pd.Timedelta(days=28)]
        if len(like):
            pairs.append((day.sales_quantity, like.sales_quantity.mean(),
                          day.margin - like.margin.mean()))  # fmt: skip
    sold, expected, margin = map(sum, zip(*pairs, strict=True))
    assert effect.promoted_days == len(promoted)
    assert effect.censored_days == promoted.is_censored.sum()
    assert effect.compared_days == len(pairs)
    assert effect.uplift_rate == pytest.approx(sold / expected - 1, abs=1e-5)
    assert effect.margin_change_amount == pytest.approx(margin, abs=1e-3)


def test_promotions_lift_sales_in_the_sample(results: Results) -> None:
    """The generator lifts demand on every promoted day; one promotion may still sell less."""
    effects = results["promotion_effects"]
    assert effects.sales_quantity.sum() > 1.1 * effects.usual_sales_quantity.sum()


def test_stockouts_are_counted_alike_in_every_scope(
    results: Results, demand: pd.DataFrame, sample: Warehouse
) -> None:
    recent = demand[demand.demand_on >= since(90)]
    recent = recent.assign(
        counted=recent.is_open & recent.stock_on_hand.notna(),
        lost_revenue=recent.lost_sales_quantity * recent.unit_price,
    )
    risks = frame(sample, "from gold.fct_stockout_risks where scenario_id = 'baseline'")
    stockouts = results["stockouts_and_risks"]
    for scope, key in (("region", "region"), ("category", "category"), ("SKU", "sku_id")):
        found = stockouts[stockouts.scope == scope].set_index("scope_id").sort_index()
        expected = recent.groupby(key)[["counted", "is_censored", "lost_revenue"]].sum()
        high = risks[risks.risk_level == "High"].groupby(key).size()
        assert list(found.counted_days) == list(expected.counted)
        assert list(found.stockout_days) == list(expected.is_censored)
        assert list(found.lost_revenue_amount) == pytest.approx(list(expected.lost_revenue))
        assert list(found.high_risk_count) == list(high.reindex(found.index, fill_value=0))
        at_risk = risks.groupby(key).revenue_at_risk_amount.sum(min_count=1)
        assert list(found.revenue_at_risk_amount) == pytest.approx(
            list(at_risk.reindex(found.index)), nan_ok=True
        )


def test_revenue_at_risk_is_unknown_where_a_price_is(
    results: Results, queries: dict[str, str], scratch: duckdb.DuckDBPyConnection
) -> None:
    (sku, category), *_ = scratch.sql(
        """
        select sku_id, any_value(category) from gold.fct_stockout_risks
        where scenario_id = 'baseline' and units_at_risk > 0
        group by sku_id order by sku_id
        """
    ).fetchall()
    scratch.execute(
        "update gold.fct_stockout_risks set revenue_at_risk_amount = null where sku_id = $1", [sku]
    )
    before, after = (
        rows[rows.scope == "category"].set_index("scope_id").revenue_at_risk_amount.dropna()
        for rows in (
            results["stockouts_and_risks"],
            scratch.sql(queries["stockouts_and_risks"]).df(),
        )
    )
    assert set(before.index) - set(after.index) == {category}


def test_suppliers_are_as_late_as_their_order_lines(results: Results, sample_landing: Path) -> None:
    skus = pd.read_csv(sample_landing / "skus.csv")[["sku_id", "supplier_id"]]
    file = sample_landing / "purchase_orders.jsonl"
    orders = duckdb.sql(f"from read_json('{file}')").df().merge(skus, on="sku_id")
    received = orders[orders.received_on >= since(365)]
    days = (received.received_on - received.ordered_on).dt.days
    owed = orders[orders.received_on.isna()]
    overdue = owed[owed.expected_on < LAST]
    late = (received.received_on > received.expected_on).groupby(received.supplier_id)
    still_late = overdue.groupby("supplier_id").size()
    found = results["supplier_reliability"].set_index("supplier_id").sort_index()
    found = found[found.received_lines > 0]
    by_supplier = received.supplier_id
    assert list(found.index) == sorted(by_supplier.unique())
    late_lines = late.sum().add(still_late, fill_value=0)[found.index]
    due_lines = late.size().add(still_late, fill_value=0)[found.index]
    assert list(found.late_rate) == pytest.approx(list(late_lines / due_lines), abs=1e-6)
    assert list(found.mean_lead_time_days) == pytest.approx(
        list(days.groupby(by_supplier).mean()), abs=1e-6
    )
    assert found.open_lines.sum() == len(owed)
    assert found.overdue_lines.sum() == len(overdue)


def test_a_supplier_that_delivers_nothing_comes_first(
    queries: dict[str, str], scratch: duckdb.DuckDBPyConnection
) -> None:
    """And so it does where no supplier file knows it; without a promise nobody is late."""
    (sku, other), *_ = scratch.sql(
        """
        select min(sku_id), max(sku_id) from gold.dim_skus
        where sku_id in (select sku_id from silver.int_open_orders)
        """
    ).fetchall()
    for supplier, sku_id in (("never", sku), ("unpromised", other)):
        scratch.execute(
            "update gold.dim_skus set supplier_id = $1 where sku_id = $2", [supplier, sku_id]
        )
    scratch.execute(
        """
        update silver.int_purchase_orders set
            received_on = null,
            expected_on = case when sku_id = $1 then ordered_on - 1 end
        where sku_id in ($1, $2)
        """,
        [sku, other],
    )
    scratch.execute(
        """
        update silver.int_open_orders set promised_on = ordered_on - 1 where sku_id in ($1, $2)
        """,
        [sku, other],
    )
    rows = scratch.sql(queries["supplier_reliability"]).df()
    assert rows.supplier_id[0] == "never"
    never, unpromised = (rows[rows.supplier_id == name].iloc[0] for name in ("never", "unpromised"))
    assert (never.late_rate, never.received_lines) == (1, 0)
    assert never.overdue_lines > 0
    assert pd.isna(never.supplier_name)
    assert unpromised.overdue_lines > 0
    assert pd.isna(unpromised.late_rate)


def test_classes_share_the_revenue_of_a_year(results: Results, demand: pd.DataFrame) -> None:
    sold = demand[demand.is_active & (demand.demand_on >= since(365))]
    revenues = sold.groupby("abc_class").revenue_amount.sum()
    classes = results["assortment_classes"]
    assert list(classes.groupby("abc_class").revenue_share.sum()) == pytest.approx(
        list(revenues / revenues.sum()), abs=1e-5
    )
    assert classes.sku_count.sum() == sold.sku_id.nunique()


def test_a_class_without_known_revenue_leaves_no_shares(
    results: Results, queries: dict[str, str], scratch: duckdb.DuckDBPyConnection
) -> None:
    scratch.execute(
        """
        update gold.fct_daily_demand set revenue_amount = null
        where sku_id = (select min(sku_id) from gold.dim_skus where is_active and abc_class = 'A')
        """
    )
    before = results["assortment_classes"]
    classes = scratch.sql(queries["assortment_classes"]).df()
    assert classes.revenue_amount.isna().sum() == before.revenue_amount.isna().sum() + 1
    assert classes.revenue_share.isna().all()


def test_stock_that_was_never_counted_is_worth_no_known_amount(
    results: Results, queries: dict[str, str], scratch: duckdb.DuckDBPyConnection
) -> None:
    key = ["abc_class", "demand_class"]
    before = results["assortment_classes"].set_index(key).stock_amount
    (first, *_) = before[before > 0].index
    scratch.execute(
        """
        update gold.fct_replenishment_plan set stock_on_hand = null
        where sku_id in (
            select sku_id from gold.dim_skus where abc_class = $1 and demand_class = $2
        )
        """,
        list(first),
    )
    after = scratch.sql(queries["assortment_classes"]).df().set_index(key).stock_amount
    assert pd.isna(after[first])
    assert after.drop(first).equals(before.drop(first))


def test_the_forecast_is_held_against_the_same_skus(
    results: Results, demand: pd.DataFrame, sample: Warehouse
) -> None:
    forecasts = frame(
        sample,
        """
        select sku_id, region, category, forecast_on, forecast_quantity
        from gold.fct_demand_forecasts
        inner join gold.dim_skus using (sku_id)
        inner join gold.dim_locations using (location_id)
        where scenario_id = 'baseline'
        """,
    )
    ahead = forecasts[forecasts.forecast_on <= LAST + pd.Timedelta(days=28)]
    recent = demand[demand.demand_on >= since(28)]
    recent = recent.merge(forecasts[["sku_id", "region"]].drop_duplicates())
    key = ["category", "region"]
    found = results["forecast_against_history"].set_index(key)
    expected = pd.DataFrame(
        {
            "ahead": ahead.groupby(key).forecast_quantity.sum(),
            "recent": recent.groupby(key).demand_quantity.sum(),
        }
    ).reindex(found.index)
    assert list(found.forecast_quantity) == pytest.approx(list(expected.ahead))
    assert list(found.change_rate) == pytest.approx(
        list(expected.ahead / expected.recent - 1), abs=2e-6
    )
    # 300 days of history do not reach a year back
    assert found.demand_quantity_year_before.isna().all()
    assert found.year_change_rate.isna().all()


def test_a_year_before_is_that_of_the_category_in_the_region(
    results: Results, queries: dict[str, str], scratch: duckdb.DuckDBPyConnection
) -> None:
    """The last 28 days, twice as high, 336 days earlier: the days 52 weeks before the forecast."""
    key = ["category", "region"]
    before = results["forecast_against_history"].set_index(key)
    category, region = before[before.demand_quantity > 0].index[0]
    planted = """
        insert into gold.fct_daily_demand
        select demand.* replace (
            cast(demand_on - interval 336 day as date) as demand_on,
            2 * demand_quantity as demand_quantity
        )
        from gold.fct_daily_demand as demand
        inner join gold.dim_skus using (sku_id)
        inner join gold.dim_locations using (location_id)
        where demand_on between $1 and $2 and category like $3 and region like $4
    """
    # all begin a day too late, and then one does not
    scratch.execute(planted, [since(27), LAST, "%", "%"])
    found = scratch.sql(queries["forecast_against_history"]).df()
    assert found.year_change_rate.isna().all()
    scratch.execute(planted, [since(28), since(28), category, region])
    found = scratch.sql(queries["forecast_against_history"]).df().set_index(key)
    rates = found.year_change_rate.dropna()
    quantities = found.demand_quantity_year_before.dropna()
    assert list(rates.index) == list(quantities.index) == [(category, region)]
    row = before.loc[(category, region)]
    assert float(quantities.iloc[0]) == pytest.approx(2 * float(row.demand_quantity))
    assert rates.iloc[0] == pytest.approx((1 + row.change_rate) / 2 - 1, abs=2e-6)
