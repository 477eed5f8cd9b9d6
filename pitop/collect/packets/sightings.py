"""Flows whose first packet was seen on the lookout, before the ring hands it over: by then its process may be gone."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from pitop.collect.packets.messages import Lookup
from pitop.kernel.packets.ring import Lookout
from pitop.model.packets.flows import Flow
from pitop.model.packets.row import Owner
from pitop.model.packets.summary import summarise

__all__ = ["Sightings"]

_RAW = 101
_MOST = 4096
Key = tuple[bytes, bytes, int, int, int]


class _Sighting:
    """A flow of which the process is being looked for, or is known."""

    __slots__ = ("flow", "owner", "since")

    def __init__(self) -> None:
        self.since = time.monotonic()
        self.owner: Owner | None = None
        self.flow: Flow | None = None


class Sightings:
    """Asks for the process of each flow that the lookout sees, and tells it to the flow when the index comes to it."""

    def __init__(self, lookout: Lookout, ask: Callable[[Lookup], None]) -> None:
        self.lookout = lookout
        self._ask = ask
        self._seen: OrderedDict[Key, _Sighting] = OrderedDict()
        self._asked: dict[int, _Sighting] = {}
        self._count = 0

    def look(self) -> None:
        """Take what the lookout has seen."""
        for data, outgoing in self.lookout.seen():
            summary = summarise(data, _RAW, len(data))
            if summary.source_port < 0:
                continue
            here = (summary.source, summary.source_port)
            there = (summary.destination, summary.destination_port)
            key = (*_pair(here, there), summary.transport)
            if key in self._seen and not self._stale(key):
                continue
            self._count += 1
            sighting = self._seen[key] = _Sighting()
            self._asked[-self._count] = sighting
            if len(self._seen) > _MOST:
                self._seen.popitem(last=False)
                self._asked.pop(next(iter(self._asked)))
            ends = (here, there) if outgoing else (there, here)
            self._ask(Lookup(-self._count, summary.transport, *ends[0], *ends[1]))

    def _stale(self, key: Key) -> bool:
        return time.monotonic() - self._seen[key].since > 1.0

    def found(self, number: int, owner: Owner | None) -> None:
        """The answer to a question."""
        sighting = self._asked.pop(number, None)
        if sighting is None:
            return
        sighting.owner = owner
        if sighting.flow is not None:
            sighting.flow.wanted = 0.0
            sighting.flow.owner = sighting.flow.owner or owner

    def knows(self, flow: Flow) -> bool:
        """Whether a flow that the index has found was seen before; it has its process then, or gets it."""
        key = (*_pair((flow.a, flow.a_port), (flow.b, flow.b_port)), flow.transport)
        sighting = self._seen.get(key)
        if sighting is None:
            return False
        if sighting.owner is not None:
            flow.owner = sighting.owner
            return True
        if sighting not in self._asked.values():
            return False
        sighting.flow = flow
        flow.wanted = time.monotonic()
        return True


def _pair(one: tuple[bytes, int], other: tuple[bytes, int]) -> tuple[bytes, bytes, int, int]:
    low, high = (one, other) if one <= other else (other, one)
    return low[0], high[0], low[1], high[1]
