"""Flows: who talks with whom, how much, and what a connection's numbers are relative to."""

from __future__ import annotations

from pitop.model.packets.analysis import Analysis, Side
from pitop.model.packets.dissection import SequenceBook
from pitop.model.packets.row import Base, Owner
from pitop.model.packets.summary import Summary

__all__ = ["UNSEEN", "Flow", "Flows"]

UNSEEN = -1
"""In place of a socket's cookie: a question of which it is not known yet whether the same socket sent it as before."""

_MOST = 50_000
_FIN, _SYN, _RST, _ACK = 0x01, 0x02, 0x04, 0x10
_DOMAIN = 53
_FORGOTTEN = 120.0  # seconds of silence after which UDP between the same ends is another conversation, as in conntrack


class Flow:
    """One conversation between two ends, `a` being the one that was seen to begin.

    `number` counts from 1. `packets` and `octets` are for a → b and b → a. `handshake_seconds` is from SYN to SYN-ACK.
    `here` tells of each end whether its address is this machine's, `owners` who has its socket, `cookies` which socket
    that is (0: not known). `start` is the sequence number of a's SYN. While its processes are being looked for,
    `wanted` is since when, by the monotonic clock; else 0.
    """

    __slots__ = (
        "a", "a_port", "b", "b_port", "bases", "began", "cookies", "ended", "first", "handshake_seconds", "here",
        "last", "number", "octets", "owners", "packets", "protocol", "sides", "start", "transport", "wanted",
    )  # fmt: skip

    def __init__(self, number: int, summary: Summary, time: float, packet: int) -> None:
        self.number = number
        self.transport = summary.transport
        self.protocol = summary.protocol
        if summary.flags >= 0:
            backwards = summary.flags & (_SYN | _ACK) == _SYN | _ACK
        else:
            backwards = summary.source_port == _DOMAIN != summary.destination_port  # an answer to a question not seen
        ends = ((summary.source, summary.source_port), (summary.destination, summary.destination_port))
        (self.a, self.a_port), (self.b, self.b_port) = ends[::-1] if backwards else ends
        self.packets = [0, 0]
        self.octets = [0, 0]
        self.began = self.last = time
        self.first = packet
        self.handshake_seconds: float | None = None
        self.here = [False, False]
        self.owners: list[Owner | None] = [None, None]
        self.cookies = [0, 0]
        self.start: int | None = None
        if summary.flags >= 0 and summary.flags & _SYN:
            self.start = (summary.ack - 1) & 0xFFFFFFFF if backwards else summary.sequence
        self.ended = False
        self.wanted = 0.0
        self.bases: list[Base | None] = [None, None]
        self.sides = _sides() if summary.transport == 6 else None

    @property
    def owner(self) -> Owner | None:
        """Who has this machine's end; where both are, who opened it."""
        return self.owners[0] if self.here[0] else self.owners[1]

    @property
    def peer(self) -> Owner | None:
        """Who has the other end, where that is this machine's, too."""
        return self.owners[1] if self.here[0] else None

    def learn(self, place: int, here: bool, owner: Owner | None, cookie: int) -> None:
        """Take in what was found out about an end: 0 is a, 1 is b. A server's socket may replace its listener's.

        Two sockets at the end that opened it mean that one port served two programs: whose it is is not known then.
        """
        self.here[place] = self.here[place] or here
        known = self.cookies[place]
        if place == 0 and known and cookie and known != cookie:
            self.owners[0] = None
            return
        if owner is not None and (place == 1 or self.owners[0] is None):
            self.owners[place] = owner
        if cookie:
            self.cookies[place] = cookie


def _sides() -> tuple[tuple[Side, Side], tuple[Side, Side]]:
    """What the analysis knows of both directions, the sender's side first: for a → b and for b → a."""
    a, b = Side(), Side()
    return (a, b), (b, a)


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
        self, summary: Summary, time: float, length: int, packet: int, scale: int | None = None, cookie: int = 0
    ) -> tuple[Flow | None, bool, Base | None, tuple[str, ...]]:
        """The packet's flow, whether it is the flow's first packet, what its numbers are relative to, its troubles.

        `cookie` is the sending socket's, where it is known: another one between the same ends is another flow, and so
        is one that is UNSEEN, which may turn out to be another.
        """
        if summary.source_port < 0:
            return None, False, None, ()
        source, destination = summary.source, summary.destination
        one, other = summary.source_port, summary.destination_port
        key = (source, destination, one, other, summary.transport)
        flow = self.known.get(key)
        new = False
        doubtful = flow is not None and (
            summary.flags & _SYN if summary.transport == 6 else cookie or time - flow.last > _FORGOTTEN
        )
        if flow is None or (doubtful and _another(flow, summary, time, cookie)):
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
        if summary.flags & (_FIN | _RST):
            flow.ended = True
        base = flow.bases[way]
        if summary.flags & _SYN or base is None or base.first:
            base = self._base(flow, way, summary, time)
        elif not summary.flags & _ACK:
            base = None
        sides = None if flow.sides is None else flow.sides[way]
        return flow, new, base, self._analysis.judge(summary, time, scale, sides)

    def _base(self, flow: Flow, way: int, summary: Summary, time: float) -> Base | None:
        """What a segment's numbers are relative to; one object for a direction, until it begins anew."""
        if summary.flags & (_SYN | _ACK) == _SYN | _ACK:
            flow.bases = [None, None]
            if flow.handshake_seconds is None and way == 1 and flow.packets[0]:
                flow.handshake_seconds = time - flow.began
        base = Base.of(self._book, summary)
        if base is not None:
            flow.bases[way] = base
        return base

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
        key = (flow.a, flow.b, flow.a_port, flow.b_port, flow.transport)
        if self.known.get(key) is flow:
            del self.known[key]
            self.known.pop((flow.b, flow.a, flow.b_port, flow.a_port, flow.transport), None)
        self.forgotten += 1


def _another(flow: Flow, summary: Summary, time: float, cookie: int) -> bool:
    """Whether a packet between the ends of a flow begins another one: ports are used again."""
    if summary.transport == 6:
        begins = summary.flags & (_SYN | _ACK) == _SYN
        return begins and flow.start != summary.sequence
    if summary.transport != 17:
        return False
    if time - flow.last > _FORGOTTEN:
        return True
    if not cookie or (summary.source, summary.source_port) != (flow.a, flow.a_port):
        return False
    return cookie == UNSEEN or bool(flow.cookies[0] and cookie != flow.cookies[0])
