"""Ctrl-C during a run of dbt: a sentence, where dbt itself shows a traceback.

dbt lets an interrupt end its run in good order, and then reports it as it does a bug. What it
reports in a sentence are exceptions of its own, so the interrupt is raised as one that is both.
"""

from __future__ import annotations

import signal
import threading
from types import FrameType

from dbt_common.exceptions import DbtRuntimeError


class InterruptedRunError(DbtRuntimeError, KeyboardInterrupt):
    """The run was stopped by Ctrl-C."""

    def __init__(self) -> None:
        super().__init__(
            "Stopped by Ctrl-C. Tables that were built stand, the others are as they were; build "
            "again, or let dbt retry go on from here. Until then nothing is published"
        )


def tell_in_a_sentence() -> None:
    """Have an interrupt raised as :class:`InterruptedRunError`, unless somebody else handles it."""
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _raise)


def _raise(_: int, __: FrameType | None) -> None:
    raise InterruptedRunError
