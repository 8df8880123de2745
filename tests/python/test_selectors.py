"""The selectors: what each builds, and that a night without fits is as good as a whole build."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from plain_forecast import plain_forecast
from warehouses import Warehouse

from shelfcast.landing import land

pytestmark = pytest.mark.slow

LEARNT = {
    *("int_planning_horizon", "py_seasonal_profiles", "py_forecast_priors"),
    *("int_launch_demand", "py_launch_levels"),
}
AGGREGATED = {"int_aggregate_members", "int_aggregate_demand"}
FITTED = {*LEARNT, *AGGREGATED, "py_forecast_fits", "py_aggregate_fits"}
BACKTESTED = {
    "py_forecast_backtests",
    "py_aggregate_backtests",
    "int_reconciliation_weights",
}
RESUMMED = {"int_aggregate_demand"}


def selected(warehouse: Warehouse, *arguments: str) -> set[str]:
    """Return the names of the models and seeds that a selection builds."""
    types = ("--resource-type", "model", "--resource-type", "seed")
    result = warehouse.dbt("list", "--quiet", "--output", "name", *types, *arguments)
    assert result.returncode == 0, result.stdout
    return set(result.stdout.split())


def test_selectors_select(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    everything = selected(warehouse)
    assert selected(warehouse, "--selector", "fit") == FITTED
    assert selected(warehouse, "--selector", "backtest") == BACKTESTED | RESUMMED
    assert selected(warehouse, "--selector", "nightly") == everything - FITTED - BACKTESTED
    scenarios = selected(warehouse, "--selector", "scenarios")
    assert {
        *("scenarios", "scenario_effects", "dim_scenarios", "fct_scenario_impacts"),
        *("fct_demand_forecasts", "fct_stockout_risks", "fct_replenishment_plan"),
        # a delay can make the horizon longer
        *("int_planning_horizon", "py_forecast_priors", "py_forecast_fits"),
    } <= scenarios
    # what lands and the history of demand do not depend on what may happen
    assert not {"int_sales", "int_completed_demand", "py_seasonal_profiles"} & scenarios
    assert not BACKTESTED & scenarios


def gold(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of gold, sorted; but for the results of tests, which every run adds to."""
    return {
        table: warehouse.query(f"select * from gold.{table} order by all")
        for table in warehouse.gold_tables()
        if table != "fct_data_quality"
    }


@pytest.fixture(scope="module")
def night(sample: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A copy of the sample after a night on which nothing had landed."""
    warehouse = sample.copy(tmp_path_factory.mktemp("night") / "home")
    result = warehouse.dbt("run", "--selector", "nightly")
    assert result.returncode == 0, result.stdout[-4000:]
    return warehouse


def test_a_night_without_news_changes_nothing(sample: Warehouse, night: Warehouse) -> None:
    before, after = gold(sample), gold(night)
    assert before["fct_demand_forecasts"]
    assert list(before) == list(after)
    for table, rows in before.items():
        assert rows == after[table], table


def test_a_night_after_news_forecasts_every_series(night: Warehouse, tmp_path: Path) -> None:
    """Three days on, with a SKU that is new, one that had not sold yet, and one that has gone."""
    later = night.copy(tmp_path / "later")
    ((last_on, gone, location),) = night.query(
        "select max(sold_on), min(sku_id), min(location_id) from silver.int_sales"
    )
    assert isinstance(last_on, date)
    today = last_on + timedelta(3)
    (row,) = night.query(f"select category from gold.dim_skus where sku_id = '{gone}'")
    source = tmp_path / "landing"
    source.mkdir()
    (source / "landing.yml").write_text(
        "entities: {skus: {files: [skus*.csv]}, sales: {files: [sales*.csv]},"
        " inventory: {files: [inventory*.csv]}}\n"
    )
    (source / "skus_in_stock.csv").write_text(f"sku_id,category\nunsold,{row[0]}\n")
    (source / "inventory_in_stock.csv").write_text(
        "snapshot_date,sku_id,location_id,stock_on_hand\n"
        f"{last_on - timedelta(9)},unsold,{location},500\n"
    )
    land(source, later.home / "lake")
    # fitted on the season, the prior and the horizon of the others, so that these keep their fits
    result = later.dbt("run", "--select", "+py_forecast_fits", "--exclude", *sorted(LEARNT))
    assert result.returncode == 0, result.stdout[-4000:]
    assert later.query(
        "select fallback_reason from silver.py_forecast_fits where sku_id = 'unsold'"
    ) == [("NO_DEMAND",)]
    (source / "skus_of_the_week.csv").write_text(
        f"sku_id,category,discontinued_on\nnew,{row[0]},\n{gone},{row[0]},{today}\n"
    )
    (source / "sales_of_the_week.csv").write_text(
        "sold_at,sku_id,location_id,quantity\n"
        + "".join(
            f"{last_on + timedelta(day)},new,{location},{quantity}\n"
            for day, quantity in ((1, 4), (2, 6), (3, 8))
        )
        + "".join(f"{last_on + timedelta(day)},unsold,{location},50\n" for day in (1, 2, 3))
    )
    land(source, later.home / "lake")
    result = later.dbt("run", "--selector", "nightly")
    assert result.returncode == 0, result.stdout[-4000:]
    assert later.query("select as_of_date from silver.int_as_of") == [(today,)]
    ((horizon,),) = later.query("select horizon_days from silver.int_planning_horizon")
    assert isinstance(horizon, int)
    assert later.query(
        f"""
        select fallback_reason, method, min(forecast_on), sum(lead_day)
        from gold.fct_demand_forecasts
        where scenario_id = 'baseline' and sku_id = 'new' and location_id = '{location}'
        group by all
        """
    ) == [("NOT_YET_FITTED", "launch_level", today + timedelta(1), horizon * (horizon + 1) // 2)]
    # the zero of a fit without demand is not carried forward
    assert later.query(
        f"""
        select distinct fallback_reason, method, forecast_quantity > 0
        from gold.fct_demand_forecasts
        where scenario_id = 'baseline' and sku_id = 'unsold' and location_id = '{location}'
        """
    ) == [("NOT_YET_FITTED", "launch_level", True)]
    # every series on sale is forecast, over the same days, and none that has gone
    assert later.query(
        f"""
        select count(*) from silver.int_series
        full outer join (
            select sku_id, location_id, count(*) as days, min(lead_day) as first_day
            from silver.py_demand_forecasts group by all
        ) using (sku_id, location_id)
        where (is_active is true) <> (days is not null)
            or days <> {horizon} or first_day <> 1
        """
    ) == [(0,)]
    assert later.query(
        f"select count(*) from silver.py_demand_forecasts where sku_id = '{gone}'"
    ) == [(0,)]
    # a series that was fitted keeps the mean of each day that its fit reached
    known = (
        "select sku_id, location_id, forecast_on, forecast_quantity from silver.py_demand_forecasts"
    )
    before = {row[:3]: row[3] for row in night.query(known)}
    after = {row[:3]: row[3] for row in later.query(known)}
    both = before.keys() & after.keys()
    assert len(both) > len(after) / 2
    assert all(before[key] == after[key] for key in both)
    # and the days beyond follow from the states of its fit alone, once it is long enough
    with later.connect(read_only=True) as connection:
        priors = connection.sql("from silver.py_forecast_priors").to_arrow_table().to_pylist()
        fits = connection.sql(
            f"""
            select * from silver.int_forecast_fits
            where last_on < date '{today}' and observations >= 200
            order by sku_id, location_id limit 30
            """
        ).to_arrow_table()
    by_number = {candidate["candidate_number"]: candidate for candidate in priors}
    assert fits.num_rows == 30
    for fit in fits.to_pylist():
        expected = plain_forecast(fit, by_number, horizon + 3)[3:]
        found = [
            after[fit["sku_id"], fit["location_id"], today + timedelta(day)]
            for day in range(1, horizon + 1)
        ]
        assert found == pytest.approx(expected, rel=1e-9)
