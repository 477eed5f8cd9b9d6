"""What a process may be given: CPU and I/O priority, CPUs, scheduler, its place before the OOM killer, limits.

The actions, what each sets, and what right a refusal asks for.
"""

from __future__ import annotations

import enum
import errno
import os
from collections.abc import Iterable

from msgspec import Struct

from pitop.model.actions import Action, Outcome
from pitop.model.target import Target

__all__ = [
    "LIMITS",
    "POLICIES",
    "IoClass",
    "IoPriority",
    "Limit",
    "LimitName",
    "Scheduler",
    "SetAffinity",
    "SetIoPriority",
    "SetLimit",
    "SetNice",
    "SetOomScoreAdj",
    "SetScheduler",
    "ShiftNice",
    "TuningAction",
    "TuningOutcome",
    "cpu_list",
    "kernel_words",
    "parse_cpu_list",
    "refusal",
]


class IoClass(enum.IntEnum):
    """Scheduling classes of ioprio_set(2)."""

    NONE = 0
    REALTIME = 1
    BEST_EFFORT = 2
    IDLE = 3

    @property
    def words(self) -> str:
        """As ionice(1) says them."""
        return ("none", "realtime", "best-effort", "idle")[self]


class IoPriority(Struct, frozen=True):
    """Class and level, 0 (first) to 7 (last) within it."""

    io_class: IoClass
    level: int

    @property
    def words(self) -> str:
        """`best-effort 4`; class and level of a process without its own follow from its nice value."""
        if self.io_class is IoClass.NONE:
            return "from nice"
        return self.io_class.words if self.io_class is IoClass.IDLE else f"{self.io_class.words} {self.level}"


POLICIES = {0: "other", 1: "fifo", 2: "rr", 3: "batch", 5: "idle", 6: "deadline", 7: "ext"}
"""Scheduling policies by number, include/uapi/linux/sched.h."""


class Scheduler(Struct, frozen=True):
    """Scheduling policy, its real-time priority (0 for policies without), and whether children start anew."""

    policy: str
    priority: int
    reset_on_fork: bool = False

    @property
    def words(self) -> str:
        """`other`, `fifo 10`."""
        reset = ", reset on fork" if self.reset_on_fork else ""
        return (f"{self.policy} {self.priority}" if self.priority else self.policy) + reset


class LimitName(Struct, frozen=True):
    """A resource of getrlimit(2): its number, prlimit(1)'s name, its label and unit in proc_pid_limits(5)."""

    number: int
    name: str
    label: str
    unit: str


LIMITS = tuple(
    LimitName(number, name, label, unit)
    for number, name, label, unit in (
        (0, "cpu", "Max cpu time", "seconds"),
        (1, "fsize", "Max file size", "bytes"),
        (2, "data", "Max data size", "bytes"),
        (3, "stack", "Max stack size", "bytes"),
        (4, "core", "Max core file size", "bytes"),
        (5, "rss", "Max resident set", "bytes"),
        (6, "nproc", "Max processes", "processes"),
        (7, "nofile", "Max open files", "files"),
        (8, "memlock", "Max locked memory", "bytes"),
        (9, "as", "Max address space", "bytes"),
        (10, "locks", "Max file locks", "locks"),
        (11, "sigpending", "Max pending signals", "signals"),
        (12, "msgqueue", "Max msgqueue size", "bytes"),
        (13, "nice", "Max nice priority", ""),
        (14, "rtprio", "Max realtime priority", ""),
        (15, "rttime", "Max realtime timeout", "us"),
    )
)


class Limit(Struct, frozen=True):
    """One limit of a process; None is unlimited."""

    name: str
    soft: int | None
    hard: int | None
    unit: str

    @property
    def words(self) -> str:
        """`1024 of 524288`."""
        soft, hard = ("unlimited" if each is None else str(each) for each in (self.soft, self.hard))
        return f"{soft} of {hard}"


class SetNice(Action, frozen=True):
    """Give every thread of the process this nice value, −20 (first) to 19 (last)."""

    target: Target
    nice: int


class ShiftNice(Action, frozen=True):
    """Move the nice value of every thread of the process by so much from what it is, as far as it goes."""

    target: Target
    by: int


class SetIoPriority(Action, frozen=True):
    """Give every thread of the process this I/O priority."""

    target: Target
    io_class: IoClass
    level: int = 4


class SetAffinity(Action, frozen=True):
    """Let every thread of the process run on these CPUs only."""

    target: Target
    cpus: tuple[int, ...]


class SetScheduler(Action, frozen=True):
    """Schedule every thread of the process by this policy (`other`, `batch`, `idle`, `fifo`, `rr`)."""

    target: Target
    policy: str
    priority: int = 0


class SetOomScoreAdj(Action, frozen=True):
    """Set how willingly the OOM killer takes the process, −1000 (never) to 1000 (first)."""

    target: Target
    value: int


class SetLimit(Action, frozen=True):
    """Set a resource limit by prlimit(1)'s name; None is unlimited."""

    target: Target
    name: str
    soft: int | None
    hard: int | None


TuningAction = SetNice | ShiftNice | SetIoPriority | SetAffinity | SetScheduler | SetOomScoreAdj | SetLimit


class TuningOutcome(Outcome, frozen=True):
    """The outcome of a tuning action, with the value before and after in words where they could be read."""

    before: str | None = None
    after: str | None = None


def cpu_list(cpus: Iterable[int]) -> str:
    """CPUs as the kernel lists them, cpuset(7): `0-3,8`."""
    parts: list[list[int]] = []
    for cpu in sorted(set(cpus)):
        if parts and parts[-1][1] == cpu - 1:
            parts[-1][1] = cpu
        else:
            parts.append([cpu, cpu])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """The CPUs in a list such as `0-3,8`. Raises ValueError with what is wrong."""
    found: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"“{part}” is no CPU: write them as 0-3,8")
        begin, end = int(first), int(last or first)
        if end < begin or end > 8191:
            raise ValueError(f"“{part}” is no range of CPUs")
        found.update(range(begin, end + 1))
    return tuple(sorted(found))


_OTHERS = "Only root or the process's own user may change it (others need CAP_SYS_NICE)."


def refusal(action: TuningAction, error: OSError) -> str:
    """What right, or what other value, would have helped where the kernel answered with `error`."""
    denied = error.errno in (errno.EPERM, errno.EACCES)
    invalid = error.errno == errno.EINVAL
    match action:
        case SetNice() | ShiftNice() if error.errno == errno.EACCES:
            return "Lower nice values need root (CAP_SYS_NICE) or a higher RLIMIT_NICE."
        case SetNice() | ShiftNice() | SetAffinity() if denied:
            return _OTHERS
        case SetIoPriority(io_class=IoClass.REALTIME) if denied:
            return "The realtime I/O class needs root (CAP_SYS_ADMIN or CAP_SYS_NICE)."
        case SetIoPriority() if denied:
            return _OTHERS
        case SetScheduler(policy="fifo" | "rr") if denied:
            return "Real-time scheduling needs root (CAP_SYS_NICE) or a higher RLIMIT_RTPRIO."
        case SetScheduler() if denied:
            return "Leaving this policy needs root (CAP_SYS_NICE), as does another user's process."
        case SetOomScoreAdj() if denied:
            return "Values below what it had, and other users' processes, need root (CAP_SYS_RESOURCE)."
        case SetLimit() if denied:
            return "Raising a hard limit, and other users' processes, need root (CAP_SYS_RESOURCE)."
        case SetAffinity() if invalid:
            return "None of these CPUs is there, or the process's cpuset allows none of them."
        case SetScheduler() if invalid:
            return "fifo and rr take a priority from 1 to 99, the others 0."
        case SetOomScoreAdj() if invalid:
            return "The value lies between −1000 and 1000."
        case SetLimit() if invalid:
            return "The soft limit may not lie above the hard limit."
        case SetIoPriority() if invalid:
            return "The level lies between 0 and 7."
    return ""


def kernel_words(error: OSError) -> str:
    """The kernel's answer in strerror(3)'s words."""
    return os.strerror(error.errno) if error.errno else str(error)
