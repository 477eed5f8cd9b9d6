"""Network namespaces (network_namespaces(7)): which there are, what they are called, how to look from inside one."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Namespace", "inside", "namespaces", "own_namespace"]

R = TypeVar("R")

_CLONE_NEWNET = 0x40000000
_NAMED = "/run/netns"


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace: its inode, its name (ip-netns(8)'s, or of a process in it), a file that leads there."""

    inode: int
    name: str
    path: str


def own_namespace(root: str = "/proc") -> int | None:
    """The inode of this process's network namespace; None where it cannot be told."""
    with suppress(OSError):
        return os.stat(f"{root}/self/ns/net").st_ino
    return None


def namespaces(root: str = "/proc", named: str = _NAMED) -> tuple[list[Namespace], int]:
    """Every other network namespace that has a name or a process, and how many processes may not be asked."""
    own = own_namespace(root)
    found: dict[int, Namespace] = {}
    refused = 0
    with suppress(OSError):
        for entry in os.scandir(named):
            with suppress(OSError):
                inode = entry.stat().st_ino
                found.setdefault(inode, Namespace(inode, entry.name, entry.path))
    for name in sorted((each for each in os.listdir(root) if each.isdecimal()), key=int):
        path = f"{root}/{name}/ns/net"
        try:
            inode = os.stat(path).st_ino
        except PermissionError:
            refused += 1
            continue
        except OSError:
            continue
        if inode != own and inode not in found:
            found[inode] = Namespace(inode, _called(root, name), path)
    found.pop(own or 0, None)
    return list(found.values()), refused


def _called(root: str, pid: str) -> str:
    try:
        with open(f"{root}/{pid}/comm", "rb") as file:
            return f"{file.read(64).rstrip().decode(errors='backslashreplace')}/{pid}"
    except OSError:
        return f"pid {pid}"


def inside(path: str, look: Callable[[], R]) -> R:
    """What `look` gives when it is called in the namespace behind `path`, on a thread of its own that then ends.

    Nothing keeps the namespace alive afterwards. Raises OSError when the namespace went away or may not be entered
    (CAP_SYS_ADMIN), and what `look` raises.
    """
    results: list[R] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
                    number = ctypes.get_errno()
                    raise OSError(number, os.strerror(number), path)
            finally:
                os.close(descriptor)
            results.append(look())
        except BaseException as error:  # handed to the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="namespace", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
