"""The machine as a whole: what the header tells."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.snapshot import Snapshot

__all__ = ["MachineSnapshot", "Memory"]


class Memory(Struct, frozen=True):
    """Where memory is, in bytes (proc_meminfo(5)). None is what this kernel does not tell."""

    total_bytes: int
    free_bytes: int
    available_bytes: int | None
    buffers_bytes: int
    cached_bytes: int
    shmem_bytes: int
    reclaimable_bytes: int
    swap_total_bytes: int
    swap_free_bytes: int

    @property
    def used_bytes(self) -> int:
        """As htop counts it: total − free − buffers − cached − reclaimable slab + shared memory."""
        cache = self.buffers_bytes + self.cached_bytes + self.reclaimable_bytes - self.shmem_bytes
        return max(0, self.total_bytes - self.free_bytes - cache)

    @property
    def swap_used_bytes(self) -> int:
        """Swap space that holds pages."""
        return self.swap_total_bytes - self.swap_free_bytes


class MachineSnapshot(Snapshot, frozen=True, kw_only=True):
    """The header's figures. Percentages are of one core; rates need two samples, and are None before."""

    uptime_seconds: float
    users: int | None
    load: tuple[float, float, float]
    cores: tuple[float | None, ...]
    cpu_percent: float | None
    memory: Memory
    minor_faults_per_second: float | None
    major_faults_per_second: float | None
    received_bytes_per_second: float | None
    sent_bytes_per_second: float | None
    temperature_celsius: float | None
    throttling: tuple[str, ...] | None
