"""Facts of the machine that do not change while it runs, and a reader of small /proc files."""

from __future__ import annotations

import os

__all__ = ["boot_time", "host", "memory_total_bytes", "read_bytes", "ticks_per_second"]


def read_bytes(path: str, limit: int = 65536) -> bytes:
    """The first `limit` bytes of a small kernel file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, limit)
    finally:
        os.close(descriptor)


def host() -> str:
    """This machine's node name, uname(2)."""
    return os.uname().nodename


def ticks_per_second() -> int:
    """Clock ticks a second in which the kernel counts CPU and start times, sysconf(3)."""
    return os.sysconf("SC_CLK_TCK")


def boot_time(root: str = "/proc") -> float:
    """When the machine was started, unix seconds (btime of proc_stat(5)). Raises ValueError without it."""
    data = read_bytes(f"{root}/stat", 1 << 20)
    at = data.find(b"\nbtime ")
    if at < 0:
        raise ValueError("no btime in /proc/stat")
    return float(data[at + 7 : at + 30].split(None, 1)[0])


def memory_total_bytes(root: str = "/proc") -> int:
    """Usable memory, MemTotal of proc_meminfo(5). Raises ValueError without it."""
    data = read_bytes(f"{root}/meminfo", 256)
    if not data.startswith(b"MemTotal:"):
        raise ValueError("no MemTotal in /proc/meminfo")
    return int(data.split(None, 2)[1]) * 1024
