"""A process's open files."""

from __future__ import annotations

import os

from msgspec import Struct

__all__ = ["OpenFile", "access_of", "flags_of"]

_FLAGS = tuple(
    (name, value)
    for name, value in (
        ("append", os.O_APPEND),
        ("nonblock", os.O_NONBLOCK),
        ("sync", os.O_SYNC),
        ("dsync", os.O_DSYNC),
        ("async", os.O_ASYNC),
        ("direct", os.O_DIRECT),
        ("directory", os.O_DIRECTORY),
        ("nofollow", os.O_NOFOLLOW),
        ("noatime", os.O_NOATIME),
        ("cloexec", os.O_CLOEXEC),
        ("path", os.O_PATH),
    )
)


class OpenFile(Struct, frozen=True):
    """One descriptor. `kind` is `file`, `directory`, `device`, `fifo`, `pipe`, `socket` or a kernel object's name.

    `target` is a path or the kernel's name (`pipe:[123]`); for a socket `detail` tells its addresses. `offset` is in
    bytes. None is what the kernel did not tell.
    """

    fd: int
    kind: str
    target: str
    access: str
    flags: tuple[str, ...]
    offset: int | None
    inode: int | None
    deleted: bool = False
    detail: str = ""


def access_of(flags: int) -> str:
    """`r`, `w`, `rw`, or empty for a descriptor that only names a path, open(2)."""
    if flags & os.O_PATH:
        return ""
    return ("r", "w", "rw", "")[flags & os.O_ACCMODE]


def flags_of(flags: int) -> tuple[str, ...]:
    """The names of the open flags of proc_pid_fdinfo(5), in open(2)'s words without `O_`."""
    found = [name for name, value in _FLAGS if flags & value == value]
    if "sync" in found:
        found.remove("dsync")  # O_SYNC holds its bit
    return tuple(found)
