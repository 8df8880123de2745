"""The page that a planner reads at the end of a build: what landed, what is urgent, what if."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb

from shelfcast.text_table import as_text, one_line, table
from shelfcast.warehouse import (
    DEFAULT_HOME,
    DUCKDB,
    command,
    docs_site,
    exports,
    home,
    location,
    make_build,
    read_only,
    schema,
    target,
)

LONGEST_NAME = 60
"""Characters of a name in a seed that are shown."""

MOST_SILENT = 10

SEED_FOLDERS = {"replenishment_policy": "seeds/policy", "scenario_effects": "seeds/scenarios"}

MOST_URGENT = 10
MOST_REASONS = 15


def build_summary(landing: str | None = None) -> str:
    """Return the summary of the warehouse as text.

    Parameters
    ----------
    landing
        Folder that the warehouse was built from, for the command that builds it again; None where
        it is not known.

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
            *_silent_locations(connection),
            *_odd_days(connection),
            _risks(connection),
            *_newest_counts(connection),
            _most_urgent(connection),
            _scenarios(connection),
            _unmatched_scopes(connection),
            _next_steps(connection, landing),
        ]
    return "\n\n".join(section for section in sections if section)


def _heading(connection: duckdb.DuckDBPyConnection) -> str:
    (as_of,) = _row(connection, f"select as_of_date from {schema('silver')}.int_as_of")
    title = f"Demand plan as of the close of {as_text(as_of)}"
    return f"{title}\n{'=' * len(title)}"


def _landing(connection: duckdb.DuckDBPyConnection) -> str:
    landed, own, tables, accepted, rejected, files = _row(
        connection,
        f"""
        select
            coalesce(sum(judged_rows) filter (where _landed_at is not null), 0),
            coalesce(sum(judged_rows) filter (where _landed_at is null), 0),
            count(*) filter (where _landed_at is null),
            coalesce(sum(accepted_rows), 0),
            coalesce(sum(rejected_rows), 0),
            (select count(distinct (entity, file)) from {schema("bronze")}.stg_landing__files)
        from {schema("silver")}.int_landed_rows
        """,
    )
    sources = [f"{landed:,} rows landed from {files:,} files"] if files or not tables else []
    if tables:
        sources.append(f"{own:,} rows read from {tables:,} tables of your own")
    text = f"{' and '.join(sources)}: {accepted:,} accepted, {rejected:,} rejected."
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
        f"{text}\n{table(('entity', 'reasons', 'rows'), reasons[:MOST_REASONS])}\n"
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
    breaks, simulated, landed = _row(
        connection,
        f"""
        select
            (select count(*) from {schema("silver")}.int_stock_breaks),
            (
                select count(*) from {schema("gold")}.fct_stockout_risks
                where scenario_id = 'baseline' and is_stock_simulated
            ),
            (select count(*) from {schema("bronze")}.stg_landing__files)
        """,
    )
    if checks:
        worst = f", {critical:,} of them critical" if critical else ""
        lines = [f"Gate: {checks:,} checks of what landed, {failed:,} to look at{worst}."]
    elif not landed:
        lines = ["Gate: nothing has landed, so there is nothing to check."]
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
    by_rule = (
        f"; {fallbacks:,} by a simple rule, see fallback_reason in "
        f"{schema('gold')}.fct_demand_forecasts"
        if fallbacks
        else ""
    )
    return f"{series:,} series (SKU × location) forecast {days} days ahead{by_rule}."


def _silent_locations(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Name the locations that sold nothing while others did, for which nothing is planned."""
    rows = connection.execute(
        f"""
        select
            location_id
            || case when location_name <> location_id then ' (' || location_name || ')' else '' end,
            strftime(silent_since_on, '%Y-%m-%d')
        from {schema("gold")}.dim_locations cross join {schema("silver")}.int_as_of
        where silent_since_on is not null and coalesce(closed_on > as_of_date, true)
        order by location_id
        """
    ).fetchall()
    if not rows:
        return []
    lines = [f"  {location}: nothing sold since {since}" for location, since in rows[:MOST_SILENT]]
    if len(rows) > MOST_SILENT:
        lines.append(f"  … and {len(rows) - MOST_SILENT:,} more, see dim_locations")
    return [
        "\n".join(
            (
                "Not planned, and not bought for: locations that sold nothing while others did",
                *lines,
                "  Closed? Say so in closed_on of locations. Open? Land their sales.",
            )
        )
    ]


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
    text = f"Stock-out risk of {sum(counts.values()):,} series: " + ", ".join(
        f"{counts.get(level, 0):,} {level}" for level in levels
    )
    if "Unknown" in counts:
        text += " (no stock record; land inventory to know)"
    return text + "."


def _newest_counts(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Say where the newest stock count is in quarantine, and what is planned with in its place."""
    below_zero, others = _row(
        connection,
        f"""
        select
            count(distinct (judged.sku_id, judged.location_id)) filter (
                where judged.reject_codes = 'NEGATIVE_STOCK'
                    and judged.snapshot_date = positions.counted_on
                    and snapshots.is_below_zero
            ),
            count(distinct (judged.sku_id, judged.location_id)) filter (
                where coalesce(judged.snapshot_date > positions.counted_on, true)
            )
        from {schema("silver")}.int_inventory_judged as judged
        inner join {schema("silver")}.int_as_of as as_of
            on judged.snapshot_date <= as_of.as_of_date
        inner join {schema("silver")}.int_series as series
            on judged.sku_id = series.sku_id and judged.location_id = series.location_id
        left join {schema("silver")}.int_stock_positions as positions
            on judged.sku_id = positions.sku_id and judged.location_id = positions.location_id
        left join {schema("silver")}.int_inventory_snapshots as snapshots
            on
                positions.sku_id = snapshots.sku_id
                and positions.location_id = snapshots.location_id
                and positions.counted_on = snapshots.counted_on
        where judged.reject_codes is not null
        """,
    )
    found = [
        f"{count:,} {'is' if count == 1 else 'are'} {words}"
        for count, words in (
            (below_zero, "below zero: the shelf is taken for empty"),
            (others, "not usable: an older count is carried forward, or stock is unknown"),
        )
        if count
    ]
    if not found:
        return []
    return [
        f"Newest stock counts in quarantine (SKU × location): {'; '.join(found)}.\n"
        f"  Which ones: {command('shelfcast rejects list --entity inventory')}"
    ]


def _most_urgent(connection: duckdb.DuckDBPyConnection) -> str:
    at_risk, measure, at_price = _measure_at_risk(connection)
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
            plans.recommended_order_quantity,
            case
                when plans.recommended_order_quantity > 0
                    then strftime(plans.order_on, '%Y-%m-%d')
            end
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
    (unpriced,) = _row(
        connection,
        f"""
        select count(*) filter (where {measure} is null) from {schema("gold")}.fct_stockout_risks
        where scenario_id = 'baseline' and risk_level = 'High'
        """,
    )
    most = f"The {len(rows)} most urgent series" if len(rows) > 1 else "The most urgent series"
    return (
        f"{most}, by {at_risk}\n"
        + table(
            (
                "SKU",
                "name",
                "location",
                "on hand",
                "runs out on",
                "probability",
                at_risk,
                "to order",
                "on",
            ),
            rows,
        )
        + (
            "\n  probability: of unmet demand before the next order is on the shelf"
            f"\n  {at_risk}: unmet demand{at_price} before the order after the next one is on the "
            "shelf"
        )
        + (f"\n  {unpriced:,} at High risk have no price, and come last" if unpriced else "")
    )


def _measure_at_risk(connection: duckdb.DuckDBPyConnection) -> tuple[str, str, str]:
    """Return what is at risk, its column, and how it is valued: money where a price is known."""
    (priced,) = _row(
        connection,
        f"select count(revenue_at_risk_amount) from {schema('gold')}.fct_stockout_risks",
    )
    if priced:
        return "sales at risk", "revenue_at_risk_amount", " at list price"
    return "units at risk", "units_at_risk", ""


def _scenarios(connection: duckdb.DuckDBPyConnection) -> str:
    at_risk, measure, _ = _measure_at_risk(connection)
    rows = connection.execute(
        f"""
        select
            scenarios.scenario_name,
            sum(impacts.forecast_quantity_change),
            sum(impacts.{measure}_change),
            case when (
                select count(*) > 0 from {schema("gold")}.fct_stockout_risks
                where risk_level <> 'Unknown'
            ) then sum(impacts.newly_high_risk_count) end,
            sum(impacts.recommended_order_quantity_change),
            sum(impacts.order_cost_amount_change)
        from {schema("gold")}.fct_scenario_impacts as impacts
        inner join {schema("gold")}.dim_scenarios as scenarios using (scenario_id)
        where scenario_id <> 'baseline'
        group by scenario_id, scenarios.scenario_name
        order by scenario_id
        """
    ).fetchall()
    uncosted, costed = _row(
        connection,
        f"""
        select
            count(*) filter (where order_cost_amount is null),
            count(*) filter (where order_cost_amount is not null)
        from {schema("gold")}.fct_replenishment_plan
        where recommended_order_quantity > 0
        """,
    )
    (examples,) = _row(
        connection,
        f"""
        select
            (
                select count(*) from {schema("seeds")}.scenarios
                where scenario_id not in (select scenario_id from {schema("gold")}.dim_scenarios)
            )
            + (
                select count(*) from {schema("seeds")}.replenishment_policy
                where is_example
                    and category not in (select category from {schema("gold")}.dim_skus)
            )
        """,
    )
    text = "No scenarios but the baseline"
    if rows:
        text = "Scenarios, against the baseline\n" + table(
            (
                "scenario",
                "demand (units)",
                at_risk,
                "newly High",
                "to order (units)",
                "to order (cost)",
            ),
            [(row[0], *map(_change, row[1:])) for row in rows],
        )
        text += "\n  newly High: series (SKU × location) at High risk that are not in the baseline"
        if uncosted and costed:
            text += "\n  to order (cost): without the SKUs of which no cost is known"
    text += "\n  add your own in seeds/scenarios/: docs/scenarios.md says how"
    if examples:
        text += (
            f"\n  examples (is_example) that name what is not in this data, left out: {examples:,}"
        )
    return text


def _unmatched_scopes(connection: duckdb.DuckDBPyConnection) -> str:
    """Name each row of a planner's seed that matches nothing, with the nearest known name."""
    unmatched = connection.execute(
        f"""
        select seed_name, seed_row, scope_name, scope_value
        from {schema("silver")}.int_unmatched_scopes
        order by all
        """
    ).fetchall()
    if not unmatched:
        return ""
    lines = ["Rows of seeds that match nothing, and change nothing until they are corrected"]
    for seed, row, scope, value in unmatched:
        where = f"{SEED_FOLDERS[seed]}/{seed}.csv"
        if row != value:
            where += f", {_shown(row)}"
        lines.append(f"  {where}: {_what_is_unmatched(connection, scope, value)}")
    return "\n".join(lines)


def _what_is_unmatched(connection: duckdb.DuckDBPyConnection, scope: str, value: str) -> str:
    if scope == "days":
        return f"the days of {value} lie outside those forecast"
    if scope == "combination":
        return f"nothing on sale has all of {_shown(value)}"
    text = f"nothing has the {scope} '{_shown(value)}'"
    nearest = _nearest_name(connection, scope, value)
    return text if nearest is None else f"{text}; the nearest is '{_shown(nearest)}'"


def _nearest_name(connection: duckdb.DuckDBPyConnection, scope: str, value: str) -> str | None:
    """Return the known name most like another, by Jaro and Winkler; case and spaces count least."""
    found = connection.execute(
        f"""
        with known as (
            select category, sku_id, supplier_id, null as region
            from {schema("gold")}.dim_skus
            union all
            select null as category, null as sku_id, null as supplier_id, region
            from {schema("gold")}.dim_locations
        )

        select distinct
            {scope} as name,
            jaro_winkler_similarity(lower(trim({scope})), lower(trim($value))) as likeness
        from known
        where {scope} is not null
        order by likeness desc, name
        limit 1
        """,
        {"value": value},
    ).fetchone()
    return None if found is None else str(found[0])


def _shown(name: str) -> str:
    """Return a name from a seed on one line, cut where it is long."""
    text = one_line(name)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}…"


def _next_steps(connection: duckdb.DuckDBPyConnection, landing: str | None) -> str:
    (landed,) = _row(connection, f"select count(*) from {schema('bronze')}.stg_landing__files")
    # a DuckDB file that BI has open cannot be built again; a server can
    publish = (
        [(command("shelfcast publish"), "a read-only copy of gold for BI")]
        if target() == DUCKDB
        else []
    )
    if home() != DEFAULT_HOME and (landing or not landed):
        again = (make_build(landing or None), "again, after new data or changes in seeds/")
    else:
        again = (
            make_build("path/to/your/files"),
            "your own data; seeds/ holds policy and scenarios",
        )
    export = (command("shelfcast export"), f"the plan as CSV and Parquet in {exports()}")
    steps = [export, *publish, again]
    next_steps = "\n           ".join(f"{step}  # {what}" for step, what in steps)
    return "\n".join(
        (
            f"Database   {location()} (schema {schema('gold')} is for BI)",
            f"Docs       {docs_site()}, the tables with their lineage",
            f"Gate       {home() / 'data_docs' / 'index.html'}, what was checked before the build",
            f"Next       {next_steps}",
        )
    )


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None, "an aggregate always has one row"
    return row


def _change(value: Decimal | int | None) -> str:
    return "unknown" if value is None else f"{value:+,.0f}" if value else "0"
