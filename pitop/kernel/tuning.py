"""Reading and setting what a process may be given: priorities, CPUs, scheduler, OOM score, limits.

The system calls name their target by pid, so each is made while the process is held and was seen alive just before;
the files of /proc are written through the held directory, where no other process can be hit.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import resource
import sys
from collections.abc import Callable, Sequence

from pitop.kernel.identity import HeldProcess
from pitop.model.tuning import LIMITS, POLICIES, IoClass, IoPriority, Limit, Scheduler

__all__ = [
    "affinity",
    "io_priority",
    "limit",
    "nice",
    "oom_score_adj",
    "scheduler",
    "set_affinity",
    "set_io_priority",
    "set_limit",
    "set_nice",
    "set_oom_score_adj",
    "set_scheduler",
]

_RESET_ON_FORK = 0x40000000  # SCHED_RESET_ON_FORK, include/uapi/linux/sched.h
_IOPRIO_WHO_PROCESS = 1
_IOPRIO_CLASS_SHIFT = 13
_NUMBERS = {name: number for number, name in POLICIES.items()}
_RESOURCES = {each.name: each for each in LIMITS}

# ioprio_set, ioprio_get by machine and word size, asm/unistd.h. glibc has no wrappers for them.
_IOPRIO_CALLS = {
    ("x86_64", 64): (251, 252),
    ("x86_64", 32): (289, 290),
    ("i686", 32): (289, 290),
    ("i586", 32): (289, 290),
    ("aarch64", 64): (30, 31),
    ("aarch64", 32): (314, 315),
    ("armv8l", 32): (314, 315),
    ("armv7l", 32): (314, 315),
    ("armv6l", 32): (314, 315),
    ("riscv64", 64): (30, 31),
    ("loongarch64", 64): (30, 31),
    ("ppc64le", 64): (273, 274),
    ("s390x", 64): (282, 283),
}


def nice(held: HeldProcess) -> int:
    """Its nice value."""
    return int(held.stat()[16])


def set_nice(held: HeldProcess, value: int) -> int:
    """Set every thread's nice value, setpriority(2). The number of threads. Raises OSError as the kernel answers."""
    return _each_thread(held, lambda thread: os.setpriority(os.PRIO_PROCESS, thread, value))


@functools.cache
def _io_calls() -> tuple[ctypes.CDLL, int, int]:
    bits = 64 if sys.maxsize > 2**32 else 32
    numbers = _IOPRIO_CALLS.get((platform.machine(), bits))
    if numbers is None:
        raise NotImplementedError(f"the I/O priority calls of {platform.machine()} are not known here")
    return ctypes.CDLL(None, use_errno=True), *numbers


def _io_call(number: int, *arguments: int) -> int:
    library = _io_calls()[0]
    answer: int = library.syscall(ctypes.c_long(number), *(ctypes.c_long(each) for each in arguments))
    if answer < 0:
        failed = ctypes.get_errno()
        raise OSError(failed, os.strerror(failed))
    return answer


def io_priority(pid: int) -> IoPriority:
    """The I/O priority of a thread, ioprio_get(2). Raises OSError; NotImplementedError on unknown machines."""
    value = _io_call(_io_calls()[2], _IOPRIO_WHO_PROCESS, pid)
    number = value >> _IOPRIO_CLASS_SHIFT & 7
    return IoPriority(IoClass(number if number <= IoClass.IDLE else IoClass.NONE), value & 7)


def set_io_priority(held: HeldProcess, wanted: IoPriority) -> int:
    """Set every thread's I/O priority, ioprio_set(2). The number of threads. Raises OSError as the kernel answers."""
    level = 0 if wanted.io_class in (IoClass.NONE, IoClass.IDLE) else wanted.level
    value = wanted.io_class << _IOPRIO_CLASS_SHIFT | level
    number = _io_calls()[1]
    return _each_thread(held, lambda thread: _io_call(number, _IOPRIO_WHO_PROCESS, thread, value))


def affinity(pid: int) -> tuple[int, ...]:
    """The CPUs that a thread may run on, sched_getaffinity(2)."""
    return tuple(sorted(os.sched_getaffinity(pid)))


def set_affinity(held: HeldProcess, cpus: Sequence[int]) -> int:
    """Bind every thread to these CPUs, sched_setaffinity(2). The number of threads. Raises OSError."""
    return _each_thread(held, lambda thread: os.sched_setaffinity(thread, cpus))


def scheduler(pid: int) -> Scheduler:
    """A thread's scheduling policy and real-time priority, sched_getscheduler(2)."""
    number = os.sched_getscheduler(pid)
    policy = number & ~_RESET_ON_FORK
    priority = os.sched_getparam(pid).sched_priority
    return Scheduler(POLICIES.get(policy, str(policy)), priority, bool(number & _RESET_ON_FORK))


def set_scheduler(held: HeldProcess, policy: str, priority: int) -> int:
    """Set every thread's policy, sched_setscheduler(2). The number of threads. Raises OSError; ValueError for a policy
    that does not exist."""
    number = _NUMBERS.get(policy)
    if number is None:
        raise ValueError(f"there is no scheduling policy “{policy}”: {', '.join(_NUMBERS)}")
    parameter = os.sched_param(priority)
    return _each_thread(held, lambda thread: os.sched_setscheduler(thread, number, parameter))


def oom_score_adj(held: HeldProcess) -> int:
    """Its adjustment, −1000 to 1000, proc_pid_oom_score_adj(5)."""
    return int(held.read("oom_score_adj"))


def set_oom_score_adj(held: HeldProcess, value: int) -> None:
    """Set its adjustment. Raises OSError as the kernel answers."""
    held.write("oom_score_adj", str(value).encode())


def limit(pid: int, name: str) -> Limit:
    """One limit, prlimit(2). Raises OSError, and ValueError for a name that does not exist."""
    known = _resource(name)
    soft, hard = resource.prlimit(pid, known)
    return Limit(name, _finite(soft), _finite(hard), _RESOURCES[name].unit)


def set_limit(held: HeldProcess, name: str, soft: int | None, hard: int | None) -> None:
    """Set one limit, prlimit(2); None is unlimited. Raises OSError as the kernel answers, ValueError for a bad name."""
    number = _resource(name)
    held.stat()
    values = tuple(resource.RLIM_INFINITY if each is None else each for each in (soft, hard))
    try:
        resource.prlimit(held.pid, number, (values[0], values[1]))
    except ValueError as error:  # Python's word for EINVAL, and for a soft limit above the hard one
        raise OSError(22, str(error)) from None


def _resource(name: str) -> int:
    known = _RESOURCES.get(name)
    if known is None:
        raise ValueError(f"there is no limit “{name}”: {', '.join(_RESOURCES)}")
    return known.number


def _finite(value: int) -> int | None:
    return None if value == resource.RLIM_INFINITY else value


def _each_thread(held: HeldProcess, change: Callable[[int], object]) -> int:
    """Change every thread, those that begin meanwhile too; how many there were."""
    done: set[int] = set()
    while waiting := [thread for thread in held.threads() if thread not in done]:
        for thread in waiting:
            try:
                change(thread)
            except ProcessLookupError:
                if thread == held.pid:
                    raise
            done.add(thread)
    return len(done)
