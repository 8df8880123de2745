"""Draw the README's picture, what a campaign does to one SKU, from the sample warehouse.

Run by ``make figures``. Writes ``campaign.png`` beside this file, without a browser. The SKU is
the one that the scenario turns High and to which it adds the most sales at risk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import vl_convert

from shelfcast import warehouse

SCENARIO = "tiktok_west"
HISTORY_DAYS = 42
COLOURS = {"baseline": "#4c78a8", "scenario": "#e4572e", "history": "#8a8a8a"}
PICTURE = Path(__file__).with_name("campaign.png")

CHOSEN = """
select
    scenario.sku_id, scenario.location_id, skus.sku_name, scenario.region, scenarios.scenario_name
from gold.fct_stockout_risks as scenario
inner join gold.fct_stockout_risks as baseline using (sku_id, location_id)
inner join gold.dim_skus as skus using (sku_id)
inner join gold.dim_scenarios as scenarios on scenario.scenario_id = scenarios.scenario_id
where
    scenario.scenario_id = $scenario and baseline.scenario_id = 'baseline'
    and scenario.risk_level = 'High' and baseline.risk_level <> 'High'
order by
    scenario.revenue_at_risk_amount - baseline.revenue_at_risk_amount desc,
    scenario.sku_id, scenario.location_id
limit 1
"""

HISTORY = f"""
select demand_on as day, demand_quantity as expected
from gold.fct_daily_demand
where
    sku_id = $sku and location_id = $location
    and demand_on > (select as_of_date - {HISTORY_DAYS} from silver.int_as_of)
order by day
"""

AHEAD = """
select
    case scenario_id when 'baseline' then 'baseline' else 'scenario' end as line,
    forecast_on as day, forecast_quantity as expected, forecast_p10_quantity as demand_low,
    forecast_p90_quantity as demand_high, stock_p10_quantity as stock_low,
    stock_p50_quantity as stock, stock_p90_quantity as stock_high
from gold.fct_demand_forecasts
inner join gold.fct_inventory_projections
    using (scenario_id, sku_id, location_id, forecast_on, lead_day)
where
    scenario_id in ('baseline', $scenario)
    and sku_id = $sku and location_id = $location and lead_day <= 28
order by line, day
"""

ORDERS = """
select
    case scenario_id when 'baseline' then 'baseline' else 'scenario' end as line,
    risk_level, stockout_probability_before_order as probability, recommended_order_quantity,
    strftime(order_on, '%-d %B') as order_day
from gold.fct_stockout_risks
inner join gold.fct_replenishment_plan using (scenario_id, sku_id, location_id)
where scenario_id in ('baseline', $scenario) and sku_id = $sku and location_id = $location
"""


def rows(connection: duckdb.DuckDBPyConnection, query: str, **values: str) -> list[dict[str, Any]]:
    """Return the rows of a query as records that JSON can hold."""
    used = {name: value for name, value in values.items() if f"${name}" in query}
    records: list[dict[str, Any]] = connection.execute(query, used).to_arrow_table().to_pylist()
    return [
        {name: str(value) if name == "day" else _plain(value) for name, value in record.items()}
        for record in records
    ]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else float(value)


def specification(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the picture as a Vega-Lite specification.

    Raises
    ------
    SystemExit
        The scenario turns no SKU High.
    """
    found = rows(connection, CHOSEN, scenario=SCENARIO)
    if not found:
        raise SystemExit(f"{SCENARIO} turns no SKU High; build the sample: make build")
    (chosen,) = found
    named = {
        "scenario": SCENARIO,
        "sku": chosen["sku_id"],
        "location": chosen["location_id"],
    }
    history = rows(connection, HISTORY, **named)
    ahead = rows(connection, AHEAD, **named)
    plans = {row["line"]: row for row in rows(connection, ORDERS, **named)}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "padding": 12,
        "config": {
            "font": "sans-serif",
            "view": {"stroke": None},
            "axis": {"gridColor": "#eeeeee"},
        },
        "title": {
            "text": f"{chosen['scenario_name']}: {chosen['sku_name']} at "
            f"{chosen['location_id']} ({chosen['region']})",
            "subtitle": [_sentence("Baseline", plans["baseline"]),
                         _sentence("Scenario", plans["scenario"])],
            "anchor": "start",
            "fontSize": 15,
            "subtitleFontSize": 12,
            "offset": 14,
        },
        "bounds": "flush",
        "spacing": 70,
        "hconcat": [
            {
                "title": {"text": "Demand a day, units", "fontSize": 12, "anchor": "start"},
                "width": 400,
                "height": 230,
                "layer": [
                    {
                        "data": {"values": history},
                        "mark": {"type": "line", "color": COLOURS["history"], "strokeWidth": 1.2},
                        "encoding": {"x": _day(), "y": _quantity("expected")},
                    },
                    *_fan(ahead, "demand_low", "expected", "demand_high"),
                ],
            },
            {
                "title": {
                    "text": "Stock at close of day if nothing more is ordered, units",
                    "fontSize": 12,
                    "anchor": "start",
                },
                "width": 400,
                "height": 230,
                "layer": _fan(ahead, "stock_low", "stock", "stock_high"),
            },
        ],
    }  # fmt: skip


def _sentence(name: str, plan: dict[str, Any]) -> str:
    return (
        f"{name}: {plan['risk_level']} risk, {100 * plan['probability']:.0f} % to run out before "
        "the next order is on the shelf; "
        f"order {plan['recommended_order_quantity']:,.0f} on {plan['order_day']}"
    )


def _fan(ahead: list[dict[str, Any]], low: str, middle: str, high: str) -> list[dict[str, Any]]:
    """Return layers of both lines, each in a band that holds 80 % of what may come."""
    colour = {
        "field": "line",
        "type": "nominal",
        "scale": {
            "domain": ["baseline", "scenario"],
            "range": [COLOURS["baseline"], COLOURS["scenario"]],
        },
        "legend": None,
    }
    return [
        {
            "data": {"values": ahead},
            "mark": {"type": "area", "opacity": 0.18},
            "encoding": {
                "x": _day(),
                "y": _quantity(low),
                "y2": {"field": high},
                "color": colour,
            },
        },
        {
            "data": {"values": ahead},
            "mark": {"type": "line", "strokeWidth": 2},
            "encoding": {"x": _day(), "y": _quantity(middle), "color": colour},
        },
        {
            "data": {"values": [row for row in ahead if row["day"] == ahead[-1]["day"]]},
            "mark": {"type": "text", "align": "left", "dx": 4, "fontSize": 12},
            "encoding": {
                "x": _day(),
                "y": _quantity(middle),
                "color": colour,
                "text": {"field": "line"},
            },
        },
    ]


def _day() -> dict[str, Any]:
    axis = {"title": None, "format": "%d %b", "tickCount": 6, "grid": False}
    return {"field": "day", "type": "temporal", "axis": axis}


def _quantity(field: str) -> dict[str, Any]:
    return {"field": field, "type": "quantitative", "axis": {"title": None, "tickCount": 5}}


def main() -> None:
    """Draw the picture and say where it is."""
    with warehouse.read_only() as connection:
        drawn = specification(connection)
    PICTURE.write_bytes(vl_convert.vegalite_to_png(drawn, scale=1.5))
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
