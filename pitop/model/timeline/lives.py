"""Lives: which process a pid was at a moment, who was above it, and which lines are about it."""

from __future__ import annotations

from collections.abc import Iterable

from pitop.model.processes import Process, ProcessKey
from pitop.model.sockets import Owner

__all__ = ["Life", "Lives"]

_MOST = 20_000
_DEEP = 64  # ancestors that are followed at most
_SAMPLES = 10  # in which a life's identity is looked for: one that is in none of them was over before
_APART = 1.5  # seconds by which a start time from /proc, whose boot time is in whole seconds, may differ from the event


class Life:
    """A process between fork and exit. `began` is None for one that was there before anybody listened."""

    __slots__ = ("above", "began", "keys", "lines", "name", "parent", "pid", "user")

    def __init__(self, pid: int, began: float | None, name: str | None) -> None:
        self.pid = pid
        self.began = began
        self.name = name
        self.user: str | None = None
        self.keys: frozenset[ProcessKey] = frozenset()
        self.parent: ProcessKey | None = None
        self.above: frozenset[ProcessKey] = frozenset()
        self.lines: list[int] = []


class Lives:
    """The lives that are remembered, by pid: the one that goes on, and after its end the last one."""

    def __init__(self) -> None:
        self._by_pid: dict[int, Life] = {}
        self._rows: dict[int, Process] = {}
        self._unidentified: dict[Life, int] = {}  # and in how many samples each was looked for

    def seen(self, rows: Iterable[Process]) -> list[Life]:
        """All processes of a sample; gives the lives whose identity is known only now."""
        self._rows = {row.pid: row for row in rows}
        found, left = [], {}
        for life, samples in self._unidentified.items():
            if life.keys or self._by_pid.get(life.pid) is not life:
                continue
            if (row := self._rows.get(life.pid)) is not None and _same(life, row):
                self._identify(life, row)
                found.append(life)
            elif samples < _SAMPLES:
                left[life] = samples + 1
        self._unidentified = left
        return found

    def row(self, pid: int) -> Process | None:
        """The process as the newest sample has it."""
        return self._rows.get(pid)

    def born(self, pid: int, ppid: int | None, time: float, name: str | None) -> Life:
        """A fork."""
        life = Life(pid, time, name)
        if ppid is not None:
            parent = self.of(ppid)
            life.parent = next(iter(parent.keys), None)
            life.above = parent.above | parent.keys
            life.user = parent.user
        self._forget(pid)
        self._by_pid[pid] = life
        self._unidentified[life] = 0
        while len(self._by_pid) > _MOST:
            self._forget(next(iter(self._by_pid)))
        return life

    def _forget(self, pid: int) -> None:
        life = self._by_pid.pop(pid, None)
        if life is not None:
            self._unidentified.pop(life, None)

    def of(self, pid: int) -> Life:
        """The life that the pid has now, or had last."""
        life = self._by_pid.get(pid)
        row = self._rows.get(pid)
        if life is None:
            life = self._by_pid[pid] = Life(pid, None, row.name if row is not None else None)
        if row is not None and not life.keys and _same(life, row):
            self._identify(life, row)
        elif not life.keys:
            self._unidentified.setdefault(life, 0)
        return life

    def owner(self, owner: Owner) -> Life:
        """The life of the process that has a socket: another one than the pid's where the start times are far apart."""
        life = self.of(owner.pid)
        key = owner.key
        if key is None or key in life.keys:
            return life
        if any(abs(key[1] - start) > 2 for _, start in life.keys):
            stranger = Life(owner.pid, None, owner.name)
            stranger.keys = frozenset({key})
            return stranger
        life.keys |= {key}
        life.name = life.name or owner.name
        return life

    def _identify(self, life: Life, row: Process) -> None:
        life.keys |= {row.key}
        life.user = row.user
        life.name = life.name or row.name
        above: set[ProcessKey] = set()
        parent = self._rows.get(row.ppid)
        while parent is not None and parent.key not in above and len(above) < _DEEP:
            above.add(parent.key)
            parent = self._rows.get(parent.ppid)
        life.above |= above


def _same(life: Life, row: Process) -> bool:
    return life.began is None or abs(row.start_time - life.began) < _APART
