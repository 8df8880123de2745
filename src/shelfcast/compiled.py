"""How kernels are compiled: by Numba, once, and kept on disk.

Numba keeps a compiled function until the file that it is written in changes. A kernel also holds
what it calls and reads from other files, so a change there would leave it as it was. The cache
therefore lies in a folder that is named after the text of all kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeVar, cast

from numba import config, njit

PACKAGE = Path(__file__).parent
FOLDERS = ("forecasting", "inventory")

Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def cache_folder() -> Path:
    """Return where the compiled kernels of this version of their text are kept.

    The folders of other versions are removed. Where the package cannot be written to, Numba keeps
    them in a folder of the user, by the file alone: name another by ``NUMBA_CACHE_DIR`` after an
    update.
    """
    digest = sha256()
    for folder in FOLDERS:
        for source in sorted((PACKAGE / folder).glob("*.py")):
            digest.update(source.read_bytes())
    parent = PACKAGE / "__pycache__"
    current = parent / f"kernels-{digest.hexdigest()[:16]}"
    for old in parent.glob("kernels-*"):
        if old != current:
            rmtree(old, ignore_errors=True)
    return current


def kernel(function: Function) -> Function:
    """Compile a function without the GIL; x / 0 is infinite or NaN, as in numpy.

    ``NUMBA_CACHE_DIR`` names another place for the cache.
    """
    settings = vars(config)
    chosen = settings["CACHE_DIR"]
    settings["CACHE_DIR"] = chosen or str(cache_folder())
    try:
        return cast(Function, njit(nogil=True, cache=True, error_model="numpy")(function))
    finally:
        settings["CACHE_DIR"] = chosen
