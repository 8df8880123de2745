"""What shelfcast calls of dbt-utils, against whichever is installed: the hub's or our own few."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from warehouses import PROJECT, Warehouse

MODEL = """
select * from (values ('a', 1, null), ('a', 2, 'x'), ('b', 2, 'y'), ('b', 2, 'y'), ('c', null, ''))
as t (letter, number, note)
"""
KEYS = """
select
    {{ dbt_utils.generate_surrogate_key(['letter', 'number']) }} as letter_number_key,
    {{ dbt_utils.generate_surrogate_key(['note']) }} as note_key,
    letter, number, note
from {{ ref('rows') }}
"""
TESTS = """
models:
  - name: rows
    data_tests:
      - dbt_utils.unique_combination_of_columns:
          name: combination_repeats
          arguments: {combination_of_columns: [letter, number]}
      - dbt_utils.unique_combination_of_columns:
          name: combination_is_unique
          arguments: {combination_of_columns: [letter, number, note]}
          config: {where: "number = 1"}
      - dbt_utils.expression_is_true:
          name: expression_fails
          arguments: {expression: "number < 2"}
      - dbt_utils.expression_is_true:
          name: expression_holds_or_is_null
          arguments: {expression: "number < 3"}
    columns:
      - name: letter
        data_tests:
          - dbt_utils.expression_is_true:
              name: expression_of_a_column_fails
              arguments: {expression: "<> 'b'"}
      - name: number
        data_tests:
          - dbt_utils.accepted_range:
              name: range_fails
              arguments: {min_value: 2}
          - dbt_utils.accepted_range:
              name: range_holds_or_is_null
              arguments: {min_value: 1, max_value: 2}
          - dbt_utils.accepted_range:
              name: range_fails_exclusive
              arguments: {max_value: 2, inclusive: false}
"""


CALL = re.compile(r"\bdbt_utils\.(\w+)")


def test_the_fallback_holds_what_the_project_calls_and_no_more() -> None:
    called = {
        name
        for folder in ("analyses", "macros", "models", "seeds", "tests/generic", "tests/integrity")
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in (".sql", ".yml")
        for name in CALL.findall(path.read_text(encoding="utf-8"))
    }
    files = (PROJECT / "fallback/dbt_utils/macros").rglob("*.sql")
    assert called == {path.stem for path in files}
    assert called == {*CALL.findall(KEYS + TESTS)}


@pytest.mark.slow
def test_macros_and_tests_do_what_the_documentation_says(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(
        "name: scratch\nprofile: shelfcast\nmodels: {scratch: {+materialized: table}}\n"
    )
    for name in ("packages.yml", "profiles", "dbt_packages"):
        (project / name).symlink_to(PROJECT / name)
    (project / "models/rows.sql").write_text(MODEL)
    (project / "models/keys.sql").write_text(KEYS)
    (project / "models/rows.yml").write_text(TESTS)
    home = tmp_path / "home"
    home.mkdir()
    warehouse = Warehouse(home, project)
    output = warehouse.dbt("build", "--select", "rows", "keys", "--indirect-selection", "cautious")
    for name, failures in {
        "combination_repeats": 1,
        "expression_fails": 3,
        "expression_of_a_column_fails": 2,
        "range_fails": 1,
        "range_fails_exclusive": 3,
    }.items():
        assert f"FAIL {failures} {name} " in output.stdout, output.stdout
    for name in ("combination_is_unique", "expression_holds_or_is_null", "range_holds_or_is_null"):
        assert f"PASS {name} " in output.stdout, output.stdout
    warehouse.dbt("run", "--select", "keys")
    rows = warehouse.query("select * from main.keys order by letter, number, note")
    keys = [row[0] for row in rows]
    assert keys[2] == keys[3]
    assert len({*keys}) == 4
    # a null is a value of its own, not the empty text
    assert len({row[1] for row in rows}) == 4
    assert keys[4] == hashlib.md5(b"c-_dbt_utils_surrogate_key_null_").hexdigest()
    # the documented form: the columns as text, joined by a hyphen, hashed
    assert keys[0] == hashlib.md5(b"a-1").hexdigest()
