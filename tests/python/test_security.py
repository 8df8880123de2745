"""Security: each promise of docs/security.md that holds on every engine has a test here."""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hostile_landing import DAYS, ERASE, PAGE_FILE, SALES_FILE, SKUS, write_hostile_landing
from promises import Promises
from warehouses import PROJECT, Warehouse

from shelfcast.landing import LandingError, land
from shelfcast.warehouse import WarehouseError, home, schema

PROMISES = Promises("docs/security.md", "On every engine")

GATE_WARNS = 1

WATCH = """\
import os, socket

def note(what, whom):
    with open(os.environ["CALLS"], "a") as file:
        file.write(f"{what} {whom}\\n")

def watched(name):
    real = getattr(socket.socket, name)
    def call(self, address, *rest):
        if self.family != socket.AF_UNIX:
            note(name, address)
        return real(self, address, *rest)
    return call

for name in ("connect", "connect_ex"):
    setattr(socket.socket, name, watched(name))

look_up = socket.getaddrinfo

def getaddrinfo(host, *rest, **options):
    note("getaddrinfo", host)
    return look_up(host, *rest, **options)

socket.getaddrinfo = getaddrinfo
"""
"""Module that writes down whom a Python process calls."""


def test_every_promise_has_a_test() -> None:
    made = PROMISES.made()
    assert made
    assert sorted(made) == sorted(PROMISES.shown)


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File in which the commands of ``hostile`` write down whom they call."""
    return tmp_path_factory.mktemp("calls") / "calls.txt"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, calls: Path) -> Iterator[Warehouse]:
    """A warehouse of hostile files, in a folder of a hostile name."""
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_landing(folder / "landing")
    (calls.parent / "sitecustomize.py").write_text(WATCH)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(calls.parent))
        patch.setenv("CALLS", str(calls))
        warehouse = Warehouse(folder / 'it\'s; a "home" --')
        landed = warehouse.shelfcast("land", str(folder / "landing"))
        assert landed.returncode == 0, landed.stdout + landed.stderr
        gate = warehouse.shelfcast("gate")
        assert gate.returncode > 0, gate.stdout + gate.stderr
        warehouse.build()
        yield warehouse


# ---- names and values ---------------------------------------------------------------------------


@PROMISES.kept("Names and values in your files are data")
@pytest.mark.slow
def test_names_and_values_arrive_as_they_are(hostile: Warehouse) -> None:
    skus = hostile.query("select sku_id, category, sku_name from gold.dim_skus order by sku_id")
    assert skus == [(sku, sku, ERASE + sku) for sku in sorted(SKUS)]
    stock = hostile.query(
        """
        select distinct stock_on_hand, lead_time_days from gold.fct_replenishment_plan
        where scenario_id = 'baseline'
        """
    )
    assert stock == [(7, 5)]
    files = hostile.query(
        "select _file, accepted_rows from silver.int_landed_rows where entity = 'sales'"
    )
    assert dict(files) == {SALES_FILE: DAYS * len(SKUS), PAGE_FILE: 0}
    assert not list(hostile.home.rglob("owned")) + list(PROJECT.glob("owned"))


@PROMISES.kept("What data holds is shown as text")
@pytest.mark.slow
def test_pages_and_terminals_show_text(hostile: Warehouse) -> None:
    pages = [page.read_text(encoding="utf-8") for page in hostile.home.rglob("data_docs/*.html")]
    assert any("&lt;img src=x" in page for page in pages)
    assert not any("<img" in page or "<script>alert" in page for page in pages)
    row = f"{PAGE_FILE}:2"
    for command in (
        ["summary"],
        ["rejects", "list"],
        ["rejects", "explain", row],
        ["rejects", "explain", "BAD_TYPE"],
    ):
        shown = hostile.shelfcast(*command)
        assert shown.returncode == 0, shown.stderr
        assert "\x1b" not in shown.stdout
    assert "\\x1b[2J" in hostile.shelfcast("summary").stdout


@PROMISES.kept("What is exported is what is in gold")
@pytest.mark.slow
def test_exports_hold_values_unchanged(hostile: Warehouse, tmp_path: Path) -> None:
    precious = tmp_path / "precious.csv"
    precious.write_text("keep me")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "forecast_metrics.csv").symlink_to(precious)
    exported = hostile.shelfcast("export", str(tmp_path / "out"))
    assert exported.returncode == 0, exported.stderr
    assert precious.read_text() == "keep me"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "forecast_metrics.csv",
        "forecast_metrics.parquet",
    }
    ((csv, parquet),) = hostile.query(
        f"""
        select
            (select list(distinct sku_id order by sku_id) from '{tmp_path}/out/*.csv'),
            (select list(distinct sku_id order by sku_id) from '{tmp_path}/out/*.parquet')
        """
    )
    assert parquet == sorted(SKUS)
    # text that a spreadsheet would run is shown by an apostrophe
    assert sorted(csv) == sorted(f"'{sku}" if sku[0] in "=+-@" else sku for sku in SKUS)


@PROMISES.kept("Nothing in a landing folder is run")
def test_yaml_and_pickles_are_not_run(tmp_path: Path) -> None:
    source = tmp_path / "landing"
    source.mkdir()
    owned = tmp_path / "owned"
    (source / "landing.yml").write_text(
        f"entities: !!python/object/apply:os.system ['touch {owned}']\n"
    )
    with pytest.raises(LandingError, match="cannot be read as YAML"):
        land(source, tmp_path / "lake")
    (source / "landing.yml").unlink()

    class Payload:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, (f"touch {owned}",)

    extension = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Payload()),
    }
    fields = [
        pa.field("sku_id", pa.string(), metadata=extension),
        pa.field("category", pa.string()),
    ]
    table = pa.table([["A"], ["Food"]], schema=pa.schema(fields, {b"pandas": b"cos\nsystem\n"}))
    pq.write_table(table, source / "skus.parquet")
    report = land(source, tmp_path / "lake")
    assert [file.file for file in report.landed] == ["skus.parquet"]
    assert not owned.exists()


@PROMISES.kept("Nothing calls home")
@pytest.mark.slow
def test_no_command_calls_anybody(hostile: Warehouse, calls: Path) -> None:
    watch = subprocess.run(
        [
            *("env", f"PYTHONPATH={calls.parent}", f"CALLS={calls.parent / 'control.txt'}"),
            *("python3", "-c", "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"),
        ],
        check=True,
    )
    assert watch.returncode == 0
    assert (calls.parent / "control.txt").read_text() == "connect_ex ('127.0.0.1', 9)\n"
    assert not calls.exists(), calls.read_text()
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    assert project["flags"]["send_anonymous_usage_stats"] is False
    gate = yaml.safe_load((PROJECT / "gx/great_expectations.yml").read_text())
    assert gate["analytics_enabled"] is False


# ---- paths and names of your own ----------------------------------------------------------------


@PROMISES.kept("The folder of a warehouse may have any name but a pattern's")
@pytest.mark.slow
def test_a_home_with_quotes_holds_all_of_its_warehouse(hostile: Warehouse) -> None:
    assert sorted(path.name for path in hostile.home.iterdir()) == [
        ".data_docs.lock",
        "data_docs",
        "lake",
        "logs",
        "shelfcast.duckdb",
        "target",
    ]
    assert [path.name for path in hostile.home.parent.iterdir() if path != hostile.home] == [
        "landing"
    ]


@pytest.mark.parametrize("sign", list("*?[]{}"))
def test_a_home_that_is_a_pattern_is_refused(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_HOME", f"ware{sign}house")
    with pytest.raises(WarehouseError, match="read as a pattern"):
        home()


REFUSED_PREFIXES = ['x"; drop schema gold; --', "x.", "Dev_", "1_", "a b", "é_", "a" * 41, "x_\n"]


@PROMISES.kept("Names of schemas need no quotes")
@pytest.mark.parametrize("prefix", REFUSED_PREFIXES)
def test_commands_refuse_odd_prefixes(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", prefix)
    with pytest.raises(WarehouseError, match="SHELFCAST_SCHEMA_PREFIX"):
        schema("gold")


def test_plain_prefixes_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for prefix in ("", "dev_", "_1", "a" * 40):
        monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", prefix)
        assert schema("gold") == f"{prefix}gold"


@pytest.mark.slow
def test_dbt_refuses_the_prefixes_that_commands_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELFCAST_SCHEMA_PREFIX", REFUSED_PREFIXES[0])
    result = Warehouse(tmp_path).dbt("parse")
    assert result.returncode > 0
    assert "SHELFCAST_SCHEMA_PREFIX is" in result.stdout
    rule = (PROJECT / "macros/layout/generate_schema_name.sql").read_text()
    assert "'([a-z_][a-z0-9_]{0,39})?'" in rule


def tree(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder, by path."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


@PROMISES.kept("Landing writes into the lake alone")
def test_no_name_leads_out_of_the_lake(tmp_path: Path) -> None:
    source, lake = tmp_path / "a/b/landing", tmp_path / "a/b/lake"
    (source / "skus").mkdir(parents=True)
    secret = tmp_path / "a/skus_secret.csv"
    secret.write_text("sku_id,category\nsecret,x\n")
    content = "sku_id,category\nA,Food\n"
    for at, name in enumerate(("a\\..\\..\\x", "a%2F..%2F..%2Fx", "a....", "-rf", "~root", "C:x")):
        (source / f"skus/{name}.csv").write_text(f"{content}A{at},Food\n")
    (source / "skus/category=..%2F..%2F..%2Fx").mkdir()
    (source / "skus/category=..%2F..%2F..%2Fx/part.csv").write_text("sku_id\nB\n")
    (source / "landing.yml").write_text(
        f"entities: {{skus: {{files: ['../*.csv', '../../*.csv', '{secret}', '{tmp_path}/a/*']}}}}"
    )
    before = tree(tmp_path)
    report = land(source, lake)
    assert (len(report.landed), report.refused) == (7, ())
    after = tree(tmp_path)
    assert {path: after[path] for path in before} == before
    written = sorted(after.keys() - before.keys())
    assert all(path.startswith("a/b/lake/") for path in written)
    names = [Path(path).stem for path in written if path.startswith("a/b/lake/skus/")]
    assert all(re.fullmatch("[a-z0-9][a-z0-9-]*|_schema", name) for name in names)
    assert len(names) == 8


@PROMISES.kept("Links in a landing folder are followed")
def test_a_link_is_read_and_not_written(tmp_path: Path) -> None:
    source = tmp_path / "landing"
    source.mkdir()
    outside = tmp_path / "outside.csv"
    outside.write_text("sku_id,category\nA,Food\n")
    (tmp_path / "password").write_text("secret")
    (source / "skus.csv").symlink_to(outside)
    (source / "sales").symlink_to(tmp_path / "password")
    before = tree(tmp_path)
    report = land(source, tmp_path / "lake")
    assert [file.file for file in report.landed] == ["skus.csv"]
    assert [file.file for file in report.skipped] == ["sales"]  # no ending of a data file
    assert {path: tree(tmp_path)[path] for path in before} == before


@PROMISES.kept("`rejects export` writes files of its own names, and over none")
@pytest.mark.slow
def test_rejects_are_exported_under_fixed_names(hostile: Warehouse, tmp_path: Path) -> None:
    first = hostile.shelfcast("rejects", "export", str(tmp_path / "out"))
    assert first.returncode == 0, first.stderr
    assert list(tree(tmp_path)) == ["out/sales_rejects.csv"]
    before = tree(tmp_path)
    second = hostile.shelfcast("rejects", "export", str(tmp_path / "out"))
    assert second.returncode > 0
    assert "may hold corrections" in second.stderr
    assert tree(tmp_path) == before
    landed = land(tmp_path / "out", tmp_path / "lake")
    rows = pq.read_table(tmp_path / "lake/sales")["sku_id"].to_pylist()
    assert len(landed.landed) == 1
    assert sorted(set(rows)) == sorted(SKUS)


# ---- secrets ------------------------------------------------------------------------------------

WITH_PASSWORD = re.compile(r"postgres(?:ql)?://[^\s:/@\"'`]+:([^\s@\"'`]+)@")


@PROMISES.kept("The project's files hold no password")
def test_no_file_of_the_project_holds_a_password() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("the project is no git checkout")
    found = {}
    for name in listed.stdout.splitlines():
        path = PROJECT / name
        if name.startswith("tests/") or not path.is_file():
            continue
        for password in WITH_PASSWORD.findall(path.read_text(encoding="utf-8", errors="ignore")):
            found[name] = password
    assert set(found.values()) <= {"password", "…", "PASSWORD"}, found
    assert WITH_PASSWORD.findall("postgresql://me:s3cret@host/x") == ["s3cret"]
    outputs = yaml.safe_load((PROJECT / "profiles/profiles.yml").read_text())["shelfcast"][
        "outputs"
    ]
    assert outputs["postgres"]["url"] == "{{ env_var('DATABASE_URL', '') }}"
    assert not {"password", "pass"} & {key for output in outputs.values() for key in output}
