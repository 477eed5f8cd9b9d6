"""Physical memory's parts: NUMA nodes, and the zones that each of them has."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Node", "Zone"]


class Zone(Struct, frozen=True):
    """A zone with its watermarks in bytes (/proc/zoneinfo).

    Below `low_bytes` free, kswapd wakes and works until `high_bytes`; below `min_bytes`, whoever allocates has to
    reclaim by itself.
    """

    node: int
    name: str
    free_bytes: int
    min_bytes: int
    low_bytes: int
    high_bytes: int
    managed_bytes: int

    @property
    def state(self) -> str:
        """`plenty`, `kswapd` (reclaiming in the background) or `direct` (allocations stall)."""
        if self.free_bytes < self.min_bytes:
            return "direct"
        return "kswapd" if self.free_bytes < self.low_bytes else "plenty"


class Node(Struct, frozen=True):
    """A NUMA node's share of memory, in bytes (/sys/devices/system/node/nodeN/meminfo)."""

    number: int
    total_bytes: int
    free_bytes: int
    file_bytes: int | None
    anonymous_bytes: int | None
    slab_bytes: int | None
