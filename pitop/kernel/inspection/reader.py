"""One sample of everything that /proc tells of a process."""

from __future__ import annotations

import grp
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from pitop.kernel import tuning
from pitop.kernel.inspection.files import open_files
from pitop.kernel.inspection.folder import ProcessFolder, Refused
from pitop.kernel.processes import TerminalNames
from pitop.kernel.system import ticks_per_second
from pitop.kernel.taskstats import delays_of
from pitop.kernel.users import UserNames
from pitop.model.inspection import (
    Accounts,
    Belonging,
    Capabilities,
    Delays,
    Executable,
    Identity,
    Namespace,
    OpenFile,
    Relative,
    Settings,
    SignalMasks,
    Variable,
    belonging,
    capabilities_in_mask,
    environment_of,
)
from pitop.model.processes import ProcessKey
from pitop.model.signals import signals_in_mask
from pitop.model.snapshot import Missing
from pitop.model.tuning import LIMITS, Limit

__all__ = ["Sample", "ThreadSample", "read_process"]

T = TypeVar("T")

_PAGE = os.sysconf("SC_PAGE_SIZE")
_THREADS_MOST = 2048
_SECCOMP = {"0": "off", "1": "strict", "2": "filter"}
_PF_KTHREAD = 0x00200000


class ThreadSample(NamedTuple):
    """One reading of a thread. `run_queue_seconds` is None where the kernel keeps no schedstat."""

    tid: int
    name: str
    state: str
    cpu_seconds: float
    processor: int
    nice: int
    waiting_in: str | None
    run_queue_seconds: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a process; see InspectionSnapshot for what the parts are."""

    key: ProcessKey
    name: str
    state: str
    ppid: int
    start_seconds: float  # after boot
    kernel: bool
    family: tuple[Relative, ...]
    command: tuple[str, ...]
    identity: Identity
    accounts: Accounts
    delays: Delays
    settings: Settings
    signals: SignalMasks
    capabilities: Capabilities
    threads: tuple[ThreadSample, ...]
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
    missing: tuple[Missing, ...] = field(default=())


class _Gaps:
    """Collects what we may not read."""

    def __init__(self) -> None:
        self.found: dict[str, Missing] = {}

    def asked(self, what: str, advice: str, read: Callable[[], T]) -> T | None:
        """What `read` gives, or None and a note where it is refused."""
        try:
            return read()
        except Refused:
            self.found[what] = Missing(what, "not permitted", advice)
        except PermissionError:
            self.found[what] = Missing(what, "not permitted", advice)
        return None


_OWN = "Needs root or the same user (CAP_SYS_PTRACE)."
_ROOT = "Needs root (CAP_SYS_ADMIN)."


def read_process(folder: ProcessFolder, users: UserNames, terminals: TerminalNames, reveal: bool = False) -> Sample:
    """Read everything once. Raises ProcessLookupError when the process is gone."""
    gaps = _Gaps()
    stat = folder.stat()
    status = _status(folder)
    pid = folder.key[0]
    real = folder.root == "/proc"
    kernel = bool(int(stat[6]) & _PF_KTHREAD)
    ticks = ticks_per_second()
    threads, count = _threads(folder, ticks)
    delays = _delays(pid, threads, stat, ticks, gaps, real)
    io = gaps.asked("bytes read and written", _OWN, lambda: folder.read("io"))
    files = gaps.asked("open files", _OWN, lambda: open_files(folder))
    return Sample(
        key=folder.key,
        name=folder.name(),
        state=stat[0].decode("ascii", "replace"),
        ppid=int(stat[1]),
        start_seconds=int(stat[19]) / ticks,
        kernel=kernel,
        family=_family(folder.root, int(stat[1])),
        command=_words(folder.read("cmdline")),
        identity=_identity(stat, status, users, terminals),
        accounts=_accounts(stat, status, io, ticks, _uptime(folder.root)),
        delays=delays,
        settings=_settings(folder, stat, gaps, real),
        signals=_signals(status),
        capabilities=_capabilities(status),
        threads=threads,
        thread_count=count,
        belonging=belonging(folder.read("cgroup") or b""),
        executable=gaps.asked("executable", _OWN, lambda: _executable(folder)),
        directory=gaps.asked("working directory", _OWN, lambda: folder.link("cwd")),
        root=gaps.asked("root directory", _OWN, lambda: folder.link("root")),
        environment=gaps.asked("environment", _OWN, lambda: environment_of(folder.read("environ") or b"", reveal)),
        files=files,
        namespaces=gaps.asked("namespaces", _OWN, lambda: _namespaces(folder)),
        waiting_in=_wait_channel(folder, "wchan"),
        kernel_stack=gaps.asked("kernel stack", _ROOT, lambda: _stack(folder)),
        missing=tuple(gaps.found.values()),
    )


def _status(folder: ProcessFolder) -> dict[str, str]:
    lines = (folder.read("status") or b"").decode("utf-8", "backslashreplace").splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _uptime(root: str) -> float:
    if root == "/proc":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    with open(f"{root}/uptime", "rb") as file:
        return float(file.read().split()[0])


def _words(data: bytes | None) -> tuple[str, ...]:
    """Arguments; a program that rewrote its command line (setproctitle) has one."""
    if not data:
        return ()
    return tuple(word.decode("utf-8", "backslashreplace") for word in data.rstrip(b"\0").split(b"\0"))


def _kilobytes(status: dict[str, str], key: str) -> int | None:
    value = status.get(key)
    return int(value.split()[0]) * 1024 if value else None


def _accounts(stat: list[bytes], status: dict[str, str], io: bytes | None, ticks: int, uptime: float) -> Accounts:
    values = {key: int(value) for key, _, value in (line.partition(b": ") for line in (io or b"").splitlines())}
    switches = [status.get(f"{kind}_ctxt_switches") for kind in ("voluntary", "nonvoluntary")]
    rss = _kilobytes(status, "VmRSS")
    return Accounts(
        user_seconds=int(stat[11]) / ticks,
        system_seconds=int(stat[12]) / ticks,
        children_user_seconds=int(stat[13]) / ticks,
        children_system_seconds=int(stat[14]) / ticks,
        elapsed_seconds=max(0.0, uptime - int(stat[19]) / ticks),
        minor_faults=int(stat[7]),
        major_faults=int(stat[9]),
        children_minor_faults=int(stat[8]),
        children_major_faults=int(stat[10]),
        voluntary_switches=int(switches[0]) if switches[0] else None,
        involuntary_switches=int(switches[1]) if switches[1] else None,
        vsz_bytes=int(stat[20]),
        rss_bytes=rss if rss is not None else int(stat[21]) * _PAGE,
        max_rss_bytes=_kilobytes(status, "VmHWM"),
        max_vsz_bytes=_kilobytes(status, "VmPeak"),
        swap_bytes=_kilobytes(status, "VmSwap"),
        locked_bytes=_kilobytes(status, "VmLck"),
        read_calls=values.get(b"syscr"),
        write_calls=values.get(b"syscw"),
        read_characters=values.get(b"rchar"),
        written_characters=values.get(b"wchar"),
        read_bytes=values.get(b"read_bytes"),
        written_bytes=values.get(b"write_bytes"),
    )


def _identity(stat: list[bytes], status: dict[str, str], users: UserNames, terminals: TerminalNames) -> Identity:
    uids = tuple(int(each) for each in status.get("Uid", "").split())
    privileges = status.get("NoNewPrivs")
    return Identity(
        user=users[uids[1]] if len(uids) > 1 else "",
        uids=uids,
        gids=tuple(int(each) for each in status.get("Gid", "").split()),
        groups=tuple(_group(int(each)) for each in status.get("Groups", "").split()),
        pgrp=int(stat[2]),
        session=int(stat[3]),
        tty=terminals[int(stat[4])],
        tracer_pid=int(status.get("TracerPid", "0")),
        no_new_privileges=None if privileges is None else privileges == "1",
        seccomp=_SECCOMP.get(status.get("Seccomp", "")),
        inner_pids=tuple(int(each) for each in status.get("NSpid", "").split()[1:]),
    )


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except (KeyError, OverflowError):
        return str(number)


def _mask(status: dict[str, str], key: str) -> int:
    return int(status.get(key, "0") or "0", 16)


def _signals(status: dict[str, str]) -> SignalMasks:
    return SignalMasks(
        *(signals_in_mask(_mask(status, key)) for key in ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"))
    )


def _capabilities(status: dict[str, str]) -> Capabilities:
    return Capabilities(
        *(capabilities_in_mask(_mask(status, key)) for key in ("CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"))
    )


def _family(root: str, ppid: int) -> tuple[Relative, ...]:
    """The line of parents up to pid 1, the nearest first."""
    found: list[Relative] = []
    seen: set[int] = set()
    while ppid > 0 and ppid not in seen:
        seen.add(ppid)
        try:
            with open(f"{root}/{ppid}/stat", "rb") as file:
                data = file.read()
        except OSError:
            break
        fields = data[data.rfind(b")") + 1 :].split()
        name = data[data.find(b"(") + 1 : data.rfind(b")")].decode("utf-8", "backslashreplace")
        found.append(Relative(ppid, name, (ppid, int(fields[19]))))
        ppid = int(fields[1])
    return tuple(found)


def _threads(folder: ProcessFolder, ticks: int) -> tuple[tuple[ThreadSample, ...], int]:
    """The threads by id, the first 2,048, and how many there are."""
    names = sorted(folder.names("task"), key=int)
    found = []
    for name in names[:_THREADS_MOST]:
        data = folder.read(f"task/{name}/stat")
        if not data:
            continue
        fields = data[data.rfind(b")") + 1 :].split()
        if len(fields) < 37:
            continue
        found.append(
            ThreadSample(
                tid=int(name),
                name=data[data.find(b"(") + 1 : data.rfind(b")")].decode("utf-8", "backslashreplace"),
                state=fields[0].decode("ascii", "replace"),
                cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
                processor=int(fields[36]),
                nice=int(fields[16]),
                waiting_in=_wait_channel(folder, f"task/{name}/wchan"),
                run_queue_seconds=_run_queue(folder, f"task/{name}/schedstat"),
            )
        )
    return tuple(found), len(names)


def _wait_channel(folder: ProcessFolder, path: str) -> str | None:
    try:
        data = folder.read(path)
    except Refused:
        return None
    text = (data or b"").decode("ascii", "replace").strip("\0\n")
    return None if text in ("", "0") else text


def _run_queue(folder: ProcessFolder, path: str) -> float | None:
    try:
        fields = (folder.read(path) or b"").split()
    except Refused:
        return None
    if len(fields) < 3 or fields[:3] == [b"0", b"0", b"0"]:
        return None
    return int(fields[1]) / 1e9


def _delays(
    pid: int, threads: tuple[ThreadSample, ...], stat: list[bytes], ticks: int, gaps: _Gaps, real: bool
) -> Delays:
    waits = [each.run_queue_seconds for each in threads if each.run_queue_seconds is not None]
    run_queue = sum(waits) if waits else None
    accounted = real and _delays_accounted()
    if not accounted:
        why = "the kernel keeps no delay accounts"
        advice = "sysctl kernel.task_delayacct=1 (as root) makes it begin."
        gaps.found["waiting for I/O, swap and reclaim"] = Missing("waiting for I/O, swap and reclaim", why, advice)
        return Delays(run_queue, None)
    try:
        told = delays_of(pid)
    except ProcessLookupError:
        raise
    except OSError:
        blocked = int(stat[39]) / ticks if len(stat) > 39 else None
        return Delays(run_queue, blocked)
    return Delays(
        told.cpu_seconds, told.block_io_seconds, told.swap_in_seconds, told.reclaim_seconds, told.thrashing_seconds
    )


def _delays_accounted() -> bool:
    try:
        with open("/proc/sys/kernel/task_delayacct", "rb") as file:
            return file.read().strip() == b"1"
    except OSError:
        return False


def _executable(folder: ProcessFolder) -> Executable | None:
    target = folder.link("exe")
    if target is None:
        return None
    deleted = target.endswith(" (deleted)")
    path = target.removesuffix(" (deleted)")
    replaced = deleted and os.path.exists(path)
    return Executable(path, deleted, replaced)


def _namespaces(folder: ProcessFolder) -> tuple[Namespace, ...]:
    found = []
    for kind in sorted(folder.names("ns")):
        target = folder.link(f"ns/{kind}")
        if target is None or not target.endswith("]"):
            continue
        try:
            ours: bool | None = os.readlink(f"{folder.root}/self/ns/{kind}") == target
        except OSError:
            ours = None
        found.append(Namespace(kind, int(target[target.find("[") + 1 : -1]), ours))
    return tuple(found)


def _stack(folder: ProcessFolder) -> tuple[str, ...] | None:
    data = folder.read("stack")
    if data is None:
        return None
    return tuple(line.partition("] ")[2] or line for line in data.decode("ascii", "replace").splitlines())


def _settings(folder: ProcessFolder, stat: list[bytes], gaps: _Gaps, real: bool) -> Settings:
    pid = folder.key[0]
    limits = gaps.asked("limits", _OWN, lambda: _limits(folder.read("limits") or b""))
    return Settings(
        nice=int(stat[16]),
        priority=int(stat[15]),
        io=_quiet(lambda: tuning.io_priority(pid)) if real else None,
        scheduler=_quiet(lambda: tuning.scheduler(pid)) if real else None,
        cpus=_quiet(lambda: tuning.affinity(pid)) if real else None,
        oom_score=_number(folder, "oom_score"),
        oom_score_adj=_number(folder, "oom_score_adj"),
        limits=limits or None,
    )


def _quiet(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (OSError, NotImplementedError):
        return None


def _number(folder: ProcessFolder, path: str) -> int | None:
    try:
        data = folder.read(path)
    except Refused:
        return None
    return int(data) if data else None


def _limits(data: bytes) -> tuple[Limit, ...]:
    """The table of proc_pid_limits(5), by the label at the start of each line."""
    found = []
    for line in data.decode("ascii", "replace").splitlines()[1:]:
        known = next((each for each in LIMITS if line.startswith(each.label + " ")), None)
        if known is None:
            continue
        soft, hard = line[len(known.label) :].split()[:2]
        values = [None if each == "unlimited" else int(each) for each in (soft, hard)]
        found.append(Limit(known.name, values[0], values[1], known.unit))
    return tuple(found)
