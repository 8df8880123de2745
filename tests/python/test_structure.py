"""The project's structure keeps its rules, and each rule finds what breaks it.

The rules are in the package structure, the exceptions in its exceptions.yml.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from structure import RULES, TABLE_RULES, Node, Project, Rule
from warehouses import Warehouse

Plant = Callable[[Node], str]

ALL_RULES = {**RULES, **TABLE_RULES}
EXCEPTIONS = yaml.safe_load(
    (Path(__file__).parent / "structure/exceptions.yml").read_text(encoding="utf-8")
)


@pytest.fixture(scope="session")
def manifest_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """dbt's manifest of the project; nothing is built for it."""
    home = tmp_path_factory.mktemp("structure")
    result = Warehouse(home).dbt("parse", "--no-partial-parse")
    assert result.returncode == 0, result.stdout
    return (home / "target/manifest.json").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def manifest(manifest_text: str) -> Node:
    """The manifest, for reading only."""
    return dict(json.loads(manifest_text))


@pytest.fixture(scope="session")
def tables(sample: Warehouse) -> dict[str, dict[str, str]]:
    """Columns of each built table, with their types."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, type_ in sample.query(
        """
        select table_name, column_name, data_type from information_schema.columns
        where table_schema in ('bronze', 'silver', 'gold', 'seeds')
        order by table_schema, table_name, ordinal_position
        """
    ):
        columns.setdefault(str(table), {})[str(column)] = str(type_)
    return columns


def check(rule: Rule, project: Project) -> None:
    """Assert that only the exceptions break a rule, and that each of them does."""
    excepted = {entry["node"] for entry in EXCEPTIONS if entry["rule"] == rule.__name__}
    findings = list(rule(project))
    unexpected = [finding for finding in findings if finding.node not in excepted]
    assert not unexpected, "\n".join(f"{finding.node}: {finding.what}" for finding in unexpected)
    unneeded = excepted - {finding.node for finding in findings}
    assert not unneeded, f"exceptions that are no longer needed: {sorted(unneeded)}"


@pytest.mark.parametrize("name", RULES)
def test_structure_keeps_the_rule(name: str, manifest: Node) -> None:
    check(RULES[name], Project(manifest))


@pytest.mark.parametrize("name", TABLE_RULES)
def test_tables_keep_the_rule(name: str, manifest: Node, tables: dict[str, dict[str, str]]) -> None:
    check(TABLE_RULES[name], Project(manifest, tables))


def test_exceptions_name_a_rule_and_a_reason() -> None:
    seen = set()
    for entry in EXCEPTIONS:
        assert set(entry) == {"rule", "node", "reason"}, entry
        assert entry["rule"] in ALL_RULES, entry
        assert len(entry["reason"].split()) >= 3, entry
        assert (entry["rule"], entry["node"]) not in seen, entry
        seen.add((entry["rule"], entry["node"]))


# Faults, by the rule that finds them: each changes the manifest and returns the node to be found.


def _entry(manifest: Node, kind: str, name: str) -> Node:
    """Return the first entry of a section with a name, or with a name that begins so."""
    entries = [entry for entry in manifest[kind].values() if entry["package_name"] == "shelfcast"]
    exact = [entry for entry in entries if entry["name"] == name]
    found: Node = (exact or [entry for entry in entries if entry["name"].startswith(name)])[0]
    return found


def _set(entry: Node, **values: Any) -> str:
    """Set values of an entry; return its name as it then is."""
    entry.update(values)
    return str(entry["name"])


def _node(name: str, /, **values: Any) -> Plant:
    return lambda manifest: _set(_entry(manifest, "nodes", name), **values)


def _config(name: str, /, **values: Any) -> Plant:
    def plant(manifest: Node) -> str:
        node = _entry(manifest, "nodes", name)
        node["config"].update(values)
        return _set(node)

    return plant


def _column(model: str, column: str, /, **values: Any) -> Plant:
    def plant(manifest: Node) -> str:
        return f"{model}.{_set(_entry(manifest, 'nodes', model)['columns'][column], **values)}"

    return plant


def _reads(name: str, parent: str, kind: str = "nodes") -> Plant:
    def plant(manifest: Node) -> str:
        entry = _entry(manifest, kind, name)
        entry["depends_on"]["nodes"].append(parent)
        return _set(entry)

    return plant


def _unread(parent: str) -> Plant:
    """Let nothing but tests read a node or source."""

    def plant(manifest: Node) -> str:
        for entry in [*manifest["nodes"].values(), *manifest["exposures"].values()]:
            parents = entry["depends_on"].get("nodes", [])  # seeds have none
            if entry["resource_type"] != "test" and parent in parents:
                parents.remove(parent)
        return parent.rsplit(".", maxsplit=1)[-1]

    return plant


def _without(name: str) -> Plant:
    """Remove the test of a key."""

    def plant(manifest: Node) -> str:
        test = _entry(manifest, "nodes", f"unique_key_{name}_")
        del manifest["nodes"][test["unique_id"]]
        return name

    return plant


def _column_of_another_name(manifest: Node) -> str:
    columns = _entry(manifest, "nodes", "int_skus")["columns"]
    columns["Category"] = columns.pop("category")
    return "int_skus.Category"


def _macro(name: str, path: str = "macros/layout/new.sql") -> Plant:
    """Add a macro that nothing calls."""

    def plant(manifest: Node) -> str:
        macro = copy.deepcopy(_entry(manifest, "macros", "is_simulated"))
        sql = f"{{% macro {name}() %}}{{% endmacro %}}"
        manifest["macros"][f"macro.shelfcast.{name}"] = macro
        return _set(macro, name=name, macro_sql=sql, original_file_path=path, arguments=[])

    return plant


def _argument(**values: Any) -> Plant:
    """Change the only argument of a macro."""

    def plant(manifest: Node) -> str:
        macro = _entry(manifest, "macros", "iso_weekday")
        name = _set(macro["arguments"][0], **values)
        return "iso_weekday" if "name" in values else f"iso_weekday.{name}"

    return plant


def _doc_block(manifest: Node) -> str:
    block = {"name": "sku", "package_name": "shelfcast", "block_contents": "One SKU."}
    manifest["docs"]["doc.shelfcast.sku"] = block
    return _set(block)


def _code(name: str, addition: str) -> Plant:
    """Add code before the first return or select of a model."""

    def plant(manifest: Node) -> str:
        model = _entry(manifest, "nodes", name)
        before, keyword, after = model["raw_code"].partition(
            "    return" if model["language"] == "python" else "select"
        )
        return _set(model, raw_code=f"{before}{addition}\n{keyword}{after}")

    return plant


PLANTED: dict[str, list[Plant]] = {
    "layers_read_downwards": [
        _reads("int_sales", "source.shelfcast.landing.sales"),
        _reads("int_sales", "model.shelfcast.fct_daily_demand"),
        _reads("stg_landing__sales", "model.shelfcast.int_skus"),
        _reads("py_stockout_risks", "model.shelfcast.dim_skus"),
        _reads("dim_skus", "model.shelfcast.stg_landing__skus"),
    ],
    "dashboards_read_gold": [
        lambda manifest: _set(_entry(manifest, "exposures", "summary_page"), type="dashboard")
    ],
    "folders_decide_schema_and_materialization": [
        _config("int_skus", schema="gold"),
        _config("stg_landing__sales", materialized="table"),
        _config("int_skus", materialized="incremental"),
    ],
    "gold_is_public_and_the_rest_is_not": [
        _config("int_skus", group=None),
        _node("int_skus", access="public"),
        _node("dim_skus", access="protected"),
    ],
    "exposures_name_what_is_read": [
        _reads("forecast_export", "model.shelfcast.dim_skus", "exposures"),
        lambda manifest: (
            _entry(manifest, "exposures", "bi_copy")["depends_on"]["nodes"].pop() and "bi_copy"
        ),
        lambda manifest: (
            _entry(manifest, "exposures", "rejected_rows")["depends_on"]["nodes"].pop()
            and "rejected_rows"
        ),
    ],
    "models_are_named_after_layer": [
        _node("int_skus", name="skus"),
        _node("dim_skus", name="skus"),
        _node("int_skus", alias="skus"),
        _reads("stg_landing__files", "source.shelfcast.audit.gate_results"),
    ],
    "names_are_snake_case": [
        _node("int_skus", name="int_Skus"),
        _column_of_another_name,
        lambda manifest: _set(_entry(manifest, "exposures", "summary_page"), name="Summary-page"),
    ],
    "tests_are_named_after_what_they_test": [
        _node("int_stock_breaks__none", name="no_stock_breaks"),
        lambda manifest: _set(next(iter(manifest["unit_tests"].values())), name="it_works"),
    ],
    "properties_are_named_after_their_folder": [
        _node("dim_skus", patch_path="shelfcast://models/marts/core/schema.yml"),
        _node("int_stock_breaks__none", patch_path="shelfcast://tests/integrity/tests.yml"),
    ],
    "everything_is_described": [
        _node("int_skus", description=""),
        _node("scenarios", description=" "),
        _column("int_skus", "sku_id", description=""),
        _node("int_stock_breaks__none", description=""),
        _config("unique_key_int_skus_", severity="warn"),
        lambda manifest: _set(_entry(manifest, "macros", "add_days"), description=""),
        lambda manifest: _set(_entry(manifest, "sources", "_manifest"), description=""),
        lambda manifest: _set(_entry(manifest, "exposures", "bi_copy"), description=""),
        lambda manifest: _set(_entry(manifest, "groups", "core"), description=None),
        lambda manifest: _set(next(iter(manifest["unit_tests"].values())), description=""),
    ],
    "macro_arguments_are_described": [
        _argument(description=""),
        _argument(type=None),
        _argument(name="date"),
    ],
    "the_grain_comes_first": [_node("int_skus", description="SKUs, one row each.")],
    "one_name_has_one_meaning": [_column("dim_skus", "sku_id", description="Number.")],
    "keys_are_tested": [_without("int_skus"), _without("scenarios")],
    "everything_is_read": [
        _unread("model.shelfcast.int_stock_positions"),
        _unread("seed.shelfcast.risk_policy"),
        _unread("source.shelfcast.landing.sales"),
        _unread("model.shelfcast.forecast_vs_actual"),
    ],
    "macros_are_called": [
        _macro("new_macro"),
        _macro("duckdb__new_macro"),  # there is no such dispatch
    ],
    "doc_blocks_are_used": [_doc_block],
    "models_do_not_know_the_target": [
        _code("int_skus", "{% if target.type == 'duckdb' %}"),
        _code("int_stock_breaks__none", "{{ adapter.type() }}"),
    ],
    "engines_differ_in_cross_db": [_macro("spark__add_days", "macros/planning/new.sql")],
    "models_have_no_clock": [
        _code("int_skus", "current_date"),
        _code("int_skus", "{{ run_started_at }}"),
        _code("py_demand_forecasts", "    date.today()"),
    ],
    "python_models_hold_no_logic": [
        _code("py_demand_forecasts", "    if dbt.is_incremental:\n        pass"),
        _code("py_demand_forecasts", "    fits = [dbt.ref('py_forecast_fits')][0 + 0]"),
        _code("py_demand_forecasts", "    def helper():\n        pass"),
        _code("py_demand_forecasts", "    pass\n" * 20),
        _code("py_demand_forecasts", "    print(fit_demand(dbt.ref('int_completed_demand')))"),
        _node("py_demand_forecasts", raw_code="def model(dbt, session):\n    return None"),
        _node("py_demand_forecasts", raw_code='"""One day. From fits."""\nprint(1)'),
    ],
}


@pytest.mark.parametrize(
    ("name", "plant"),
    [(name, plant) for name in RULES for plant in PLANTED[name]],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rule_finds_a_planted_fault(
    name: str, plant: Plant, manifest: Node, manifest_text: str
) -> None:
    before = list(RULES[name](Project(manifest)))
    changed = json.loads(manifest_text)
    planted = plant(changed)
    after = [finding for finding in RULES[name](Project(changed)) if finding not in before]
    assert planted in {finding.node for finding in after}


def test_rules_of_tables_find_planted_faults(
    manifest: Node, tables: dict[str, dict[str, str]]
) -> None:
    changed = copy.deepcopy(tables)
    changed["int_series"]["is_active"] = "BIGINT"
    changed["int_series"]["active"] = "BOOLEAN"
    changed["int_daily_sales"]["sold_at"] = changed["int_daily_sales"].pop("sold_on")
    changed["int_skus"]["sku_id"] = "INTEGER"
    changed["fct_stockout_risks"] = dict(reversed(changed["fct_stockout_risks"].items()))
    del changed["fct_scenario_impacts"]
    project = Project(manifest, changed)

    found = {finding.node for finding in TABLE_RULES["columns_tell_their_type"](project)}
    assert found >= {
        *("int_series.is_active", "int_series.active"),
        *("int_daily_sales.sold_at", "int_skus.sku_id"),
    }
    documented = TABLE_RULES["documented_columns_are_the_columns"](project)
    assert {finding.node for finding in documented} >= {
        *("int_series", "int_daily_sales", "fct_stockout_risks", "fct_scenario_impacts"),
    }


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_a_planted_fault(name: str) -> None:
    assert PLANTED[name]
