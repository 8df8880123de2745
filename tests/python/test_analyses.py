"""Each analysis runs, and finds what pandas counts in the files or in gold."""

from __future__ import annotations

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
def results(sample: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The rows of each analysis of the sample."""
    queries = compiled_analyses(sample, tmp_path_factory.mktemp("analyses"))
    return {name: frame(sample, sql) for name, sql in queries.items()}


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


def test_suppliers_are_as_late_as_their_order_lines(results: Results, sample_landing: Path) -> None:
    skus = pd.read_csv(sample_landing / "skus.csv")[["sku_id", "supplier_id"]]
    file = sample_landing / "purchase_orders.jsonl"
    orders = duckdb.sql(f"from read_json('{file}')").df().merge(skus, on="sku_id")
    received = orders[orders.received_on >= since(365)]
    days = (received.received_on - received.ordered_on).dt.days
    late = received.received_on > received.expected_on
    owed = orders[orders.received_on.isna()]
    found = results["supplier_reliability"].set_index("supplier_id").sort_index()
    found = found[found.received_lines > 0]
    by_supplier = received.supplier_id
    assert list(found.index) == sorted(by_supplier.unique())
    assert list(found.late_rate) == pytest.approx(list(late.groupby(by_supplier).mean()), abs=1e-6)
    assert list(found.mean_lead_time_days) == pytest.approx(
        list(days.groupby(by_supplier).mean()), abs=1e-6
    )
    assert found.open_lines.sum() == len(owed)
    assert found.overdue_lines.sum() == (owed.expected_on < LAST).sum()


def test_classes_share_the_revenue_of_a_year(results: Results, demand: pd.DataFrame) -> None:
    sold = demand[demand.is_active & (demand.demand_on >= since(365))]
    revenues = sold.groupby("abc_class").revenue_amount.sum()
    classes = results["assortment_classes"]
    assert list(classes.groupby("abc_class").revenue_share.sum()) == pytest.approx(
        list(revenues / revenues.sum()), abs=1e-5
    )
    assert classes.sku_count.sum() == sold.sku_id.nunique()


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
