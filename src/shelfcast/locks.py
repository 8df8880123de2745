"""One process at a time: a lock that the kernel takes back when its holder dies.

A lock is a file that stays; what counts is who holds it. So a killed process leaves no lock behind,
and there is nothing to clear by hand.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class HeldError(RuntimeError):
    """Another process holds the lock; the message names it, as far as it is known."""


@contextmanager
def exclusive(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold the lock of a file while the block runs.

    Parameters
    ----------
    path
        The file; made if absent, and left. Its folder exists.
    wait
        Wait for the holder instead of raising; for locks that are held for moments only.

    Raises
    ------
    HeldError
        Another process holds it.
    OSError
        The file cannot be opened, or its file system knows no locks.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise HeldError(_holder(file.read())) from error
        file.truncate(0)
        file.write(f"{os.getpid()} {socket.gethostname()}")
        file.flush()
        yield


def _holder(text: str) -> str:
    """Return the holder that a lock file names; one that is gone is not the one that holds it now.

    The number of a process means something on its own host alone.
    """
    pid, _, host = text.partition(" ")
    if not pid.isdecimal() or not host:
        return "another process"
    if host != socket.gethostname():
        return f"process {pid} on {host}"
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return "another process"
    except PermissionError:
        pass  # it lives, and belongs to another user
    return f"process {pid}"
