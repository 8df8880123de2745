"""The page ``docs/accuracy.md``: every figure in it comes from the run that writes it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.data_sets import QUARTER, RETAIL, SHORT, TINY, DataSet
from benchmarks.accuracy.generators import FloatArray
from benchmarks.accuracy.ours import INTERMITTENT
from benchmarks.accuracy.scores import MEAN_OF_PEERS, METHODS, NAIVE, OURS, Difference, Scores

TEMPLATE = Path(__file__).with_name("page.md")

TIE = 0.01
"""Difference up to which two methods tie."""

LEAST_GAIN = 0.025
"""Gain over the mean of the peers that is asked on average."""

MOST_REGRET = 0.03
"""Regret that is allowed on generated data."""

CLAIM = 0.44
"""Cut of the MAPE against seasonal naive that the project's brief claims."""

SMALLEST_WEIGHT = 0.01
"""A family that carries less everywhere has no place in the grid."""

CONTENDERS = (NAIVE, "auto_ets", "dynamic_theta", MEAN_OF_PEERS, OURS)

RETAIL_COLUMNS = {
    "WAPE": "WAPE",
    "RMSSE": "RMSSE",
    "MAPE": "MAPE",
    "bias": "Bias",
    "pinball": "Pinball",
    "WAPE of 7": "WAPE 7",
    "WAPE of 28": "WAPE 28",
}
SHORT_COLUMNS = {
    "sMAPE": "sMAPE",
    "MASE": "MASE",
    "RMSSE": "RMSSE",
    "WAPE": "WAPE",
    "bias": "Bias",
    "pinball": "Pinball",
}
"""Metrics, and what heads their columns."""

IN_PER_CENT = {"MAPE": ".1%", "sMAPE": ".1%", "bias": "+.1%"}
"""How metrics that are not plain numbers are written."""


@dataclass(frozen=True)
class Result:
    """What was measured on a set.

    Attributes
    ----------
    regret : (2,)
        Against the best candidate of each series, and against the best of all, by hindsight.
    quarter_regret : (2,) or None
        The same over 13 weekly origins, where the set is long enough.
    families : (n_families,)
        Names.
    weights : (n, n_families)
        Weights of the families on the sample at the last origin.
    failures : int
        Forecasts that a peer could not make.
    """

    data_set: DataSet
    scores: Scores
    regret: tuple[float, float]
    quarter_regret: tuple[float, float] | None
    families: tuple[str, ...]
    weights: FloatArray
    failures: int


@dataclass(frozen=True)
class Group:
    """Sets that the page shows as one: the seeds of one generator, or a single set."""

    title: str
    results: tuple[Result, ...]
    scores: Scores

    @property
    def kind(self) -> str:
        """Kind of the sets."""
        return self.results[0].data_set.kind

    @property
    def weights(self) -> FloatArray:
        """Weights of the families (n, n_families)."""
        return np.concatenate([result.weights for result in self.results])

    @property
    def regret(self) -> FloatArray:
        """Regret (2,), mean over the sets."""
        return np.asarray(np.mean([result.regret for result in self.results], axis=0))

    @property
    def quarter_regret(self) -> FloatArray | None:
        """The same over a quarter of a year; None where a set is too short."""
        known = [one.quarter_regret for one in self.results if one.quarter_regret is not None]
        return np.asarray(np.mean(known, axis=0)) if len(known) == len(self.results) else None

    def segments(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Say which series (n,) are of each segment."""
        return {name: self.scores.segments == name for name in sorted(set(self.scores.segments))}


def group(results: Iterable[Result]) -> list[Group]:
    """Put the seeds of one generator together; every other set is a group of its own."""
    groups: dict[str, list[Result]] = {}
    for result in results:
        groups.setdefault(result.data_set.title.split(", seed")[0], []).append(result)
    return [
        Group(title, tuple(members), Scores.pool([member.scores for member in members]))
        for title, members in groups.items()
    ]


def render(results: Sequence[Result], peers_version: str) -> str:
    """Return the page."""
    groups = group(results)
    retail, short, tiny = (
        [one for one in groups if one.kind == kind] for kind in (RETAIL, SHORT, TINY)
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("shelfcast", "numpy", "numba"))
    weights, idle = _weights(retail, [*short, *tiny])
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        failures=sum(result.failures for result in results),
        machine=f"{os.cpu_count()} cores ({platform.system()} {platform.machine()}), "
        f"Python {platform.python_version()}, {packages},\nstatsforecast {peers_version}",
        sets=_sets(results),
        verdicts=_verdicts(retail, tiny),
        retail="\n\n".join(_contest(one, RETAIL_COLUMNS, [MEAN_OF_PEERS]) for one in retail),
        claim=f"{CLAIM:.0%}",
        mape=_mape(retail),
        short="\n\n".join(_contest(one, SHORT_COLUMNS, [MEAN_OF_PEERS]) for one in short),
        tiny="\n\n".join(_contest(one, SHORT_COLUMNS, [MEAN_OF_PEERS, NAIVE]) for one in tiny),
        segments=_segments([*retail, *short]),
        rare=_rare(retail),
        regret=_regret([*retail, *short]),
        smallest=f"{SMALLEST_WEIGHT:.0%}",
        idle=idle,
        weights=weights,
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; columns of figures are aligned right."""
    lines = list(rows)
    rules = ["---:" if _are_figures(column) else "---" for column in zip(*lines, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in (header, rules, *lines))


def _are_figures(cells: Sequence[str]) -> bool:
    return all(cell[:1] in "+-–0123456789" for cell in cells) and any(cells)


def _sets(results: Sequence[Result]) -> str:
    rows = []
    for data_set in (result.data_set for result in results):
        shortest, longest = (edge(one.size for one in data_set.series) for edge in (min, max))
        rows.append(
            [
                data_set.title,
                f"{len(data_set.series):,}",
                f"{len(data_set.sample):,}",
                str(shortest) if shortest == longest else f"{shortest} to {longest}",
                str(data_set.season_length),
                str(data_set.horizon),
                str(len(data_set.holdouts)),
            ]
        )
    return table(["Set", "Series", "Judged", "Points", "Season", "Horizon", "Origins"], rows)


def _verdicts(retail: Sequence[Group], tiny: Sequence[Group]) -> str:
    """Hold the figures against what the project asked of itself."""
    rows = []
    for metric in ("WAPE", "RMSSE"):
        sets = {r.data_set.title: _gain(r.scores, metric) for one in retail for r in one.results}
        asked = f"{metric} on any set, against the mean of the peers: at most {TIE:.0%} worse"
        rows.append(_worst(asked, sets))
        average = float(np.mean([_gain(one.scores, metric) for one in retail]))
        asked = f"{metric} on average of the three: at least {LEAST_GAIN:.1%} better"
        rows.append((asked, f"{average:+.2%}", average <= -LEAST_GAIN))
    for one in retail:
        if one.quarter_regret is not None:
            asked = f"{one.title}: regret at most {MOST_REGRET:.0%} of the RMSSE, over each series'"
            measured = float(one.quarter_regret[0])
            asked = f"{asked} best candidate, {QUARTER} origins"
            rows.append((asked, f"{measured:+.2%}", measured <= MOST_REGRET))
    for metric in ("RMSSE", "MASE"):
        overall = {one.title: one.scores.overall for one in tiny}
        sets = {title: of[OURS][metric] / of[NAIVE][metric] - 1 for title, of in overall.items()}
        asked = f"{metric} under 20 points, against seasonal naive: at most {TIE:.0%} worse"
        rows.append(_worst(asked, sets))
    return table(
        ["Asked", "Measured", ""],
        [[asked, measured, "met" if met else "**not met**"] for asked, measured, met in rows],
    )


def _gain(scores: Scores, metric: str) -> float:
    compare = scores.wape if metric == "WAPE" else scores.rmsse
    return compare(OURS, MEAN_OF_PEERS).share


def _worst(asked: str, shares: Mapping[str, float]) -> tuple[str, str, bool]:
    """Hold the worst of several sets against a tie."""
    worst = max(shares, key=shares.__getitem__)
    return asked, f"{shares[worst]:+.2%} at worst ({worst})", shares[worst] <= TIE


def _contest(one: Group, columns: Mapping[str, str], others: Sequence[str]) -> str:
    """Tabulate the methods on a group, and how ours differs from others."""
    rows = [
        [METHODS[method], *(_cell(one.scores.overall[method], metric) for metric in columns)]
        for method in CONTENDERS
    ]
    parts = [f"### {one.title}", table(["Method", *columns.values()], rows)]
    labelled = [(METHODS[other], one.scores, other) for other in others]
    if len(one.results) > 1:
        labelled += [(r.data_set.title, r.scores, MEAN_OF_PEERS) for r in one.results]
    rows = [
        [label, _written(scores.wape(OURS, other)), _written(scores.rmsse(OURS, other))]
        for label, scores, other in labelled
    ]
    parts.append(table(["shelfcast against", "WAPE", "RMSSE"], rows))
    return "\n\n".join(parts)


def _cell(values: Mapping[str, float], metric: str) -> str:
    return format(values[metric], IN_PER_CENT.get(metric, ".4f")) if metric in values else "–"


def _written(one: Difference) -> str:
    return f"{one.share:+.1%} ± {one.standard_error:.1%}".removesuffix(" ± nan%")


def _mape(retail: Sequence[Group]) -> str:
    rows = []
    for one in retail:
        of = {method: one.scores.overall[method]["MAPE"] for method in CONTENDERS}
        changes = [f"{of[method] / of[NAIVE] - 1:+.1%}" for method in (OURS, MEAN_OF_PEERS)]
        rows.append([one.title, f"{of[NAIVE]:.1%}", f"{of[OURS]:.1%}", *changes])
    header = [
        "Set",
        "Seasonal naive",
        "shelfcast",
        "shelfcast's change",
        "Change of the peers' mean",
    ]
    return table(header, rows)


def _segments(groups: Sequence[Group]) -> str:
    rows = []
    for one in groups:
        for segment, where in one.segments().items():
            differences = {
                "WAPE": one.scores.wape(OURS, MEAN_OF_PEERS, where),
                "RMSSE": one.scores.rmsse(OURS, MEAN_OF_PEERS, where),
            }
            losses = [
                f"{metric}, clear" if loss.share > 2 * loss.standard_error else metric
                for metric, loss in differences.items()
                if loss.share > 0
            ]
            cells = [_written(of) for of in differences.values()]
            rows.append([one.title, segment, str(where.sum()), *cells, "; ".join(losses)])
    return table(["Set", "Segment", "Series", "WAPE", "RMSSE", "Loss"], rows)


def _rare(retail: Sequence[Group]) -> str:
    methods = (NAIVE, *INTERMITTENT, OURS)
    rows = []
    for one in retail:
        scores = one.scores
        where = np.isin(scores.segments, ("intermittent", "lumpy"))
        if where.any():
            demand = scores.demand[where].sum()
            figures = {
                "WAPE": [scores.absolute[method][where].sum() / demand for method in methods],
                "RMSSE": [np.nanmean(scores.scaled[method][where]) for method in methods],
            }
            for metric, values in figures.items():
                cells = [f"{value:.4f}" for value in values]
                rows.append([one.title, str(where.sum()), metric, *cells])
    return table(["Set", "Series", "", *(METHODS[method] for method in methods)], rows)


def _regret(groups: Sequence[Group]) -> str:
    rows = [
        [
            one.title,
            *(f"{share:+.1%}" for share in one.regret),
            *(
                ["-", "-"]
                if one.quarter_regret is None
                else (f"{r:+.1%}" for r in one.quarter_regret)
            ),
        ]
        for one in groups
    ]
    of_quarter = [f"The same, {QUARTER} origins", "Best of all"]
    return table(["Set", "Best of each series", "Best of all", *of_quarter], rows)


def _weights(retail: Sequence[Group], short: Sequence[Group]) -> tuple[str, str]:
    """Tabulate the families' mean weights, and list those that carry next to nothing.

    Each retail group has a table by segment; the short ones share one.
    """
    tables = {one.title: _mean_weights(one, one.segments()) for one in retail}
    tables["Short series"] = {}
    for one in short:
        column = one.title.removeprefix("Short, ").replace("Under 20 points", "under 20")
        tables["Short series"][column] = _mean_weights(one, {})["all"]
    columns = [means for table_of in tables.values() for means in table_of.values()]
    names = list(dict.fromkeys(name for means in columns for name in means))
    largest = {name: max(means.get(name, 0.0) for means in columns) for name in names}
    idle = [f"`{name}`" for name in names if largest[name] < SMALLEST_WEIGHT]
    parts = []
    for title, table_of in tables.items():
        rows = [
            [name, *(_weight(means.get(name)) for means in table_of.values())] for name in names
        ]
        parts.append(f"### Weights, {title}\n\n{table(['Family', *table_of], rows)}")
    return "\n\n".join(parts), ", ".join(idle) or "none"


def _mean_weights(
    one: Group, segments: Mapping[str, npt.NDArray[np.bool_]]
) -> dict[str, dict[str, float]]:
    """Return the mean weight by family, of all series and of those of each segment."""
    parts = {"all": np.full(len(one.weights), True), **segments}
    families = one.results[0].families
    return {
        title: dict(zip(families, one.weights[where].mean(axis=0).tolist(), strict=True))
        for title, where in parts.items()
    }


def _weight(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"
