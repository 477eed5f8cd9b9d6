"""The topic `timeline`: made of the snapshots of other topics, from the moment somebody first asks for it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

from pitop.kernel.system import host
from pitop.model.actions import Performed
from pitop.model.events import EventsSnapshot, Origin
from pitop.model.processes import ProcessesSnapshot
from pitop.model.snapshot import Failure, Missing
from pitop.model.sockets import SocketsSnapshot
from pitop.model.timeline import Recorder, TimelineSnapshot
from pitop.model.traffic import TrafficSnapshot

__all__ = ["TimelineCollector"]

_SPARED = {"processes": 2, "sockets": 2}


class TimelineCollector:
    """Takes in what `ask` brings and tells all lines each turn. What cannot be read is missing; the rest goes on.

    Where the kernel tells of processes, and packets of connections, little comes of the samples of both: who nobody
    else looks at is sampled half as often.
    """

    every: float | None = None

    def __init__(self) -> None:
        self._host = host()
        self._since = time.time()
        self._recorder = Recorder()
        self._missing: dict[str, tuple[Missing, ...]] = {}
        self._waiting: list[Struct] = []
        self._told = self._captured = False  # whether the kernel tells of processes, and packets of connections

    def ask(self, request: Struct) -> None:
        """Keep a snapshot, a failure, or what was done for the next turn, in their order.

        Of several that tell of the traffic, with nothing else in between, the newest tells all.
        """
        if isinstance(request, TrafficSnapshot) and self._waiting and isinstance(self._waiting[-1], TrafficSnapshot):
            self._waiting.pop()
        self._waiting.append(request)

    def _take(self, request: Struct) -> None:
        match request:
            case ProcessesSnapshot():
                self._recorder.take_processes(request)
            case EventsSnapshot():
                self._recorder.take_events(request)
                self._missing["events"] = request.missing
                self._told = request.origin is Origin.KERNEL
            case SocketsSnapshot():
                self._recorder.take_sockets(request)
                self._missing["sockets"] = ()
            case TrafficSnapshot():
                self._recorder.take_traffic(request)
                self._captured = request.running
                what = "who opened short connections, and names that were asked"
                self._missing["traffic"] = (Missing(what, request.problem, request.advice),) if request.problem else ()
            case Performed():
                self._recorder.take_performed(request)
            case Failure():
                self._missing[request.topic] = (Missing(request.topic, request.message, request.advice),)
                self._told &= request.topic != "events"
                self._captured &= request.topic != "traffic"

    def collect(self) -> TimelineSnapshot:
        """All lines until now."""
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            self._take(request)
        return TimelineSnapshot(
            time=time.time(),
            host=self._host,
            missing=tuple(each for several in self._missing.values() for each in several),
            since=self._since,
            rows=self._recorder.rows(),
            forgotten=self._recorder.forgotten,
        )

    def paces(self) -> Mapping[str, int]:
        """Processes and sockets half as often, where others tell what happens."""
        return _SPARED if self._told and self._captured else {}

    def descriptors(self) -> Sequence[int]:
        """None: the snapshots come by themselves."""
        return ()

    def close(self) -> None:
        """Nothing to give back."""
