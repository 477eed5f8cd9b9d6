"""Samples what every process waits for; read only while a column shows it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from pitop.collect.collector import Unavailable
from pitop.kernel.delays import DelayReader
from pitop.kernel.system import host
from pitop.model.delays import DelaySample, DelaysSnapshot, delay
from pitop.model.snapshot import Missing

__all__ = ["DelaysCollector"]


class DelaysCollector:
    """Makes a DelaysSnapshot each turn. Raises Unavailable where the kernel keeps no schedstat."""

    every = None

    def __init__(self, root: str = "/proc") -> None:
        self._reader = DelayReader(root)
        if not self._reader.kept:
            raise Unavailable("this kernel does not tell how long processes wait (no schedstat)")
        self._host = host()
        self._before: dict[str, DelaySample] = {}
        self._sampled: float | None = None
        self._missing: tuple[Missing, ...] = ()
        if not self._reader.accounted:
            advice = "sysctl kernel.task_delayacct=1 (as root) makes it begin."
            self._missing = (Missing("waiting for storage", "the kernel keeps no delay accounts", advice),)

    def ask(self, request: Struct) -> None:
        """Nothing to ask for."""

    def descriptors(self) -> Sequence[int]:
        """Nothing to wait for but the time."""
        return ()

    def close(self) -> None:
        """Forget everything."""
        self._before.clear()

    def collect(self) -> DelaysSnapshot:
        """Sample every process."""
        monotonic = time.monotonic()
        seconds = None if self._sampled is None else monotonic - self._sampled
        now = {pid: sample for pid in self._reader.pids() if (sample := self._reader.read(pid)) is not None}
        rows = tuple(delay(int(pid), sample, self._before.get(pid), seconds) for pid, sample in now.items())
        self._before, self._sampled = now, monotonic
        return DelaysSnapshot(time=time.time(), host=self._host, missing=self._missing, rows=rows)
