"""The machine's memory, and what the processes on screen hold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, structs

from pitop.collect.collector import Unavailable
from pitop.collect.memory.rounds import Rounds
from pitop.kernel.memory.delays import DelayReader, delay_accounting
from pitop.kernel.memory.log import KernelLog
from pitop.kernel.memory.machine import read_counters, read_pressure, read_swappiness, read_totals, read_uptime
from pitop.kernel.memory.smaps import read_holding
from pitop.kernel.memory.swap import read_swaps, read_zram, read_zswap
from pitop.kernel.memory.zones import read_nodes, read_zones
from pitop.kernel.system import host
from pitop.model.memory.activity import Counters, activity
from pitop.model.memory.faults import COST, Delays
from pitop.model.memory.kills import OomKill
from pitop.model.memory.pressure import Pressure
from pitop.model.memory.snapshot import Looking, MemorySnapshot
from pitop.model.memory.zones import Node, Zone
from pitop.model.snapshot import Missing

__all__ = ["MemoryCollector"]

_KILLS = 50  # remembered, the newest
_FRESH = 0.5  # seconds that the machine's figures serve for a new request: rates over less tell nothing
_ZONES_EVERY = 5.0  # seconds: zoneinfo is long, and no graph shows it


class MemoryCollector:
    """Reads the machine every time, and of the processes that `Looking` names a few in turn."""

    every: float | None = None

    def __init__(
        self,
        proc: Path = Path("/proc"),
        sys: Path = Path("/sys"),
        log: Path = Path("/dev/kmsg"),
        rounds: Rounds | None = None,
    ) -> None:
        self._proc = proc
        self._sys = sys
        self._host = host()
        self._rounds = rounds or Rounds(lambda key, moment: read_holding(key, moment, proc))
        self._looking = Looking()
        self._before: tuple[float, Counters, Pressure | None] | None = None
        self._kills: tuple[OomKill, ...] = ()
        self._places: tuple[tuple[Node, ...], tuple[Zone, ...]] = ((), ())
        self._placed = float("-inf")
        self._delays: DelayReader | None = None
        self._log: KernelLog | None = None
        self._unread: Missing | None = None
        self._newest: MemorySnapshot | None = None
        self._asked = False
        try:
            self._log = KernelLog(log)
        except PermissionError:
            self._unread = Missing("OOM victims", "reading the kernel's log is not permitted", "run pitop as root")
        except OSError as error:
            self._unread = Missing("OOM victims", f"the kernel's log cannot be read: {error.strerror}")

    def ask(self, request: Struct) -> None:
        """Take in what is on screen."""
        if isinstance(request, Looking):
            self._looking = request
            self._asked = True
            self._rounds.want(request.visible)

    def descriptors(self) -> Sequence[int]:
        """Nothing of this announces itself."""
        return ()

    def collect(self) -> MemorySnapshot:
        """Raises Unavailable without /proc/meminfo; everything else may be missing."""
        missing: list[Missing] = []
        now, moment = time.monotonic(), time.time()
        if self._only_asked(now):
            assert self._newest is not None
            holdings, delays = self._rounds.turn(self._looking.at_once), self._selected(missing)
            machine = tuple(each for each in self._newest.missing if each.what != COST)
            self._newest = structs.replace(self._newest, holdings=holdings, delays=delays, missing=(*machine, *missing))
            return self._newest
        try:
            memory = read_totals(self._proc)
            uptime = read_uptime(self._proc)
        except (OSError, ValueError) as error:
            raise Unavailable(f"the machine's memory cannot be read: {error}", "is /proc mounted?") from None
        counters = self._counters(missing)
        pressure = read_pressure(self._proc)
        if pressure is None:
            missing.append(Missing("memory pressure", "this kernel does not tell it (PSI)", "boot with psi=1"))
        before = self._before
        rates = activity(
            counters,
            None if before is None else before[1],
            0.0 if before is None else now - before[0],
            pressure,
            None if before is None else before[2],
        )
        self._before = (now, counters, pressure)
        swaps = read_swaps(self._proc)
        if swaps is None:
            missing.append(Missing("swap devices", "this kernel was built without swap"))
        if self._log is not None:
            self._kills = (*self._kills, *self._log.kills(moment - now))[-_KILLS:]
        elif self._unread is not None:
            missing.append(self._unread)
        if now - self._placed >= _ZONES_EVERY:
            self._places = (read_nodes(self._sys), read_zones(self._proc))
            self._placed = now
        holdings, delays = self._rounds.turn(self._looking.at_once), self._selected(missing)
        self._newest = MemorySnapshot(
            time=moment,
            host=self._host,
            uptime_seconds=uptime,
            memory=memory,
            counters=counters,
            activity=rates,
            pressure=pressure,
            swap=swaps or (),
            zram=read_zram(self._sys),
            zswap=read_zswap(memory, self._sys),
            swappiness=read_swappiness(self._proc),
            nodes=self._places[0],
            zones=self._places[1],
            kills=self._kills,
            holdings=holdings,
            delays=delays,
            missing=tuple(missing),
        )
        return self._newest

    def close(self) -> None:
        """Give the log and the socket back."""
        if self._log is not None:
            self._log.close()
            self._log = None
        if self._delays is not None:
            self._delays.close()
            self._delays = None

    def _only_asked(self, now: float) -> bool:
        """Whether this turn is for a request alone, and the machine's figures are new enough to serve again."""
        asked, self._asked = self._asked, False
        fresh = self._before is not None and now - self._before[0] < _FRESH
        return asked and fresh and self._newest is not None and not self._looking.at_once

    def _counters(self, missing: list[Missing]) -> Counters:
        try:
            return read_counters(self._proc)
        except OSError:
            missing.append(Missing("faults, paging and reclaim", "this kernel has no /proc/vmstat"))
            return Counters()

    def _selected(self, missing: list[Missing]) -> Delays | None:
        """What the selected process waited for disk and swap."""
        key = self._looking.selected
        if key is None:
            return None
        if self._delays is None:
            self._delays = DelayReader(self._proc)
        delays = self._delays.read(key)
        if delays is not None and delays.disk_seconds is None:
            missing.append(_uncounted(delay_accounting(self._proc)))
        return delays


def _uncounted(accounting: bool | None) -> Missing:
    if accounting is None:
        return Missing(COST, "this kernel has no delay accounting")
    if accounting:
        return Missing(COST, "this process started before delay accounting was switched on", "start it anew")
    return Missing(COST, "delay accounting is off", "as root: sysctl kernel.task_delayacct=1, then start it anew")
