"""One end of one conversation with what it carried: what the rows of the table are sums of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from pitop.model.sockets import Endpoint, EndpointKey, Owner, Socket
from pitop.model.traffic.talk import End, Named, Talk

__all__ = ["Direction", "Part", "PartKey", "Sockets", "opener", "socket_part", "talk_part"]

Direction = Literal["out", "in"]
"""Who opened it: this machine's program, or somebody else, to whom the program here answers."""

PartKey = tuple[str, int, int | str]
"""`socket`, its namespace and cookie; or `talk`, its number, and which end (0 is the one that opened it)."""

_CLOCKS = 2.0  # seconds by which the times of two samples may differ


class Part(Struct, frozen=True, gc=False, kw_only=True):
    """One end of a conversation that is this machine's.

    `received` and `sent` are bytes since it began; None is not known. `named` is what the address was called then.
    """

    key: PartKey
    owner: Owner | None
    user: str | None
    direction: Direction
    address: str
    port: int
    transport: str
    protocol: str | None
    service: str | None
    called: str | None
    inside: bool
    received: int | None
    sent: int | None
    open: bool
    sought: bool
    first: float | None
    last: float
    named: Named | None = None

    @property
    def asked_name(self) -> str | None:
        """The name, where it is one that this very process had asked for."""
        named, owner = self.named, self.owner
        if named is None or named.asked_by is None or owner is None or named.asked_by.key != owner.key:
            return None
        return named.name


def opener(owners: tuple[Owner, ...]) -> Owner | None:
    """The process that stands for all that share a socket: the oldest, from whom the others have it."""
    if len(owners) < 2:
        return owners[0] if owners else None
    return min(owners, key=lambda owner: (owner.start_ticks is None, owner.start_ticks, owner.pid))


class Sockets:
    """The sockets of one sample, found by cookie and by ends."""

    def __init__(self, rows: Iterable[Socket], closed: Iterable[Socket]) -> None:
        self.rows: dict[EndpointKey, Socket] = {}
        self.listening: set[tuple[str, int | None]] = set()
        self.here: set[str | None] = set()
        self._ends: dict[tuple[str, End, End], Socket] = {}
        for row in (*closed, *rows):
            end = row.endpoint
            if end.unix is not None or row.namespace:
                continue
            if end.state == "LISTEN":
                self.listening.add((end.transport, end.local_port))
            elif end.remote_port is not None and end.transport in ("tcp", "udp"):
                known = self.rows.get(row.key)
                if known is None or known.closed_time is None or end.state != "TIME_WAIT":
                    self.rows[row.key] = row  # a closed one keeps its counters while its TIME_WAIT lasts
                self.here.add(end.local_address)
                self._ends[_ends(end)] = row

    def of(self, talk: Talk, which: int) -> Socket | None:
        """The socket at an end of a conversation: by its cookie, else by its ends at that time."""
        cookie = talk.b_cookie if which else talk.a_cookie
        if cookie is not None:
            return self.rows.get((0, cookie))
        row = None
        for one, other in ((talk.a, talk.b), talk.translated or (talk.a, talk.b)):
            row = row or self._ends.get((talk.transport, other, one) if which else (talk.transport, one, other))
        if row is None:
            return None
        early = row.first_seen is not None and row.first_seen - _CLOCKS > talk.last
        late = row.closed_time is not None and row.closed_time + _CLOCKS < talk.began
        return None if early or late else self.rows.get(row.key)

    def direction(self, end: Endpoint) -> Direction:
        """Which way a connection was opened, as far as the ports that listen tell."""
        return "in" if (end.transport, end.local_port) in self.listening else "out"


def _ends(end: Endpoint) -> tuple[str, End, End]:
    return (
        end.transport,
        (end.local_address or "", end.local_port or 0),
        (end.remote_address or "", end.remote_port or 0),
    )


def socket_part(row: Socket, sockets: Sockets, talk: tuple[Talk, int] | None, now: float) -> Part:
    """The part of a socket; its conversation tells the process where the socket closed before anybody looked."""
    end = row.endpoint
    tcp = end.tcp
    owner = opener(row.owners or row.former)
    direction = sockets.direction(end)
    protocol: str | None = None
    first, last = row.first_seen, row.closed_time or now
    sought = row.holder == "sought"
    received = sent = None
    if tcp is not None:
        received = tcp.bytes_received
        sent = tcp.bytes_sent if tcp.bytes_sent is not None else tcp.bytes_acked
    inside = end.remote_address in sockets.here
    if talk is not None:
        seen, which = talk
        owner = owner or (seen.b_owner if which else seen.a_owner)
        direction = "in" if which else "out"
        protocol = seen.protocol
        first = seen.began
        inside = seen.a_here and seen.b_here
        if end.transport == "udp":
            received, sent = _octets(seen, which)
    return Part(
        key=("socket", *row.key),
        owner=owner,
        user=row.user,
        direction=direction,
        address=end.remote_address or "",
        port=(end.local_port if direction == "in" else end.remote_port) or 0,
        transport=end.transport,
        protocol=protocol,
        service=row.service,
        called=row.remote_name,
        inside=inside,
        received=received,
        sent=sent,
        open=row.closed_time is None and end.state not in ("TIME_WAIT", "CLOSE"),
        sought=owner is None and sought,
        first=first,
        last=last,
    )


def talk_part(talk: Talk, which: int, base: tuple[int, int]) -> Part:
    """The part of a conversation that has no socket in the sample; `base` is what of its octets counted before."""
    received, sent = _octets(talk, which)
    owner = talk.b_owner if which else talk.a_owner
    other = talk.a if which else talk.b
    return Part(
        key=("talk", talk.number, which),
        owner=owner,
        user=None,
        direction="in" if which else "out",
        address=other[0],
        port=talk.b[1],
        transport=talk.transport,
        protocol=talk.protocol,
        service=None,
        called=None,
        inside=talk.a_here and talk.b_here,
        received=None if received is None else received - base[0],
        sent=None if sent is None else sent - base[1],
        open=not talk.ended,
        sought=owner is None and talk.sought,
        first=talk.began,
        last=talk.last,
    )


def _octets(talk: Talk, which: int) -> tuple[int | None, int | None]:
    """Received and sent, from the end's side."""
    if which:
        return talk.octets_ab, talk.octets_ba
    return talk.octets_ba, talk.octets_ab
