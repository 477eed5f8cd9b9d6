"""Where pages go that do not fit: swap devices, zram, zswap."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["SwapDevice", "Zram", "Zswap", "ratio"]


def ratio(stored: int | None, compressed: int | None) -> float | None:
    """How many bytes one compressed byte stands for; None when nothing is stored or it is not known."""
    if not stored or not compressed:
        return None
    return stored / compressed


class SwapDevice(Struct, frozen=True):
    """A line of /proc/swaps; `kind` is `partition` or `file`, sizes in bytes."""

    path: str
    kind: str
    size_bytes: int
    used_bytes: int
    priority: int


class Zram(Struct, frozen=True):
    """A compressed block device in memory (Documentation/admin-guide/blockdev/zram.rst, mm_stat).

    `stored_bytes` is what was written to it, `compressed_bytes` what that compresses to, `used_bytes` what it takes
    of memory with all overhead.
    """

    name: str
    algorithm: str | None
    disk_bytes: int
    stored_bytes: int
    compressed_bytes: int
    used_bytes: int

    @property
    def ratio(self) -> float | None:
        """Stored bytes for each byte of memory taken."""
        return ratio(self.stored_bytes, self.used_bytes)


class Zswap(Struct, frozen=True):
    """The compressed cache in front of swap (Documentation/admin-guide/mm/zswap.rst); sizes None before Linux 5.19."""

    enabled: bool
    compressor: str | None
    max_pool_percent: int | None
    stored_bytes: int | None
    pool_bytes: int | None

    @property
    def ratio(self) -> float | None:
        """Stored bytes for each byte of the pool."""
        return ratio(self.stored_bytes, self.pool_bytes)
