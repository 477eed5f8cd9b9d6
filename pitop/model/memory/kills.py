"""Processes that the kernel killed for want of memory, as its log tells."""

from __future__ import annotations

import re

from msgspec import Struct

__all__ = ["OomKill", "oom_kill"]

# mm/oom_kill.c, __oom_kill_process(): "%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, …"
# The name can hold anything, parentheses too, so it ends at the last ") total-vm:".
_KILLED = re.compile(
    r"(?:(?P<why>[^:]*): )?Killed process (?P<pid>\d+)(?: \((?P<name>.*)\))?,? "
    r"total-vm:(?P<vm>\d+)kB, anon-rss:(?P<anon>\d+)kB(?:, file-rss:(?P<file>\d+)kB)?(?:, shmem-rss:(?P<shm>\d+)kB)?"
)


class OomKill(Struct, frozen=True):
    """One killing: when (unix seconds), whom, what the victim had, and whether a group's limit was the reason."""

    time: float
    pid: int
    name: str | None
    vsz_bytes: int
    rss_bytes: int
    group: bool


def oom_kill(message: str, time: float) -> OomKill | None:
    """The killing that a line of the kernel's log tells of, or None."""
    match = _KILLED.match(message)
    if match is None:
        return None
    resident = sum(int(match[part] or 0) for part in ("anon", "file", "shm"))
    return OomKill(
        time=time,
        pid=int(match["pid"]),
        name=match["name"],
        vsz_bytes=int(match["vm"]) * 1024,
        rss_bytes=resident * 1024,
        group="cgroup" in (match["why"] or ""),
    )
