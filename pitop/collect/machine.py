"""The header's figures, sampled again and again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from pitop.kernel.machine import CpuTimes, MachineReader
from pitop.kernel.system import host
from pitop.model.machine import MachineSnapshot
from pitop.model.rates import delta, percent, rate

__all__ = ["MachineCollector"]

_SELDOM = 10.0  # seconds between looks at who is logged in


class _Sample(NamedTuple):
    time: float  # monotonic
    cpu: CpuTimes
    cores: tuple[CpuTimes, ...]
    faults: tuple[int, int]
    network: tuple[int, int]


class MachineCollector:
    """Makes a MachineSnapshot each turn."""

    every = None

    def __init__(self, root: str = "/proc", sys: str = "/sys") -> None:
        self._reader = MachineReader(root, sys)
        self._host = host()
        self._last: _Sample | None = None
        self._users: int | None = None
        self._users_due = 0.0

    def ask(self, request: Struct) -> None:
        """Nothing to ask for."""

    def descriptors(self) -> Sequence[int]:
        """Nothing to wait for but the time."""
        return ()

    def close(self) -> None:
        """Nothing to give back."""

    def collect(self) -> MachineSnapshot:
        """Sample the counters."""
        reader, last = self._reader, self._last
        cpu, cores = reader.cpu_times()
        sample = _Sample(time.monotonic(), cpu, cores, reader.faults(), reader.network())
        self._last = sample
        if last is not None and sample.time >= self._users_due:
            # From the second turn on: the first is what a person waits for.
            self._users_due = sample.time + _SELDOM
            self._users = reader.users()
        same_cores = last is not None and len(last.cores) == len(cores)
        span = 0.0 if last is None else sample.time - last.time
        return MachineSnapshot(
            time=time.time(),
            host=self._host,
            uptime_seconds=reader.uptime(),
            users=self._users,
            load=reader.load(),
            cores=tuple(
                _busy(now, last.cores[index]) if last is not None and same_cores else None
                for index, now in enumerate(cores)
            ),
            cpu_percent=None if last is None else _busy(cpu, last.cpu),
            memory=reader.memory(),
            minor_faults_per_second=None
            if last is None
            else rate(sample.faults[0] - sample.faults[1], last.faults[0] - last.faults[1], span),
            major_faults_per_second=None if last is None else rate(sample.faults[1], last.faults[1], span),
            received_bytes_per_second=None if last is None else rate(sample.network[0], last.network[0], span),
            sent_bytes_per_second=None if last is None else rate(sample.network[1], last.network[1], span),
            temperature_celsius=reader.temperature(),
            throttling=reader.throttling(),
        )


def _busy(now: CpuTimes, before: CpuTimes) -> float | None:
    """Percent of the time between two readings that was not idle; None when no time passed."""
    return percent(delta(now.busy, before.busy), delta(now.total, before.total))
