"""Processes: what a sample holds, and the row that two samples make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from pitop.model.rates import percent, rate
from pitop.model.snapshot import Snapshot

__all__ = [
    "Clock",
    "Details",
    "Process",
    "ProcessKey",
    "ProcessesSnapshot",
    "Reread",
    "Stat",
    "is_kernel_thread",
    "process",
    "stat_word",
]

ProcessKey = tuple[int, int]
"""(pid, start time in clock ticks since boot): what a process is. A pid alone can be somebody else's tomorrow."""


class Reread(Struct, frozen=True):
    """The request to read these processes again though they may be at rest: somebody else has changed them."""

    pids: tuple[int, ...]


class Stat(Struct, frozen=True, gc=False):
    """One reading of a process, in the kernel's own units (proc_pid_stat(5), proc_pid_statm(5))."""

    pid: int
    comm: str
    state: str
    ppid: int
    pgrp: int
    session: int
    tty: int  # device number, 0 for none
    foreground: int  # process group in the terminal's foreground, -1 for none
    flags: int  # PF_* of linux/sched.h
    minor_faults: int
    major_faults: int
    user_ticks: int
    system_ticks: int
    priority: int
    nice: int
    threads: int
    start_ticks: int
    vsz_bytes: int
    rss_bytes: int  # about: see Resident in the reader
    processor: int
    policy: int

    @property
    def key(self) -> ProcessKey:
        """The process's identity."""
        return (self.pid, self.start_ticks)


class Process(Struct, frozen=True, gc=False):
    """One process as panes and commands show it. None is what could not be read, or needs a second sample.

    `cpu_percent` is of one core. `start_time` is in unix seconds. `kernel` tells kernel threads. `first_seen` and
    `ended_time` are unix seconds; the first is None for what was there when looking began, the second for what lives.
    """

    key: ProcessKey
    pid: int
    ppid: int
    user: str | None
    uid: int | None
    state: str
    stat: str
    name: str
    command: str
    threads: int
    nice: int
    priority: int
    tty: str
    vsz_bytes: int
    rss_bytes: int
    shared_bytes: int | None
    memory_percent: float | None
    cpu_percent: float | None
    cpu_seconds: float
    minor_faults: int
    major_faults: int
    minor_faults_per_second: float | None
    major_faults_per_second: float | None
    start_time: float
    pgrp: int
    session: int
    processor: int
    kernel: bool
    first_seen: float | None = None
    ended_time: float | None = None


class Details(Struct, frozen=True, gc=False):
    """What changes with an exec or a change of user only, and is read that seldom."""

    uid: int | None
    user: str | None
    command: str
    locked: bool


_PF_KTHREAD = 0x00200000  # include/linux/sched.h


def is_kernel_thread(stat: Stat) -> bool:
    """Whether it is one of the kernel's own threads."""
    return bool(stat.flags & _PF_KTHREAD)


def stat_word(stat: Stat, locked: bool) -> str:
    """The state and what goes with it, as `ps -o stat` writes it: `Ss`, `R+`, `Sl`, `SN`, `I<`."""
    word = stat.state
    if stat.nice < 0:
        word += "<"
    elif stat.nice > 0:
        word += "N"
    if locked:
        word += "L"
    if stat.session == stat.pid:
        word += "s"
    if stat.threads > 1:
        word += "l"
    if stat.foreground == stat.pgrp:
        word += "+"
    return word


def command_text(stat: Stat, command: str) -> str:
    """The command line, or as ps writes it where there is none: `[kthreadd]`, `[sh] <defunct>`."""
    if command:
        return command
    return f"[{stat.comm}] <defunct>" if stat.state == "Z" else f"[{stat.comm}]"


class Clock(Struct, frozen=True):
    """What rates and times are made of: the machine's constants, and the span between two samples.

    `seconds` is None at the first sample.
    """

    boot_time: float
    ticks_per_second: int
    memory_bytes: int
    seconds: float | None


def process(
    stat: Stat,
    before: Stat | None,
    details: Details,
    clock: Clock,
    *,
    cpu_seconds_grown: float | None,
    resident: tuple[int, int] | None,
    tty: str,
    first_seen: float | None,
) -> Process:
    """The row that a reading makes together with the one before (None at first sight, and rates are None then).

    `cpu_seconds_grown` is the CPU time used since the sample before, `resident` resident and shared bytes where
    they were read exactly.
    """
    span = clock.seconds
    rss_bytes, shared_bytes = resident if resident is not None else (stat.rss_bytes, None)
    rates: tuple[float | None, float | None, float | None] = (None, None, None)
    if before is not None and span:
        rates = (
            None if cpu_seconds_grown is None or cpu_seconds_grown < 0 else 100 * cpu_seconds_grown / span,
            rate(stat.minor_faults, before.minor_faults, span),
            rate(stat.major_faults, before.major_faults, span),
        )
    return Process(
        key=stat.key,
        pid=stat.pid,
        ppid=stat.ppid,
        user=details.user,
        uid=details.uid,
        state=stat.state,
        stat=stat_word(stat, details.locked),
        name=stat.comm,
        command=command_text(stat, details.command),
        threads=stat.threads,
        nice=stat.nice,
        priority=stat.priority,
        tty=tty,
        vsz_bytes=stat.vsz_bytes,
        rss_bytes=rss_bytes,
        shared_bytes=shared_bytes,
        memory_percent=percent(rss_bytes, clock.memory_bytes),
        cpu_percent=rates[0],
        cpu_seconds=(stat.user_ticks + stat.system_ticks) / clock.ticks_per_second,
        minor_faults=stat.minor_faults,
        major_faults=stat.major_faults,
        minor_faults_per_second=rates[1],
        major_faults_per_second=rates[2],
        start_time=clock.boot_time + stat.start_ticks / clock.ticks_per_second,
        pgrp=stat.pgrp,
        session=stat.session,
        processor=stat.processor,
        kernel=is_kernel_thread(stat),
        first_seen=first_seen,
    )


def at_rest(row: Process) -> Process:
    """The same process after a while in which it did not run: its rates are known to be zero."""
    return replace(row, cpu_percent=0.0, minor_faults_per_second=0.0, major_faults_per_second=0.0)


def with_sums(row: Process, others: Sequence[Process]) -> Process:
    """`row` with the figures of `others` added, and their number behind its command: a folded subtree in one row.

    Resident sizes add up as they stand, so pages that several share count once for each.
    """
    rows = (row, *others)

    def total(values: Iterable[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return sum(known) if known else None

    return replace(
        row,
        command=f"{row.command}  (+{len(others)})",
        threads=sum(each.threads for each in rows),
        vsz_bytes=sum(each.vsz_bytes for each in rows),
        rss_bytes=sum(each.rss_bytes for each in rows),
        shared_bytes=total(each.shared_bytes for each in rows),
        memory_percent=total(each.memory_percent for each in rows),
        cpu_percent=total(each.cpu_percent for each in rows),
        cpu_seconds=sum(each.cpu_seconds for each in rows),
        minor_faults=sum(each.minor_faults for each in rows),
        major_faults=sum(each.major_faults for each in rows),
        minor_faults_per_second=total(each.minor_faults_per_second for each in rows),
        major_faults_per_second=total(each.major_faults_per_second for each in rows),
    )


class ProcessesSnapshot(Snapshot, frozen=True, kw_only=True):
    """Every process at one moment, by pid; `ended` are those that ended in the last few seconds, newest first."""

    rows: tuple[Process, ...]
    ended: tuple[Process, ...] = ()
    boot_time: float
