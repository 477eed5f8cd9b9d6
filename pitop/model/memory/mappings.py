"""An address space: its mappings, and what each of them is for."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from pitop.model.memory.holdings import Rollup

__all__ = ["Kind", "Mapping", "classify", "summed"]


class Kind(enum.Enum):
    """What a mapping is for; the value is the word for it."""

    TEXT = "text"  # the program's code
    DATA = "data"  # the program's variables and constants
    HEAP = "heap"
    ANONYMOUS = "anonymous"
    RESERVED = "reserved"  # no access: guard pages, space kept for later
    SHARED = "shared"  # shared memory
    FILE = "file"
    LIBRARY = "library"
    STACK = "stack"
    KERNEL = "vdso"  # what the kernel maps into every process


class Mapping(Struct, frozen=True, gc=False, kw_only=True):
    """One mapping with what proc_pid_smaps(5) tells of it, in bytes; None where this kernel has no such line.

    `path` is as the kernel gives it: a pseudo-path such as `[heap]`, or a file's, perhaps with ` (deleted)` behind
    it; `""` for anonymous memory. `flags` are the two-letter codes of VmFlags.
    """

    start: int
    end: int
    permissions: str
    offset: int
    device: str
    inode: int
    path: str
    kind: Kind
    rss_bytes: int | None = None
    pss_bytes: int | None = None
    pss_dirty_bytes: int | None = None
    shared_clean_bytes: int | None = None
    shared_dirty_bytes: int | None = None
    private_clean_bytes: int | None = None
    private_dirty_bytes: int | None = None
    referenced_bytes: int | None = None
    anonymous_bytes: int | None = None
    ksm_bytes: int | None = None
    lazy_free_bytes: int | None = None
    anonymous_huge_bytes: int | None = None
    shmem_huge_bytes: int | None = None
    file_huge_bytes: int | None = None
    shared_hugetlb_bytes: int | None = None
    private_hugetlb_bytes: int | None = None
    swap_bytes: int | None = None
    swap_pss_bytes: int | None = None
    locked_bytes: int | None = None
    thp_eligible: int | None = None
    protection_key: int | None = None
    flags: str = ""

    @property
    def size_bytes(self) -> int:
        """What was asked for."""
        return self.end - self.start

    @property
    def shared_bytes(self) -> int | None:
        """The resident part that others map too."""
        return _plus(self.shared_clean_bytes, self.shared_dirty_bytes)

    @property
    def dirty_bytes(self) -> int | None:
        """The resident part that was written to."""
        return _plus(self.shared_dirty_bytes, self.private_dirty_bytes)

    @property
    def deleted(self) -> bool:
        """Whether the file that is mapped has been removed or replaced since."""
        return self.path.startswith("/") and self.path.endswith(" (deleted)")


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


_LIBRARY = re.compile(r"\.so(\.[^/]*)?( \(deleted\))?$|/ld-[^/]*$")
_SHARED = ("/dev/shm/", "/memfd:", "/SYSV", "/dev/zero", "[anon_shmem:")
_KERNEL = ("[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]", "[vectors]", "[sigpage]", "[uprobes]", "[timens]")


def classify(path: str, permissions: str, program: str | None, executable: bool, continues: bool) -> Kind:
    """What a mapping is for.

    `program` is the path of the program's own file, `executable` whether any mapping of the same file can be executed,
    `continues` whether it begins where the program's writable data ends: then it is that data's zeroed part (bss).
    """
    if path.startswith("/"):
        if path.startswith(_SHARED):
            return Kind.SHARED
        if program is not None and path == program:
            return Kind.TEXT if "x" in permissions else Kind.DATA
        if executable or _LIBRARY.search(path):
            return Kind.LIBRARY
        return Kind.FILE
    if path == "[heap]":
        return Kind.HEAP
    if path.startswith("[stack"):
        return Kind.STACK
    if path in _KERNEL:
        return Kind.KERNEL
    if path.startswith(_SHARED):
        return Kind.SHARED
    if permissions.startswith("---"):
        return Kind.RESERVED
    if permissions.endswith("s"):
        return Kind.SHARED
    return Kind.DATA if continues else Kind.ANONYMOUS


def summed(mappings: Iterable[Mapping]) -> Rollup | None:
    """The sums over `mappings`, as smaps_rollup would give them; None where the kernel told only the addresses."""
    told: Sequence[Mapping] = [each for each in mappings if each.rss_bytes is not None]
    if not told:
        return None
    pss = [each.pss_bytes for each in told if each.pss_bytes is not None]
    swap = [each.swap_bytes for each in told if each.swap_bytes is not None]
    swap_pss = [each.swap_pss_bytes for each in told if each.swap_pss_bytes is not None]
    return Rollup(
        rss_bytes=sum(each.rss_bytes or 0 for each in told),
        pss_bytes=sum(pss) if pss else None,
        shared_clean_bytes=sum(each.shared_clean_bytes or 0 for each in told),
        shared_dirty_bytes=sum(each.shared_dirty_bytes or 0 for each in told),
        private_clean_bytes=sum(each.private_clean_bytes or 0 for each in told),
        private_dirty_bytes=sum(each.private_dirty_bytes or 0 for each in told),
        swap_bytes=sum(swap) if swap else None,
        swap_pss_bytes=sum(swap_pss) if swap_pss else None,
        private_huge_bytes=sum(each.private_hugetlb_bytes or 0 for each in told),
        shared_huge_bytes=sum(each.shared_hugetlb_bytes or 0 for each in told),
    )
