"""Running a command to its end: signals forwarded, its descendants watched, its rusage taken."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pitop.kernel.connector import Connector, Exit, Fork
from pitop.kernel.launch import launch, refusal_to_run, tree_of
from pitop.model.time import Ending, Usage, Watched

__all__ = ["Run", "run"]

_FORWARDED = frozenset(
    (
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
        signal.SIGWINCH,
        signal.SIGPWR,
    )
)
_FIRST_LOOK = 0.005  # seconds; then twice as long each time, up to:
_LAST_LOOK = 0.25


class Run(NamedTuple):
    """A command that has ended. `refused` is the kernel's answer where it could not be started."""

    ending: Ending
    elapsed_seconds: float
    usage: Usage
    watched: Watched
    refused: OSError | None


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run `command` in the foreground, to be called on the main thread.

    Signals that someone sends to this process go to the command; those of the terminal reach it anyway. A command
    that cannot be started ends with 127 (not found) or 126, as a shell says it. Raises OSError when nothing can be
    started at all.
    """
    refused = refusal_to_run(command[0], environment.get("PATH", os.defpath))
    status = None if refused is None else 127 if isinstance(refused, FileNotFoundError) else 126
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED | {signal.SIGCHLD})
    events: Connector | None = None
    try:
        events = _events()
        launched = launch(command, environment, mask, status)
        watch = _Watch(launched.pid, events)
        pidfd = os.pidfd_open(launched.pid)
        try:
            began = time.monotonic()
            launched.go()
            _wait(pidfd, watch)
            elapsed = time.monotonic() - began
            watch.look(last=True)
            _, wait_status, used = os.wait4(launched.pid, 0)
        finally:
            os.close(pidfd)
        _reap()
    finally:
        if events is not None:
            events.close()
        while signal.sigtimedwait(_FORWARDED | {signal.SIGCHLD}, 0) is not None:
            pass  # what came after the command's end has nobody left to go to
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return Run(Ending.of(wait_status), elapsed, _usage(used, launched.floor_bytes), watch.result(), refused)


def _wait(pidfd: int, watch: _Watch) -> None:
    """Until the process has ended: forward signals, reap orphans, look at the tree now and then."""
    pause = _FIRST_LOOK
    due = time.monotonic() + pause
    while os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        came = signal.sigtimedwait(_FORWARDED | {signal.SIGCHLD}, max(0.0, due - time.monotonic()))
        if came is None:
            watch.look()
            pause = min(_LAST_LOOK, pause * 2)
            due = time.monotonic() + pause
        elif came.si_signo == signal.SIGCHLD:
            _reap(keep=watch.pid)
        elif came.si_code <= 0:  # SI_USER and its like; the terminal's own (SI_KERNEL) went to the whole group
            signal.pidfd_send_signal(pidfd, came.si_signo)


def _reap(keep: int = 0) -> None:
    """Take notice of orphans that ended: as the subreaper nobody else does. `keep` is waited for elsewhere."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid == keep:
            return
        os.waitpid(ended.si_pid, 0)


def _usage(used: resource.struct_rusage, floor_bytes: int) -> Usage:
    largest = used.ru_maxrss * 1024
    return Usage(
        user_seconds=used.ru_utime,
        system_seconds=used.ru_stime,
        max_rss_bytes=largest if largest > floor_bytes else None,
        minor_faults=used.ru_minflt,
        major_faults=used.ru_majflt,
        swaps=used.ru_nswap,
        inputs=used.ru_inblock,
        outputs=used.ru_oublock,
        messages_sent=used.ru_msgsnd,
        messages_received=used.ru_msgrcv,
        signals=used.ru_nsignals,
        voluntary_switches=used.ru_nvcsw,
        involuntary_switches=used.ru_nivcsw,
    )


def _events() -> Connector | None:
    try:
        return Connector()
    except OSError:
        return None


@dataclass(slots=True)
class _Watch:
    """What looking at the command's tree shows, time after time; with the kernel's events every fork in it."""

    pid: int
    events: Connector | None
    forks: int = 0
    tree: set[int] = field(default_factory=set)  # the command and its descendants by the events, the ended too
    waits: dict[tuple[int, int], int] = field(default_factory=dict)  # ns by process and thread
    pids: set[int] = field(default_factory=set)
    peak: int | None = None

    def look(self, last: bool = False) -> None:
        """Look once; after the end only at the command's own run queue time, which a zombie keeps."""
        self._hear()
        tree = [self.pid] if last else tree_of(self.pid)
        if not last:
            sizes = [size for pid in tree if (size := _pss_bytes(pid)) is not None]
            if sizes:
                self.peak = max(self.peak or 0, sum(sizes))
        self.pids.update(tree)
        for pid in tree:
            for thread, nanoseconds in _run_queue(pid):
                self.waits[pid, thread] = max(nanoseconds, self.waits.get((pid, thread), 0))

    def result(self) -> Watched:
        """All together."""
        waits = sum(self.waits.values()) / 1e9 if self.waits else None
        exact = self.events is not None and not self.events.lost
        started = self.forks if exact else max(self.forks, len(self.pids) - 1)
        return Watched(run_queue_seconds=waits, peak_pss_bytes=self.peak, processes=started, exact=exact)

    def _hear(self) -> None:
        """Follow the tree through the kernel's events."""
        self.tree.add(self.pid)
        for event in self.events.read() if self.events is not None else ():
            if isinstance(event, Fork) and event.ppid in self.tree:
                self.forks += 1
                self.tree.add(event.pid)
            elif isinstance(event, Exit) and event.pid != self.pid:
                self.tree.discard(event.pid)


def _pss_bytes(pid: int) -> int | None:
    """Its proportional set size, proc_pid_smaps(5); None where it cannot be read."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            data = file.read()
    except OSError:
        return None
    at = data.find(b"\nPss:")
    return None if at < 0 else int(data[at + 5 : at + 40].split()[0]) * 1024


def _run_queue(pid: int) -> list[tuple[int, int]]:
    """Nanoseconds that each of its threads waited for a CPU, proc_pid_schedstat (Documentation/scheduler)."""
    found = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/schedstat", "rb") as file:
                run, waited, slices = (int(each) for each in file.read().split()[:3])
        except (OSError, ValueError):
            continue
        if run or slices:  # a kernel without schedstat says 0 0 0 of everybody
            found.append((int(thread), waited))
    return found
