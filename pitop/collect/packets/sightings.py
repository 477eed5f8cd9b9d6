"""Whose flows are, as the finder tells: packets that it saw before the ring handed them over, and what it was asked."""

from __future__ import annotations

import time
from collections import OrderedDict

from pitop.collect.packets.finder import Ends, Found, Held, Lookup
from pitop.collect.packets.messages import Channel
from pitop.model.packets.flows import UNSEEN, Flow, Flows
from pitop.model.packets.frame import Frame
from pitop.model.packets.summary import Summary

__all__ = ["Sightings", "token_of"]

_MOST = 8192
_SYN, _ACK = 0x02, 0x10
_DOMAIN = 53
Key = tuple[Ends, int]


def token_of(summary: Summary, data: bytes) -> int | None:
    """What tells a packet that begins something from another one between the same ends; None for one that does not.

    It is TCP's sequence number in a SYN, and the number of a question to a name server.
    """
    if summary.transport == 6:
        return summary.sequence if summary.flags & (_SYN | _ACK) == _SYN else None
    if summary.transport == 17 and summary.destination_port == _DOMAIN and summary.size >= 2:
        return int.from_bytes(data[summary.payload : summary.payload + 2], "big")
    return None


class Sightings:
    """What the finder has said, for the flows that the index comes to later, and what it is still to say."""

    def __init__(self, channel: Channel, flows: Flows) -> None:
        self.channel = channel
        self._flows = flows
        self._seen: OrderedDict[Key, Found] = OrderedDict()
        self._waiting: OrderedDict[Key, Flow] = OrderedDict()

    def of(self, summary: Summary, data: bytes) -> Held | None:
        """Who sent a packet that begins something, where the finder saw it."""
        token = token_of(summary, data)
        found = None if token is None else self._seen.get((_ends(summary), token))
        return None if found is None else found.one

    def cookie(self, summary: Summary, data: bytes) -> int:
        """Which socket sent a question to a name server; UNSEEN while the finder has not said so, 0 for others."""
        token = token_of(summary, data) if summary.transport == 17 else None
        if token is None:
            return 0
        found = self._seen.get((_ends(summary), token))
        return UNSEEN if found is None else found.one.cookie

    def opened(self, flow: Flow, summary: Summary, frame: Frame) -> None:
        """A flow has begun: what was seen of it is taken; the rest is asked for."""
        ends = _ends(summary)
        token = token_of(summary, frame.data)
        if token is not None:
            found = self._seen.get((ends, token))
            if found is not None:
                self._give(flow, found)
            if found is None or not found.one.pid:
                self._waiting[ends, token] = flow
                if len(self._waiting) > _MOST:
                    self._waiting.popitem(last=False)
            elif flow.transport != 6 or not found.other.here:
                return
            # The server's end was a listener then; by now it is a socket of its own.
        flow.wanted = time.monotonic()
        self.channel.send(Lookup(flow.number, ends))

    def take(self) -> list[Flow]:
        """Take in what the finder has said; gives the flows of which something is known now."""
        changed: list[Flow] = []
        for message in self.channel.receive():
            if not isinstance(message, Found):
                continue
            flow: Flow | None
            if message.flow:
                flow = self._flows.by_number.get(message.flow)
                if flow is not None:
                    flow.wanted = 0.0
            else:
                key = (message.ends, message.token)
                self._seen[key] = message
                if len(self._seen) > _MOST:
                    self._seen.popitem(last=False)
                flow = self._waiting.get(key)
                if message.one.pid:
                    self._waiting.pop(key, None)
            if flow is not None:
                self._give(flow, message)
                changed.append(flow)
        self.channel.flush()
        return changed

    @staticmethod
    def _give(flow: Flow, found: Found) -> None:
        one, one_port, *_ = found.ends
        straight = (flow.a, flow.a_port) == (one, one_port)
        sides = (found.one, found.other) if straight else (found.other, found.one)
        for place, held in enumerate(sides):
            flow.learn(place, held.here, held.owner, held.cookie)


def _ends(summary: Summary) -> Ends:
    return (
        bytes(summary.source),
        summary.source_port,
        bytes(summary.destination),
        summary.destination_port,
        summary.transport,
    )
