"""Processes: what a sample holds, and the row that two samples make."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.snapshot import Snapshot

__all__ = ["Process", "ProcessKey", "ProcessesSnapshot", "Stat"]

ProcessKey = tuple[int, int]
"""(pid, start time in clock ticks since boot): what a process is. A pid alone can be somebody else's tomorrow."""


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
    rss_bytes: int
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


class ProcessesSnapshot(Snapshot, frozen=True, kw_only=True):
    """Every process at one moment, by pid; `ended` are those that ended in the last few seconds, newest first."""

    rows: tuple[Process, ...]
    ended: tuple[Process, ...] = ()
    boot_time: float
