"""What processes wait for: a CPU, storage."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.rates import rate
from pitop.model.snapshot import Snapshot

__all__ = ["Delay", "DelaySample", "DelaysSnapshot", "delay"]


class DelaySample(Struct, frozen=True, gc=False):
    """One reading, all threads together: nanoseconds on a CPU and waiting for one (schedstat), seconds of storage
    waits where the kernel keeps delay accounts."""

    on_cpu_ns: int
    waiting_ns: int
    block_io_seconds: float | None


class Delay(Struct, frozen=True, gc=False):
    """One process. Percentages are of one core's time since the sample before, None without one."""

    pid: int
    on_cpu_percent: float | None
    waiting_percent: float | None
    block_io_percent: float | None
    waiting_seconds: float


class DelaysSnapshot(Snapshot, frozen=True, kw_only=True):
    """Every process that could be read, by pid."""

    rows: tuple[Delay, ...]


def delay(pid: int, now: DelaySample, before: DelaySample | None, seconds: float | None) -> Delay:
    """The row that two readings make."""
    if before is None or not seconds:
        return Delay(pid, None, None, None, now.waiting_ns / 1e9)
    on_cpu = rate(now.on_cpu_ns, before.on_cpu_ns, seconds)
    waiting = rate(now.waiting_ns, before.waiting_ns, seconds)
    blocked = rate(now.block_io_seconds, before.block_io_seconds, seconds)
    return Delay(
        pid,
        None if on_cpu is None else on_cpu / 1e7,
        None if waiting is None else waiting / 1e7,
        None if blocked is None else blocked * 100,
        now.waiting_ns / 1e9,
    )
