"""The table's rows: each process with what it holds; totals, and groups by name or user."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct

from pitop.model.memory.holdings import Holding
from pitop.model.processes import Process, ProcessKey

__all__ = ["MemoryRow", "RowKeeper", "grouped", "joined", "totals"]

N = TypeVar("N", int, float)


class MemoryRow(Struct, frozen=True, gc=False):
    """A process, or several as one line (`count` tells how many); None is not known, or not read yet.

    Of several, what is unknown of some is summed over the rest. `age_seconds` is how long ago PSS and USS were read;
    of several, the oldest. `resident_bytes` is RSS; summed over processes it counts shared pages more than once.
    """

    key: ProcessKey
    pid: int
    name: str
    command: str
    user: str | None
    count: int
    vsz_bytes: int
    rss_bytes: int
    shared_bytes: int | None
    pss_bytes: int | None
    uss_bytes: int | None
    swap_bytes: int | None
    minor_faults: int
    major_faults: int
    minor_faults_per_second: float | None
    major_faults_per_second: float | None
    oom_score: int | None
    memory_percent: float | None
    age_seconds: float | None
    why: str = ""


def joined(processes: Iterable[Process], holdings: Mapping[ProcessKey, Holding], now: float) -> tuple[MemoryRow, ...]:
    """Each process with its holding, where one was read. Kernel threads have no memory of their own: left out."""
    return tuple(_row(each, holdings.get(each.key), now) for each in processes if not each.kernel)


def _row(process: Process, holding: Holding | None, now: float) -> MemoryRow:
    rollup = None if holding is None else holding.rollup
    return MemoryRow(
        key=process.key,
        pid=process.pid,
        name=process.name,
        command=process.command,
        user=process.user,
        count=1,
        vsz_bytes=process.vsz_bytes,
        rss_bytes=process.rss_bytes,
        shared_bytes=process.shared_bytes,
        pss_bytes=None if rollup is None else rollup.pss_bytes,
        uss_bytes=None if rollup is None else rollup.uss_bytes,
        swap_bytes=None if holding is None else holding.swap_bytes,
        minor_faults=process.minor_faults,
        major_faults=process.major_faults,
        minor_faults_per_second=process.minor_faults_per_second,
        major_faults_per_second=process.major_faults_per_second,
        oom_score=None if holding is None else holding.oom_score,
        memory_percent=process.memory_percent,
        age_seconds=None if holding is None or rollup is None else max(0.0, now - holding.time),
        why="" if holding is None else holding.why,
    )


class RowKeeper:
    """Joins like `joined`, again and again, and hands on the same row object for what has not changed.

    Ages go in steps of `step` seconds, so that a row is another one when it was read, and not because time passes.
    """

    def __init__(self, step: float) -> None:
        self._step = step
        self._kept: dict[ProcessKey, tuple[Process, Holding | None, float, MemoryRow]] = {}

    def join(
        self, processes: Iterable[Process], holdings: Mapping[ProcessKey, Holding], now: float
    ) -> tuple[MemoryRow, ...]:
        """The rows of this moment; what they were made of is forgotten for processes that are not among them."""
        before, step = self._kept, self._step
        kept: dict[ProcessKey, tuple[Process, Holding | None, float, MemoryRow]] = {}
        for process in processes:
            if process.kernel:
                continue
            key = process.key
            holding = holdings.get(key)
            moment = 0.0 if holding is None else holding.time + max(0.0, (now - holding.time) // step * step)
            known = before.get(key)
            if known is None or known[0] is not process or known[1] is not holding or known[2] != moment:
                row = _row(process, holding, moment)
                known = (process, holding, moment, row if known is None or known[3] != row else known[3])
            kept[key] = known
        self._kept = kept
        return tuple([each[3] for each in kept.values()])


def totals(rows: Sequence[MemoryRow], name: str = "total", user: str | None = None) -> MemoryRow:
    """All of `rows` as one: sums of what is known; the OOM score is the highest."""
    return MemoryRow(
        key=rows[0].key if len(rows) == 1 else (0, 0),
        pid=rows[0].pid if len(rows) == 1 else 0,
        name=name,
        command=name,
        user=user,
        count=sum([each.count for each in rows]),
        vsz_bytes=sum([each.vsz_bytes for each in rows]),
        rss_bytes=sum([each.rss_bytes for each in rows]),
        shared_bytes=_sum([value for each in rows if (value := each.shared_bytes) is not None]),
        pss_bytes=_sum([value for each in rows if (value := each.pss_bytes) is not None]),
        uss_bytes=_sum([value for each in rows if (value := each.uss_bytes) is not None]),
        swap_bytes=_sum([value for each in rows if (value := each.swap_bytes) is not None]),
        minor_faults=sum([each.minor_faults for each in rows]),
        major_faults=sum([each.major_faults for each in rows]),
        minor_faults_per_second=_sum([rate for each in rows if (rate := each.minor_faults_per_second) is not None]),
        major_faults_per_second=_sum([rate for each in rows if (rate := each.major_faults_per_second) is not None]),
        oom_score=max([value for each in rows if (value := each.oom_score) is not None], default=None),
        memory_percent=_sum([rate for each in rows if (rate := each.memory_percent) is not None]),
        age_seconds=max([rate for each in rows if (rate := each.age_seconds) is not None], default=None),
        why=next((each.why for each in rows if each.why), ""),
    )


def _sum(known: list[N]) -> N | None:
    return sum(known) if known else None


def grouped(rows: Iterable[MemoryRow], by: Callable[[MemoryRow], str]) -> tuple[MemoryRow, ...]:
    """One row for each value of `by` (a name, a user), in the order of first appearance."""
    members: dict[str, list[MemoryRow]] = {}
    for each in rows:
        members.setdefault(by(each), []).append(each)
    result = []
    for name, several in members.items():
        users = {each.user for each in several}
        row = totals(several, name, users.pop() if len(users) == 1 else None)
        result.append(row)
    return tuple(result)
