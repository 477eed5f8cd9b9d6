"""What a major fault costs: the time that a process waited for pages to come from disk or swap."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["COST", "Delays", "FaultCost", "fault_cost"]


COST = "the cost of major faults"
"""What a snapshot's `missing` calls it where nothing was counted."""


class Delays(Struct, frozen=True):
    """Since a process started: its major faults, and what delay accounting counted, in seconds.

    `disk_seconds` is waiting for block devices, page faults and reads alike; `swap_seconds` waiting for swap to be
    read; None where the kernel did not count. (Documentation/accounting/delay-accounting.rst)
    """

    major_faults: int
    disk_seconds: float | None
    swap_seconds: float | None


class FaultCost(Struct, frozen=True):
    """`faults` major faults took `seconds` of waiting, so at most `each_ms` a fault: waits of reads are in it too."""

    faults: int
    seconds: float

    @property
    def each_ms(self) -> float | None:
        """Milliseconds a major fault; None without one."""
        return 1000.0 * self.seconds / self.faults if self.faults else None


def fault_cost(now: Delays | None, before: Delays | None = None) -> FaultCost | None:
    """The cost between two readings, or since the process started; None where nothing was counted."""
    if now is None or now.disk_seconds is None:
        return None
    waited = now.disk_seconds + (now.swap_seconds or 0.0)
    if before is None or before.disk_seconds is None:
        return FaultCost(now.major_faults, waited)
    earlier = before.disk_seconds + (before.swap_seconds or 0.0)
    return FaultCost(max(0, now.major_faults - before.major_faults), max(0.0, waited - earlier))
