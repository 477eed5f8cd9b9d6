"""A network of one's own for tests: a namespace without a name, gone with the last that uses it."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["bring_up", "in_private_network"]

R = TypeVar("R")

_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


def in_private_network(work: Callable[[], R]) -> R:
    """What `work` gives, called on a thread in a new network namespace where only `lo` is up. Children it starts are
    inside too. Needs root."""
    results: list[R] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            if ctypes.CDLL(None, use_errno=True).unshare(_NEWNET):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            bring_up(b"lo")
            results.append(work())
        except BaseException as error:  # raised again where it was asked for
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def bring_up(interface: bytes) -> None:
    """Set an interface up, netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, _SIOCSIFFLAGS, struct.pack("16sh14x", interface, _IFF_UP))
