"""Every process, sampled again and again, reading only what can have changed.

Each turn calls the roll and asks each process's CPU clock. Files are read for those that ran (once more in the turn
after, for the state in which they came to rest), for the children of those that ended (they have a new parent), and, a
few each turn, for the rest, since others can change a process that sleeps: its priority, its memory under reclaim.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from itertools import compress
from operator import attrgetter, ne
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from pitop.kernel.processes import ProcessReader, Resident, TerminalNames, hidden
from pitop.kernel.roll import Roll
from pitop.kernel.system import boot_time, host, memory_total_bytes, ticks_per_second
from pitop.kernel.users import UserNames
from pitop.model.processes import (
    Clock,
    Details,
    Process,
    ProcessesSnapshot,
    Reread,
    Stat,
    at_rest,
    is_kernel_thread,
    process,
)
from pitop.model.snapshot import Missing

__all__ = ["ProcessesCollector"]

_ROUND = 20.0  # seconds in which every sleeping process is read once
_ROUND_MOST = 100  # of them that are read in a turn, so that with thousands it takes longer
_DETAILS_AGE = 5.0  # seconds after which a running process's command line and user are read again
_ENDED_KEPT = 5.0  # seconds that an ended process stays in the snapshot
_ENDED_MOST = 500
_INHERITED_AGE = 60.0  # seconds, more than it is waited for, after which another process's sample tells nothing of now

_PID, _ROW, _CLOCK_ID, _CPU_NS = attrgetter("pid"), attrgetter("row"), attrgetter("clock_id"), attrgetter("cpu_ns")


class _Track:
    """What is kept of one process between samples."""

    __slots__ = ("clock_id", "cpu_ns", "details", "details_time", "name", "pid", "row", "stat")

    def __init__(self, name: str, stat: Stat, clock_id: int) -> None:
        self.name = name
        self.pid = stat.pid
        self.stat = stat
        self.clock_id = clock_id
        self.cpu_ns: int | None = None
        self.details: Details
        self.details_time = 0.0
        self.row: Process


class _Moment(NamedTuple):
    """When a sample was taken, in seconds."""

    monotonic: float
    unix: float


class ProcessesCollector:
    """Makes a ProcessesSnapshot each turn. `root` is the /proc to read, `sys` the /sys."""

    every = None

    def __init__(self, root: str = "/proc", sys: str = "/sys") -> None:
        self._reader = ProcessReader(root)
        self._roll = Roll(self._reader)
        self._root = root
        self._host = host()
        self._users = UserNames()
        self._terminals = TerminalNames(sys)
        self._boot_time = boot_time(root)
        self._ticks = ticks_per_second()
        self._memory = memory_total_bytes(root)
        self._tracks: dict[str, _Track] = {}
        self._order: list[_Track] = []  # by pid
        self._settling: set[_Track] = set()  # that ran when last read
        self._children: dict[int, set[_Track]] = {}  # by their parent's pid
        self._changed = False  # whether _tracks holds others than _order
        self._sampled: _Moment | None = None  # the sample before
        self._fresh: list[_Track] = []  # seen first in the sample before
        self._next_idle = 0  # where in _order the reading of sleeping processes goes on
        self._ended: list[Process] = []
        self._inherited = False  # whether another process took the last sample, which is still to be shown

    def ask(self, request: Struct) -> None:
        """Reread: what sleeps and was changed from outside is read in the next turn."""
        if isinstance(request, Reread):
            for pid in request.pids:
                track = self._tracks.get(str(pid))
                if track is not None:
                    self._settle(track, True)

    def descriptors(self) -> Sequence[int]:
        """Nothing to wait for but the time."""
        return ()

    def close(self) -> None:
        """Forget everything."""
        self._roll.close()
        self._tracks.clear()
        self._order.clear()
        self._settling.clear()
        self._children.clear()

    def kept(self) -> tuple[_Moment | None, list[_Track]]:
        """The last sample, without the process that took it."""
        me = os.getpid()
        return self._sampled, [track for track in self._order if track.pid != me]

    def inherit(self, kept: tuple[_Moment | None, list[_Track]]) -> None:
        """Go on from the sample of another process, unless that is too old."""
        if kept[0] is None or time.monotonic() - kept[0].monotonic > _INHERITED_AGE:
            return
        self._sampled, self._order = kept
        self._inherited = True
        for track in self._order:
            self._admit(track)
        self._changed = False

    def collect(self) -> ProcessesSnapshot:
        """Sample every process."""
        if self._inherited and self._sampled is not None:
            self._inherited = False
            return self._snapshot(self._sampled.unix)
        names = self._roll.call()
        monotonic, now = time.monotonic(), time.time()
        span = None if self._sampled is None else monotonic - self._sampled.monotonic
        clock = Clock(self._boot_time, self._ticks, self._memory, span)
        gone = [self._tracks.pop(name) for name in self._tracks.keys() - names]
        for track in gone:
            self._end(track, now)
        if self._changed:
            self._arrange()
        self._refresh(clock, now, gone)
        for name in names - self._tracks.keys():
            self._begin(name, clock, now, first=self._sampled is None)
        if self._changed:
            self._arrange()
        self._sampled = _Moment(monotonic, now)
        self._forget(now)
        return self._snapshot(now)

    def _snapshot(self, now: float) -> ProcessesSnapshot:
        return ProcessesSnapshot(
            time=now,
            host=self._host,
            missing=self._missing(),
            rows=tuple(map(_ROW, self._order)),
            ended=tuple(reversed(self._ended)),
            boot_time=self._boot_time,
        )

    def _arrange(self) -> None:
        self._changed = False
        self._order = sorted(self._tracks.values(), key=_PID)

    def _refresh(self, clock: Clock, now: float, gone: Sequence[_Track]) -> None:
        """Read again what can have changed."""
        order = self._order
        fresh, self._fresh = self._fresh, []
        readings = self._reader.all_cpu_ns(list(map(_CLOCK_ID, order)))
        if self._reader.has_clocks:
            before = list(map(_CPU_NS, order))
            moved = list(compress(range(len(order)), map(ne, readings, before)))
        else:
            moved = list(range(len(order)))
        still: dict[_Track, None] = dict.fromkeys(self._settling)
        for parent in gone:  # their children have a new parent, and have not run for it
            still.update(dict.fromkeys(self._children.pop(parent.stat.pid, ())))
        still.update(dict.fromkeys([order[place] for place in self._idle_due(clock.seconds)]))
        for place in moved:
            still.pop(order[place], None)
            self._update(order[place], readings[place], clock, now)
        for track in still:
            self._update(track, track.cpu_ns, clock, now)
        for track in fresh:
            if track.row.cpu_percent is None and track not in self._settling:
                track.row = at_rest(track.row)

    def _idle_due(self, seconds: float | None) -> range:
        """The places in _order of the sleeping processes whose turn it is to be read."""
        count = len(self._order)
        share = min(count, int(count * (seconds or 0.0) / _ROUND) + 1, _ROUND_MOST)
        start = self._next_idle if self._next_idle < count else 0
        self._next_idle = start + share
        return range(start, min(count, start + share))

    def _update(self, track: _Track, cpu_ns: int | None, clock: Clock, now: float) -> None:
        if self._tracks.get(track.name) is not track:
            return
        try:
            stat = self._reader.stat(track.name)
            if stat.start_ticks != track.stat.start_ticks:  # the pid is somebody else's by now
                self._end(self._tracks.pop(track.name), now)
                self._begin(track.name, clock, now, first=False)
                return
            ran = stat != track.stat if cpu_ns is None else cpu_ns != track.cpu_ns
            resident = self._reader.resident(track.name)
            if stat == track.stat and not ran and track not in self._settling and _same_memory(track.row, resident):
                return
            self._renew_details(track, stat, ran, now)
        except ProcessLookupError:
            self._end(self._tracks.pop(track.name), now)
            return
        except PermissionError:
            return
        grown = self._cpu_grown(track, stat, cpu_ns)
        track.row = process(
            stat,
            track.stat,
            track.details,
            clock,
            cpu_seconds_grown=grown,
            resident=resident,
            tty=self._terminals[stat.tty],
            first_seen=track.row.first_seen,
        )
        self._settle(track, ran)
        if stat.ppid != track.stat.ppid:
            self._children.get(track.stat.ppid, set()).discard(track)
            self._children.setdefault(stat.ppid, set()).add(track)
        track.stat, track.cpu_ns = stat, cpu_ns

    def _settle(self, track: _Track, ran: bool) -> None:
        """Remember to read it in the next turn, too, whether it runs then or not; or that it has come to rest."""
        if ran:
            self._settling.add(track)
        else:
            self._settling.discard(track)

    def _cpu_grown(self, track: _Track, stat: Stat, cpu_ns: int | None) -> float | None:
        """CPU seconds used since the sample before, by the fine clock, or by ticks where there is none."""
        if cpu_ns is not None and track.cpu_ns is not None:
            return (cpu_ns - track.cpu_ns) / 1e9
        before = track.stat.user_ticks + track.stat.system_ticks
        return (stat.user_ticks + stat.system_ticks - before) / self._ticks

    def _renew_details(self, track: _Track, stat: Stat, ran: bool, now: float) -> None:
        """Read command line and user again after an exec, and now and then of what runs (it may rewrite them).

        Not in uninterruptible sleep, where reading the command line could wait for a lock that the process holds.
        """
        changed = stat.comm != track.stat.comm or (stat.state == "Z") != (track.stat.state == "Z")
        young = track.details_time - track.row.start_time < _DETAILS_AGE
        if changed or (stat.state != "D" and ran and (young or now - track.details_time > _DETAILS_AGE)):
            track.details = self._details(track.name, stat)
            track.details_time = now

    def _details(self, name: str, stat: Stat) -> Details:
        status = self._reader.status(name)
        uid = None if status is None else status.uid
        return Details(
            uid=uid,
            user=None if uid is None else self._users[uid],
            command="" if is_kernel_thread(stat) or stat.state == "Z" else self._reader.command(name),
            locked=status is not None and status.locked,
        )

    def _begin(self, name: str, clock: Clock, now: float, *, first: bool) -> None:
        try:
            # The clock before the files: had it run in between, the clock would have moved by the next turn.
            clock_id = self._reader.clock_id(int(name))
            cpu_ns = self._reader.cpu_ns(clock_id)
            stat = self._reader.stat(name)
            track = _Track(name, stat, clock_id)
            track.cpu_ns = cpu_ns
            track.details = self._details(name, stat)
            track.details_time = now
            resident = self._reader.resident(name)
        except (ProcessLookupError, PermissionError):
            return
        track.row = process(
            stat,
            None,
            track.details,
            clock,
            cpu_seconds_grown=None,
            resident=resident,
            tty=self._terminals[stat.tty],
            first_seen=None if first else now,
        )
        self._admit(track)

    def _admit(self, track: _Track) -> None:
        self._tracks[track.name] = track
        self._fresh.append(track)
        self._children.setdefault(track.stat.ppid, set()).add(track)
        self._changed = True

    def _end(self, track: _Track, now: float) -> None:
        self._changed = True
        self._settling.discard(track)
        siblings = self._children.get(track.stat.ppid)
        if siblings is not None:
            siblings.discard(track)
            if not siblings:
                del self._children[track.stat.ppid]
        self._ended.append(replace(track.row, ended_time=now))

    def _forget(self, now: float) -> None:
        self._ended = [
            row
            for row in self._ended[-_ENDED_MOST:]
            if row.ended_time is not None and now - row.ended_time < _ENDED_KEPT
        ]

    def _missing(self) -> tuple[Missing, ...]:
        if hidden(self._root, self._tracks):
            why = "/proc is mounted with hidepid"
            return (Missing("other users' processes", why, "Run pitop as root to see them."),)
        return ()


def _same_memory(row: Process, resident: Resident | None) -> bool:
    return resident is None or (row.rss_bytes, row.shared_bytes) == resident
