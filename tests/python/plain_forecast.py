"""A forecast from the registry in plain Python: by the formulas of the methods, without kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WITH_SEASONS = {"holt_winters", "damped_holt_winters", "seasonal_smoothing"}
"""Methods with seasonal states of their own."""


def plain_forecast(
    fit: Mapping[str, Any], priors: Mapping[int, Mapping[str, Any]], horizon: int
) -> list[float]:
    """Mean demand on each day ahead of a registered series.

    ``fit`` is a row of the registry, ``priors`` those of the candidates by number; lists are lists
    of numbers.
    """
    if not fit["candidates"]:
        return [fit["fallback_mean"]] * horizon
    season_length = len(fit["additive_indices"])
    seasons = iter(fit["seasons"])
    total = [0.0] * horizon
    names = ("candidates", "weights", "levels", "slopes", "means")
    for number, weight, level, slope, average in zip(*(fit[name] for name in names), strict=True):
        candidate = priors[number]
        method, is_additive, is_ratio = split(candidate["family"])
        if method == "theta":
            ahead = theta(candidate, fit["days"], level, slope, average, horizon)
        else:
            ahead = damped(candidate["phi"], level, slope, horizon)
        if method in WITH_SEASONS:
            indices = [next(seasons) for _ in range(season_length)]
        else:
            indices = fit["multiplicative_indices" if is_ratio else "additive_indices"]
        for day in range(horizon):
            index = indices[day % season_length]
            if method == "seasonal_smoothing":
                value = index
            elif is_ratio:
                value = ahead[day] * index
            elif is_additive:
                value = ahead[day] + index
                if fit["is_nonnegative"]:
                    value = max(value, 0.0) * kept(ahead[day], indices)
            else:
                value = ahead[day]
            total[day] += weight * (max(value, 0.0) if fit["is_nonnegative"] else value)
    assert next(seasons, None) is None
    return total


def kept(level: float, differences: Sequence[float]) -> float:
    """Share of each day that keeps the sum of a season, of which no day is below zero."""
    days = [level + difference for difference in differences]
    return max(sum(days), 0.0) / (sum(max(day, 0.0) for day in days) or 1.0)


def split(family: str) -> tuple[str, bool, bool]:
    """Return the method of a family, and whether its season is a difference or a ratio."""
    for suffix in ("_additive", "_multiplicative"):
        if family.endswith(suffix):
            return family.removesuffix(suffix), suffix == "_additive", suffix == "_multiplicative"
    return family, False, False


def damped(phi: float, level: float, slope: float, horizon: int) -> list[float]:
    """Level and slope, of which each day keeps the share phi."""
    return [
        level + slope * sum(phi**power for power in range(1, day + 1))
        for day in range(1, horizon + 1)
    ]


def theta(
    candidate: Mapping[str, Any], n: int, level: float, slope: float, average: float, horizon: int
) -> list[float]:
    """Dynamic Theta: each forecast is the next value, and moves level and least-squares line.

    The line comes anew from the sums of t, t², y and t y, which slope and mean of n values hold.
    """
    alpha, share = candidate["alpha"], 1 - 1 / candidate["theta"]
    sum_y = n * average
    sum_ty = slope * n * (n * n - 1) / 12 + (n + 1) / 2 * sum_y
    values = []
    for _ in range(horizon):
        b = (sum_ty - (n + 1) / 2 * sum_y) / (n * (n * n - 1) / 12)
        a = sum_y / n - (n + 1) / 2 * b
        q = (1 - alpha) ** n
        values.append(level + share * (q * a + (1 - q * (1 - alpha)) / alpha * b))
        n += 1
        sum_y += values[-1]
        sum_ty += n * values[-1]
        level += alpha * (values[-1] - level)
    return values
