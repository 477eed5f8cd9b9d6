"""Flows: who talks with whom, how much, and what a connection's numbers are relative to."""

from __future__ import annotations

from pitop.model.packets.analysis import Analysis
from pitop.model.packets.dissection import SequenceBook
from pitop.model.packets.row import Base, Owner
from pitop.model.packets.summary import Summary

__all__ = ["Flow", "Flows"]

_MOST = 50_000
_SYN, _ACK = 0x02, 0x10


class Flow:
    """One conversation between two ends, `a` being the one that was seen to begin.

    `number` counts from 1. `packets` and `octets` are for a → b and b → a. `handshake_seconds` is from SYN to SYN-ACK.
    While its
    process is being looked for, `wanted` is since when, by the monotonic clock; else 0.
    """

    __slots__ = (
        "a", "a_port", "b", "b_port", "bases", "began", "first", "handshake_seconds", "last", "number", "octets",
        "owner", "packets", "protocol", "transport", "wanted",
    )  # fmt: skip

    def __init__(self, number: int, summary: Summary, time: float, packet: int) -> None:
        self.number = number
        self.transport = summary.transport
        self.protocol = summary.protocol
        backwards = summary.flags & (_SYN | _ACK) == _SYN | _ACK if summary.flags >= 0 else False
        ends = ((summary.source, summary.source_port), (summary.destination, summary.destination_port))
        (self.a, self.a_port), (self.b, self.b_port) = ends[::-1] if backwards else ends
        self.packets = [0, 0]
        self.octets = [0, 0]
        self.began = self.last = time
        self.first = packet
        self.handshake_seconds: float | None = None
        self.owner: Owner | None = None
        self.wanted = 0.0
        self.bases: list[Base | None] = [None, None]


class Flows:
    """Enters packets one after the other; bounded, the oldest flow is forgotten."""

    def __init__(self) -> None:
        self.known: dict[tuple[bytes, bytes, int, int, int], Flow] = {}
        self.by_number: dict[int, Flow] = {}
        self.forgotten = 0
        self._count = 0
        self._book = SequenceBook(_MOST)
        self._analysis = Analysis()

    def enter(
        self, summary: Summary, time: float, length: int, packet: int, scale: int | None = None
    ) -> tuple[Flow | None, bool, Base | None, tuple[str, ...]]:
        """The packet's flow, whether it is the flow's first packet, what its numbers are relative to, its troubles."""
        if summary.source_port < 0:
            return None, False, None, ()
        source, destination = summary.source, summary.destination
        one, other = summary.source_port, summary.destination_port
        key = (source, destination, one, other, summary.transport)
        flow = self.known.get(key)
        new = False
        if flow is None:
            flow = self._new(key, summary, time, packet)
            new = True
        way = 0 if flow.a == source and flow.a_port == one else 1
        flow.packets[way] += 1
        flow.octets[way] += length
        flow.last = time
        if summary.transport != 6:
            if summary.protocol != "UDP":
                flow.protocol = summary.protocol
            return flow, new, None, ()
        if summary.protocol != "TCP" and flow.protocol == "TCP":
            flow.protocol = summary.protocol
        flags = summary.flags
        if flags & _SYN and flags & _ACK and flow.handshake_seconds is None and way == 1 and flow.packets[0]:
            flow.handshake_seconds = time - flow.began
        base = Base.of(self._book, summary)
        if base == flow.bases[way]:
            base = flow.bases[way]  # one object for all packets of a direction
        else:
            flow.bases[way] = base
        return flow, new, base, self._analysis.judge(summary, time, scale)

    def _new(self, key: tuple[bytes, bytes, int, int, int], summary: Summary, time: float, packet: int) -> Flow:
        if len(self.by_number) >= _MOST:
            self._forget()
        self._count += 1
        flow = Flow(self._count, summary, time, packet)
        source, destination, one, other, transport = key
        self.known[key] = self.known[destination, source, other, one, transport] = flow
        self.by_number[flow.number] = flow
        return flow

    def _forget(self) -> None:
        flow = self.by_number.pop(next(iter(self.by_number)))
        self.known.pop((flow.a, flow.b, flow.a_port, flow.b_port, flow.transport), None)
        self.known.pop((flow.b, flow.a, flow.b_port, flow.a_port, flow.transport), None)
        self.forgotten += 1
