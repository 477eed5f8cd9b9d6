"""Forks, execs and exits as they happen, from the kernel where it tells, else from looking again and again.

A thread of its own hears of execs at once: what lives for a millisecond has a command line for that long only. All else
waits in the socket until a snapshot is made, so that forks and exits wake nobody. Under a storm of events command lines
are let go, and the events are still counted.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

from pitop.kernel.connector import Connector, Exec, Exit, Fork
from pitop.kernel.processes import ProcessReader
from pitop.kernel.system import host, ticks_per_second
from pitop.kernel.taskstats import ExitRecords, ThreadRecord
from pitop.model.events import Ended, EventKind, EventsSnapshot, Final, Origin, ProcessEvent
from pitop.model.rates import rate
from pitop.model.snapshot import Missing
from pitop.model.time import Ending

__all__ = ["EventsCollector"]

_KEPT = 1000  # events in a snapshot
_ENDED_SECONDS = 5.0
_ENDED_MOST = 2000
_NAMES_MOST = 65536
_LOOKS_PER_SECOND = 300.0  # command lines read at most
_BATCH = 0.02  # seconds between turns once that many were read
_AWAY = 1.0  # seconds that events may wait in the socket when no snapshot is made
_FIRST, _EARLY = 4, 0.25  # turns that come early, and after how many seconds: who begins to look need not wait
_MOST = 100_000  # events taken in one go
_STORM = 1000  # events in one turn after which the next one comes soon
_SOON = 0.1  # seconds


class _Known(NamedTuple):
    """What is known of a living process. `start_ticks` is None until /proc showed it, `born` for the old."""

    name: str | None
    command: str | None
    ppid: int | None
    start_ticks: int | None
    born: float | None  # monotonic seconds


_UNKNOWN = _Known(None, None, None, None, None)


class _Log:
    """What happened, shared between the thread that hears of it and the one that makes snapshots."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.events: deque[ProcessEvent] = deque(maxlen=_KEPT)
        self.ended: deque[Ended] = deque(maxlen=_ENDED_MOST)
        self.forks = self.execs = self.exits = 0

    def add(self, event: ProcessEvent, ended: Ended | None = None) -> None:
        """Take in one event."""
        self.events.append(event)
        if event.kind is EventKind.FORK:
            self.forks += 1
        elif event.kind is EventKind.EXEC:
            self.execs += 1
        else:
            self.exits += 1
        if ended is not None:
            self.ended.append(ended)


class _Origin(Protocol):
    """Where events come from."""

    origin: Origin
    missing: tuple[Missing, ...]

    @property
    def lost(self) -> int: ...

    def turn(self) -> None: ...

    def close(self) -> None: ...


class EventsCollector:
    """Makes an EventsSnapshot each turn. `kernel` False looks at `root` only."""

    def __init__(self, root: str = "/proc", kernel: bool = True) -> None:
        self.every: float | None = None
        self._turns = 0
        self._host = host()
        self._log = _Log()
        self._before: tuple[float, int, int] | None = None
        self._origin: _Origin
        try:
            if not kernel:
                raise OSError(0, "not asked")
            self._origin = _Listener(self._log, root)
        except OSError as error:
            self._origin = _Scanner(self._log, root, error.strerror or str(error))

    def ask(self, request: Struct) -> None:
        """Nothing to ask for."""

    def descriptors(self) -> Sequence[int]:
        """None: a snapshot for every event would be too many."""
        return ()

    def close(self) -> None:
        """Stop listening."""
        self._origin.close()

    def collect(self) -> EventsSnapshot:
        """What happened until now."""
        self._origin.turn()
        now, monotonic = time.time(), time.monotonic()
        log = self._log
        with log.lock:
            while log.ended and now - log.ended[0].ended_time > _ENDED_SECONDS:
                log.ended.popleft()
            events, ended = tuple(log.events), tuple(log.ended)
            forks, execs, exits = log.forks, log.execs, log.exits
        at, forks_before, exits_before = self._before or (monotonic, None, None)
        self._turns += 1
        self.every = _EARLY if self._turns <= _FIRST and self._origin.origin is Origin.KERNEL else None
        if self._before is None or self.every is None:  # rates want more than a moment
            self._before = (monotonic, forks, exits)
        return EventsSnapshot(
            time=now,
            host=self._host,
            missing=self._origin.missing,
            origin=self._origin.origin,
            events=events,
            ended=ended,
            forks=forks,
            execs=execs,
            exits=exits,
            lost=self._origin.lost,
            forks_per_second=rate(forks, forks_before, monotonic - at),
            exits_per_second=rate(exits, exits_before, monotonic - at),
        )


class _Listener:
    """Hears the kernel's events: of execs at once, on a thread of its own, of all in order when it is asked."""

    origin = Origin.KERNEL

    def __init__(self, log: _Log, root: str) -> None:
        self._log = log
        self._reader = ProcessReader(root)
        self._ticks = ticks_per_second()
        self._connector = Connector()
        try:
            self._execs = Connector(only_execs=True)
        except BaseException:
            self._connector.close()
            raise
        self._records: ExitRecords | None = None
        self.missing: tuple[Missing, ...] = ()
        try:
            self._records = ExitRecords()
        except OSError as error:
            what = "CPU time, faults and peak memory of what has ended"
            self.missing = (Missing(what, error.strerror or str(error), "Run pitop as root for them (CAP_NET_ADMIN)."),)
        self._lock = threading.Lock()  # for whoever drains
        self._known: dict[int, _Known] = {}
        self._ahead: dict[tuple[int, float], _Known] = {}  # by pid and time: what execs were seen to run
        self._finals: dict[int, list[ThreadRecord]] = {}
        self._looks = _LOOKS_PER_SECOND
        self._looked = time.monotonic()
        self._end = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(target=self._run, name="process-events", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """Events that the kernel could not hand over."""
        return self._connector.lost

    def turn(self) -> None:
        """Take what has happened until now. If the thread died of an error, raise: everything is made anew then."""
        if not self._thread.is_alive():
            raise RuntimeError("the thread that hears process events has ended")
        self._drain()

    def close(self) -> None:
        """End the thread and the sockets."""
        os.eventfd_write(self._end, 1)
        self._thread.join()
        os.close(self._end)
        self._execs.close()
        self._connector.close()
        if self._records is not None:
            self._records.close()

    def _run(self) -> None:
        ending, execs = select.poll(), select.poll()
        ending.register(self._end, select.POLLIN)
        execs.register(self._end, select.POLLIN)
        execs.register(self._execs, select.POLLIN)
        due = time.monotonic() + _AWAY
        while True:
            ready = execs.poll(max(0.0, due - time.monotonic()) * 1000)
            if any(descriptor == self._end for descriptor, _ in ready):
                return
            if ready:
                self._see()
            if time.monotonic() >= due:  # also while execs come without a pause
                due = time.monotonic() + (_SOON if self._drain() > _STORM else _AWAY)
            if self._looks < 1 and ending.poll(_BATCH * 1000):
                return

    def _see(self) -> None:
        """Look at once at what has just begun to run; the exec itself comes with all other events, in order."""
        heard = self._execs.read(4096)
        self._earn()
        for event in heard:
            if isinstance(event, Exec):
                known = self._look(event.pid, _UNKNOWN)
                if known is not _UNKNOWN:
                    self._ahead[event.pid, event.at] = known
        while len(self._ahead) > _NAMES_MOST:
            del self._ahead[next(iter(self._ahead))]

    def _earn(self) -> None:
        """Looks that time has given back."""
        moment = time.monotonic()
        self._looks = min(_LOOKS_PER_SECOND, self._looks + (moment - self._looked) * _LOOKS_PER_SECOND)
        self._looked = moment

    def _drain(self) -> int:
        """Take what waits, and say how much. Events first: the record of an exit is queued before its event."""
        with self._lock:
            return self._taken()

    def _taken(self) -> int:
        heard = self._connector.read(_MOST)
        if self._records is not None:
            for record in self._records.read():
                self._finals.setdefault(record.tgid, []).append(record)
        self._earn()
        offset = time.time() - time.monotonic()
        with self._log.lock:
            for event in heard:
                if isinstance(event, Fork):
                    self._fork(event, offset)
                elif isinstance(event, Exec):
                    self._exec(event, offset)
                else:
                    self._exit(event, offset)
        for table in (self._known, self._finals):
            while len(table) > _NAMES_MOST:
                del table[next(iter(table))]
        return len(heard)

    def _fork(self, event: Fork, offset: float) -> None:
        parent = self._known.get(event.ppid)
        if parent is None:
            parent = self._known[event.ppid] = self._look(event.ppid, _UNKNOWN)
        self._known[event.pid] = _Known(parent.name, parent.command, event.ppid, None, event.at)
        self._log.add(
            ProcessEvent(EventKind.FORK, event.at + offset, event.pid, event.ppid, parent.name, parent.command)
        )

    def _exec(self, event: Exec, offset: float) -> None:
        before = self._known.get(event.pid, _UNKNOWN)
        seen = self._ahead.pop((event.pid, event.at), None)
        if seen is None:
            seen = self._look(event.pid, before._replace(name=None, command=None))
        known = self._known[event.pid] = seen._replace(ppid=seen.ppid or before.ppid, born=before.born)
        self._log.add(ProcessEvent(EventKind.EXEC, event.at + offset, event.pid, known.ppid, known.name, known.command))

    def _look(self, pid: int, before: _Known) -> _Known:
        """Name and command line from /proc, as long as looks are left."""
        if self._looks < 1:
            return before
        self._looks -= 1
        try:
            stat = self._reader.stat(str(pid))
            if stat.state == "Z":
                return before
            command = self._reader.command(str(pid)) or None
        except OSError:
            return before
        return _Known(stat.comm, command, stat.ppid, stat.start_ticks, before.born)

    def _exit(self, event: Exit, offset: float) -> None:
        known = self._known.pop(event.pid, _UNKNOWN)
        final = _final(self._finals.pop(event.pid, ()), event.pid)
        ending = Ending.of(event.status)
        lived = event.at - known.born if known.born is not None else final.elapsed_seconds if final else None
        name = final.name if final is not None else known.name
        ppid = event.ppid or known.ppid
        when = event.at + offset
        start = known.start_ticks
        if start is None and lived is not None:
            boot = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
            start = int((event.at - lived + boot) * self._ticks)
        self._log.add(
            ProcessEvent(EventKind.EXIT, when, event.pid, ppid, name, known.command, ending, lived, final),
            Ended((event.pid, start or 0), ppid, name, known.command, when, ending, lived, final),
        )


def _final(records: Sequence[ThreadRecord], pid: int) -> Final | None:
    """The accounts of a process from those of its threads; None without its first thread's."""
    leader = next((record for record in records if record.pid == pid), None)
    if leader is None:
        return None
    return Final(
        name=leader.name,
        uid=leader.uid,
        user_seconds=sum(record.user_seconds for record in records),
        system_seconds=sum(record.system_seconds for record in records),
        elapsed_seconds=leader.elapsed_seconds,
        minor_faults=sum(record.minor_faults for record in records),
        major_faults=sum(record.major_faults for record in records),
        max_rss_bytes=max(record.max_rss_bytes for record in records) or None,
        read_bytes=sum(record.read_bytes for record in records),
        written_bytes=sum(record.written_bytes for record in records),
        run_queue_seconds=sum(record.run_queue_seconds for record in records),
        block_io_seconds=sum(record.block_io_seconds for record in records),
    )


class _Scanner:
    """Compares each look at /proc with the one before."""

    origin = Origin.SCAN
    lost = 0

    def __init__(self, log: _Log, root: str, why: str) -> None:
        self._log = log
        self._reader = ProcessReader(root)
        self._known: dict[str, _Known] | None = None
        self._young: set[str] = set()  # seen first in the turn before: what forks often execs next
        self._ticks = ticks_per_second()
        advice = "Run pitop as root, outside of a container, on a kernel with CONFIG_PROC_EVENTS."
        self.missing: tuple[Missing, ...] = (
            Missing("processes that live shorter than the interval, exit statuses", why, advice),
        )

    def turn(self) -> None:
        """Look again."""
        names = self._reader.pids()
        if self._known is None:
            self._known = {name: found for name in names if (found := self._look(name)) is not None}
            return
        now, known = time.time(), self._known
        born = names - known.keys()
        with self._log.lock:
            for name in sorted(known.keys() - names, key=int):
                self._gone(int(name), known.pop(name), now)
            for name in sorted(born | self._young & names, key=int):
                found, before = self._look(name), known.get(name)
                if found is None:
                    continue
                if before is not None and before.start_ticks != found.start_ticks:
                    self._gone(int(name), before, now)
                    before = None
                self._told(int(name), before, found, now)
                known[name] = found
        self._young = born

    def _look(self, name: str) -> _Known | None:
        try:
            stat = self._reader.stat(name)
            command = self._reader.command(name) or None
        except OSError:
            return None
        return _Known(stat.comm, command, stat.ppid, stat.start_ticks, None)

    def _told(self, pid: int, before: _Known | None, found: _Known, now: float) -> None:
        if before is None:
            boot = now - time.clock_gettime(time.CLOCK_BOOTTIME)
            born = now if found.start_ticks is None else min(now, boot + found.start_ticks / self._ticks)
            self._log.add(ProcessEvent(EventKind.FORK, born, pid, found.ppid, found.name, found.command))
        elif before.command != found.command and found.command is not None:
            self._log.add(ProcessEvent(EventKind.EXEC, now, pid, found.ppid, found.name, found.command))

    def _gone(self, pid: int, known: _Known, now: float) -> None:
        self._log.add(
            ProcessEvent(EventKind.EXIT, now, pid, known.ppid, known.name, known.command),
            Ended((pid, known.start_ticks or 0), known.ppid, known.name, known.command, now, None, None, None),
        )

    def close(self) -> None:
        """Nothing to give back."""
