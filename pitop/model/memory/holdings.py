"""What a process really holds, by smaps_rollup: the figures that are dear to read, with the moment of reading."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.processes import ProcessKey

__all__ = ["Holding", "Rollup"]


class Rollup(Struct, frozen=True, gc=False):
    """The sums of a process's mappings in bytes (proc_pid_smaps_rollup(5)); None where this kernel has none.

    `pss_bytes` counts a page that n processes map as a page divided by n.
    """

    rss_bytes: int
    pss_bytes: int | None
    shared_clean_bytes: int
    shared_dirty_bytes: int
    private_clean_bytes: int
    private_dirty_bytes: int
    swap_bytes: int | None
    swap_pss_bytes: int | None
    private_huge_bytes: int = 0
    shared_huge_bytes: int = 0

    @property
    def uss_bytes(self) -> int:
        """What the process alone holds, and what would come back if it ended (as smem and psutil count it)."""
        return self.private_clean_bytes + self.private_dirty_bytes + self.private_huge_bytes

    @property
    def shared_bytes(self) -> int:
        """What at least one other process maps too."""
        return self.shared_clean_bytes + self.shared_dirty_bytes + self.shared_huge_bytes

    @property
    def others(self) -> float | None:
        """How many others share a shared page, on average (harmonic mean); None when nothing is shared.

        With n processes at a page, PSS counts it 1/n: what PSS has beyond USS, against what is shared, gives n.
        """
        if self.pss_bytes is None:
            return None
        part = self.pss_bytes - self.private_clean_bytes - self.private_dirty_bytes
        shared = self.shared_clean_bytes + self.shared_dirty_bytes
        if shared <= 0 or part <= 0:
            return None
        return max(0.0, shared / part - 1)


class Holding(Struct, frozen=True, gc=False):
    """One reading of a process: `time` is when, in unix seconds.

    Without `rollup`, `why` says why it could not be read; `swap_bytes` may be known all the same.
    """

    key: ProcessKey
    time: float
    rollup: Rollup | None
    swap_bytes: int | None
    oom_score: int | None
    oom_score_adjust: int | None
    why: str = ""
