"""What the helper tells by itself: conversations that have changed, and what name servers are asked."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pitop.collect.packets.handing import SLICE, WAITING_MOST
from pitop.collect.packets.messages import Heard, Told
from pitop.model.packets.flows import Flow
from pitop.model.packets.packet import Packet
from pitop.model.packets.row import Owner, Row
from pitop.model.packets.spoken import answered_addresses
from pitop.model.packets.summary import Summary
from pitop.model.sockets import Owner as SocketOwner
from pitop.model.traffic.talk import End, Talk

if TYPE_CHECKING:
    from pitop.collect.packets.helper import Helper

__all__ = ["Telling", "talk_of"]

_TRANSPORTS = {6: "tcp", 17: "udp"}
_DOMAIN = 53
_MOST_TALKS = 2_000  # in one message
_MOST_HEARD = 500
_MOST_WAITING = 5_000
_LINE = 2_048
_SILENT = 1.0  # seconds without anything new until the counts are told all the same
_PATIENCE = 0.3  # seconds that the process of a question is waited for
_TEXT = Summary("").address


class Telling:
    """Follows the index; keeps back what has changed until it is due, and questions until it is known who asked."""

    def __init__(self, helper: Helper, every: float) -> None:
        self._helper = helper
        self._every = every
        self._next = helper.store.first
        self._due = 0.0
        self._changed: dict[int, Flow] = {}
        self._heard: deque[tuple[Row, Flow, bool, float]] = deque()
        self.unheard = 0

    def learnt(self, flows: Iterable[Flow]) -> None:
        """Something is known of these now that was not before."""
        for flow in flows:
            self._changed[flow.number] = flow

    def go_on(self) -> bool:
        """Go through what the index has been through, and tell what is due; whether there is more to do."""
        helper = self._helper
        known = helper.index.next
        until = time.monotonic() + SLICE
        while self._next < known and time.monotonic() < until:
            self._next = max(self._next, helper.store.first)
            chunk = helper.store.chunk_of(self._next)
            if chunk is None:
                break
            start = self._next - chunk.first
            for place in range(start, min(chunk.frames.packets, start + 256, len(chunk.flows))):
                flow = chunk.flows[place]
                self._next += 1
                if flow is None or flow.transport not in _TRANSPORTS:
                    continue
                self._changed[flow.number] = flow
                if _DOMAIN in (flow.a_port, flow.b_port):
                    self._listen(chunk.first + place, flow)
        now = time.monotonic()
        if now >= self._due and helper.channel.waiting < WAITING_MOST:
            self._tell(now)
        return self._next < known

    def _listen(self, number: int, flow: Flow) -> None:
        row = self._helper.store.row(number)
        if row is None or not row.summary.size:
            return
        if len(self._heard) >= _MOST_WAITING:
            self._heard.popleft()
            self.unheard += 1
        self._heard.append((row, flow, flow.first == number, time.monotonic()))

    def _tell(self, now: float) -> None:
        heard: list[Heard] = []
        while self._heard and len(heard) < _MOST_HEARD:
            row, flow, begins, since = self._heard[0]
            asker, settled = self._asker(row, flow, begins)
            if not settled and now - since < _PATIENCE:
                break
            self._heard.popleft()
            heard.append(_heard(row, asker))
        numbers = list(self._changed)[:_MOST_TALKS]
        talks = tuple(talk_of(self._changed.pop(number), now) for number in numbers)
        if not talks and not heard and now < self._due + _SILENT:
            return
        self._due = now + self._every
        self._helper.source.look_after()
        self._helper.channel.send(Told(talks, tuple(heard), self._helper.status()))

    def _asker(self, row: Row, flow: Flow, begins: bool) -> tuple[Owner | None, bool]:
        """Who sent a question, and whether that is certain by now. A port may serve one program after the other, so of
        UDP each question is looked at for itself."""
        summary = row.summary
        if summary.destination_port != _DOMAIN:
            return None, True
        sightings = self._helper.sightings
        if summary.transport == 17:
            held = None if sightings is None else sightings.of(summary, row.frame.data)
            if held is not None and held.pid:
                return held.owner, True
            if not begins:
                return None, held is not None or sightings is None
        place = 0 if (summary.source, summary.source_port) == (flow.a, flow.a_port) else 1
        owner = flow.owners[place] if flow.here[place] else None
        return owner, owner is not None or not flow.wanted


def _heard(row: Row, asker: Owner | None) -> Heard:
    message = row.payload[2:] if row.summary.transport == 6 else row.payload
    addresses = tuple(_TEXT(each) or "" for each in answered_addresses(message))
    return Heard(Packet.of(row, _LINE), _owner(asker), addresses)


def _owner(owner: Owner | None) -> SocketOwner | None:
    return None if owner is None else SocketOwner(owner.pid, owner.start_ticks, owner.name)


def talk_of(flow: Flow, now: float) -> Talk:
    """A flow as it is told; `now` is by the monotonic clock."""
    datagrams = flow.transport == 17
    a_here, b_here = flow.here
    return Talk(
        number=flow.number,
        transport=_TRANSPORTS[flow.transport],
        protocol=flow.protocol,
        a=_end(flow.a, flow.a_port),
        b=_end(flow.b, flow.b_port),
        a_here=a_here,
        b_here=b_here,
        a_owner=_owner(flow.owners[0]),
        b_owner=_owner(flow.owners[1]),
        a_cookie=flow.cookies[0] or None,
        b_cookie=flow.cookies[1] or None,
        sought=flow.wanted > 0 and now - flow.wanted < _PATIENCE,
        octets_ab=flow.octets[0] if datagrams else None,
        octets_ba=flow.octets[1] if datagrams else None,
        packets_ab=flow.packets[0] if datagrams else None,
        packets_ba=flow.packets[1] if datagrams else None,
        began=flow.began,
        last=flow.last,
        ended=flow.ended,
    )


def _end(address: bytes, port: int) -> End:
    return _TEXT(address) or "", port
