"""Data Docs that need no network: the renderers and the view named in the project of the gate.

The pages of Great Expectations load styles and scripts from other hosts. These are plain HTML with
their style inside: an index of what needs attention and of the suites, and a page for each suite.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2

from shelfcast.landing.contract import ENTITIES
from shelfcast.quality.report import Check, CheckOutcome, GateReport, Outcome, Severity
from shelfcast.quality.results import checks_of
from shelfcast.quality.suites import FILES, SALES_HISTORY, SALES_LOCATIONS

_OUTCOMES = {
    Outcome.OK: "passed",
    Outcome.WARNINGS: "warnings",
    Outcome.CRITICAL: "critical",
    Outcome.NOT_EVALUATED: "not evaluated",
}

_STYLE = """
:root { color-scheme: light; --ink: #1f2933; --dim: #64707d; --line: #dde3e8; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 2rem 1.5rem 4rem; color: var(--ink);
  background: #fff; font: 15px/1.5 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p { margin: .2rem 0; }
a { color: #1558a6; }
nav { margin-bottom: 1.2rem; }
.dim { color: var(--dim); }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 600; color: var(--dim); border-bottom: 2px solid var(--line); }
th, td { padding: .5rem .9rem .5rem 0; vertical-align: top; }
td { border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 12.5px ui-monospace, "DejaVu Sans Mono", Consolas, monospace; color: var(--dim); }
.badge { display: inline-block; padding: .05rem .55rem; border-radius: .7rem; font-size: .85rem;
  font-weight: 600; white-space: nowrap; background: #e7ebef; color: #3e4c59; }
.passed { background: #dff3e4; color: #17602f; }
.warning, .warnings { background: #fff0cc; color: #7a5200; }
.critical { background: #fde0dd; color: #98180c; }
.not-evaluated { background: #ece1f7; color: #55258a; }
"""

_ENVIRONMENT = jinja2.Environment(
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
    loader=jinja2.DictLoader(
        {
            "page": """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
{% block body %}{% endblock %}
</body>
</html>
""",
            "macros": """\
{% macro badge(text) %}
<span class="badge {{ text | replace(' ', '-') }}">{{ text }}</span>
{% endmacro %}
{% macro table(checks, with_suite) %}
<table>
<tr><th>Result</th><th>Expected</th><th>Found</th><th class="number">Failing</th></tr>
{% for check in checks %}
<tr id="{{ check.check }}">
<td>{{ badge(check.severity if check.outcome == 'failed' else check.outcome) }}</td>
<td>{{ check.description }}<br><code>{{ check.check }}</code>
{% if with_suite %}<br><a href="{{ check.suite }}.html">{{ check.suite }}</a>{% endif %}
{% if check.effect %}<p class="dim">{{ check.remedy }}</p>{% endif %}</td>
<td>{{ check.observed_value or '' }}</td>
<td class="number">{{ check.failing_rows | count }}</td>
</tr>
{% endfor %}
</table>
{% endmacro %}
""",
            "index": """\
{% extends 'page' %}
{% import 'macros' as macros %}
{% block body %}
<h1>{{ title }} {{ macros.badge(outcome) }}</h1>
<p>{{ summary }}</p>
<p class="dim">{{ run_at }} UTC. Run {{ run_id }}.</p>
{% if findings %}
<h2>What needs a look</h2>
{{ macros.table(findings, true) }}
{% endif %}
<h2>Suites</h2>
<table>
<tr><th>Suite</th><th>Result</th>
{% for kind in kinds %}<th class="number">{{ kind }}</th>{% endfor %}</tr>
{% for suite in suites %}
<tr><td><a href="{{ suite.name }}.html">{{ suite.name }}</a></td>
<td>{{ macros.badge(suite.outcome) }}</td>
{% for kind in kinds %}<td class="number">{{ suite.counts[kind] or '' }}</td>{% endfor %}</tr>
{% endfor %}
</table>
{% endblock %}
""",
            "suite": """\
{% extends 'page' %}
{% import 'macros' as macros %}
{% block body %}
<nav><a href="index.html">All suites</a></nav>
<h1>{{ title }} {{ macros.badge(outcome) }}</h1>
<p>{{ summary }}</p>
<p class="dim">{{ run_at }} UTC. Run {{ run_id }}.</p>
<h2>Checks</h2>
{{ macros.table(checks, false) }}
{% endblock %}
""",
        }
    ),
)
_ENVIRONMENT.filters["count"] = lambda number: "" if number is None else f"{number:,}"


def index_page(report: GateReport) -> dict[str, Any]:
    """Return the content of the first page: what needs a look, and the suites."""
    kinds = [CheckOutcome.PASSED, *Severity, CheckOutcome.NOT_EVALUATED]
    suites: dict[str, list[Check]] = {}
    for check in report.checks:
        suites.setdefault(check.suite, []).append(check)
    return {
        "template": "index",
        "title": "Gate: what arrived, before it is used",
        "outcome": _OUTCOMES[report.outcome],
        "summary": report.summary,
        "run_at": _minute(report.run_at),
        "run_id": report.run_id,
        "findings": report.findings,
        "kinds": kinds,
        "suites": [
            {
                "name": name,
                "outcome": _OUTCOMES[max(check.effect for check in checks)],
                "counts": {kind: sum(_kind(check) == kind for check in checks) for kind in kinds},
            }
            for name, checks in suites.items()
        ],
    }


def suite_page(report: GateReport, suite: str) -> dict[str, Any]:
    """Return the content of the page of one suite: its checks, what needs a look first."""
    passed = [check for check in report.checks if check.outcome is CheckOutcome.PASSED]
    return {
        "template": "suite",
        "title": suite,
        "outcome": _OUTCOMES[report.outcome],
        "summary": report.summary,
        "run_at": _minute(report.run_at),
        "run_id": report.run_id,
        "checks": [*report.findings, *passed],
    }


def render(content: dict[str, Any]) -> str:
    """Return a page as HTML."""
    return _ENVIRONMENT.get_template(content["template"]).render(style=_STYLE, **content)


class IndexRenderer:
    """Renders the index of a site that holds one run."""

    def __init__(self, data_context: Any) -> None:
        self._store = data_context.validation_results_store

    def render(self, _links: Any) -> dict[str, Any]:
        """Return the content of the index."""
        keys = self._store.list_keys()
        order = [FILES, *ENTITIES, SALES_LOCATIONS, SALES_HISTORY]
        results = sorted(map(self._store.get, keys), key=lambda one: order.index(one.suite_name))
        checks = [check for result in results for check in checks_of(result)]
        return index_page(_report(results[0], checks))


class SuiteRenderer:
    """Renders the results of one suite."""

    def render(self, result: Any) -> dict[str, Any]:
        """Return the content of a suite's page."""
        return suite_page(_report(result, checks_of(result)), result.suite_name)


class PageView:
    """Turns the content of a page into HTML."""

    def render(self, content: dict[str, Any], **_: Any) -> str:
        """Return a page as HTML."""
        return render(content)


def _report(result: Any, checks: list[Check]) -> GateReport:
    """Return checks as the report of the run of which a stored result is part."""
    run = result.meta["run_id"]
    run_at = datetime.fromisoformat(str(run["run_time"]))
    return GateReport(run["run_name"], run_at, tuple(checks), Path("index.html"))


def _minute(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M}"


def _kind(check: Check) -> str:
    """Return the column of the index in which a check is counted."""
    return check.severity if check.outcome is CheckOutcome.FAILED else check.outcome
