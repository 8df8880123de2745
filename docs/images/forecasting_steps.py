"""Draw how the forecaster comes to a forecast, from series of the sample warehouse.

Run by ``make pictures``, after ``make build``. Draws what docs/forecasting.md says of weights,
seasonal shrinkage and quantiles.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import duckdb
import numpy as np
from forecasting_charts import BLACK, COLOURS, GREY, HEIGHT, Row, colour, lines, points, write

from shelfcast import warehouse
from shelfcast.forecasting import forecast_arrays, kernels
from shelfcast.forecasting.panel import FloatArray, Panel

FAMILIES = (
    "simple_smoothing_multiplicative",
    "damped_trend_multiplicative",
    "theta_multiplicative",
)
"""Each is shown in the series where it weighs most."""

WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
SMALLEST_SHARE = 0.01
HORIZON = 28
HISTORY_DAYS = 42

WEIGHTS = """
with carried as (
    select
        sku_id, location_id, unnest(candidates) as candidate_number, unnest(weights) as weight
    from silver.py_forecast_fits
)

select sku_id, location_id, family, sum(weight) as weight
from carried
inner join silver.py_forecast_priors using (candidate_number)
group by sku_id, location_id, family
"""

STRONGEST = f"""
select sku_id, location_id
from ({WEIGHTS})
where family = $family
order by weight desc, sku_id, location_id
limit 1
"""

OF_SERIES = f"""
select family, weight from ({WEIGHTS}) where sku_id = $sku and location_id = $location
"""

PRIOR = """
select family, sum(prior_weight) as weight from silver.py_forecast_priors group by family
"""

WEEKS = """
select date_trunc('week', demand_on)::date as day, avg(demand_quantity)::double as quantity
from silver.int_completed_demand
where sku_id = $sku and location_id = $location
group by 1
having count(*) = 7
order by 1
"""

YOUNGEST_AND_LARGEST = """
(
    select sku_id, location_id, days, multiplicative_indices, last_on
    from silver.py_forecast_fits
    order by days, mean_quantity desc, sku_id, location_id
    limit 1
)
union all
(
    select sku_id, location_id, days, multiplicative_indices, last_on
    from silver.py_forecast_fits
    order by mean_quantity desc, sku_id, location_id
    limit 1
)
"""

PROFILE = """
select multiplicative_profile from silver.py_seasonal_profiles order by season_phase
"""

DEMAND = """
select demand_quantity::double as quantity
from silver.int_completed_demand
where sku_id = $sku and location_id = $location
order by demand_on
"""

HISTORIES = """
select
    sku_id, location_id,
    list(sales_quantity::double order by demand_on) as sales,
    list(is_special_day order by demand_on) as is_special_day,
    list(is_censored order by demand_on) as is_censored,
    list(demand_quantity::double order by demand_on) as demand
from silver.int_completed_demand
where is_active
group by sku_id, location_id
having count(*) > $known
order by sum(demand_quantity) desc, sku_id, location_id
"""


def fetch(connection: duckdb.DuckDBPyConnection, query: str, **values: object) -> list[Any]:
    """Return the rows of a query."""
    return connection.execute(query, values).fetchall()


def draw_weights(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw three series, and the weight of each family in them beside that in the prior.

    Raises
    ------
    SystemExit
        A family has weight in no series.
    """
    prior = dict(fetch(connection, PRIOR))
    histories: list[Row] = []
    shares: list[Row] = []
    for shade, family in zip(COLOURS, FAMILIES, strict=False):
        found = fetch(connection, STRONGEST, family=family)
        if not found:
            raise SystemExit(f"no series gives {family} any weight; choose others in FAMILIES")
        sku, location = found[0]
        weights = dict(fetch(connection, OF_SERIES, sku=sku, location=location))
        weeks = fetch(connection, WEEKS, sku=sku, location=location)
        families = [one for one in prior if prior[one] >= SMALLEST_SHARE]
        rows = [
            {"family": one, "weight": weights.get(one, 0.0), "prior": prior[one]}
            for one in sorted(families, key=lambda one: -prior[one])
        ]
        histories.append(_weeks(f"{sku} at {location}, units a day", weeks, shade))
        shares.append(_shares(rows, shade, has_names=not shares))
    write("weights", {"concat": histories + shares, "columns": 3, "bounds": "flush", "spacing": 50})


def _weeks(title: str, weeks: list[Any], shade: str) -> Row:
    """Return a chart of demand a day, week by week."""
    return {
        "title": title,
        "width": 205,
        "height": 90,
        "data": {"values": [{"day": str(day), "quantity": value} for day, value in weeks]},
        "mark": {"type": "line", "color": shade, "strokeWidth": 1.2},
        "encoding": {
            "x": {
                "field": "day",
                "type": "temporal",
                "axis": {"title": None, "grid": False, "format": "%b %y", "tickCount": 3},
            },
            "y": {"field": "quantity", "type": "quantitative", "axis": {"title": None}},
        },
    }


def _shares(rows: list[Row], shade: str, *, has_names: bool) -> Row:
    """Return a chart of weights as bars, with the prior as a mark on each."""
    names = {"title": None, "labelLimit": 230, "labels": has_names, "ticks": False}
    family = {"field": "family", "type": "nominal", "sort": None, "axis": names}
    share = {
        "type": "quantitative",
        "axis": {"title": "weight; the mark is the prior", "format": "%", "tickCount": 4},
        "scale": {"domain": [0, 1]},
    }
    return {
        "width": 205,
        "height": 130,
        "data": {"values": rows},
        "layer": [
            {
                "mark": {"type": "bar", "color": shade, "opacity": 0.75},
                "encoding": {"x": share | {"field": "weight"}, "y": family},
            },
            {
                "mark": {"type": "tick", "color": BLACK, "thickness": 2},
                "encoding": {"x": share | {"field": "prior"}, "y": family},
            },
        ],
    }


def draw_shrinkage(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the week of the youngest series and of the largest forecast: own, shared and used."""
    profile = [value for (value,) in fetch(connection, PROFILE)]
    charts = []
    for sku, location, days, used, last_on in fetch(connection, YOUNGEST_AND_LARGEST):
        demand = fetch(connection, DEMAND, sku=sku, location=location)
        panel = Panel.from_series([np.array([value for (value,) in demand], dtype=np.float64)])
        _, own, *_ = kernels.seasonal_indices(panel.values, panel.offsets, len(profile))
        weekdays = [
            WEEKDAYS[(last_on - timedelta(days=len(profile) - 1 - phase)).weekday()]
            for phase in range(len(profile))
        ]
        rows = [
            {"line": line, "x": weekday, "y": index}
            for line, indices in (
                ("its own", own[0].tolist()),
                ("the profile of all", profile),
                ("what is used", used),
            )
            for weekday, index in zip(weekdays, indices, strict=True)
        ]
        charts.append(_week(f"{sku} at {location}, {days} days", rows))
    write(
        "shrinkage",
        {
            "hconcat": charts,
            "bounds": "flush",
            "spacing": 70,
            "resolve": {"scale": {"y": "shared"}},
        },
    )


def _week(title: str, rows: list[Row]) -> Row:
    """Return a chart of a week's ratios to the mean of the series."""
    shades = {"its own": GREY, "the profile of all": COLOURS[0], "what is used": COLOURS[1]}
    axis = {"title": None, "labelAngle": 0}
    return {
        "title": title,
        "width": 290,
        "height": HEIGHT,
        "data": {"values": rows},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "x", "type": "ordinal", "sort": WEEKDAYS, "axis": axis},
            "y": {
                "field": "y",
                "type": "quantitative",
                "axis": {"title": "ratio to its mean"},
                "scale": {"zero": False},
            },
            "color": colour(shades),
        },
    }


def draw_quantiles(connection: duckdb.DuckDBPyConnection) -> None:
    """Draw the forecast of the best-selling series, made some weeks ago, and what came."""
    histories = fetch(connection, HISTORIES, known=2 * HORIZON)
    forecasts = forecast_arrays(
        [_known(sales) for _, _, sales, *_ in histories],
        HORIZON,
        quantiles=(0.05, 0.25, 0.75, 0.95),
        special=[flags[:-HORIZON] for _, _, _, flags, *_ in histories],
        censored=[flags[:-HORIZON] for *_, flags, _ in histories],
    )
    sku, location, *_, demand = histories[0]
    came = np.array(demand[-HORIZON:], dtype=np.float64)
    before = np.array(demand[-HORIZON - HISTORY_DAYS : -HORIZON], dtype=np.float64)
    write(
        "quantiles",
        {
            "hconcat": [
                _bands(
                    f"Units a day: {sku} at {location}",
                    forecasts.mean[0],
                    forecasts.quantiles[0],
                    came,
                    before,
                ),
                _bands(
                    "Units from tomorrow to that day, summed",
                    forecasts.mean[0].cumsum(),
                    forecasts.cumulative_quantiles[0],
                    came.cumsum(),
                ),
            ],
            "bounds": "flush",
            "spacing": 55,
        },
    )


def _known(sales: list[float | None]) -> FloatArray:
    """Return the sales up to the origin; NaN is unknown."""
    return np.array(sales[:-HORIZON], dtype=np.float64)


def _bands(
    title: str,
    mean: FloatArray,
    quantiles: FloatArray,
    came: FloatArray,
    before: FloatArray | None = None,
) -> Row:
    """Return a chart of a forecast from day 1 in its bands, with what came and came before."""
    today = None if before is None else 0
    rows = points("forecast", mean, first=1) + points("what came", came, first=1)
    shades = {"forecast": COLOURS[0], "what came": BLACK}
    if before is not None:
        rows += points("demand", before, first=1 - before.size)
        shades = {"demand": GREY} | shades
    chart = lines(rows, shades, title=title, x_title="days ahead", today=today, width=300)
    days = [
        {"x": day, **{f"q{level}": value for level, value in enumerate(values.tolist())}}
        for day, values in enumerate(quantiles, start=1)
    ]
    bands = [
        {
            "data": {"values": days},
            "mark": {"type": "area", "opacity": 0.2, "color": COLOURS[0]},
            "encoding": {
                "x": {"field": "x", "type": "quantitative"},
                "y": {"field": low, "type": "quantitative"},
                "y2": {"field": high},
            },
        }
        for low, high in (("q0", "q3"), ("q1", "q2"))
    ]
    return chart | {"layer": bands + chart["layer"]}


def main() -> None:
    """Draw all of them."""
    with warehouse.read_only() as connection:
        draw_weights(connection)
        draw_shrinkage(connection)
        draw_quantiles(connection)


if __name__ == "__main__":
    main()
