"""The topic `talks`: sockets and traffic, joined into one table on a thread of their own."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec import Struct

from pitop.kernel.system import host
from pitop.model.rates import known_sum
from pitop.model.snapshot import Failure, Missing
from pitop.model.sockets import SocketsSnapshot
from pitop.model.traffic import TrafficSnapshot, TrafficTable, traffic_rows
from pitop.model.traffic.talks import TalksSnapshot

__all__ = ["TalksCollector"]


class TalksCollector:
    """Takes in what `ask` brings and makes the table each turn; without one of the two, of the other alone."""

    every: float | None = None

    def __init__(self) -> None:
        self._host = host()
        self._since = time.time()
        self._sockets: SocketsSnapshot | None = None
        self._traffic: TrafficSnapshot | None = None
        self._table: TrafficTable | None = None
        self._missing: dict[str, tuple[Missing, ...]] = {}

    def ask(self, request: Struct) -> None:
        """Take in a snapshot, or the failure of one."""
        match request:
            case SocketsSnapshot():
                self._sockets = request
                self._missing["sockets"] = request.missing
            case TrafficSnapshot():
                self._traffic = request
                what = "UDP's bytes, owners of short connections, names from DNS"
                self._missing["traffic"] = (
                    (Missing(what, request.problem, request.advice),) if request.problem else request.missing
                )
            case Failure():
                self._missing[request.topic] = (Missing(request.topic, request.message, request.advice),)

    def collect(self) -> TalksSnapshot:
        """The table of now."""
        before = self._table
        if self._sockets is not None or self._traffic is not None:
            now = max(each.time for each in (self._sockets, self._traffic) if each is not None)
            if before is None or now > before.time:
                seconds = now - before.time if before is not None else 0.0
                self._table = traffic_rows(self._sockets, self._traffic, before, seconds)
        rows = self._table.rows if self._table is not None else ()
        traffic = self._traffic
        return TalksSnapshot(
            time=time.time(),
            host=self._host,
            missing=tuple(each for several in self._missing.values() for each in several),
            since=self._since,
            rows=rows,
            capturing=traffic is not None and traffic.running,
            unknown_percent=None if traffic is None else traffic.unknown_percent,
            dropped=0 if traffic is None else traffic.status.dropped,
            received_bytes_per_second=known_sum(row.received_bytes_per_second for row in rows),
            sent_bytes_per_second=known_sum(row.sent_bytes_per_second for row in rows),
        )

    def descriptors(self) -> Sequence[int]:
        """None: the snapshots come by themselves."""
        return ()

    def close(self) -> None:
        """Nothing to give back."""
