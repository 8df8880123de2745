"""How good the plan of the sample is, against the truth that the generator keeps beside it.

Run as ``.venv/bin/python benchmarks/truth.py [WAREHOUSE [TRUTH]]`` after a build. One origin,
so errors go together. Figures are for people; no test asserts them. ``benchmarks/figures.py``
writes them into the documents.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

WAREHOUSE, TRUTH = Path("warehouse/sample/shelfcast.duckdb"), Path("data/sample-truth")

PREPARATION = """
    create temp table ahead as
    select
        *,
        row_number() over (partition by sku_id, location_id order by demand_on) as lead_day,
        sum(demand_quantity) over (partition by sku_id, location_id order by demand_on)
            as cumulative_demand
    from '{truth}/future_demand.parquet'
"""

BIAS = "forecast of 28 days / true expected demand - 1"
RECOVERED = "share recovered of the demand that stock-outs hid"
RAN_OUT = "ran out by day {day}: {what}"
COVERED = "demand over lead time and review within order-up-to, asked {level}"
DAYS = (1, 7, 14, 28)
LEVELS = (0.95, 0.97)

FIGURES = {
    BIAS: """
        select sum(forecast_quantity) / sum(expected_demand) - 1
        from plan.gold.fct_demand_forecasts inner join ahead using (sku_id, location_id, lead_day)
        where scenario_id = 'baseline' and lead_day <= 28
    """,
    RECOVERED: """
        select sum(gold.lost_sales_quantity) / sum(truth.demand_quantity - gold.sales_quantity)
        from plan.gold.fct_daily_demand as gold
        inner join '{truth}/true_demand.parquet' as truth using (sku_id, location_id, demand_on)
        where gold.is_censored
    """,
    **{
        RAN_OUT.format(day=day, what=what): f"""
            with supply as (
                select
                    *,
                    sum(receipts_quantity) over (
                        partition by sku_id, location_id order by lead_day
                    ) as received
                from plan.gold.fct_inventory_projections where scenario_id = 'baseline'
            ),

            series as (
                select
                    max(supply.stockout_probability) filter (where lead_day = {day}) as said,
                    max(case when stock_on_hand + received < cumulative_demand then 1 else 0 end)
                        filter (where lead_day <= {day}) as happened
                from supply
                inner join ahead using (sku_id, location_id, lead_day)
                inner join plan.gold.fct_stockout_risks using (scenario_id, sku_id, location_id)
                group by sku_id, location_id
            )

            select avg({what}) from series
        """
        for day in DAYS
        for what in ("said", "happened")
    },
    **{
        COVERED.format(level=level): f"""
            select avg(case when cumulative_demand <= order_up_to_quantity then 1 else 0 end)
            from plan.gold.fct_replenishment_plan
            inner join ahead
                on
                    fct_replenishment_plan.sku_id = ahead.sku_id
                    and fct_replenishment_plan.location_id = ahead.location_id
                    and ahead.lead_day = round(protection_days)
            where scenario_id = 'baseline' and cycle_service_level = {level}
        """
        for level in LEVELS
    },
}
"""SQL of one number each."""


def measure(warehouse: Path = WAREHOUSE, truth: Path = TRUTH) -> dict[str, float]:
    """Return each figure by its name."""
    figures = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{warehouse}' as plan (read_only)")
        connection.execute(PREPARATION.format(truth=truth))
        for name, query in FIGURES.items():
            row = connection.execute(query.format(truth=truth)).fetchone()
            assert row is not None, "an aggregate always has one row"
            figures[name] = float("nan") if row[0] is None else float(row[0])
    return figures


def main(warehouse: Path = WAREHOUSE, truth: Path = TRUTH) -> None:
    """Print each figure on a line."""
    for name, value in measure(warehouse, truth).items():
        print(f"{name:<70}{value:>8.1%}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
