"""Forecasts of statsforecast for series and parameters that both libraries can be given.

Run as ``PYTHON benchmarks/golden/make.py`` with the Python of an environment of its own, because
statsforecast needs an older pandas: ``python -m venv DIR && DIR/bin/pip install -r
benchmarks/accuracy/requirements.txt``. Writes `GOLDEN`, which tests read; it changes only when
statsforecast does.

Where a recursion of ours starts from no state, and theirs from one that is given, the state is the
one that recursive least squares has after the warm-up: the mean, or the line, of the first values.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from statsforecast import ets, models, theta

GOLDEN = Path(__file__).resolve().parents[2] / "tests/python/forecasting/golden.json"
COMMAND = "python benchmarks/golden/make.py"
HORIZON = 6
SEED = 20261121

REALISTIC = 20
REALISTIC_DAYS = 168
REALISTIC_HORIZON = 14
SEASON = 7

Case = dict[str, Any]


def make_series(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw the series, in whole units, of which every method gets those that suit it."""
    days = np.arange(84)
    weekly = 1 + 0.5 * np.sin(2 * np.pi * days / SEASON)
    sparse = np.where(rng.random(150) < 0.05, rng.poisson(6, 150) + 1, 0)
    sparse[:12] = 0
    return {
        "level": rng.poisson(20 + 4 * rng.normal(size=60).cumsum().clip(-4, 4)),
        "trend": np.rint(30 + 1.5 * np.arange(50) + rng.normal(0, 6, 50)),
        "season": rng.poisson(40 * weekly),
        "intermittent": rng.poisson(3, 120) * (rng.random(120) < 0.4),
        "lumpy": rng.negative_binomial(1, 0.1, 97) * (rng.random(97) < 0.3),
        "sparse": sparse,
        "smooth": 1 + rng.poisson(9, 45),
        "once": np.r_[np.zeros(17), 4.0, np.zeros(6)],
    }


def smoothing_cases(series: dict[str, np.ndarray]) -> list[Case]:
    """Smooth simply, from the mean of the first ``warm_up`` values.

    After as many, 1/n, the gain of a mean, has fallen to alpha.
    """
    return [
        {
            "method": "simple_smoothing",
            "series": name,
            "parameters": {"alpha": alpha},
            "forecast": forecast(
                models.SimpleExponentialSmoothing(alpha),
                np.r_[series[name][:warm_up].mean(), series[name][warm_up:]],
            ),
        }
        for name in ("level", "intermittent")
        for alpha, warm_up in ((0.9, 1), (0.7, 1), (0.5, 2), (0.2, 5), (0.1, 10), (0.04, 25))
    ]


def trend_cases(series: dict[str, np.ndarray]) -> list[Case]:
    """Run Holt's method and damped trend, from the line through the first ``warm_up`` values.

    Both gains of a line, 2(2n - 1)/(n(n + 1)) and 6/(n(n + 1)), have fallen to alpha and alpha ×
    beta after as many. A damped trend warms up as a line only through two values.
    """
    cases = []
    for name in ("trend", "level"):
        y = series[name]
        for alpha, slope_gain, phi, warm_up in (
            (0.9, 0.54, 1.0, 2),
            (0.35, 0.06, 1.0, 9),
            (0.188, 0.0157, 1.0, 19),
            (0.9, 0.54, 0.8, 2),
            (0.85, 0.6, 0.95, 2),
        ):
            slope, first = np.polyfit(np.arange(warm_up), y[:warm_up], 1)
            start = np.array([first + slope * (warm_up - 1), slope])
            cases.append(
                {
                    "method": "trend",
                    "series": name,
                    "parameters": {"alpha": alpha, "beta": slope_gain / alpha, "phi": phi},
                    "forecast": ets_forecast(
                        y[warm_up:], start, ("A", "N"), alpha, slope_gain, 0.0, phi, 1
                    ),
                }
            )
    return cases


def season_cases(series: dict[str, np.ndarray]) -> list[Case]:
    """Run Holt-Winters without a slope, from seasonal indices and the first value without its own.

    The gain of the season is gamma (1 - alpha); alpha >= 1/2 and gamma >= 1/6 exceed the warm-up.
    """
    y = series["season"]
    days = np.arange(y.size)
    cases = []
    for kind in "AM":
        by_phase = np.array([y[days % SEASON == k].mean() for k in range(SEASON)])
        index = by_phase - by_phase.mean() if kind == "A" else by_phase / by_phase.mean()
        for alpha, gamma in ((0.5, 0.2), (0.7, 0.3), (0.9, 0.5)):
            level = y[0] - index[0] if kind == "A" else y[0] / index[0]
            # theirs holds the season of the next day last
            following = np.roll(index, -1)
            start = np.r_[level, following[::-1]]
            cases.append(
                {
                    "method": "holt_winters",
                    "series": "season",
                    "parameters": {
                        "alpha": alpha,
                        "gamma": gamma,
                        "is_ratio": kind == "M",
                        "index": index.tolist(),
                    },
                    "forecast": ets_forecast(
                        y[1:], start, ("N", kind), alpha, 0.0, gamma * (1 - alpha), 1.0, SEASON
                    ),
                }
            )
    return cases


def seasonal_cases(series: dict[str, np.ndarray]) -> list[Case]:
    """Smooth each day of the season by itself, over whole seasons."""
    return [
        {
            "method": "seasonal_smoothing",
            "series": name,
            "parameters": {"alpha": alpha, "season_length": season_length},
            "forecast": forecast(
                models.SeasonalExponentialSmoothing(season_length, alpha), series[name]
            ),
        }
        for name, season_length in (("season", SEASON), ("level", 12), ("intermittent", 24))
        for alpha in (0.3, 0.6, 1.0)
    ]


def theta_cases(series: dict[str, np.ndarray]) -> list[Case]:
    """Run dynamic Theta, whose level before the first value is that value / theta."""
    cases = []
    for name in ("trend", "level", "intermittent"):
        y = series[name].astype(float)
        for alpha, parameter in ((0.04, 2.0), (0.2, 1.5), (0.4, 4.0), (0.9, 2.0)):
            fitted = theta.thetamodel(y, 1, "DOTM", y[0] / parameter, alpha, parameter, nmse=3)
            cases.append(
                {
                    "method": "theta",
                    "series": name,
                    "parameters": {"alpha": alpha, "theta": parameter},
                    "forecast": theta.forecast_theta(fitted, HORIZON)["mean"].tolist(),
                }
            )
    return cases


def comparison_cases(series: dict[str, np.ndarray]) -> list[Case]:
    """Return what the methods forecast that the bench compares with."""
    methods = {
        "seasonal_naive": (models.SeasonalNaive(SEASON), {"season_length": SEASON}),
        "croston_sba": (models.CrostonSBA(), {}),
        "tsb": (models.TSB(0.2, 0.05), {"alpha": 0.2, "probability_alpha": 0.05}),
        "adida": (models.ADIDA(), {}),
        "imapa": (models.IMAPA(), {}),
    }
    return [
        {
            "method": method,
            "series": name,
            "parameters": parameters,
            "forecast": forecast(model, series[name]),
        }
        for method, (model, parameters) in methods.items()
        for name in ("season", "intermittent", "lumpy", "sparse", "smooth", "once")
    ]


def realistic_panel(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw daily retail series, from slow to fast, and forecast them by AutoETS and DOT."""
    days = np.arange(REALISTIC_DAYS)
    panel = []
    for i in range(REALISTIC):
        rate = 1.5 * 80 ** (i / (REALISTIC - 1))
        weekly = rng.dirichlet(np.full(SEASON, 12.0)) * SEASON
        drift = np.exp(rng.normal(0, 0.002) * days + rng.normal(0, 0.02, days.size).cumsum())
        expected = rate * drift * weekly[days % SEASON]
        y = rng.negative_binomial(4, 4 / (4 + expected)).astype(float)
        panel.append(
            {
                "series": y.astype(int).tolist(),
                "auto_ets": forecast(models.AutoETS(SEASON), y, REALISTIC_HORIZON, 4),
                "dynamic_optimized_theta": forecast(
                    models.DynamicOptimizedTheta(SEASON), y, REALISTIC_HORIZON, 4
                ),
            }
        )
    return panel


def forecast(
    model: Any, y: np.ndarray, horizon: int = HORIZON, digits: int | None = None
) -> list[float]:
    """Forecast by a model of statsforecast."""
    mean = model.forecast(y=y.astype(np.float64), h=horizon)["mean"]
    return (mean if digits is None else mean.round(digits)).tolist()


def ets_forecast(
    y: np.ndarray,
    start: np.ndarray,
    components: tuple[str, str],
    alpha: float,
    slope_gain: float,
    season_gain: float,
    phi: float,
    season_length: int,
) -> list[float]:
    """Run the ETS recursion with additive errors from a given state, its gains fixed."""
    trend, season = components
    _, _, states, _ = ets.pegelsresid_C(
        y.astype(np.float64), season_length, start, "A", trend, season, phi < 1.0,
        alpha, slope_gain, season_gain, phi, 3,
    )  # fmt: skip
    fitted = {
        "states": states,
        "components": f"A{trend}{season}{'D' if phi < 1.0 else 'N'}",
        "par": [alpha, slope_gain, season_gain, phi],
        "m": season_length,
    }
    if phi < 1.0:
        level, slope = states[-1]
        return (level + slope * np.cumsum(phi ** np.arange(1.0, HORIZON + 1))).tolist()
    return ets.pegelsfcast_C(HORIZON, fitted).tolist()


def to_text(golden: dict[str, Any]) -> str:
    """Return JSON with one line for every series and case."""
    entries = []
    for key, value in golden.items():
        text = json.dumps(value)
        if isinstance(value, list):
            text = "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
        if isinstance(value, dict):
            lines = (f"{json.dumps(name)}: {json.dumps(item)}" for name, item in value.items())
            text = "{\n" + ",\n".join(lines) + "\n}"
        entries.append(f"{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


def main() -> None:
    """Write the golden vectors."""
    rng = np.random.default_rng(SEED)
    series = make_series(rng)
    cases = [
        *smoothing_cases(series),
        *trend_cases(series),
        *season_cases(series),
        *seasonal_cases(series),
        *theta_cases(series),
        *comparison_cases(series),
    ]
    golden = {
        "command": COMMAND,
        "statsforecast": version("statsforecast"),
        "season_length": SEASON,
        "series": {name: y.astype(int).tolist() for name, y in series.items()},
        "cases": cases,
        "realistic": realistic_panel(rng),
    }
    GOLDEN.write_text(to_text(golden), encoding="utf-8")
    print(f"{len(cases)} cases and {REALISTIC} realistic series: {GOLDEN}")


if __name__ == "__main__":
    main()
