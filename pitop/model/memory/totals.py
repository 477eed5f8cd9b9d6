"""The machine's memory: what each part holds, and the two ways in which people count what is used."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.machine import Memory

__all__ = ["Formula", "Segment", "Term", "Totals", "formulas", "segments"]


class Totals(Memory, frozen=True, kw_only=True):
    """Everything of /proc/meminfo that is told apart here, in bytes (proc_meminfo(5)); None is not told.

    `anonymous_bytes` is what processes mapped without a file; `huge_bytes` is the pool of hugetlb pages, in use or
    not; `zswap_bytes` is what the compressed pool takes and `zswapped_bytes` what it stores.
    """

    anonymous_bytes: int | None = None
    anonymous_huge_bytes: int | None = None
    mapped_bytes: int | None = None
    unreclaimable_bytes: int | None = None
    kernel_stack_bytes: int | None = None
    page_tables_bytes: int | None = None
    per_cpu_bytes: int | None = None
    huge_bytes: int | None = None
    huge_page_bytes: int | None = None
    swap_cached_bytes: int | None = None
    dirty_bytes: int | None = None
    writeback_bytes: int | None = None
    locked_bytes: int | None = None
    committed_bytes: int | None = None
    commit_limit_bytes: int | None = None
    zswap_bytes: int | None = None
    zswapped_bytes: int | None = None

    @property
    def cache_bytes(self) -> int:
        """What `free` calls buff/cache: buffers + page cache + reclaimable slab."""
        return self.buffers_bytes + self.cached_bytes + self.reclaimable_bytes

    @property
    def free_used_bytes(self) -> int:
        """As `free` (procps 4) counts it: total − available; without the latter, total − free − buff/cache."""
        if self.available_bytes is None:
            used = self.total_bytes - self.free_bytes - self.cache_bytes
            return used if used >= 0 else self.total_bytes - self.free_bytes
        return max(0, self.total_bytes - self.available_bytes)


class Term(Struct, frozen=True):
    """One summand of a formula: its sign (1 or -1), its name, its value."""

    sign: int
    name: str
    bytes: int


class Formula(Struct, frozen=True):
    """How a tool counts used memory: the tool, the sum, and what it is made of."""

    tool: str
    bytes: int
    terms: tuple[Term, ...]


def formulas(memory: Totals) -> tuple[Formula, Formula]:
    """What htop and what `free` call used, each with the sum that makes it."""
    total, free = Term(1, "total", memory.total_bytes), Term(-1, "free", memory.free_bytes)
    buffers, cached = Term(-1, "buffers", memory.buffers_bytes), Term(-1, "cached", memory.cached_bytes)
    slab = Term(-1, "reclaimable slab", memory.reclaimable_bytes)
    htop = (total, free, buffers, cached, slab, Term(1, "shared", memory.shmem_bytes))
    procps: tuple[Term, ...]
    if memory.available_bytes is None:
        procps = (total, free, buffers, cached, slab)
    else:
        procps = (total, Term(-1, "available", memory.available_bytes))
    return Formula("htop", memory.used_bytes, htop), Formula("free", memory.free_used_bytes, procps)


class Segment(Struct, frozen=True):
    """One part of the machine's memory: a stable key, a title, its size and one sentence on what it is."""

    key: str
    title: str
    bytes: int
    words: str


def segments(memory: Totals, zram_bytes: int = 0) -> tuple[Segment, ...]:
    """Every part of the machine's memory; the sizes add up to the total.

    `zram_bytes` is what zram devices take. What the kernel does not account to any part is `other`. Parts that this
    kernel does not tell are left out, and are then in `other`.
    """
    known: list[Segment] = []

    def add(key: str, title: str, size: int | None, words: str) -> None:
        if size is not None:
            known.append(Segment(key, title, max(0, size), words))

    add("processes", "processes", memory.anonymous_bytes, "Pages that belong to processes alone: heaps, stacks, data.")
    add("shared", "shared", memory.shmem_bytes, "Shared memory and files in tmpfs; only swapping frees it.")
    add(
        "compressed",
        "compressed",
        zram_bytes + (memory.zswap_bytes or 0),
        "Pages swapped out to memory: what zram and zswap take to hold them compressed.",
    )
    add("huge", "huge pages", memory.huge_bytes, "The pool of reserved huge pages, in use or not.")
    add("unreclaimable", "slab", memory.unreclaimable_bytes, "Kernel objects that stay while they are in use.")
    add("stacks", "kernel stacks", memory.kernel_stack_bytes, "A stack in the kernel for every thread.")
    add("tables", "page tables", memory.page_tables_bytes, "The maps from virtual to physical pages.")
    add("reclaimable", "slab, reclaimable", memory.reclaimable_bytes, "Kernel caches, of names and inodes above all.")
    add("buffers", "buffers", memory.buffers_bytes, "Cache of block devices: file system metadata.")
    add("cache", "page cache", memory.cached_bytes - memory.shmem_bytes, "File contents kept for the next reader.")
    rest = memory.total_bytes - memory.free_bytes - sum(each.bytes for each in known)
    other = Segment(
        "other", "other", max(0, rest), "What no counter tells: drivers, vmalloc, network buffers, per-CPU."
    )
    at = next((i for i, each in enumerate(known) if each.key == "reclaimable"), len(known))
    known.insert(at, other)
    add("free", "free", memory.free_bytes, "Holds nothing at all.")
    return tuple(known)
