"""The fields of the memory table, of a mapping, and of the machine."""

from __future__ import annotations

from collections.abc import Callable

from pitop.model.memory.mappings import Mapping
from pitop.model.memory.rows import MemoryRow
from pitop.model.memory.snapshot import MemorySnapshot
from pitop.render.field import Field, Tone
from pitop.render.units import UNKNOWN, Unit, Value

__all__ = ["MAPPING_FIELDS", "ROW_FIELDS", "SUMMARY_FIELDS", "age_text"]


def age_text(seconds: float | None) -> str:
    """How old a reading is: `now`, `7s`, `2m`; unknown when there was none."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return "now"
    return f"{seconds:.0f}s" if seconds < 99.5 else f"{seconds / 60:.0f}m"


def _zero(read: Callable[[MemoryRow], Value]) -> Callable[[MemoryRow], Tone]:
    return lambda row: Tone.PLAIN if read(row) else Tone.FAINT


def _stale(row: MemoryRow) -> Tone:
    return Tone.FAINT if row.age_seconds is None or row.age_seconds > 15 else Tone.PLAIN


def _fault_tone(row: MemoryRow) -> Tone:
    rate = row.major_faults_per_second
    return Tone.FAINT if not rate else Tone.BAD if rate >= 100 else Tone.WARN


ROW_FIELDS: tuple[Field[MemoryRow], ...] = (
    Field("pid", "PID", 7, Unit.NUMBER, lambda row: row.pid or None, "The process's number."),
    Field("user", "USER", 8, Unit.TEXT, lambda row: row.user, "Whose process it is.", tone=lambda _: Tone.FAINT),
    Field(
        "vsz_bytes",
        "VSZ",
        5,
        Unit.BYTES,
        lambda row: row.vsz_bytes,
        "The address space that the process asked for. Asking costs nothing: most of it may never be touched.",
        ("vsz", "virt", "vsize"),
        falling=True,
    ),
    Field(
        "rss_bytes",
        "RSS",
        5,
        Unit.BYTES,
        lambda row: row.rss_bytes,
        "What of it is in memory now. Pages that several processes share count in each of them.",
        ("rss", "res"),
        falling=True,
    ),
    Field(
        "shared_bytes",
        "SHR",
        5,
        Unit.BYTES,
        lambda row: row.shared_bytes,
        "The part of RSS that comes from files or shared memory, and so can be shared.",
        ("shared", "shr"),
        falling=True,
    ),
    Field(
        "pss_bytes",
        "PSS",
        5,
        Unit.BYTES,
        lambda row: row.pss_bytes,
        "RSS with each shared page divided by the number of processes that map it: the sum over all is the truth.",
        ("pss",),
        falling=True,
        tone=_stale,
    ),
    Field(
        "uss_bytes",
        "USS",
        5,
        Unit.BYTES,
        lambda row: row.uss_bytes,
        "What the process holds alone: this much comes back when it ends.",
        ("uss",),
        falling=True,
        tone=_stale,
    ),
    Field(
        "swap_bytes",
        "SWAP",
        5,
        Unit.BYTES,
        lambda row: row.swap_bytes,
        "What of it was moved to swap: touching it again is a major fault.",
        ("swap",),
        falling=True,
        tone=_zero(lambda row: row.swap_bytes),
    ),
    Field(
        "minor_faults",
        "MINF",
        5,
        Unit.COUNT,
        lambda row: row.minor_faults,
        "Page faults that needed no disk since the process started: first touches, copies on write, cached files.",
        ("minflt", "minor"),
        falling=True,
        tone=_zero(lambda row: row.minor_faults),
    ),
    Field(
        "major_faults",
        "MAJF",
        5,
        Unit.COUNT,
        lambda row: row.major_faults,
        "Page faults that had to wait for the disk or for swap since the process started.",
        ("majflt", "major"),
        falling=True,
        tone=_zero(lambda row: row.major_faults),
    ),
    Field(
        "minor_faults_per_second",
        "MIN/s",
        5,
        Unit.PER_SECOND,
        lambda row: row.minor_faults_per_second,
        "Minor faults a second now.",
        ("minflts", "min/s"),
        falling=True,
        tone=_zero(lambda row: row.minor_faults_per_second),
    ),
    Field(
        "major_faults_per_second",
        "MAJ/s",
        5,
        Unit.PER_SECOND,
        lambda row: row.major_faults_per_second,
        "Major faults a second now: each of them made the process wait for a device.",
        ("majflts", "maj/s"),
        falling=True,
        tone=_fault_tone,
    ),
    Field(
        "oom_score",
        "OOM",
        4,
        Unit.NUMBER,
        lambda row: row.oom_score,
        "How likely the kernel is to kill this process when memory runs out; the highest goes first (0 to 2,000).",
        ("oom",),
        falling=True,
    ),
    Field(
        "memory_percent",
        "MEM%",
        4,
        Unit.PERCENT,
        lambda row: row.memory_percent,
        "RSS as a share of the machine's memory.",
        ("mem",),
        falling=True,
        tone=_zero(lambda row: row.memory_percent),
    ),
    Field(
        "age_seconds",
        "AGE",
        4,
        Unit.SECONDS,
        lambda row: row.age_seconds,
        "How long ago PSS and USS were read. Reading slows the target, so each is read every few seconds at most.",
        ("age",),
        show=lambda row: age_text(row.age_seconds),
        tone=_stale,
    ),
    Field("name", "NAME", 15, Unit.TEXT, lambda row: row.name, "The program's name.", tone=lambda _: Tone.ACCENT),
    Field("command", "COMMAND", 0, Unit.TEXT, lambda row: row.command, "The command line.", ("cmd",)),
    Field(
        "count",
        "N",
        4,
        Unit.COUNT,
        lambda row: row.count,
        "How many processes this line stands for.",
        falling=True,
    ),
)


def _size(
    key: str, title: str, width: int, read: Callable[[Mapping], int | None], words: str, name: str
) -> Field[Mapping]:
    return Field(key, title, width, Unit.BYTES, read, words, (name,), falling=True)


MAPPING_FIELDS: tuple[Field[Mapping], ...] = (
    Field("start", "Address", 12, Unit.ADDRESS, lambda m: f"{m.start:x}", "Where the mapping begins, in hexadecimal."),
    Field("end", "End", 12, Unit.ADDRESS, lambda m: f"{m.end:x}", "The first address behind it."),
    Field(
        "permissions",
        "Perm",
        4,
        Unit.TEXT,
        lambda m: m.permissions,
        "Whether it can be read, written, executed; s: writes reach others, p: they stay private.",
        ("perm",),
    ),
    Field(
        "kind",
        "Kind",
        9,
        Unit.TEXT,
        lambda m: m.kind.value,
        "What it is for: text, data, heap, library, file, anonymous, shared, stack, vdso, or reserved (no access).",
    ),
    Field("offset", "Offset", 8, Unit.ADDRESS, lambda m: f"{m.offset:08x}", "Where in the file it begins."),
    Field("device", "Device", 6, Unit.TEXT, lambda m: m.device, "The device of the file, major:minor."),
    Field("inode", "Inode", 7, Unit.NUMBER, lambda m: m.inode, "The file's number on its device."),
    _size("size_bytes", "Size", 6, lambda m: m.size_bytes, "What was asked for.", "size"),
    _size("rss_bytes", "Rss", 6, lambda m: m.rss_bytes, "What of it is in memory.", "rss"),
    _size("pss_bytes", "Pss", 6, lambda m: m.pss_bytes, "Shared pages divided by their sharers.", "pss"),
    _size("pss_dirty_bytes", "Pss_Dirty", 6, lambda m: m.pss_dirty_bytes, "The written part of Pss.", "pss_dirty"),
    _size("shared_bytes", "Shared", 6, lambda m: m.shared_bytes, "In memory, and in others' too.", "shared"),
    _size("dirty_bytes", "Dirty", 6, lambda m: m.dirty_bytes, "In memory, and written to.", "dirty"),
    _size(
        "referenced_bytes",
        "Referenced",
        6,
        lambda m: m.referenced_bytes,
        "Marked as touched since the kernel last looked.",
        "referenced",
    ),
    _size(
        "anonymous_bytes",
        "Anonymous",
        6,
        lambda m: m.anonymous_bytes,
        "Pages that belong to no file, even in a mapping of one: written copies.",
        "anonymous",
    ),
    _size("ksm_bytes", "KSM", 6, lambda m: m.ksm_bytes, "Merged with equal pages of others.", "ksm"),
    _size(
        "lazy_free_bytes",
        "LazyFree",
        6,
        lambda m: m.lazy_free_bytes,
        "Given back, to be taken when memory is short.",
        "lazyfree",
    ),
    _size(
        "shmem_huge_bytes",
        "ShmemPmdMapped",
        6,
        lambda m: m.shmem_huge_bytes,
        "Shared memory in huge pages.",
        "shmempmdmapped",
    ),
    _size("file_huge_bytes", "FilePmdMapped", 6, lambda m: m.file_huge_bytes, "A file in huge pages.", "filepmdmapped"),
    _size(
        "shared_hugetlb_bytes",
        "Shared_Hugetlb",
        6,
        lambda m: m.shared_hugetlb_bytes,
        "Reserved huge pages that others map too; in no other figure.",
        "shared_hugetlb",
    ),
    _size(
        "private_hugetlb_bytes",
        "Private_Hugetlb",
        6,
        lambda m: m.private_hugetlb_bytes,
        "Reserved huge pages of this process; in no other figure.",
        "private_hugetlb",
    ),
    _size("swap_bytes", "Swap", 6, lambda m: m.swap_bytes, "Moved to swap.", "swap"),
    _size("swap_pss_bytes", "SwapPss", 6, lambda m: m.swap_pss_bytes, "Swap divided by its sharers.", "swappss"),
    _size("locked_bytes", "Locked", 6, lambda m: m.locked_bytes, "Locked: never swapped or reclaimed.", "locked"),
    Field(
        "thp_eligible",
        "THPeligible",
        3,
        Unit.NUMBER,
        lambda m: m.thp_eligible,
        "Whether transparent huge pages may be used: 1 or 0.",
    ),
    Field(
        "protection_key",
        "ProtectionKey",
        3,
        Unit.NUMBER,
        lambda m: m.protection_key,
        "The key that a thread needs to read or write here, 0 for none in particular (pkeys(7)).",
    ),
    Field("flags", "VmFlags", 20, Unit.TEXT, lambda m: m.flags, "The kernel's flags (proc_pid_smaps(5))."),
    Field("path", "Mapping", 0, Unit.TEXT, lambda m: m.path, "The file, or what the kernel calls it in brackets."),
)


def _total(
    key: str, title: str, width: int, read: Callable[[MemorySnapshot], Value], words: str
) -> Field[MemorySnapshot]:
    return Field(key, title, width, Unit.BYTES, read, words)


def _flow(key: str, title: str, read: Callable[[MemorySnapshot], float | None], words: str) -> Field[MemorySnapshot]:
    return Field(key, title, 6, Unit.BYTES_PER_SECOND, read, words)


def _events(key: str, title: str, read: Callable[[MemorySnapshot], float | None], words: str) -> Field[MemorySnapshot]:
    return Field(key, title, 6, Unit.PER_SECOND, read, words)


SUMMARY_FIELDS: tuple[Field[MemorySnapshot], ...] = (
    _total("total_bytes", "total", 6, lambda s: s.memory.total_bytes, "All memory that the kernel manages."),
    _total("free_bytes", "free", 6, lambda s: s.memory.free_bytes, "Memory that holds nothing at all."),
    _total(
        "available_bytes",
        "avail",
        6,
        lambda s: s.memory.available_bytes,
        "What programs can still have without swapping, by the kernel's estimate: free, and cache that can go.",
    ),
    _total("buffers_bytes", "buff", 6, lambda s: s.memory.buffers_bytes, "Cache of block devices."),
    _total("cached_bytes", "cache", 6, lambda s: s.memory.cached_bytes, "Cache of files, shared memory included."),
    _total("shmem_bytes", "shared", 6, lambda s: s.memory.shmem_bytes, "Shared memory and tmpfs."),
    _total("used_htop_bytes", "used", 6, lambda s: s.memory.used_bytes, "Used as htop counts it."),
    _total("used_free_bytes", "used", 6, lambda s: s.memory.free_used_bytes, "Used as free counts it."),
    _total("anonymous_bytes", "anon", 6, lambda s: s.memory.anonymous_bytes, "Pages of processes that are of no file."),
    _total("mapped_bytes", "mapped", 6, lambda s: s.memory.mapped_bytes, "The part of the cache that is mapped."),
    _total("reclaimable_bytes", "srecl", 6, lambda s: s.memory.reclaimable_bytes, "Kernel caches that can be freed."),
    _total("unreclaimable_bytes", "slab", 6, lambda s: s.memory.unreclaimable_bytes, "Kernel objects in use."),
    _total("kernel_stack_bytes", "stacks", 6, lambda s: s.memory.kernel_stack_bytes, "Kernel stacks of all threads."),
    _total("page_tables_bytes", "tables", 6, lambda s: s.memory.page_tables_bytes, "Page tables."),
    _total("huge_bytes", "huge", 6, lambda s: s.memory.huge_bytes, "The pool of huge pages."),
    _total("dirty_bytes", "dirty", 6, lambda s: s.memory.dirty_bytes, "Written, and not yet on disk."),
    _total("writeback_bytes", "wback", 6, lambda s: s.memory.writeback_bytes, "On the way to the disk."),
    _total("locked_bytes", "locked", 6, lambda s: s.memory.locked_bytes, "Locked into memory."),
    _total("committed_bytes", "commit", 6, lambda s: s.memory.committed_bytes, "What was promised to all programs."),
    _total("commit_limit_bytes", "limit", 6, lambda s: s.memory.commit_limit_bytes, "What may be promised, if strict."),
    _total("swap_total_bytes", "swap", 6, lambda s: s.memory.swap_total_bytes, "All swap space."),
    _total("swap_free_bytes", "sfree", 6, lambda s: s.memory.swap_free_bytes, "Swap space that is empty."),
    _total("swap_used_bytes", "swpd", 6, lambda s: s.memory.swap_used_bytes, "Swap space that holds pages."),
    _total("swap_cached_bytes", "scach", 6, lambda s: s.memory.swap_cached_bytes, "In swap, and in memory again."),
    Field(
        "swappiness",
        "swappiness",
        3,
        Unit.NUMBER,
        lambda s: s.swappiness,
        "How readily programs' pages are swapped rather than cache dropped: 0 to 200.",
    ),
    Field("minor_faults", "minflt", 6, Unit.COUNT, lambda s: s.counters.minor_faults, "Minor faults since boot."),
    Field("major_faults", "majflt", 6, Unit.COUNT, lambda s: s.counters.major_faults, "Major faults since boot."),
    _events("minor_faults_per_second", "min/s", lambda s: s.activity.minor_faults_per_second, "Faults without disk."),
    _events("major_faults_per_second", "maj/s", lambda s: s.activity.major_faults_per_second, "Faults that waited."),
    _flow("read_bytes_per_second", "in", lambda s: s.activity.read_bytes_per_second, "Paged in from block devices."),
    _flow("written_bytes_per_second", "out", lambda s: s.activity.written_bytes_per_second, "Paged out to them."),
    _flow("swap_in_bytes_per_second", "si", lambda s: s.activity.swap_in_bytes_per_second, "Read from swap."),
    _flow("swap_out_bytes_per_second", "so", lambda s: s.activity.swap_out_bytes_per_second, "Written to swap."),
    _flow(
        "kswapd_reclaimed_bytes_per_second",
        "kswapd",
        lambda s: s.activity.kswapd_reclaimed_bytes_per_second,
        "Freed in the background, before anybody had to wait.",
    ),
    _flow(
        "direct_reclaimed_bytes_per_second",
        "direct",
        lambda s: s.activity.direct_reclaimed_bytes_per_second,
        "Freed by programs that waited for memory themselves.",
    ),
    _events("scanned_per_second", "scan", lambda s: s.activity.scanned_per_second, "Pages looked at to free some."),
    _events("stalls_per_second", "stall", lambda s: s.activity.stalls_per_second, "Allocations that had to wait."),
    _events("refaults_per_second", "refault", lambda s: s.activity.refaults_per_second, "Pages dropped too early."),
    _events("huge_faults_per_second", "thp", lambda s: s.activity.huge_faults_per_second, "Faults for a huge page."),
    Field("oom_kills", "oom", 3, Unit.COUNT, lambda s: s.counters.oom_kills, "Processes killed for want of memory."),
    Field(
        "pressure_some_percent",
        "some%",
        5,
        Unit.PERCENT,
        lambda s: s.activity.pressure_some_percent,
        "The share of time in which at least one task waited for memory.",
    ),
    Field(
        "pressure_full_percent",
        "full%",
        5,
        Unit.PERCENT,
        lambda s: s.activity.pressure_full_percent,
        "The share of time in which nothing else was done than waiting for memory.",
    ),
)
