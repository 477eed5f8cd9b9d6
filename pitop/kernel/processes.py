"""Processes as the kernel tells them: directory listing, CPU clocks, `stat`, `statm`, `status`, `cmdline`.

What a scan costs is decided by what it does not read. The kernel keeps a CPU clock for every process that
`clock_gettime(2)` reads by pid in under a microsecond, without a file: a process whose clock has not moved has not
run, so nothing that it does to itself has changed and none of its files needs reading. All of its threads count in
that clock, so the rule holds for multi-threaded processes too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pitop.model.processes import Stat

__all__ = ["ProcessReader", "Resident", "Status", "TerminalNames", "hidden", "parse_stat", "parse_status"]

_PAGE = os.sysconf("SC_PAGE_SIZE")
_COMMAND_LIMIT = 8192  # bytes of a command line that are read; the kernel allows a quarter of the stack
_CPUCLOCK_SCHED = 2  # include/linux/posix-timers_types.h: the whole process's run time, in ns


class Status(NamedTuple):
    """Of /proc/PID/status: the effective uid, and whether pages are locked in memory."""

    uid: int
    locked: bool


class Resident(NamedTuple):
    """Of /proc/PID/statm: resident pages, and those of them that are backed by files or shared memory, in bytes.

    These are exact, where `stat` tells what the kernel has at hand, short of what each core has not yet reported.
    """

    rss_bytes: int
    shared_bytes: int


def parse_stat(data: bytes) -> Stat:
    """A line of /proc/PID/stat (proc_pid_stat(5)). The name may hold anything, `)` and newlines too.

    Raises ValueError when the line is not whole.
    """
    opening, closing = data.find(b"("), data.rfind(b")")
    if opening < 0 or closing < opening:
        raise ValueError("no command name in stat")
    rest = data[closing + 1 :].split()
    if len(rest) < 39:
        raise ValueError("stat ends early")
    return Stat(
        pid=int(data[:opening]),
        comm=data[opening + 1 : closing].decode("utf-8", "backslashreplace"),
        state=rest[0].decode("ascii", "backslashreplace"),
        ppid=int(rest[1]),
        pgrp=int(rest[2]),
        session=int(rest[3]),
        tty=int(rest[4]),
        foreground=int(rest[5]),
        flags=int(rest[6]),
        minor_faults=int(rest[7]),
        major_faults=int(rest[9]),
        user_ticks=int(rest[11]),
        system_ticks=int(rest[12]),
        priority=int(rest[15]),
        nice=int(rest[16]),
        threads=int(rest[17]),
        start_ticks=int(rest[19]),
        vsz_bytes=int(rest[20]),
        rss_bytes=int(rest[21]) * _PAGE,
        processor=int(rest[36]),
        policy=int(rest[38]),
    )


def parse_status(data: bytes) -> Status:
    """The needed lines of /proc/PID/status (proc_pid_status(5)). Raises ValueError without a uid."""
    # Not from the start: the name in the first line is the process's own choice, escaped though it is.
    at = data.find(b"\nUid:\t")
    if at < 0:
        raise ValueError("no Uid in status")
    locked = data.find(b"\nVmLck:", at)
    return Status(
        uid=int(data[at + 6 : at + 80].split(None, 2)[1]),
        locked=locked >= 0 and int(data[locked + 7 : locked + 40].split(None, 1)[0]) > 0,
    )


class ProcessReader:
    """Reads the processes under `root`, by pid, as written in the directory's name.

    Every method that reads one process raises ProcessLookupError when it is gone and PermissionError where the
    kernel refuses.
    """

    def __init__(self, root: str = "/proc") -> None:
        self.root = root
        self.has_clocks = root == "/proc" and self._clocks_work()

    def _clocks_work(self) -> bool:
        """Whether CPU clocks are there and mean the processes of this tree (it may be another pid namespace's)."""
        try:
            if os.readlink(f"{self.root}/self") != str(os.getpid()):
                return False
            return time.clock_gettime_ns(self.clock_id(os.getpid())) > 0
        except OSError:
            return False

    @staticmethod
    def clock_id(pid: int) -> int:
        """The id by which clock_gettime(2) reads that process's CPU clock (clock_getcpuclockid(3))."""
        return (~pid << 3) | _CPUCLOCK_SCHED

    def cpu_ns(self, clock_id: int) -> int | None:
        """The CPU time of the process, in ns; None where it has no clock or is gone."""
        if not self.has_clocks:
            return None
        try:
            return time.clock_gettime_ns(clock_id)
        except OSError:
            return None

    def all_cpu_ns(self, clock_ids: Sequence[int]) -> list[int | None]:
        """The CPU times of many processes, as `cpu_ns` tells them."""
        if not self.has_clocks:
            return [None] * len(clock_ids)
        readings: list[int | None] = []
        rest = iter(clock_ids)
        while len(readings) < len(clock_ids):
            try:
                readings.extend(map(time.clock_gettime_ns, rest))
            except OSError:  # this one has ended since it was listed; those before it have been taken
                readings.append(None)
        return readings

    def pids(self) -> set[str]:
        """The pids there are, as directory names."""
        return set(filter(str.isdigit, os.listdir(self.root)))

    def directories(self) -> dict[str, int]:
        """The pids there are, and the inodes of their directories: with another one it is another process."""
        with os.scandir(self.root) as entries:
            return {entry.name: entry.inode() for entry in entries if entry.name.isdigit()}

    def stat(self, pid: str) -> Stat:
        """The process's `stat`."""
        try:
            return parse_stat(self._read(pid, "stat", 4096))
        except ValueError:
            raise ProcessLookupError(f"stat of {pid} is not whole") from None

    def resident(self, pid: str) -> Resident | None:
        """The process's memory (proc_pid_statm(5)); None where the kernel does not let us see."""
        try:
            words = self._read(pid, "statm", 256).split(None, 3)
            return Resident(int(words[1]) * _PAGE, int(words[2]) * _PAGE)
        except (IndexError, ValueError, PermissionError):
            return None

    def status(self, pid: str) -> Status | None:
        """Effective uid and locked memory; None where the kernel does not let us see."""
        try:
            return parse_status(self._read(pid, "status", 8192))
        except (ValueError, PermissionError):
            return None

    def command(self, pid: str) -> str:
        """The command line, arguments joined by spaces; empty for kernel threads and zombies."""
        try:
            data = self._read(pid, "cmdline", _COMMAND_LIMIT)
        except PermissionError:
            return ""
        return data.rstrip(b"\0 ").replace(b"\0", b" ").decode("utf-8", "backslashreplace")

    def _read(self, pid: str, name: str, limit: int) -> bytes:
        try:
            descriptor = os.open(f"{self.root}/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ProcessLookupError(pid) from None
        try:
            return os.read(descriptor, limit)
        finally:
            os.close(descriptor)


class TerminalNames:
    """Device numbers of terminals as names without /dev, as ps shows them: `pts/0`, `tty1`, `ttyS0`, `?`."""

    def __init__(self, sys: str = "/sys") -> None:
        self._sys = Path(sys)
        self._names: dict[int, str] = {0: "?"}

    def __getitem__(self, device: int) -> str:
        name = self._names.get(device)
        if name is None:
            name = self._names[device] = self._name(device)
        return name

    def _name(self, device: int) -> str:
        major, minor = os.major(device), os.minor(device)
        if 136 <= major <= 143:  # Documentation/admin-guide/devices.txt: Unix98 pty slaves
            return f"pts/{minor + (major - 136) * 256}"
        try:
            lines = (self._sys / "dev/char" / f"{major}:{minor}" / "uevent").read_text().splitlines()
        except OSError:
            lines = []
        return next((line[8:] for line in lines if line.startswith("DEVNAME=")), f"{major}:{minor}")


def hidden(root: str, pids: Iterable[str]) -> bool:
    """Whether other users' processes are hidden (mount option hidepid, proc(5)): then even pid 1 is not seen."""
    return "1" not in pids and os.path.isdir(root)
