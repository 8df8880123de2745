"""Write the figures of the sample into README.md and docs/example-run.md.

Run by ``make figures`` after ``make build``, which draws the README's picture too. A block of a
document that a figure is in lies between two lines::

    <!-- figures: NAME -->
    <!-- end of figures -->

and all that lies between them is written here, from the warehouse. Nothing depends on the day or
the machine, so that a second run changes nothing. Further arguments NAME=HOME write the summary of
another warehouse, such as ``online-retail=warehouse/…``, into the block NAME.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

from benchmarks import truth
from shelfcast import warehouse
from shelfcast.summary import build_summary

DOCUMENTS = (Path("README.md"), Path("docs/example-run.md"))
SAMPLE_TRUTH = Path("data/sample-truth")

URGENT_SHOWN = 3
"""Rows of the most urgent series that the README shows."""

_BLOCK = re.compile(
    r"(?P<begin><!-- figures: (?P<name>[a-z-]+) -->\n)(?P<text>.*?)"
    r"(?P<end><!-- end of figures -->)",
    re.DOTALL,
)


def blocks(document: str) -> dict[str, str]:
    """Return the text of each block of a document, by name."""
    return {match["name"]: match["text"] for match in _BLOCK.finditer(document)}


def replace_blocks(document: str, texts: Mapping[str, str]) -> str:
    """Return a document with the text of some of its blocks replaced; others stay."""

    def replaced(match: re.Match[str]) -> str:
        return match["begin"] + texts.get(match["name"], match["text"]) + match["end"]

    return _BLOCK.sub(replaced, document)


def plan(summary: str) -> str:
    """Return what the README shows of a summary: the most urgent rows, and the scenarios."""
    sections = summary.split("\n\n")
    (urgent,) = (section for section in sections if "most urgent" in section)
    (scenarios,) = (section for section in sections if section.startswith("Scenarios"))
    title, header, rule, *rows = urgent.splitlines()
    shown = [title, header, rule, *rows[:URGENT_SHOWN], "  …"]
    return _fenced("\n".join(shown) + "\n\n" + scenarios)


def whole(summary: str, home: Path, shown: str) -> str:
    """Return a summary as an example shows it: with another name for the warehouse's folder."""
    return _fenced(summary.replace(str(home), shown))


def limits(figures: Mapping[str, float]) -> str:
    """Return what the README says of how far the plan of the sample is off."""
    level = truth.LEVELS[0]
    covered = _percent(figures[truth.COVERED.format(level=level)])
    text = (
        f"- On the sample, forecasts are {_distance(figures[truth.BIAS])} true expected demand "
        "over four weeks, and order-up-to levels meant to cover demand in "
        f"{_percent(level)} of cases cover it in {covered} (one origin; see "
        "[what was measured](docs/example-run.md#what-was-measured))."
    )
    return fill(text, 120, subsequent_indent="  ", break_on_hyphens=False) + "\n"


def quality(figures: Mapping[str, float]) -> str:
    """Return the table of how good the plan of the sample is, against its truth."""
    days = ", ".join(map(str, truth.DAYS))

    def ran_out(what: str) -> str:
        names = (truth.RAN_OUT.format(day=day, what=what) for day in truth.DAYS)
        return ", ".join(_percent(figures[name], 1) for name in names)

    rows = {
        "Forecast of four weeks against true expected demand": _distance(figures[truth.BIAS], 1),
        "Share recovered of the demand that stock-outs hid": _percent(figures[truth.RECOVERED], 1),
        f"Ran out by day {days}: said, on average over the series": ran_out("said"),
        f"Ran out by day {days}: happened, with open orders arriving as promised": ran_out(
            "happened"
        ),
    }
    for level in truth.LEVELS:
        what = "Demand over lead time and review within the order-up-to level"
        rows[f"{what}, {_percent(level)} asked"] = _percent(
            figures[truth.COVERED.format(level=level)], 1
        )
    lines = ["| What | Figure |", "|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {figure} |" for what, figure in rows.items())]) + "\n"


def _percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f} %"


def _distance(bias: float, decimals: int = 0) -> str:
    return f"{_percent(abs(bias), decimals)} {'below' if bias < 0 else 'above'}"


def _fenced(text: str) -> str:
    return f"```\n{text}\n```\n"


def sample_blocks(home: Path, true_demand: Path) -> dict[str, str]:
    """Return the blocks that are written from the sample's warehouse, by name."""
    summary = _summary(home)
    figures = truth.measure(home / "shelfcast.duckdb", true_demand)
    return {
        "plan": plan(summary),
        "limits": limits(figures),
        "summary": whole(summary, home, str(warehouse.DEFAULT_HOME)),
        "quality": quality(figures),
    }


def _summary(home: Path, landing: str | None = None) -> str:
    """Return the summary of a warehouse in DuckDB."""
    before = dict(os.environ)
    os.environ |= {"SHELFCAST_HOME": str(home), "SHELFCAST_TARGET": warehouse.DUCKDB}
    try:
        return build_summary(landing)
    finally:
        os.environ.clear()
        os.environ |= before


def main(*others: str) -> None:
    """Write the blocks of the sample, and of other warehouses given as NAME=HOME."""
    texts = sample_blocks(warehouse.DEFAULT_HOME, SAMPLE_TRUTH)
    for other in others:
        name, _, folder = other.partition("=")
        home = Path(folder)
        texts[name] = whole(_summary(home, f"data/{name}"), home, f"warehouse/…-data-{name}")
    for path in DOCUMENTS:
        before = path.read_text(encoding="utf-8")
        after = replace_blocks(before, texts)
        path.write_text(after, encoding="utf-8")
        print(f"{path}: {'changed' if after != before else 'as it was'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
