"""A conversation: its counts, what it carried in each direction, and its segments as a ladder of arrows."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pitop.model.packets.flows import Flow
from pitop.model.packets.row import Row, flags_text
from pitop.model.packets.summary import Summary

__all__ = ["Arrow", "Conversation", "Ladder", "Piece", "Stream", "conversation_of", "ladder_of", "stream_of"]

_MOST_BYTES = 1 << 20
_MOST_ARROWS = 2_000


class Conversation(Struct, frozen=True):
    """Two ends, a → b and b → a. `handshake_ms` is the time from SYN to SYN-ACK."""

    number: int
    protocol: str
    a: str | None
    a_port: int
    b: str | None
    b_port: int
    packets_ab: int
    packets_ba: int
    octets_ab: int
    octets_ba: int
    began: float
    seconds: float
    handshake_ms: float | None
    pid: int | None
    process: str | None
    first: int


class Piece(Struct, frozen=True):
    """Bytes that one side sent in a row. `forward` is a → b; `missing` says how many bytes were not seen before."""

    forward: bool
    data: bytes
    number: int
    time: float
    missing: int = 0


class Stream(Struct, frozen=True):
    """What a conversation carried, in the order in which it was sent; cut at 1 MB."""

    a: str
    b: str
    pieces: tuple[Piece, ...]
    cut: bool = False


class Arrow(Struct, frozen=True):
    """One segment: `forward` from the left host to the right one. Numbers are relative to the connection's start; what
    is no TCP has none."""

    number: int
    time: float
    since: float
    forward: bool
    flags: str
    sequence: int | None
    ack: int | None
    size: int
    trouble: tuple[str, ...] = ()


class Ladder(Struct, frozen=True):
    """A connection as two hosts and the arrows between them."""

    left: str
    right: str
    arrows: tuple[Arrow, ...]
    cut: bool = False


def _end(address: str | None, port: int) -> str:
    if port < 0:
        return address or "?"
    return f"[{address}]:{port}" if address is not None and ":" in address else f"{address}:{port}"


def conversation_of(flow: Flow) -> Conversation:
    """A flow's counts so far."""
    text = Summary("").address
    handshake = flow.handshake_seconds
    return Conversation(
        flow.number,
        flow.protocol,
        text(flow.a),
        flow.a_port,
        text(flow.b),
        flow.b_port,
        flow.packets[0],
        flow.packets[1],
        flow.octets[0],
        flow.octets[1],
        flow.began,
        flow.last - flow.began,
        None if handshake is None else handshake * 1000,
        None if flow.owner is None else flow.owner.pid,
        None if flow.owner is None else flow.owner.name,
        flow.first,
    )


def _ends(flow: Flow) -> tuple[str, str]:
    text = Summary("").address
    return _end(text(flow.a), flow.a_port), _end(text(flow.b), flow.b_port)


def _forward(flow: Flow, summary: Summary) -> bool:
    return summary.source == flow.a and summary.source_port == flow.a_port


def stream_of(flow: Flow, rows: Iterable[Row]) -> Stream:
    """Put a flow's payloads together: TCP by its sequence numbers, what came twice once; others as they came."""
    left, right = _ends(flow)
    pieces: list[Piece] = []
    total = 0
    sides = (_Reassembly(), _Reassembly())
    for row in rows:
        summary = row.summary
        forward = _forward(flow, summary)
        if summary.transport == 6:
            new = sides[0 if forward else 1].take(summary, row.payload, bool(summary.flags & 0x02))
        else:
            new = [(row.payload, 0)] if row.payload else []
        for data, missing in new:
            if pieces and pieces[-1].forward == forward and not missing and summary.transport == 6:
                before = pieces[-1]
                pieces[-1] = Piece(forward, before.data + data, before.number, before.time, before.missing)
            else:
                pieces.append(Piece(forward, data, row.number, row.time, missing))
            total += len(data)
        if total > _MOST_BYTES:
            return Stream(left, right, tuple(pieces), True)
    for side, forward in zip(sides, (True, False), strict=True):
        for data, missing in side.rest():
            pieces.append(Piece(forward, data, 0, 0.0, missing))
    return Stream(left, right, tuple(pieces))


class _Reassembly:
    """One direction's bytes: what is too early waits until the hole before it is filled."""

    _MOST_WAITING = 500

    def __init__(self) -> None:
        self._next: int | None = None
        self._early: dict[int, bytes] = {}

    def take(self, summary: Summary, payload: bytes, begins: bool) -> list[tuple[bytes, int]]:
        """Pieces that are in order now, each with how many bytes are missing before it."""
        sequence = (summary.sequence + begins) & 0xFFFFFFFF
        if self._next is None:
            self._next = sequence
        if not payload:
            return []
        ahead = (sequence - self._next) & 0xFFFFFFFF
        if ahead and ahead < 0x80000000:
            self._early.setdefault(sequence, payload)
            return self._forced() if len(self._early) > self._MOST_WAITING else []
        return self._joined(sequence, payload)

    def _joined(self, sequence: int, payload: bytes) -> list[tuple[bytes, int]]:
        assert self._next is not None
        found = []
        while True:
            behind = (self._next - sequence) & 0xFFFFFFFF
            if behind < len(payload):
                found.append((payload[behind:], 0))
                self._next = (sequence + len(payload)) & 0xFFFFFFFF
            near = next((at for at in self._early if (self._next - at) & 0xFFFFFFFF < 0x80000000), None)
            if near is None:
                return found
            sequence, payload = near, self._early.pop(near)

    def _forced(self) -> list[tuple[bytes, int]]:
        """Give up on a hole."""
        assert self._next is not None
        start = self._next
        nearest = min(self._early, key=lambda at: (at - start) & 0xFFFFFFFF)
        missing = (nearest - start) & 0xFFFFFFFF
        self._next = nearest
        (first, _), *others = self._joined(nearest, self._early.pop(nearest)) or [(b"", 0)]
        return [(first, missing), *others]

    def rest(self) -> list[tuple[bytes, int]]:
        """What still waits behind holes at the end."""
        found = []
        while self._early:
            found += self._forced()
        return found


def ladder_of(flow: Flow, rows: Iterable[Row]) -> Ladder:
    """A flow's packets as arrows, from its first to its last; cut at 2,000."""
    left, right = _ends(flow)
    arrows: list[Arrow] = []
    start: list[int | None] = [None, None]
    before: float | None = None
    for row in rows:
        summary = row.summary
        forward = _forward(flow, summary)
        side = 0 if forward else 1
        if start[side] is None or summary.flags & 0x02:
            start[side] = summary.sequence
        if summary.flags >= 0 and summary.flags & 0x10 and start[1 - side] is None:
            start[1 - side] = (summary.ack - 1) & 0xFFFFFFFF
        mine, theirs = start[side] or 0, start[1 - side] or 0
        acknowledges = summary.flags >= 0 and bool(summary.flags & 0x10)
        arrows.append(
            Arrow(
                row.number,
                row.time,
                0.0 if before is None else row.time - before,
                forward,
                flags_text(summary.flags) or summary.protocol,
                (summary.sequence - mine) & 0xFFFFFFFF if summary.transport == 6 else None,
                (summary.ack - theirs) & 0xFFFFFFFF if acknowledges else None,
                summary.size,
                row.trouble,
            )
        )
        before = row.time
        if len(arrows) >= _MOST_ARROWS:
            return Ladder(left, right, tuple(arrows), True)
    return Ladder(left, right, tuple(arrows))
