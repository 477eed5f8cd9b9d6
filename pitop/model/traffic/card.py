"""A process's network card: what it carried, with whom, what it asked, and what holds it up."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pitop.model.dns.live import LiveQuery
from pitop.model.processes import ProcessKey
from pitop.model.rates import known_sum
from pitop.model.sockets import Socket, SocketsSnapshot
from pitop.model.traffic.snapshot import TrafficSnapshot
from pitop.model.traffic.table import TrafficRow
from pitop.model.traffic.talk import Talk

__all__ = ["Card", "Peer", "network_card"]


class Peer(Struct, frozen=True):
    """A connection that is open, and its smoothed round trip in milliseconds."""

    address: str
    port: int
    rtt_ms: float


class Card(Struct, frozen=True, kw_only=True):
    """What is known of one process. Bytes are since the connections began; None is not known, as is a rate before
    there are two samples. `packets` are TCP segments and UDP packets of what is open. `resent` are TCP segments that
    had to be sent again. `rows` have the most bytes first, `queries` are the newest first.
    """

    received_bytes: int | None = None
    sent_bytes: int | None = None
    received_bytes_per_second: float | None = None
    sent_bytes_per_second: float | None = None
    packets_in: int | None = None
    packets_out: int | None = None
    connections: int = 0
    open: int = 0
    resent: int | None = None
    listening: tuple[tuple[str, int], ...] = ()
    slowest: Peer | None = None
    rows: tuple[TrafficRow, ...] = ()
    queries: tuple[LiveQuery, ...] = ()


def network_card(
    key: ProcessKey,
    rows: Iterable[TrafficRow],
    sockets: SocketsSnapshot | None,
    traffic: TrafficSnapshot | None,
) -> Card:
    """The card of the process `key`, from the table of who talks with whom and what that was made of."""
    mine = sorted(
        (row for row in rows if (row.pid, row.start_ticks) == key),
        key=lambda row: -((row.received_bytes or 0) + (row.sent_bytes or 0)),
    )
    held = [] if sockets is None else [row for row in sockets.rows if any(owner.key == key for owner in row.owners)]
    talks = [] if traffic is None else [talk for talk in traffic.talks if _of(talk, key) and talk.transport == "udp"]
    counted = [end.tcp for row in held if (end := row.endpoint).tcp is not None and end.state != "LISTEN"]
    segments_in = [tcp.segments_received for tcp in counted if tcp is not None]
    segments_out = [tcp.segments_sent for tcp in counted if tcp is not None]
    return Card(
        received_bytes=known_sum(row.received_bytes for row in mine),
        sent_bytes=known_sum(row.sent_bytes for row in mine),
        received_bytes_per_second=known_sum(row.received_bytes_per_second for row in mine),
        sent_bytes_per_second=known_sum(row.sent_bytes_per_second for row in mine),
        packets_in=known_sum([*segments_in, *(_packets(talk, key)[0] for talk in talks)]),
        packets_out=known_sum([*segments_out, *(_packets(talk, key)[1] for talk in talks)]),
        connections=sum(row.connections for row in mine),
        open=sum(row.open for row in mine),
        resent=known_sum(tcp.retransmits for tcp in counted if tcp is not None),
        listening=tuple(
            sorted({(row.endpoint.transport, row.endpoint.local_port or 0) for row in held if row.endpoint.listening})
        ),
        slowest=_slowest(held),
        rows=tuple(mine),
        queries=()
        if traffic is None
        else tuple(each for each in traffic.queries if (each.pid, each.start_ticks) == key),
    )


def _of(talk: Talk, key: ProcessKey) -> bool:
    return any(owner is not None and owner.key == key for owner in (talk.a_owner, talk.b_owner))


def _packets(talk: Talk, key: ProcessKey) -> tuple[int | None, int | None]:
    """Received and sent, from the side of the process."""
    if talk.a_owner is not None and talk.a_owner.key == key:
        return talk.packets_ba, talk.packets_ab
    return talk.packets_ab, talk.packets_ba


def _slowest(held: Iterable[Socket]) -> Peer | None:
    known = [
        Peer(end.remote_address or "", end.remote_port or 0, end.tcp.rtt_ms)
        for row in held
        if (end := row.endpoint).tcp is not None and end.tcp.rtt_ms is not None and end.state == "ESTABLISHED"
    ]
    return max(known, key=lambda peer: peer.rtt_ms, default=None)
