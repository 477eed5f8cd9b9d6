"""Samples the threads of the processes that are asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from pitop.kernel.processes import ProcessReader
from pitop.kernel.system import boot_time, host, memory_total_bytes, ticks_per_second
from pitop.model.processes import Clock, Details, Process, ProcessKey, Stat, process
from pitop.model.threads import Threads, ThreadsSnapshot

__all__ = ["ThreadsCollector"]

_MOST = 5000  # threads in a snapshot


class ThreadsCollector:
    """Makes a ThreadsSnapshot of the processes of the newest Threads request each turn."""

    every = None

    def __init__(self, root: str = "/proc") -> None:
        self._reader = ProcessReader(root)
        self._root = root
        self._host = host()
        self._boot_time = boot_time(root)
        self._ticks = ticks_per_second()
        self._memory = memory_total_bytes(root)
        self._asked: tuple[Process, ...] = ()
        self._before: dict[ProcessKey, tuple[Stat, Process]] = {}
        self._sampled: float | None = None

    def ask(self, request: Struct) -> None:
        """Look at these processes from now on."""
        if isinstance(request, Threads):
            self._asked = request.processes

    def descriptors(self) -> Sequence[int]:
        """Nothing to wait for but the time."""
        return ()

    def close(self) -> None:
        """Forget everything."""
        self._before.clear()

    def collect(self) -> ThreadsSnapshot:
        """Sample them all."""
        monotonic = time.monotonic()
        span = None if self._sampled is None else monotonic - self._sampled
        clock = Clock(self._boot_time, self._ticks, self._memory, span)
        now: dict[ProcessKey, tuple[Stat, Process]] = {}
        for owner in self._asked:
            if len(now) >= _MOST:
                break
            try:
                names = os.listdir(f"{self._root}/{owner.pid}/task")
            except OSError:
                continue
            for name in names:
                if name == str(owner.pid):
                    continue
                try:
                    stat = self._reader.stat(f"{owner.pid}/task/{name}")
                except (ProcessLookupError, PermissionError):
                    continue
                now[stat.key] = (stat, self._row(stat, owner, clock))
        self._before, self._sampled = now, monotonic
        rows = sorted((row for _, row in now.values()), key=lambda row: (row.ppid, row.pid))
        return ThreadsSnapshot(time=time.time(), host=self._host, rows=tuple(rows))

    def _row(self, stat: Stat, owner: Process, clock: Clock) -> Process:
        before, known = self._before.get(stat.key, (None, None))
        grown = None
        if before is not None:
            ticks = stat.user_ticks + stat.system_ticks - before.user_ticks - before.system_ticks
            grown = ticks / self._ticks
        details = Details(uid=owner.uid, user=owner.user, command=stat.comm, locked=False)
        made = process(
            stat,
            before,
            details,
            clock,
            cpu_seconds_grown=grown,
            resident=(owner.rss_bytes, owner.shared_bytes or 0),
            tty=owner.tty,
            first_seen=None,
        )
        row = replace(made, ppid=owner.pid, threads=1, kernel=owner.kernel)
        return known if known == row else row
