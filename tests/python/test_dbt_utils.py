"""What shelfcast calls of dbt-utils, against whichever is installed: the hub's or our own few."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from warehouses import PROJECT, Warehouse

pytestmark = pytest.mark.slow

MODEL = """
select * from (values ('a', 1, null), ('a', 2, 'x'), ('b', 2, 'y'), ('b', 2, 'y'))
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
          name: expression_holds
          arguments: {expression: "number < 3"}
    columns:
      - name: number
        data_tests:
          - dbt_utils.accepted_range:
              name: range_fails
              arguments: {min_value: 2}
          - dbt_utils.accepted_range:
              name: range_holds
              arguments: {min_value: 1, max_value: 2}
          - dbt_utils.accepted_range:
              name: range_fails_exclusive
              arguments: {max_value: 2, inclusive: false}
"""


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
        "range_fails": 1,
        "range_fails_exclusive": 3,
    }.items():
        assert f"FAIL {failures} {name} " in output.stdout, output.stdout
    for name in ("combination_is_unique", "expression_holds", "range_holds"):
        assert f"PASS {name} " in output.stdout, output.stdout
    warehouse.dbt("run", "--select", "keys")
    rows = warehouse.query("select * from main.keys order by letter, number, note")
    keys = [row[0] for row in rows]
    assert keys[2] == keys[3]
    assert len({*keys}) == 3
    # a null is a value of its own, not the empty text
    assert len({row[1] for row in rows}) == 3
    # the documented form: the columns as text, joined by a hyphen, hashed
    assert keys[0] == hashlib.md5(b"a-1").hexdigest()
