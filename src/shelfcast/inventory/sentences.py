"""Numbers as a planner reads them, for the reasons and explanations of this package."""

from __future__ import annotations


def decimals_for(size: float) -> int:
    """Return how many decimals a quantity of this size is shown with."""
    return 1 if size >= 10 else 2


def number(value: float, decimals: int) -> str:
    """Write a number with at most so many decimals: ``1,204``, ``4.2``."""
    text = f"{value + 0.0:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """Write a share of 0 to 1 in whole per cent, never rounding to certainty: ``<1 %``.

    What differs from certainty by less than the tables show is certain.
    """
    share = round(share, 6)
    if 0 < share < 0.01:
        return "<1 %"
    if 0.99 < share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def plural_days(count: int) -> str:
    """Write a number of days: ``1 day``, ``3 days``."""
    return "1 day" if count == 1 else f"{count} days"
