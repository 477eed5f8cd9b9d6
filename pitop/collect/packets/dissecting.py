"""Packets that somebody looks at are taken apart in a process of their own.

The dissector costs half a second and 50 MB, and may stumble over what strangers send: whoever captures must not. It
begins with the first packet, holds no privilege, and ends when nobody has looked at one for a while.
"""

from __future__ import annotations

import select
import signal
import socket
import sys
import time
from collections.abc import Sequence

from msgspec import Struct

from pitop.collect.collector import Unavailable
from pitop.collect.packets.client import Client
from pitop.collect.packets.messages import Channel
from pitop.kernel.packets.dissect import layers_of, not_dissected, preload
from pitop.kernel.packets.privileges import give_up
from pitop.model.packets.detail import Layer

__all__ = ["Dissect", "Dissected", "Dissector", "main"]

_LONGEST = 3.0  # seconds that one packet may take
_STARTING = 10.0  # the first one, which waits for imports
_IDLE = 60.0  # seconds without a packet after which it ends
_MEMORY = 1 << 30


class Dissect(Struct, frozen=True, tag=True):
    """Take these bytes apart, which begin with a header of that link type (pcap-linktype(7))."""

    number: int
    link: int
    data: bytes


class Dissected(Struct, frozen=True, tag=True):
    """The layers of the packet with that number."""

    number: int
    layers: tuple[Layer, ...]


class Dissector:
    """The collector's side: one packet at a time, the newest that was asked for."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._sought: Dissect | None = None
        self._begun = 0.0
        self._answered = False
        self._refused: Dissected | None = None  # the answer where no process could be started

    def descriptors(self) -> Sequence[int]:
        """Readable when there is an answer."""
        return () if self._client is None else (self._client.fileno(),)

    def begin(self, packet: Dissect) -> bool:
        """Have a packet taken apart; False when that takes a while, since everything is still to be imported."""
        if self._client is not None and self._sought is not None and self._late():
            self.close()
        if self._client is None:
            self._answered = False
            try:
                self._client = Client("pitop.collect.packets.dissecting", (), Dissected, "what takes packets apart")
            except OSError as error:
                self._refused = Dissected(packet.number, not_dissected(packet.data, error.strerror or str(error)))
                return True
        self._sought = packet
        self._begun = time.monotonic()
        self._client.send(packet)
        return self._answered

    def taken(self) -> Dissected | None:
        """The answer about the packet that was asked for last, once it is there: its layers, or why there are none."""
        if self._client is None:
            refused, self._refused = self._refused, None
            return refused
        if self._sought is None:
            if time.monotonic() - self._begun > _IDLE:
                self.close()
            return None
        sought, answer = self._sought, None
        try:
            for message in self._client.messages() if self._client.waiting(0) else ():
                self._answered = True
                if message.number == sought.number:
                    answer = message
        except Unavailable as error:
            self.close()
            answer = Dissected(sought.number, not_dissected(sought.data, str(error)))
        if answer is None and self._late():
            self.close()
            answer = Dissected(sought.number, not_dissected(sought.data, "it took too long, and was given up"))
        if answer is not None:
            self._sought = None
        return answer

    def _late(self) -> bool:
        return time.monotonic() - self._begun > (_LONGEST if self._answered else _STARTING)

    def close(self) -> None:
        """End the process."""
        self._sought = None
        if self._client is not None:
            self._client.close()
            self._client = None


def main() -> int:
    """Run with the descriptor of the channel as argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])), Dissect)
    preload()  # before the privileges go: nobody in particular may not be allowed to read the interpreter's files
    give_up(_MEMORY, hurried=False)
    poll = select.poll()
    poll.register(channel.fileno(), select.POLLIN)
    while not channel.closed:
        poll.modify(channel.fileno(), select.POLLIN | (select.POLLOUT if channel.waiting else 0))
        poll.poll()
        channel.flush()
        packets = channel.receive()
        for packet in packets[-1:]:  # nobody waits for those before
            channel.send(Dissected(packet.number, layers_of(packet.data, packet.link)))
    return 0
