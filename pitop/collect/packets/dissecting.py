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
_CUT_OFF = 5  # after which the process ends itself
_STARTING = 10.0  # the first one, which waits for imports
_IDLE = 60.0  # seconds without a packet after which it ends
_MEMORY = 1 << 30


class Dissect(Struct, frozen=True, tag=True):
    """Take these bytes apart, which begin with a header of that link type (pcap-linktype(7))."""

    serial: int
    link: int
    data: bytes


class Dissected(Struct, frozen=True, tag=True):
    """The layers of the packet of that serial."""

    serial: int
    layers: tuple[Layer, ...]


class Dissector:
    """The collector's side. The process has one packet at a time; of those that are asked for meanwhile, the newest is
    the next one."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._serial = 0  # of the packet that was asked for last
        self._sent: Dissect | None = None  # what the process is at
        self._next: Dissect | None = None
        self._answer: Dissected | None = None
        self._since = 0.0  # when the process was given its packet, or had nothing more to do
        self._ready = False  # whether it has imported everything: it has answered once

    def descriptors(self) -> Sequence[int]:
        """Readable when there is an answer."""
        return () if self._client is None else (self._client.fileno(),)

    def begin(self, link: int, data: bytes) -> bool:
        """Have a packet taken apart; False when that takes a while, since everything is still to be imported."""
        self._serial += 1
        packet = Dissect(self._serial, link, data)
        if self._sent is None:
            self._send(packet)
        else:
            self._next = packet
        return self._ready

    def taken(self) -> tuple[Layer, ...] | None:
        """The layers of the packet that was asked for last once they are there, or one that says why there are none."""
        if self._client is not None:
            self._look(self._client)
        answer, self._answer = self._answer, None
        return answer.layers if answer is not None and answer.serial == self._serial else None

    def _send(self, packet: Dissect) -> None:
        if self._client is None:
            try:
                self._client = Client("pitop.collect.packets.dissecting", (), Dissected, "what takes packets apart")
            except OSError as error:
                self._answer = Dissected(packet.serial, not_dissected(packet.data, error.strerror or str(error)))
                return
        self._sent, self._since = packet, time.monotonic()
        self._client.send(packet)

    def _look(self, client: Client) -> None:
        """Take in what the process has said, and see whether it should go on."""
        try:
            for message in client.messages() if client.waiting(0) else ():
                self._answer, self._sent, self._since, self._ready = message, None, time.monotonic(), True
        except Unavailable as error:
            self._give_up(str(error))
        idle = time.monotonic() - self._since
        if self._sent is not None and idle > (_LONGEST if self._ready else _STARTING):
            self._give_up("it took too long, and was given up")
        if self._sent is not None:
            return
        if self._next is not None:
            packet, self._next = self._next, None
            self._send(packet)
        elif idle > _IDLE:
            self._end()

    def _give_up(self, why: str) -> None:
        """Tell of the packet that the process was at, and end it."""
        if self._sent is not None:
            self._answer = Dissected(self._sent.serial, not_dissected(self._sent.data, why))
        self._end()

    def _end(self) -> None:
        client, self._client = self._client, None
        self._sent, self._ready = None, False
        if client is not None:
            client.close()

    def close(self) -> None:
        """End the process."""
        self._next = None
        self._end()


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
        for packet in packets:
            signal.alarm(_CUT_OFF)  # it ends itself, should nobody be left to do so
            channel.send(Dissected(packet.serial, layers_of(packet.data, packet.link)))
            signal.alarm(0)
    return 0
