"""Draw what each method of docs/forecasting.md does, on series made for it.

Run by ``make pictures``. The methods are candidates of the grid, run by the library's own kernels.
Draws are seeded, so that a picture changes only with the code.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from forecasting_charts import BLACK, COLOURS, GREY, lines, points, write

from shelfcast.forecasting import comparisons, kernels
from shelfcast.forecasting.candidates import build_grid, family_names
from shelfcast.forecasting.panel import FloatArray, Panel
from shelfcast.forecasting.recursions import VISITS_BEFORE, gain_table
from shelfcast.forecasting.seasonality import learn_profile, shrunk_indices

WEEK = np.array([-0.25, -0.2, -0.1, 0.0, 0.1, 0.35, 0.1])
"""What the days of a week differ by, as a share of the level."""


def run(
    history: FloatArray, season_length: int, horizon: int, family: str, **parameters: float
) -> FloatArray:
    """Run one candidate over a series.

    Returns
    -------
    (T - 1 + horizon,)
        What it says of the second day, known the first, up to what it says ``horizon`` days after
        the last.

    Raises
    ------
    ValueError
        The grid has no such candidate, or several.
    """
    grid = build_grid(season_length)
    is_meant = grid.family == family_names(season_length).index(family)
    for name, value in parameters.items():
        is_meant = is_meant & (getattr(grid, name) == value)
    candidate = grid.part(is_meant)
    if candidate.size != 1:
        raise ValueError(f"{candidate.size} candidates are {family} with {parameters}")
    panel = Panel.from_series([history])
    indices = shrunk_indices(panel, learn_profile(panel, season_length))[0]
    origins = np.arange(1, history.size + 1)
    forecasts = np.empty((1, origins.size, horizon))
    kernels.run_grid(
        history,
        indices,
        candidate,
        gain_table(history.size + horizon + VISITS_BEFORE),
        origins,
        1,
        0.0,
        np.empty((3, 1)),
        np.empty((season_length, candidate.with_seasons)),
        forecasts,
        np.empty((1, origins.size)),
    )
    return np.concatenate([forecasts[0, :-1, 0], forecasts[0, -1]])


def draw(
    name: str,
    title: str,
    history: FloatArray,
    methods: dict[str, FloatArray],
    *,
    came: FloatArray | None = None,
    unit: str = "day",
    from_day: int = 1,
) -> None:
    """Draw a history from ``from_day`` on, what methods say of it, and perhaps what came."""
    rows = points("demand", history[from_day - 1 :], first=from_day - 1)
    colours = {"demand": GREY}
    if came is not None:
        rows += points("what came", [history[-1], *came], first=history.size - 1)
        colours["what came"] = BLACK
    for (method, values), shade in zip(methods.items(), COLOURS, strict=False):
        rows += points(method, values[from_day - 1 :], first=from_day)
        colours[method] = shade
    chart = lines(
        rows, colours, title=title, x_title=unit, today=history.size - 1, dashed=("what came",)
    )
    write(name, chart)


def draw_simple_smoothing() -> None:
    """Draw a product whose level doubles."""
    random = np.random.default_rng(1)
    history = random.poisson(np.where(np.arange(120) < 70, 10.0, 20.0)).astype(np.float64)
    methods = {
        f"simple smoothing, alpha {alpha}": run(
            history, 1, 28, "simple_smoothing", alpha=alpha
        )
        for alpha in (0.03, 0.16, 0.52)
    }  # fmt: skip
    draw("simple_smoothing", "Units a day of a product whose level doubles", history, methods)


def draw_holt() -> None:
    """Draw a product that grows steadily."""
    random = np.random.default_rng(2)
    history = random.poisson(10 + 0.25 * np.arange(120)).astype(np.float64)
    methods = {
        "simple smoothing": run(history, 1, 56, "simple_smoothing", alpha=0.06),
        "Holt": run(history, 1, 56, "holt", alpha=0.05, beta=0.1),
    }
    came = random.poisson(10 + 0.25 * np.arange(120, 176)).astype(np.float64)
    draw(
        "holt",
        "Units a day of a product that grows steadily",
        history,
        methods,
        came=came,
        from_day=8,
    )


def draw_damped_trend() -> None:
    """Draw a launch that levels off."""
    random = np.random.default_rng(3)
    expected = 400 * (1 - np.exp(-np.arange(130) / 45))
    demand = random.poisson(expected).astype(np.float64)
    history, came = demand[:70], demand[70:126]
    methods = {
        "Holt": run(history, 1, 56, "holt", alpha=0.2, beta=0.1),
        "damped trend, phi 0.96": run(
            history, 1, 56, "damped_trend", alpha=0.15, beta=0.25, phi=0.96
        ),
        "damped trend, phi 0.85": run(
            history, 1, 56, "damped_trend", alpha=0.15, beta=0.25, phi=0.85
        ),
    }
    draw(
        "damped_trend",
        "Units a day of a launch that levels off",
        history,
        methods,
        came=came,
        from_day=12,
    )


def draw_theta() -> None:
    """Draw a level that wanders upwards."""
    random = np.random.default_rng(4)
    walk = 20 + np.cumsum(random.normal(0.25, 1.2, 120))
    history = walk + random.normal(0, 2, 120)
    day = np.arange(176)
    straight = np.polynomial.Polynomial.fit(day[:120], history, 1)(day)
    methods = {
        "simple smoothing": run(history, 1, 56, "simple_smoothing", alpha=0.16),
        "dynamic Theta, theta 2": run(history, 1, 56, "theta", alpha=0.2, theta=2.0),
        "line through all days": straight[1:],
    }
    draw(
        "theta",
        "Units a day of a product whose level wanders, upwards on the whole",
        history,
        methods,
        from_day=20,
    )


def draw_seasonal_adjustment() -> None:
    """Draw a week whose swing grows with the level."""
    random = np.random.default_rng(5)
    day = np.arange(98)
    expected = (40 + 9 * day) * (1 + WEEK[day % 7])
    demand = random.poisson(expected).astype(np.float64)
    history, came = demand[:77], demand[77:]
    methods = {
        f"Holt, week as a {word}": run(history, 7, 21, f"holt_{season}", alpha=0.05, beta=0.1)
        for word, season in (("difference", "additive"), ("ratio", "multiplicative"))
    }
    draw(
        "seasonal_adjustment",
        "Units a day of a product that grows, its week with it",
        history,
        methods,
        came=came,
        from_day=42,
    )


def draw_holt_winters() -> None:
    """Draw a week that changes: its best day moves."""
    random = np.random.default_rng(6)
    day = np.arange(189)
    week = np.where(day < 105, np.roll(WEEK, 3)[day % 7], WEEK[day % 7])
    demand = random.poisson(150 * (1 + week)).astype(np.float64)
    history, came = demand[:168], demand[168:]
    methods = {
        "simple smoothing, fixed week": run(
            history, 7, 21, "simple_smoothing_multiplicative", alpha=0.03
        ),
        "Holt-Winters, gamma 0.2": run(
            history, 7, 21, "holt_winters_multiplicative", alpha=0.04, gamma=0.2
        ),
    }
    draw(
        "holt_winters",
        "Units a day of a product whose best day moved after day 105",
        history,
        methods,
        came=came,
        from_day=91,
    )


def draw_seasonal_smoothing() -> None:
    """Draw a product of which one year and a half are known, month by month."""
    random = np.random.default_rng(7)
    year = 1 + 0.45 * np.sin(2 * np.pi * (np.arange(30) - 2) / 12)
    demand = 400 * year * (1 + random.normal(0, 0.05, 30))
    history, came = demand[:18], demand[18:]
    methods = {
        "simple smoothing": run(history, 12, 12, "simple_smoothing", alpha=0.37),
        "seasonal smoothing, alpha 0.6": run(history, 12, 12, "seasonal_smoothing", alpha=0.6),
    }
    draw(
        "seasonal_smoothing",
        "Units a month of a product with a yearly season, known for a year and a half",
        history,
        methods,
        came=came,
        unit="month",
    )


def draw_rare_demand() -> None:
    """Draw a product that sells rarely and then no more, and what the comparisons say each day."""
    random = np.random.default_rng(8)
    history = np.where(random.random(140) < 0.2, random.integers(1, 6, 140), 0).astype(np.float64)
    history[95:] = 0
    rules: dict[str, Callable[..., FloatArray]] = {
        "Croston-SBA": comparisons.croston_sba,
        "TSB": comparisons.tsb,
        "ADIDA": comparisons.adida,
        "IMAPA": comparisons.imapa,
    }
    rows = points("demand", history)
    for name, rule in rules.items():
        said = [float(rule(history[:day], 1)[0]) for day in range(10, history.size + 1)]
        rows += points(name, said, first=10)
    colours = {"demand": GREY} | dict(zip(rules, COLOURS, strict=True))
    title = "Units a day of a product that sells rarely, and no more after day 95"
    write("rare_demand", lines(rows, colours, title=title, x_title="day"))


def main() -> None:
    """Draw all of them."""
    draw_simple_smoothing()
    draw_holt()
    draw_damped_trend()
    draw_theta()
    draw_seasonal_adjustment()
    draw_holt_winters()
    draw_seasonal_smoothing()
    draw_rare_demand()


if __name__ == "__main__":
    main()
