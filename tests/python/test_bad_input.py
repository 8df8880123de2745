"""What is at fault is named in a sentence: no command hangs or shows a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from warehouses import Warehouse

from shelfcast.cli import EXIT_NOT_EVALUATED, EXIT_REFUSED, main
from shelfcast.postgres.connection import PostgresError, parse_url
from shelfcast.project import variables
from shelfcast.warehouse import WarehouseError


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHELFCAST_HOME", str(tmp_path / "home"))
    for name in ("SHELFCAST_TARGET", "SHELFCAST_THREADS", "SHELFCAST_MEMORY", "SHELFCAST_WAIT"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "landing"
    folder.mkdir()
    (folder / "skus.csv").write_text("sku_id,category\nA,Fruit\n")
    return folder


def refused(landing: Path, *options: str) -> str:
    """Return the one line with which landing is refused."""
    result = CliRunner().invoke(main, ["land", str(landing), *options])
    assert result.exit_code == EXIT_REFUSED, result.output
    assert isinstance(result.exception, SystemExit)
    [line] = result.output.splitlines()
    assert line.isprintable()
    assert len(line) < 1_000
    return line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('entities: !!int "abc"', "invalid literal"),
        ("entities: !!float abc", "could not convert"),
        ("entities: !!timestamp abc", "landing.yml cannot be read as YAML"),
        (f"entities: {'9' * 5_000}", "landing.yml cannot be read as YAML"),
        (f"? 0x{'f' * 9_000}\n: 1", "a number that is too long"),
        (r'"\e[2J\a": 1', r"does not know \x1b[2J\x07"),
        (r'entities: {"\e[2J": 1}', r"does not know \x1b[2J"),
        (f"{'k' * 1_000}: 1", "kkk…"),
        ("[" * 100_000, "landing.yml cannot be read as YAML"),
        ("a: [1, 2", "landing.yml cannot be read as YAML"),
        ("#" * (2**20 + 1), "larger than 1 MB"),
    ],
)
def test_a_faulty_mapping_is_named(landing: Path, text: str, said: str) -> None:
    (landing / "landing.yml").write_text(text)
    assert said in refused(landing)


def test_a_mapping_that_is_no_file_is_not_read(landing: Path, tmp_path: Path) -> None:
    pipe, mapping = tmp_path / "pipe", landing / "landing.yml"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), tmp_path):
        mapping.symlink_to(path)
        assert "is no regular file" in refused(landing)
        mapping.unlink()
        assert "is no regular file" in refused(landing, "--config", str(path))
    mapping.symlink_to(tmp_path / "absent")
    assert "does not exist" in refused(landing)
    mapping.unlink()
    (tmp_path / "outside.yml").write_text("entities: {}")
    mapping.symlink_to(tmp_path / "outside.yml")
    assert "leads out of its folder" in refused(landing)
    mapping.unlink()
    os.mkfifo(mapping)
    assert "is no regular file" in refused(landing)


@pytest.mark.parametrize("text", ["vars: [", "vars: 3", "- 1", "vars: {1: 2, horzion: 30}"])
def test_a_faulty_project_is_named(text: str, tmp_path: Path) -> None:
    path = tmp_path / "dbt_project.yml"
    path.write_text(text)
    with pytest.raises(WarehouseError, match=r"dbt_project\.yml"):
        variables(path)


WRONG = [
    ("SHELFCAST_MEMORY", "abc"),
    ("SHELFCAST_MEMORY", "4GB'; drop"),
    ("SHELFCAST_THREADS", "abc"),
    ("SHELFCAST_THREADS", "0"),
    ("SHELFCAST_THREADS", "-1\x1b[2J"),
    ("SHELFCAST_WAIT", "abc"),
    ("SHELFCAST_WAIT", "1e9"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_variable_of_the_environment_is_named(
    name: str, value: str, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert f"{name} is {value!a}; it takes" in refused(landing)
    result = CliRunner().invoke(main, ["gate"])
    assert result.exit_code == EXIT_NOT_EVALUATED
    assert f"{name} is " in result.output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SHELFCAST_MEMORY", "SHELFCAST_THREADS", "SHELFCAST_WAIT"])
def test_dbt_names_it_too(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "abc")
    result = Warehouse(tmp_path).dbt("seed", "--select", "risk_policy")
    assert result.returncode > 0
    assert f"{name} is 'abc'; it takes" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_an_interrupt_is_one_of_dbt_s_own_errors() -> None:
    """dbt stops in good order for a KeyboardInterrupt, and shows no traceback of its own errors."""
    code = """
import os, signal
from dbt_common.exceptions import DbtBaseException
from shelfcast.duckdb_lock import Plugin
Plugin("lock", {"wait_seconds": 1}).configure_cursor(None)
try:
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
except DbtBaseException as error:
    print(isinstance(error, KeyboardInterrupt), error)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.startswith("True")
    assert "Stopped by Ctrl-C" in result.stdout


@pytest.mark.parametrize(
    "address",
    [
        "bob:se@cret@localhost:5999/plan",
        "bob:se/cret@localhost:5999/plan",
        "bob:se@cr/et@localhost:5999/plan",
        "bob:se:cr@et@localhost:5999/plan",
        "bob:12/34@localhost:5999/plan",
        "bob:se@cr?et@localhost:5999/plan",
        "bob:se%cret@localhost:5999/plan",
    ],
)
def test_no_part_of_a_password_is_told(address: str) -> None:
    with pytest.raises(PostgresError) as caught:
        parse_url(f"postgresql://{address}")
    said = str(caught.value)
    assert "%40" in said
    assert not [part for part in ("se", "cr", "et@", "12", "34@") if f"{part} " in said]
    assert "cret" not in said


def test_a_password_that_is_escaped_is_read() -> None:
    found = parse_url("postgresql://bob:s%40c%2Fr:e?t@localhost:5999/plan?application_name=a@b")
    assert (found["password"], found["host"], found["port"]) == ("s@c/r:e?t", "localhost", "5999")
