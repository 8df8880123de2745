"""The page that a planner reads at the end of a build: what landed, what is urgent, what if."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from shelfcast.text_table import as_text, table
from shelfcast.warehouse import (
    DUCKDB,
    command,
    home,
    location,
    make_build,
    read_only,
    schema,
    target,
)

MOST_URGENT = 10
MOST_REASONS = 15


def build_summary() -> str:
    """Return the summary of the warehouse as text.

    Raises
    ------
    WarehouseError
        There is no built warehouse.
    """
    with read_only() as connection:
        sections = [
            _heading(connection),
            _landing(connection),
            _quality(connection),
            _forecast(connection),
            *_odd_days(connection),
            _risks(connection),
            _most_urgent(connection),
            _scenarios(connection),
            _next_steps(),
        ]
    return "\n\n".join(sections)


def _heading(connection: duckdb.DuckDBPyConnection) -> str:
    (as_of,) = _row(connection, f"select as_of_date from {schema('silver')}.int_as_of")
    title = f"Demand plan as of the close of {as_text(as_of)}"
    return f"{title}\n{'=' * len(title)}"


def _landing(connection: duckdb.DuckDBPyConnection) -> str:
    landed, accepted, rejected, files = _row(
        connection,
        f"""
        select
            coalesce(sum(judged_rows), 0), coalesce(sum(accepted_rows), 0),
            coalesce(sum(rejected_rows), 0), count(*)
        from {schema("silver")}.int_landed_rows
        """,
    )
    text = (
        f"{landed:,} rows landed from {files:,} files: "
        f"{accepted:,} accepted, {rejected:,} rejected."
    )
    reasons = connection.execute(
        f"""
        select entity, reject_codes, count(*) as rejected_rows
        from {schema("silver")}.int_rejected_rows
        where is_open
        group by all
        order by rejected_rows desc, entity, reject_codes
        """
    ).fetchall()
    closed = rejected - sum(rows for _, _, rows in reasons)
    if closed:
        text += f" {closed:,} of these need nothing: copies, or restated by a later version."
    if not reasons:
        return text
    return (
        f"{text}\n{table(('entity', 'reason', 'rows'), reasons[:MOST_REASONS])}\n"
        + (
            f"  … and {len(reasons) - MOST_REASONS:,} more kinds.\n"
            if len(reasons) > MOST_REASONS
            else ""
        )
        + f"  What to do about them: {command('shelfcast rejects list')}"
    )


def _quality(connection: duckdb.DuckDBPyConnection) -> str:
    checks, failed, critical = _row(
        connection,
        f"""
        select
            count(*),
            count(*) filter (where outcome <> 'passed' and severity <> 'info'),
            count(*) filter (where outcome <> 'passed' and severity = 'critical')
        from {schema("gold")}.fct_data_quality
        where checked_by = 'gate' and run_at = (
            select max(run_at) from {schema("gold")}.fct_data_quality where checked_by = 'gate'
        )
        """,
    )
    breaks, simulated = _row(
        connection,
        f"""
        select
            (select count(*) from {schema("silver")}.int_stock_breaks),
            (
                select count(*) from {schema("gold")}.fct_stockout_risks
                where scenario_id = 'baseline' and is_stock_simulated
            )
        """,
    )
    if checks:
        worst = f", {critical:,} of them critical" if critical else ""
        lines = [f"Gate: {checks:,} checks of what landed, {failed:,} to look at{worst}."]
    else:
        lines = [f"The gate has not looked at what landed: {command('shelfcast gate')}"]
    if breaks:
        lines.append(
            f"{breaks:,} stock counts differ from the books; see "
            f"{schema('silver')}.int_stock_breaks."
        )
    if simulated:
        lines.append("Stock is simulated: the plan shows how shelfcast works, not what to order.")
    return "\n".join(lines)


def _forecast(connection: duckdb.DuckDBPyConnection) -> str:
    series, days, fallbacks = _row(
        connection,
        f"""
        select
            count(distinct (sku_id, location_id)), max(lead_day),
            count(distinct (sku_id, location_id)) filter (where fallback_reason is not null)
        from {schema("gold")}.fct_demand_forecasts
        where scenario_id = 'baseline'
        """,
    )
    if not series:
        return "Nothing to forecast: no SKU on sale has a history at any location."
    by_rule = f"; {fallbacks:,} by a simple rule, see fallback_reason" if fallbacks else ""
    return f"{series:,} series (SKU × location) forecast {days} days ahead{by_rule}."


def _odd_days(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Say how many days stand far above the others of their series; nothing where none does."""
    rows = connection.execute(
        f"""
        select
            count(*) over (), sku_id, location_id, demand_on, demand_quantity,
            damped_demand_quantity
        from {schema("gold")}.fct_daily_demand
        where is_outlier
        order by demand_quantity - damped_demand_quantity desc, demand_on, sku_id, location_id
        limit 1
        """
    ).fetchall()
    return [
        f"{days:,} odd {'day' if days == 1 else 'days'} of demand damped in the forecast; largest: "
        + f"SKU {as_text(sku)} at {as_text(place)} on {as_text(day)}, "
        + f"{as_text(units)} units, taken for {as_text(taken)}. If it is wrong, correct the file "
        + "and land it; if it comes again, it counts (fct_daily_demand.is_outlier)."
        for days, sku, place, day, units, taken in rows
    ]


def _risks(connection: duckdb.DuckDBPyConnection) -> str:
    counts = dict(
        connection.execute(
            f"""
            select risk_level, count(*)
            from {schema("gold")}.fct_stockout_risks
            where scenario_id = 'baseline'
            group by risk_level
            """
        ).fetchall()
    )
    levels = ["High", "Medium", "Low"] + (["Unknown"] if "Unknown" in counts else [])
    text = "Stock-out risk: " + ", ".join(f"{counts.get(level, 0):,} {level}" for level in levels)
    if "Unknown" in counts:
        text += " (no stock record; land inventory to know)"
    return text + "."


def _most_urgent(connection: duckdb.DuckDBPyConnection) -> str:
    (priced,) = _row(
        connection,
        f"select count(revenue_at_risk_amount) from {schema('gold')}.fct_stockout_risks",
    )
    at_risk, measure, at_price = (
        ("sales at risk", "revenue_at_risk_amount", " at list price")
        if priced
        else ("units at risk", "units_at_risk", "")
    )
    rows = connection.execute(
        f"""
        select
            risks.sku_id,
            skus.sku_name,
            risks.location_id,
            risks.stock_on_hand,
            case
                when risks.stock_on_hand <= 0 then 'out now'
                else coalesce(
                    strftime(risks.stockout_on, '%Y-%m-%d'),
                    strftime(risks.stockout_on_p10, '%Y-%m-%d') || ' (1 in 10)',
                    'beyond horizon'
                )
            end,
            round(100 * risks.stockout_probability_before_order)::integer || ' %',
            risks.{measure},
            plans.recommended_order_quantity
        from {schema("gold")}.fct_stockout_risks as risks
        inner join {schema("gold")}.fct_replenishment_plan as plans
            using (scenario_id, sku_id, location_id)
        inner join {schema("gold")}.dim_skus as skus using (sku_id)
        where risks.scenario_id = 'baseline' and risks.risk_level = 'High'
        order by
            risks.revenue_at_risk_amount desc nulls last, risks.units_at_risk desc,
            risks.sku_id, risks.location_id
        limit {MOST_URGENT}
        """
    ).fetchall()
    if not rows:
        return "Nothing is known to be at High risk of running out."
    return (
        f"The {len(rows)} most urgent, by {at_risk}\n"
        + table(
            (
                "SKU",
                "name",
                "location",
                "on hand",
                "runs out on",
                "probability",
                at_risk,
                "order today",
            ),
            rows,
        )
        + (
            "\n  probability: of unmet demand before an order placed today is on the shelf"
            f"\n  {at_risk}: unmet demand{at_price} until an order of the next review is"
        )
    )


def _scenarios(connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute(
        f"""
        with newly_high as (
            select risks.scenario_id, count(distinct risks.sku_id) as skus
            from {schema("gold")}.fct_stockout_risks as risks
            inner join {schema("gold")}.fct_stockout_risks as baseline
                on
                    risks.sku_id = baseline.sku_id
                    and risks.location_id = baseline.location_id
                    and baseline.scenario_id = 'baseline'
            where risks.risk_level = 'High' and baseline.risk_level <> 'High'
            group by risks.scenario_id
        )

        select
            scenarios.scenario_name,
            sum(impacts.forecast_quantity_change),
            sum(impacts.revenue_at_risk_amount_change),
            coalesce(max(newly_high.skus), 0),
            sum(impacts.recommended_order_quantity_change),
            sum(impacts.order_cost_amount_change)
        from {schema("gold")}.fct_scenario_impacts as impacts
        inner join {schema("gold")}.dim_scenarios as scenarios using (scenario_id)
        left join newly_high using (scenario_id)
        where scenario_id <> 'baseline'
        group by scenario_id, scenarios.scenario_name
        order by scenario_id
        """
    ).fetchall()
    if not rows:
        return "No scenarios: add rows to seeds/scenarios/."
    text = "Scenarios, against the baseline\n" + table(
        (
            "scenario",
            "demand (units)",
            "sales at risk",
            "SKUs newly High",
            "to order (units)",
            "to order (cost)",
        ),
        [(row[0], *map(_change, row[1:])) for row in rows],
    )
    return "\n".join([text, *_unmatched_scopes(connection)])


def _unmatched_scopes(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Name what scenarios apply to and the data does not have: a typo, or another retailer's."""
    known = {
        "category": f"select category from {schema('gold')}.dim_skus",
        "sku_id": f"select sku_id from {schema('gold')}.dim_skus",
        "supplier_id": f"select supplier_id from {schema('gold')}.dim_skus",
        "region": f"select region from {schema('gold')}.dim_locations",
    }
    lines = []
    for scope, query in known.items():
        unmatched = connection.execute(
            f"""
            select distinct scenario_id, {scope}
            from {schema("seeds")}.scenario_effects
            where {scope} is not null
                and {scope} not in (select * from ({query}) as t (known) where known is not null)
            order by all
            """
        ).fetchall()
        lines += [
            f"  {scenario}: nothing has the {scope} '{value}'" for scenario, value in unmatched
        ]
    return lines


def _next_steps() -> str:
    # a DuckDB file that BI has open cannot be built again; a server can
    publish = (
        [f"           {command('shelfcast publish')}    a read-only copy of gold for BI"]
        if target() == DUCKDB
        else []
    )
    return "\n".join(
        (
            f"Database   {location()} (schema {schema('gold')} is for BI)",
            "Docs       target/static_index.html, the tables with their lineage",
            f"Gate       {home() / 'data_docs' / 'index.html'}, what was checked before the build",
            f"Next       {command('shelfcast export')}     forecast_metrics.csv and .parquet",
            *publish,
            f"           {make_build('path/to/your/files')}",
            "           edit seeds/scenarios/ or seeds/policy/ and build again",
        )
    )


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None, "an aggregate always has one row"
    return row


def _change(value: Decimal | int | None) -> str:
    return "unknown" if value is None else f"{value:+,.0f}" if value else "0"
