"""Views over a table that is built anew stay, whoever made them, and read the new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import pytest
from psycopg2.extensions import make_dsn, parse_dsn
from small_project import SmallProject

pytestmark = pytest.mark.slow

MODELS = {
    "base.sql": """
        {{ config(materialized='table') }}
        select {{ var('value', 1) }} as value, 'a' as name
    """,
    "other.sql": "{{ config(materialized='table') }} select {{ var('value', 1) }} as other_value",
    "over_view.sql": """
        {{ config(materialized='view') }}
        select value, name, other_value from {{ ref('base') }} cross join {{ ref('other') }}
    """,
    "over_over_view.sql": """
        {{ config(materialized='view') }}
        select * from {{ ref('over_view') }}
    """,
}


@pytest.fixture
def project(tmp_path: Path, database: str) -> SmallProject:
    """Two tables, a view over both, a view over that one, and two views of another team."""
    made = SmallProject.make(tmp_path / "project", database)
    made.write(MODELS)
    made.build()
    made.execute(
        """
        create schema team;
        create view team.report with (security_barrier=true) as select value, name from main.base;
        create view team.totals as select sum(value) as total from team.report;
        comment on view team.report is 'kept';
        """
    )
    return made


def test_views_outside_the_run_read_the_new_table(project: SmallProject) -> None:
    project.build("--select", "base", "--vars", "{value: 2}")
    assert project.query("select value, other_value from main.over_over_view") == [(2, 1)]
    assert project.query("select total from team.totals") == [(2,)]
    assert project.query(
        """
        select reloptions, obj_description('team.report'::regclass)
        from pg_class where oid = 'team.report'::regclass
        """
    ) == [(["security_barrier=true"], "kept")]
    assert project.rubbish() == []


def test_views_inside_the_run_are_built_over_those_that_stayed(project: SmallProject) -> None:
    for value in (2, 3):
        project.build("--threads", "4", "--vars", f"{{value: {value}}}")
        assert project.query("select value, other_value from main.over_over_view") == [
            (value, value)
        ]
    assert project.query("select total from team.totals") == [(3,)]
    assert project.rubbish() == []


def test_a_view_that_no_longer_fits_goes_and_the_run_goes_on(project: SmallProject) -> None:
    changed = "{{ config(materialized='table') }} select 5 as value, 'a' as label"
    project.write({"base.sql": changed})
    project.build("--select", "base")
    assert project.query("select to_regclass('team.report'), to_regclass('main.over_view')") == [
        (None, None)
    ]
    project.write(
        {
            "over_view.sql": """
                {{ config(materialized='view') }}
                select value, label from {{ ref('base') }}
            """
        }
    )
    project.build()
    assert project.query("select value, label from main.over_over_view") == [(5, "a")]
    assert project.rubbish() == []


def test_a_view_of_another_role_stays_where_the_builder_is_a_member_of_it(
    project: SmallProject,
) -> None:
    builder, analyst = f"builder_{token_hex(4)}", f"analyst_{token_hex(4)}"
    [(database,)] = project.query("select current_database()")
    project.execute(
        f"""
        create role {builder} login;
        create role {analyst};
        grant create on database {database} to {builder};
        drop schema team cascade;
        drop schema main cascade;
        create schema main authorization {builder};
        create schema team authorization {analyst};
        grant usage on schema main to {analyst};
        """
    )
    builders = SmallProject(project.folder, make_dsn(**{**parse_dsn(project.url), "user": builder}))
    try:
        builders.build()
        project.execute(
            f"""
            grant select on all tables in schema main to {analyst};
            create view team.report as select value from main.base;
            alter view team.report owner to {analyst};
            grant {analyst} to {builder};
            """
        )
        builders.build("--vars", "{value: 2}")
        assert project.query(
            "select pg_get_userbyid(relowner) from pg_class where relname = 'report'"
        ) == [(analyst,)]
        project.execute(f"grant select on main.base to {analyst}")
        assert project.query("select value from team.report") == [(2,)]
        project.execute(f"revoke {analyst} from {builder}")
        code, said = builders.dbt("build", "--vars", "{value: 3}")
        assert code == 0
        assert "team.report, which reads base, is dropped" in " ".join(said.split())
        assert project.query("select to_regclass('team.report')") == [(None,)]
    finally:
        project.execute(
            f"drop owned by {builder}, {analyst} cascade; drop role {builder}; drop role {analyst}"
        )


def test_nobody_misses_a_view_while_its_tables_are_built(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    slow = SmallProject.make(tmp_path / "slow", new_database())
    slow.write(MODELS)
    slow.write(
        {
            "last.sql": """
                -- depends_on: {{ ref('base') }}
                {{ config(materialized='table') }} select pg_sleep(2)::text as waited
            """,
            "over_view.sql": """
                -- depends_on: {{ ref('last') }}
                {{ config(materialized='view') }}
                select value from {{ ref('base') }}
            """,
        }
    )
    slow.build()
    seen = set()
    with slow.start("build", "--vars", "{value: 7}") as process:
        while process.poll() is None:
            seen |= set(slow.query("select value from main.over_view"))
        assert process.returncode == 0
    assert seen == {(1,), (7,)}
