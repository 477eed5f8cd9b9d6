"""A network of one's own for tests: a namespace without a name, gone with the last that uses it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["in_private_network"]

R = TypeVar("R")

_NEWNET = 0x40000000


def in_private_network(work: Callable[[], R]) -> R:
    """What `work` gives, called on a thread in a new network namespace where only `lo` is up. Children it starts are
    inside too. Needs root."""
    results: list[R] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(_NEWNET):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            results.append(work())
        except BaseException as error:  # raised again where it was asked for
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
