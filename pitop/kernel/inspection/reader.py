"""One sample of everything that /proc tells of a process."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

from pitop.kernel.inspection.files import open_files
from pitop.kernel.inspection.folder import ProcessFolder
from pitop.kernel.inspection.gaps import OWN, ROOT, Gaps
from pitop.kernel.inspection.settings import read_settings
from pitop.kernel.inspection.status import accounts_of, capabilities_of, identity_of, signals_of
from pitop.kernel.inspection.threads import ThreadSample, read_threads, wait_channel
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
    environment_of,
)
from pitop.model.processes import ProcessKey
from pitop.model.snapshot import Missing

__all__ = ["Sample", "read_process"]

_PF_KTHREAD = 0x00200000


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


def read_process(folder: ProcessFolder, users: UserNames, terminals: TerminalNames, reveal: bool = False) -> Sample:
    """Read everything once. Raises ProcessLookupError when the process is gone."""
    gaps = Gaps()
    stat = folder.stat()
    status = _status(folder)
    pid = folder.key[0]
    real = folder.root == "/proc"
    kernel = bool(int(stat[6]) & _PF_KTHREAD)
    ticks = ticks_per_second()
    threads, count = read_threads(folder, ticks)
    delays = _delays(pid, threads, stat, ticks, gaps, real)
    io = gaps.asked("bytes read and written", OWN, lambda: folder.read("io"))
    files = gaps.asked("open files", OWN, lambda: open_files(folder))
    return Sample(
        key=folder.key,
        name=folder.name(),
        state=stat[0].decode("ascii", "replace"),
        ppid=int(stat[1]),
        start_seconds=int(stat[19]) / ticks,
        kernel=kernel,
        family=_family(folder.root, int(stat[1])),
        command=_words(folder.read("cmdline")),
        identity=identity_of(stat, status, users, terminals),
        accounts=accounts_of(stat, status, io, ticks, _uptime(folder.root)),
        delays=delays,
        settings=read_settings(folder, stat, gaps, real),
        signals=signals_of(status),
        capabilities=capabilities_of(status),
        threads=threads,
        thread_count=count,
        belonging=belonging(folder.read("cgroup") or b""),
        executable=gaps.asked("executable", OWN, lambda: _executable(folder)),
        directory=gaps.asked("working directory", OWN, lambda: folder.link("cwd")),
        root=gaps.asked("root directory", OWN, lambda: folder.link("root")),
        environment=gaps.asked("environment", OWN, lambda: environment_of(folder.read("environ") or b"", reveal)),
        files=files,
        namespaces=gaps.asked("namespaces", OWN, lambda: _namespaces(folder)),
        waiting_in=wait_channel(folder, "wchan"),
        kernel_stack=gaps.asked("kernel stack", ROOT, lambda: _stack(folder)),
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


def _delays(
    pid: int, threads: tuple[ThreadSample, ...], stat: list[bytes], ticks: int, gaps: Gaps, real: bool
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
