"""What the adapter promises of any project: Python models, and all that is dbt-postgres' own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from psycopg2.extensions import parse_dsn
from small_project import SmallProject

pytestmark = pytest.mark.slow

ALIKE = "py_" + "very_" * 9
"""Names that begin with these 48 letters differ too late for a name with a suffix."""

MODELS = {
    "typed.sql": """
        select
            9007199254740993::bigint as a_bigint,
            0.1::double precision as a_double,
            12345678901234.5678::numeric(18, 4) as a_numeric,
            'Zürich 漢字 🛒 "q" \\ '''::text as a_text,
            date '2026-02-28' as a_date,
            timestamp '2026-02-28 23:59:59.123456' as a_timestamp,
            true as a_boolean,
            array[0.1, 2e-300]::double precision[] as a_list
        union all
        select null, null, null::numeric(18, 4), null, null, null, null, null
    """,
    "py_typed.py": """
        def model(dbt, session):
            dbt.config(materialized="table")
            return dbt.ref("typed")
    """,
    "typed_between.sql": "select * from {{ ref('py_typed') }}",
    "py_typed_again.py": """
        def model(dbt, session):
            dbt.config(materialized="table")
            between = dbt.ref("typed_between")
            return between.to_arrow_table()
    """,
    "py_empty.py": """
        def model(dbt, session):
            dbt.config(materialized="table")
            return dbt.ref("typed").filter("false")
    """,
    "py_settings.py": """
        def model(dbt, session):
            dbt.config(materialized="table")
            return session.sql(
                '''
                select
                    current_setting('memory_limit') as memory_limit,
                    current_setting('temp_directory') as temp_directory
                '''
            )
    """,
    "py_quoted.py": '''
        def model(dbt, session):
            dbt.config(materialized="table")
            return session.sql("""select 1 as "a ""b"" c", 2 as "d'e", 3 as "Größe" """)
    ''',
    "py_dressed.py": """
        def model(dbt, session):
            dbt.config(
                materialized="table",
                indexes=[{"columns": ["id", "name"], "unique": True}],
                persist_docs={"relation": True, "columns": True},
                pre_hook="insert into main.hooks values ('before')",
            )
            return session.sql("select 1 as id, 'a' as name")
    """,
    "arrived.sql": """
        {{ config(materialized='incremental', unique_key='id') }}
        select id, amount from main.arrivals
        {% if is_incremental() %} where batch = (select max(batch) from main.arrivals) {% endif %}
    """,
    "py_arrived.py": """
        def model(dbt, session):
            dbt.config(materialized="table")
            return dbt.ref("arrived")
    """,
    "py_keys.py": """
        def model(dbt, session):
            dbt.config(materialized="table")
            return session.sql("select unnest([1, 2])::bigint as id")
    """,
    "contracted.sql": "select id from {{ ref('py_keys') }}",
    "models.yml": """
        models:
          - name: py_dressed
            description: 'It''s "documented" at 100 %'
            columns: [{name: id, description: "Ein Schlüssel; `1`"}]
            config:
              grants: &reader {select: ["{{ env_var('READER') }}"]}
              post_hook: "insert into main.hooks select 'after ' || count(*) from {{ this }}"
          - name: arrived
            config: {grants: *reader}
          - name: contracted
            config: {materialized: table, contract: {enforced: true}}
            columns:
              - name: id
                data_type: bigint
                constraints: [{type: primary_key}]
    """,
    **{
        f"{ALIKE}_{at}.py": f"""
            import time
            import pyarrow as pa

            def batches():
                for _ in range(3):
                    yield pa.record_batch({{"id": [{at}] * 1000}})
                    time.sleep(0.2)

            def model(dbt, session):
                dbt.config(materialized="table")
                schema = pa.schema({{"id": pa.int64()}})
                return pa.RecordBatchReader.from_batches(schema, batches())
        """
        for at in range(4)
    },
}


@pytest.fixture(scope="module")
def new_project(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], SmallProject]:
    """Make a project without models, and an empty database for it."""
    return lambda: SmallProject.make(tmp_path_factory.mktemp("small") / "project", new_database())


@pytest.fixture(scope="module")
def readers(new_database: Callable[[], str]) -> Iterator[tuple[str, str]]:
    """Two roles whose names need quotes."""
    project = SmallProject(Path(), new_database())
    names = (f"bi-reader-{token_hex(4)}", f"bi-reader-{token_hex(4)}")
    for name in names:
        project.execute(f'create role "{name}"')
    yield names
    for name in names:
        project.execute(f'drop role "{name}"')


@pytest.fixture(scope="module")
def built(
    new_project: Callable[[], SmallProject], readers: tuple[str, str]
) -> Iterator[SmallProject]:
    """The models above: built, and built again for another reader after rows came late."""
    project = new_project()
    project.write(MODELS)
    project.execute(
        """
        create schema main;
        create table main.hooks (said text);
        create table main.arrivals (id bigint, amount bigint, batch bigint);
        insert into main.arrivals values (1, 10, 1), (2, 20, 1);
        """
    )
    project.build(READER=readers[0])
    project.execute("insert into main.arrivals values (2, 25, 2), (3, 30, 2)")
    project.build(READER=readers[1])
    yield project
    for reader in readers:
        project.execute(f'drop owned by "{reader}"')


def columns(project: SmallProject, table: str) -> dict[object, object]:
    """Return the types of a table's columns, as PostgreSQL names them."""
    return dict(
        project.query(
            f"""
            select attname, format_type(atttypid, atttypmod)
            from pg_attribute
            where attrelid = 'main.{table}'::regclass and attnum > 0
            """
        )
    )


def test_rows_and_types_pass_from_sql_to_python_and_back(built: SmallProject) -> None:
    sent, returned = (
        built.query(f"select * from main.{table} order by a_bigint")
        for table in ("typed", "py_typed_again")
    )
    assert returned == sent
    assert len(sent) == 2
    types = columns(built, "typed")
    assert types.pop("a_text") == "text"
    back = columns(built, "py_typed_again")
    assert back.pop("a_text") == "character varying"
    assert back == types


def test_a_python_model_without_rows_has_its_columns(built: SmallProject) -> None:
    assert built.query("select count(*) from main.py_empty") == [(0,)]
    assert columns(built, "py_empty") == columns(built, "py_typed")


def test_names_of_columns_may_need_quotes(built: SmallProject) -> None:
    assert list(columns(built, "py_quoted")) == ['a "b" c', "d'e", "Größe"]


def test_settings_reach_the_duckdb_of_a_python_model(built: SmallProject) -> None:
    [(memory, folder)] = built.query("select * from main.py_settings")
    assert memory == "300.0 MiB"
    # one of its own: DuckDBs that spill into one folder destroy each other's rows
    assert Path(str(folder)).parent == built.folder
    assert not Path(str(folder)).exists()


def test_python_models_of_four_threads_keep_their_rows_apart(built: SmallProject) -> None:
    for at in range(4):
        assert built.query(f"select id, count(*) from main.{ALIKE}_{at} group by id") == [
            (at, 3000)
        ]


def test_a_python_model_has_its_comments(built: SmallProject) -> None:
    comments = """
        select obj_description('main.py_dressed'::regclass), col_description(attrelid, attnum)
        from pg_attribute where attrelid = 'main.py_dressed'::regclass and attname = 'id'
    """
    assert built.query(comments) == [('It\'s "documented" at 100 %', "Ein Schlüssel; `1`")]


def test_a_python_model_has_its_indexes_after_each_build(built: SmallProject) -> None:
    ((index,),) = built.query("select indexdef from pg_indexes where tablename = 'py_dressed'")
    assert str(index).startswith("CREATE UNIQUE INDEX")
    assert str(index).endswith("ON main.py_dressed USING btree (id, name)")


def test_hooks_run_around_a_python_model(built: SmallProject) -> None:
    assert built.query("select said from main.hooks") == [("before",), ("after 1",)] * 2


@pytest.mark.parametrize("table", ["py_dressed", "arrived"])
def test_only_the_present_reader_may_read(
    built: SmallProject, readers: tuple[str, str], table: str
) -> None:
    granted = f"""
        select grantee::regrole::text, privilege_type
        from pg_class, aclexplode(relacl)
        where oid = 'main.{table}'::regclass and grantee <> relowner
    """
    assert built.query(granted) == [(f'"{readers[1]}"', "SELECT")]


def test_a_contract_is_in_the_table(built: SmallProject) -> None:
    assert built.query(
        "select pg_get_constraintdef(oid) from pg_constraint "
        "where conrelid = 'main.contracted'::regclass and contype = 'p'"
    ) == [("PRIMARY KEY (id)",)]


def test_an_incremental_model_takes_late_rows_until_a_full_refresh(
    built: SmallProject, readers: tuple[str, str]
) -> None:
    rows = "select id, amount from main.{} order by id"
    assert built.query(rows.format("arrived")) == [(1, 10), (2, 25), (3, 30)]
    assert built.query(rows.format("py_arrived")) == [(1, 10), (2, 25), (3, 30)]
    built.execute("delete from main.arrivals where batch = 1")
    built.build("--full-refresh", "--select", "arrived+", READER=readers[1])
    assert built.query(rows.format("arrived")) == [(2, 25), (3, 30)]
    assert built.query(rows.format("py_arrived")) == [(2, 25), (3, 30)]


def test_nothing_is_left_of_a_build(built: SmallProject) -> None:
    assert built.rubbish() == []


# ---- failures -----------------------------------------------------------------------------------

FAILURES: dict[str, tuple[str, list[str]]] = {
    "py_raises": (
        """
        def helper():
            raise ValueError("no such thing")

        def model(dbt, session):
            dbt.config(materialized="table")
            return helper()
        """,
        ["ValueError: no such thing", "py_raises.py:6 return helper()", "py_raises.py:2 raise"],
    ),
    "py_raises_in_a_batch": (
        """
        import pyarrow as pa

        def batches():
            for _ in range(5):
                yield pa.record_batch({"id": list(range(1000))})
            raise ValueError("the sixth batch is bad")

        def model(dbt, session):
            dbt.config(materialized="table")
            return pa.RecordBatchReader.from_batches(pa.schema({"id": pa.int64()}), batches())
        """,
        ["ValueError: the sixth batch is bad", 'py_raises_in_a_batch.py", line 6'],
    ),
    "py_raises_in_a_late_row": (
        """
        def model(dbt, session):
            dbt.config(materialized="table")
            return session.sql(
                "select case when id = 399999 then error('it is the last') else id end as id "
                "from range(400000) as t (id)"
            )
        """,
        ["it is the last"],
    ),
    "py_refused": (
        """
        def model(dbt, session):
            dbt.config(materialized="table")
            return session.sql("select chr(0) as name")
        """,
        ["NULL-byte"],
    ),
    "py_no_type": (
        """
        def model(dbt, session):
            dbt.config(materialized="table")
            return session.sql("select {'a': 1} as pair")
        """,
        ["Composite types"],
    ),
    "py_hook_fails": (
        """
        def model(dbt, session):
            dbt.config(materialized="table", post_hook="select 1 / 0")
            return session.sql("select 2 as id")
        """,
        ["division by zero"],
    ),
    "py_connection_lost": (
        """
        def model(dbt, session):
            dbt.config(
                materialized="table", post_hook="select pg_terminate_backend(pg_backend_pid())"
            )
            return session.sql("select 2 as id")
        """,
        ["server closed the connection unexpectedly"],
    ),
    "doubled": (
        "select unnest(array[7, 7])::bigint as id",
        ["Key (id)=(7) already exists"],
    ),
}
GOOD = {
    **{
        name: """
            def model(dbt, session):
                dbt.config(materialized="table")
                return session.sql("select 1::bigint as id")
        """
        for name in FAILURES
        if name.startswith("py")
    },
    "doubled": "select 1::bigint as id",
}
TOO_LONG = "py_" + "x" * 61
CONTRACT = """
    models:
      - name: doubled
        config: {materialized: table, contract: {enforced: true}}
        columns:
          - name: id
            data_type: bigint
            constraints: [{type: primary_key}]
"""


def suffix(name: str) -> str:
    return ".py" if name.startswith("py") else ".sql"


@pytest.fixture(scope="module")
def failed(new_project: Callable[[], SmallProject]) -> SmallProject:
    """Models that were built, and then failed in one run."""
    project = new_project()
    project.write({"models.yml": CONTRACT})
    project.write({name + suffix(name): text for name, text in GOOD.items()})
    project.build()
    project.write({name + suffix(name): text for name, (text, _) in FAILURES.items()})
    project.write({f"{TOO_LONG}.py": GOOD["py_raises"]})
    code, said = project.dbt("build")
    assert code == 1, said
    return project


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_names_model_and_cause_and_leaves_the_old_table(
    failed: SmallProject, name: str
) -> None:
    message = failed.messages()[name]
    assert f"in model {name}" in message
    for part in FAILURES[name][1]:
        assert part in message
    assert failed.query(f"select id from main.{name}") == [(1,)]


def test_failures_leave_no_rubbish(failed: SmallProject) -> None:
    assert failed.rubbish() == []


def test_a_name_that_postgres_would_cut_is_refused(failed: SmallProject) -> None:
    assert f"'{TOO_LONG}' is longer than 63 characters" in failed.messages()[TOO_LONG]


# ---- one build at a time ------------------------------------------------------------------------


def test_a_second_build_stops_and_a_killed_one_leaves_nothing(
    new_project: Callable[[], SmallProject], tmp_path: Path
) -> None:
    project = new_project()
    project.write(
        {
            "before.sql": "{{ config(materialized='table') }} select 1 as id",
            "py_waits.py": """
                import os
                import time
                from pathlib import Path
                import pyarrow as pa

                def batches():
                    yield pa.record_batch({"id": list(range(200_000))})
                    Path(os.environ["MARK"]).touch()
                    time.sleep(float(os.environ["SECONDS"]))

                def model(dbt, session):
                    dbt.config(materialized="table")
                    dbt.ref("before")
                    schema = pa.schema({"id": pa.int64()})
                    return pa.RecordBatchReader.from_batches(schema, batches())
            """,
        }
    )
    mark = tmp_path / "mark"
    with project.start("build", MARK=str(mark), SECONDS="600") as first:
        try:
            while not mark.exists():
                assert first.poll() is None, first.communicate()
                time.sleep(0.05)
            tables = "select oid, relname from pg_class where relname in ('before', 'py_waits')"
            held = project.query(tables)
            code, said = project.dbt("build", "--target-path", str(tmp_path / "second"))
            assert code != 0
            assert "Another build or landing of this warehouse is at work (connection" in said
            assert "Traceback" not in said
            assert project.query(tables) == held
        finally:
            first.send_signal(signal.SIGKILL)
    project.build(MARK=str(mark), SECONDS="0")
    assert project.query("select count(*) from main.py_waits") == [(200_000,)]
    assert project.rubbish() == []


# ---- dbt-postgres alone -------------------------------------------------------------------------


def test_the_plain_adapter_builds_sql_and_names_the_type_that_runs_python(
    database: str, tmp_path: Path
) -> None:
    given = parse_dsn(database)
    project = SmallProject.make(
        tmp_path / "project",
        database,
        profiles=f"""
small:
  outputs:
    default:
      type: postgres
      host: {given["host"]}
      port: {given.get("port", 5432)}
      user: {given["user"]}
      password: '{given.get("password", "")}'
      dbname: {given["dbname"]}
      schema: main
""",
    )
    project.write(
        {
            "plain.sql": "{{ config(materialized='table') }} select 1 as id",
            "py_refused.py": GOOD["py_raises"],
        }
    )
    code, said = project.dbt("build")
    assert code == 1, said
    assert project.query("select id from main.plain") == [(1,)]
    message = project.messages()["py_refused"]
    assert "type: postgres in the profile runs no Python models" in message
    assert "write type: shelfcast_postgres" in message


SPILLING = """
    def model(dbt, session):
        dbt.config(materialized="table")
        session.execute("set memory_limit = '60MB'; set threads = 1")
        rows = "select hash(i, {seed}) as h, repeat('x', 60) as t from range(1500000) as r (i)"
        return session.sql(f"select h, t from ({{rows}}) as rows order by h")
"""


def test_models_that_spill_at_once_keep_their_rows(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    made = SmallProject.make(tmp_path / "project", new_database())
    made.write({f"py_{seed}.py": SPILLING.format(seed=seed) for seed in (1, 2)})
    made.build()
    for seed in (1, 2):
        assert made.query(
            f"select count(*), count(distinct h), count(distinct t) from main.py_{seed}"
        ) == [(1_500_000, 1_500_000, 1)]
    assert not list(made.folder.glob("shelfcast-*"))


def test_what_a_killed_build_staged_goes_with_the_next(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    made = SmallProject.make(tmp_path / "project", new_database())
    made.write({"one.sql": "select 1 as id"})
    made.build()
    made.execute(
        """
        create table main.py_gone__dbt_py (id integer);
        create schema other_main;
        create table other_main.py_busy__dbt_py (id integer);
        """
    )
    made.build()
    assert made.rubbish() == [("py_busy__dbt_py",)]  # of another warehouse in this database
