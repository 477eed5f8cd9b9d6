"""Memory pressure: the time that work stood still for want of memory (Documentation/accounting/psi.rst)."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Pressure", "Stall"]


class Stall(Struct, frozen=True):
    """Averages in percent of time over 10, 60 and 300 s, and the total stalled time since boot in seconds."""

    avg10_percent: float
    avg60_percent: float
    avg300_percent: float
    total_seconds: float


class Pressure(Struct, frozen=True):
    """`some`: at least one task waited for memory; `full`: nobody did anything else. Kernels may lack the second."""

    some: Stall
    full: Stall | None = None

    def at_start(self) -> Pressure:
        """What the same kernel told when it started: nothing yet."""
        nothing = Stall(0.0, 0.0, 0.0, 0.0)
        return Pressure(nothing, None if self.full is None else nothing)
