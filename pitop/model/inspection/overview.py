"""One process in full: everything that the kernel tells about it."""

from __future__ import annotations

from msgspec import Struct

from pitop.model.inspection.capabilities import Capabilities
from pitop.model.inspection.cgroup import Belonging
from pitop.model.inspection.environment import Variable
from pitop.model.inspection.files import OpenFile
from pitop.model.processes import ProcessKey
from pitop.model.rates import rate
from pitop.model.snapshot import Snapshot
from pitop.model.time import Ending
from pitop.model.tuning import IoPriority, Limit, Scheduler

__all__ = [
    "Accounts",
    "Delays",
    "Executable",
    "Identity",
    "Inspect",
    "InspectionSnapshot",
    "Namespace",
    "Rates",
    "Relative",
    "Settings",
    "SignalMasks",
    "Thread",
    "rates_of",
]


class Inspect(Struct, frozen=True):
    """The request: which process, and whether secret-like values of its environment are shown."""

    key: ProcessKey
    reveal: bool = False


class Accounts(Struct, frozen=True, kw_only=True):
    """What the process has used since it began: the figures of getrusage(2), and of its ended children.

    Sizes in bytes, times in seconds. I/O figures are None where /proc/PID/io may not be read, memory figures for
    kernel threads and zombies.
    """

    user_seconds: float
    system_seconds: float
    children_user_seconds: float
    children_system_seconds: float
    elapsed_seconds: float
    minor_faults: int
    major_faults: int
    children_minor_faults: int
    children_major_faults: int
    voluntary_switches: int | None
    involuntary_switches: int | None
    vsz_bytes: int
    rss_bytes: int
    max_rss_bytes: int | None
    max_vsz_bytes: int | None
    swap_bytes: int | None
    locked_bytes: int | None
    read_calls: int | None
    write_calls: int | None
    read_characters: int | None
    written_characters: int | None
    read_bytes: int | None
    written_bytes: int | None

    @property
    def cpu_seconds(self) -> float:
        """User and system time."""
        return self.user_seconds + self.system_seconds


class Rates(Struct, frozen=True):
    """Between this sample and the one before; None without one. `cpu_percent` is of one core."""

    cpu_percent: float | None = None
    minor_faults_per_second: float | None = None
    major_faults_per_second: float | None = None
    read_bytes_per_second: float | None = None
    written_bytes_per_second: float | None = None
    run_queue_percent: float | None = None


class Delays(Struct, frozen=True):
    """What it has waited for since it began, in seconds; None where this kernel does not keep the account."""

    run_queue_seconds: float | None
    block_io_seconds: float | None
    swap_in_seconds: float | None = None
    reclaim_seconds: float | None = None
    thrashing_seconds: float | None = None


class Identity(Struct, frozen=True, kw_only=True):
    """Whose it is: real, effective, saved and file system ids, group names, login terminal, process group, session."""

    user: str
    uids: tuple[int, ...]
    gids: tuple[int, ...]
    groups: tuple[str, ...]
    pgrp: int
    session: int
    tty: str
    tracer_pid: int
    no_new_privileges: bool | None
    seccomp: str | None
    inner_pids: tuple[int, ...]


class Relative(Struct, frozen=True):
    """One of the family line."""

    pid: int
    name: str
    key: ProcessKey


class Executable(Struct, frozen=True):
    """The program's file. `deleted` says that its name is gone, `replaced` that another file has that name now."""

    path: str
    deleted: bool = False
    replaced: bool = False


class Thread(Struct, frozen=True, gc=False):
    """One thread. `waiting_in` is the kernel function that it sleeps in, None where it runs or may not be told."""

    tid: int
    name: str
    state: str
    cpu_percent: float | None
    cpu_seconds: float
    processor: int
    nice: int
    waiting_in: str | None
    run_queue_seconds: float | None


class SignalMasks(Struct, frozen=True):
    """Signals by name: pending for the first thread and for the process, blocked, ignored, with a handler."""

    pending: tuple[str, ...]
    shared_pending: tuple[str, ...]
    blocked: tuple[str, ...]
    ignored: tuple[str, ...]
    caught: tuple[str, ...]


class Namespace(Struct, frozen=True):
    """One namespace: its kind, its inode, and whether pitop is in the same."""

    kind: str
    inode: int
    ours: bool | None


class Settings(Struct, frozen=True, kw_only=True):
    """What the process was given and can be given. None is what could not be read."""

    nice: int
    priority: int
    io: IoPriority | None
    scheduler: Scheduler | None
    cpus: tuple[int, ...] | None
    oom_score: int | None
    oom_score_adj: int | None
    limits: tuple[Limit, ...] | None


class InspectionSnapshot(Snapshot, frozen=True, kw_only=True):
    """One process. None is what needs a right that we do not have; `missing` says so with what would help.

    Once it has ended `ended_time` is set, and all else is as it was last seen. `ending` is None where nobody told.
    """

    key: ProcessKey
    name: str
    state: str
    ppid: int
    start_time: float
    kernel: bool
    family: tuple[Relative, ...]
    command: tuple[str, ...]
    identity: Identity
    accounts: Accounts
    rates: Rates
    delays: Delays
    settings: Settings
    signals: SignalMasks
    capabilities: Capabilities
    threads: tuple[Thread, ...]
    thread_count: int
    belonging: Belonging | None
    executable: Executable | None
    directory: str | None
    root: str | None
    environment: tuple[Variable, ...] | None
    files: tuple[OpenFile, ...] | None
    namespaces: tuple[Namespace, ...] | None
    waiting_in: str | None
    kernel_stack: tuple[str, ...] | None
    ended_time: float | None = None
    ending: Ending | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.key[0]


def rates_of(
    now: Accounts, before: Accounts | None, seconds: float, delays: Delays, delays_before: Delays | None
) -> Rates:
    """Rates over `seconds` between two samples."""
    if before is None:
        return Rates()
    cpu = rate(now.cpu_seconds, before.cpu_seconds, seconds)
    waited = None
    if delays_before is not None:
        waited = rate(delays.run_queue_seconds, delays_before.run_queue_seconds, seconds)
    return Rates(
        cpu_percent=None if cpu is None else 100 * cpu,
        minor_faults_per_second=rate(now.minor_faults, before.minor_faults, seconds),
        major_faults_per_second=rate(now.major_faults, before.major_faults, seconds),
        read_bytes_per_second=rate(now.read_bytes, before.read_bytes, seconds),
        written_bytes_per_second=rate(now.written_bytes, before.written_bytes, seconds),
        run_queue_percent=None if waited is None else 100 * waited,
    )
