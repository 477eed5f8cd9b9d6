"""Whose smaps_rollup is read when: a few a turn, within a share of one core, no target too often.

Reading holds the target's memory lock while the kernel walks its page tables: it costs the reader and slows the
target. So only what is on screen is read, the longest unread first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from msgspec import Struct

from pitop.kernel.memory.smaps import read_holding
from pitop.model.memory.holdings import Holding
from pitop.model.processes import ProcessKey

__all__ = ["Rounds"]

_SHARE = 0.015  # of one core, on average
_FIRST = 0.02  # seconds of processor time for the first turn, so that a screen fills at once
_SAVED = 2.0  # seconds of unused share that may be spent later
_AGAIN = 5.0  # seconds between two readings of one target, at least
_BURDEN = 0.005  # the share of its time that a target may be held up, at most
_KEPT = 60.0  # seconds that a reading is kept for a target that has left the screen

Read = Callable[[ProcessKey, float], Holding | None]


class _Target(Struct):
    holding: Holding
    read_at: float  # by the clock that `turn` goes by
    due: float
    wanted_at: float


class Rounds:
    """Keeps the newest reading of every target, and takes turns.

    `read` answers a key and the moment in unix seconds; `clock` is monotonic, `processor` counts this thread's time.
    """

    def __init__(
        self,
        read: Read = read_holding,
        clock: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.thread_time,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._clock = clock
        self._processor = processor
        self._wall = wall
        self._wanted: tuple[ProcessKey, ...] = ()
        self._targets: dict[ProcessKey, _Target] = {}
        self._ended: set[ProcessKey] = set()
        self._credit = _FIRST
        self._turned = clock()

    def want(self, keys: Sequence[ProcessKey]) -> None:
        """These are on screen from now on, in this order."""
        self._wanted = tuple(dict.fromkeys(keys))
        self._ended.intersection_update(self._wanted)

    def turn(self, at_once: bool = False) -> tuple[Holding, ...]:
        """Read whose turn it is; every reading that is kept. `at_once` reads all that were never read, at any cost."""
        now = self._clock()
        self._credit = min(self._credit + _SHARE * (now - self._turned), max(_FIRST, _SHARE * _SAVED))
        self._turned = now
        unread = [key for key in self._wanted if key not in self._targets and key not in self._ended]
        due = [key for key in self._wanted if (known := self._targets.get(key)) is not None and known.due <= now]
        due.sort(key=lambda key: self._targets[key].read_at)
        for key in unread:
            if self._credit <= 0 and not at_once:
                break
            self._take(key)
        else:
            for key in due:
                if self._credit <= 0:
                    break
                self._take(key)
        for key in self._wanted:
            if key in self._targets:
                self._targets[key].wanted_at = now
        self._targets = {key: each for key, each in self._targets.items() if now - each.wanted_at <= _KEPT}
        return tuple(each.holding for each in self._targets.values())

    def _take(self, key: ProcessKey) -> None:
        before = self._processor()
        began = self._clock()
        holding = self._read(key, self._wall())
        cost = max(0.0, self._processor() - before)
        self._credit -= cost
        if holding is None:
            self._targets.pop(key, None)
            self._ended.add(key)
            return
        self._targets[key] = _Target(holding, began, began + max(_AGAIN, cost / _BURDEN), began)
