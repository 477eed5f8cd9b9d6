"""The memory topic: what can be asked for, and what comes."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.memory.activity import Activity, Counters
from pitop.model.memory.faults import Delays
from pitop.model.memory.holdings import Holding
from pitop.model.memory.kills import OomKill
from pitop.model.memory.pressure import Pressure
from pitop.model.memory.swap import SwapDevice, Zram, Zswap
from pitop.model.memory.totals import Totals
from pitop.model.memory.zones import Node, Zone
from pitop.model.processes import ProcessKey
from pitop.model.snapshot import Snapshot

__all__ = ["Looking", "MemorySnapshot"]


class Looking(Struct, frozen=True):
    """A request: which processes are on screen, from top to bottom, and which one is selected.

    `at_once` reads all of them for the next snapshot, however long that takes: for a table that is printed once.
    """

    visible: tuple[ProcessKey, ...] = ()
    selected: ProcessKey | None = None
    at_once: bool = False


class MemorySnapshot(Snapshot, frozen=True, kw_only=True):
    """The machine's memory, what it does, and what the asked-for processes hold, each as old as its `time` says."""

    uptime_seconds: float
    memory: Totals
    counters: Counters
    activity: Activity
    pressure: Pressure | None
    swap: tuple[SwapDevice, ...]
    zram: tuple[Zram, ...]
    zswap: Zswap | None
    swappiness: int | None
    nodes: tuple[Node, ...]
    zones: tuple[Zone, ...]
    kills: tuple[OomKill, ...]
    holdings: tuple[Holding, ...] = ()
    delays: Delays | None = None

    @property
    def zram_bytes(self) -> int:
        """What all zram devices take of memory."""
        return sum(each.used_bytes for each in self.zram)
