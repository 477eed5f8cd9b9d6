"""A process's mappings and their sums: smaps, smaps_rollup, and maps where there is nothing better.

All of a process's files are opened beneath one descriptor of its folder: when the process ends and another gets its
pid, they answer ESRCH, never with somebody else's figures.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pitop.kernel.processes import parse_stat
from pitop.model.memory.holdings import Holding, Rollup
from pitop.model.memory.mappings import Mapping, classify, summed
from pitop.model.processes import ProcessKey, Stat

__all__ = ["Gone", "read_holding", "read_mappings", "read_stat"]


class Gone(Exception):
    """The process has ended, or its pid is another process's now."""


@contextmanager
def _folder(root: Path, pid: int) -> Iterator[int]:
    try:
        folder = os.open(root / str(pid), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        raise Gone(f"there is no process {pid}") from None
    try:
        yield folder
    except ProcessLookupError:
        raise Gone(f"process {pid} has ended") from None
    finally:
        os.close(folder)


def _read(folder: int, name: str) -> bytes:
    with open(os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder), "rb", buffering=0) as file:
        return file.read()


def _stat(folder: int, pid: int) -> Stat:
    try:
        return parse_stat(_read(folder, "stat"))
    except (FileNotFoundError, ValueError):
        raise Gone(f"process {pid} has ended") from None


def read_stat(pid: int, root: Path = Path("/proc")) -> Stat:
    """Who a pid is now. Raises Gone, OSError."""
    with _folder(root, pid) as folder:
        return _stat(folder, pid)


_AMOUNT = re.compile(rb"^(\w+):\s+(\d+)", re.M)


def read_holding(key: ProcessKey, time: float, root: Path = Path("/proc")) -> Holding | None:
    """What a process holds; `time` is the moment. None when it has ended.

    Where smaps_rollup is not there (Linux before 4.14) the mappings are summed; where it is not permitted, swap comes
    from `status`, which everybody may read.
    """
    try:
        with _folder(root, key[0]) as folder:
            if _stat(folder, key[0]).key != key:
                return None
            score, adjust = _number(folder, "oom_score"), _number(folder, "oom_score_adj")
            rollup, why = _rollup(folder, root, key[0])
            swap = rollup.swap_bytes if rollup is not None else _status_swap(folder)
            return Holding(key, time, rollup, swap, score, adjust, why)
    except Gone:
        return None


def _rollup(folder: int, root: Path, pid: int) -> tuple[Rollup | None, str]:
    try:
        data = _read(folder, "smaps_rollup")
    except PermissionError:
        return None, _refused()
    except FileNotFoundError:
        try:
            rollup = summed(_mappings(folder, root, pid))
        except PermissionError:
            return None, _refused()
        except FileNotFoundError:
            rollup = None
        return rollup, "" if rollup is not None else "this kernel has no smaps (CONFIG_PROC_PAGE_MONITOR)"
    told = {name: int(value) * 1024 for name, value in _AMOUNT.findall(data)}
    if b"Rss" not in told:
        return None, "has no memory of its own"
    return Rollup(
        rss_bytes=told[b"Rss"],
        pss_bytes=told.get(b"Pss"),
        shared_clean_bytes=told.get(b"Shared_Clean", 0),
        shared_dirty_bytes=told.get(b"Shared_Dirty", 0),
        private_clean_bytes=told.get(b"Private_Clean", 0),
        private_dirty_bytes=told.get(b"Private_Dirty", 0),
        swap_bytes=told.get(b"Swap"),
        swap_pss_bytes=told.get(b"SwapPss"),
        private_huge_bytes=told.get(b"Private_Hugetlb", 0),
        shared_huge_bytes=told.get(b"Shared_Hugetlb", 0),
    ), ""


def _refused() -> str:
    """Why smaps may not be read: even root is refused where the process is in a namespace of somebody else's."""
    return "not permitted: run pitop as root" if os.geteuid() else "not permitted, even to root"


def _number(folder: int, name: str) -> int | None:
    try:
        return int(_read(folder, name))
    except ProcessLookupError:
        raise
    except (OSError, ValueError):
        return None


def _status_swap(folder: int) -> int | None:
    try:
        match = re.search(rb"^VmSwap:\s+(\d+) kB", _read(folder, "status"), re.M)
    except ProcessLookupError:
        raise
    except OSError:
        return None
    return None if match is None else int(match[1]) * 1024


_RECORD = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) (\S+) (\d+) *(.*)\n((?:[A-Z].*\n)*)",
    re.M,
)
# The lines of smaps by the attribute that they become; Size is the mapping's end less its start.
_LINES = {
    b"Rss:": "rss_bytes",
    b"Pss:": "pss_bytes",
    b"Pss_Dirty:": "pss_dirty_bytes",
    b"Shared_Clean:": "shared_clean_bytes",
    b"Shared_Dirty:": "shared_dirty_bytes",
    b"Private_Clean:": "private_clean_bytes",
    b"Private_Dirty:": "private_dirty_bytes",
    b"Referenced:": "referenced_bytes",
    b"Anonymous:": "anonymous_bytes",
    b"KSM:": "ksm_bytes",
    b"LazyFree:": "lazy_free_bytes",
    b"AnonHugePages:": "anonymous_huge_bytes",
    b"ShmemPmdMapped:": "shmem_huge_bytes",
    b"FilePmdMapped:": "file_huge_bytes",
    b"Shared_Hugetlb:": "shared_hugetlb_bytes",
    b"Private_Hugetlb:": "private_hugetlb_bytes",
    b"Swap:": "swap_bytes",
    b"SwapPss:": "swap_pss_bytes",
    b"Locked:": "locked_bytes",
}


def read_mappings(pid: int, root: Path = Path("/proc")) -> tuple[Stat, tuple[Mapping, ...]]:
    """Who the pid is, and its mappings by address, from `smaps`, or `maps` (addresses only) without it.

    Raises Gone, and PermissionError where the process is somebody else's.
    """
    with _folder(root, pid) as folder:
        return _stat(folder, pid), _mappings(folder, root, pid)


def _mappings(folder: int, root: Path, pid: int) -> tuple[Mapping, ...]:
    try:
        data = _read(folder, "smaps")
    except FileNotFoundError:
        data = _read(folder, "maps")
    return tuple(_parsed(data, _program(root, pid)))


def _program(root: Path, pid: int) -> str | None:
    try:
        return os.fsencode(os.readlink(root / str(pid) / "exe")).decode(errors="backslashreplace")
    except OSError:
        return None


def _parsed(data: bytes, program: str | None) -> Iterator[Mapping]:
    records = _RECORD.findall(data)
    runs = {(device, inode) for _, _, permissions, _, device, inode, _, _ in records if b"x" in permissions}
    strings: dict[bytes, str] = {}
    names: tuple[bytes, ...] = ()
    wanted: list[tuple[int, str]] = []
    ends = -1  # where the program's writable data ends, and its bss may begin

    def text(value: bytes) -> str:
        known = strings.get(value)
        if known is None:
            known = strings[value] = value.decode(errors="backslashreplace")
        return known

    for low, high, mode, offset, device, inode, name, body in records:
        permissions, path = text(mode), text(name.replace(b"\\012", b"\n"))
        start, end, number = int(low, 16), int(high, 16), int(inode)
        kind = classify(path, permissions, program, number != 0 and (device, inode) in runs, start == ends)
        ends = end if path and path == program and "w" in permissions else -1
        amounts, _, rest = body.partition(b"THPeligible:")
        words = amounts.partition(b"VmFlags:")[0].partition(b"ProtectionKey:")[0].split()
        if words[::3] != list(names):
            names = tuple(words[::3])
            wanted = [(3 * i + 1, _LINES[each]) for i, each in enumerate(names) if each in _LINES]
        key = body.partition(b"ProtectionKey:")[2]
        flags = body.rpartition(b"VmFlags:")
        yield Mapping(
            start=start,
            end=end,
            permissions=permissions,
            offset=int(offset, 16),
            device=text(device),
            inode=number,
            path=path,
            kind=kind,
            thp_eligible=int(rest.split(None, 1)[0]) if rest else None,
            protection_key=int(key.split(None, 1)[0]) if key else None,
            flags=text(flags[2].strip()) if flags[1] else "",
            **{attribute: int(words[i]) * 1024 for i, attribute in wanted},
        )
