"""Rows for processes that have ended: how they ended, what they used, the short-lived among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter

from msgspec.structs import replace

from pitop.model.events import Ended, EventsSnapshot
from pitop.model.processes import Process, ProcessesSnapshot, ProcessKey
from pitop.render.ending import ending_short
from pitop.render.events import lived_words

__all__ = ["EndedRows"]

_PID = attrgetter("pid")
_SHORT_MOST = 200  # short-lived processes that the tree shows at a time
_APART = 3.0  # seconds that the two tellings of one end may lie apart


class EndedRows:
    """Joins what samples saw of ended processes with what the kernel told of their ends.

    The row of a process stays the same object from turn to turn, so that it is painted once.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[ProcessKey, bool], Process] = {}
        self._users: dict[int, str] = {}

    def rows(self, processes: ProcessesSnapshot, events: EventsSnapshot | None) -> Sequence[Process]:
        """The ended of the last few seconds: those that were seen alive, and those that were too quick for that."""
        if events is None:
            return processes.ended
        told = {each.pid: each for each in events.ended}
        made: dict[tuple[ProcessKey, bool], Process] = {}
        found: list[Process] = []
        for row in processes.ended:
            end = told.get(row.pid)
            near = end is not None and abs(end.ended_time - (row.ended_time or 0)) < _APART
            key = (row.key, near)
            made[key] = self._made.get(key) or (_joined(row, end) if end is not None and near else row)
            found.append(made[key])
        short = [each for each in events.ended if each.ended_time <= processes.time]
        if short:
            seen = {*map(_PID, processes.rows), *map(_PID, processes.ended)}
            for end in [each for each in short if each.pid not in seen][-_SHORT_MOST:]:
                key = (end.key, True)
                made[key] = self._made.get(key) or _short(end, self._user(end, processes.rows))
                found.append(made[key])
        self._made = made
        return found

    def _user(self, end: Ended, rows: Iterable[Process]) -> str | None:
        """The name of whose it was: the one that a living process of the same user has, or the number."""
        if end.final is None:
            return None
        uid = end.final.uid
        if uid not in self._users:
            self._users[uid] = next((row.user for row in rows if row.uid == uid and row.user is not None), str(uid))
        return self._users[uid]


def _told(command: str, end: Ended) -> str:
    """`[exit 3, 12 ms] ls -la`, `[signal 9 KILL, 3.2 s] …`: before the command, where it is not cut off."""
    if end.ending is None:
        return command
    lived = f", {lived_words(end.lived_seconds)}" if end.lived_seconds is not None else ""
    return f"[{ending_short(end.ending)}{lived}] {command}"


def _joined(row: Process, end: Ended) -> Process:
    """What was seen alive, with how it ended and its last accounts."""
    command = _told(row.command, end)
    final = end.final
    if final is None:
        return replace(row, command=command)
    return replace(
        row,
        command=command,
        cpu_seconds=final.cpu_seconds,
        minor_faults=final.minor_faults,
        major_faults=final.major_faults,
        rss_bytes=final.max_rss_bytes or row.rss_bytes,
    )


def _short(end: Ended, user: str | None) -> Process:
    """A process that no sample saw."""
    final = end.final
    name = end.name or "?"
    return Process(
        key=end.key,
        pid=end.pid,
        ppid=end.ppid or 0,
        user=user,
        uid=None if final is None else final.uid,
        state="X",
        stat="X",
        name=name,
        command=_told(end.command or name, end),
        threads=0,
        nice=0,
        priority=0,
        tty="?",
        vsz_bytes=0,
        rss_bytes=0 if final is None else final.max_rss_bytes or 0,
        shared_bytes=None,
        memory_percent=None,
        cpu_percent=None,
        cpu_seconds=0.0 if final is None else final.cpu_seconds,
        minor_faults=0 if final is None else final.minor_faults,
        major_faults=0 if final is None else final.major_faults,
        minor_faults_per_second=None,
        major_faults_per_second=None,
        start_time=end.ended_time - (end.lived_seconds or 0.0),
        pgrp=0,
        session=0,
        processor=0,
        kernel=False,
        ended_time=end.ended_time,
    )
