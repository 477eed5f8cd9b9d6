"""What the screen's process and the capturing helper say to each other: frozen, typed, length before each.

The helper reads hostile bytes; what comes from it is decoded into exactly these types or refused.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections import deque
from typing import Any

import msgspec
from msgspec import Struct

from pitop.model.packets.conversation import Conversation, Ladder, Stream
from pitop.model.packets.packet import Packet
from pitop.model.packets.snapshot import CaptureStatus
from pitop.model.packets.statistics import Overview
from pitop.model.sockets import Owner as SocketOwner
from pitop.model.traffic.talk import Talk

__all__ = [
    "Channel",
    "Chosen",
    "Config",
    "Conversations",
    "Details",
    "Ended",
    "Finish",
    "FromHelper",
    "Halt",
    "Heard",
    "LadderOf",
    "Look",
    "Print",
    "Printed",
    "Problem",
    "Rows",
    "Save",
    "Saved",
    "Saving",
    "Select",
    "Started",
    "Statistics",
    "Status",
    "StreamOf",
    "Tell",
    "ToHelper",
    "Told",
]  # fmt: skip

_MOST = 64 << 20


class Saving(Struct, frozen=True):
    """Write what comes in to files: the format, when to begin a new one, after how many packets to end."""

    pcapng: bool
    count: int | None = None
    size_bytes: int | None = None
    seconds: float | None = None


class Config(Struct, frozen=True):
    """How to begin. `interface` None is all of them; `path` reads a file instead. `sessions` are left out.

    With `light`, in place of an expression, only that is taken which tells who talks with whom: the beginnings and ends
    of TCP connections, the headers of UDP, and all of what name servers are asked and answer. With `traced` the
    kernel's trace points are asked who begins to talk, where it has them.
    """

    interface: str | None = None
    path: str | None = None
    expression: str = ""
    sessions: tuple[tuple[bytes, int, bytes, int], ...] = ()
    limit_bytes: int = 64 << 20
    snap_length: int = 262144
    retire_ms: int = 20
    saving: Saving | None = None
    light: bool = False
    traced: bool = True


class Look(Struct, frozen=True, tag=True):
    """Show `count` rows of those that match `filter`: from the `first` (0 is the oldest), or the newest ones.

    With a `count` of 0 nobody looks at rows: counts alone are told, now and then.
    """

    serial: int
    count: int
    first: int | None = None
    filter: str = ""


class Print(Struct, frozen=True, tag=True):
    """Hand over every packet that matches `filter`, up to `count`."""

    filter: str = ""
    count: int | None = None


class Select(Struct, frozen=True, tag=True):
    """Tell all about one packet; with `stream` and `ladder` also about its conversation."""

    serial: int
    number: int
    stream: bool = False
    ladder: bool = False


class Chosen(Struct, frozen=True, tag=True):
    """Tell the statistics or the conversations."""

    what: str


class Save(Struct, frozen=True, tag=True):
    """Begin to hand over the bytes of a file with everything stored and everything to come; None ends it."""

    saving: Saving | None = None


class Halt(Struct, frozen=True, tag=True):
    """Capture nothing more, and go on answering about what is there."""


class Finish(Struct, frozen=True, tag=True):
    """Hand over what has come in until now, then end."""


class Tell(Struct, frozen=True, tag=True):
    """From now on tell every so many seconds which conversations have changed, and what was asked of name servers."""

    every: float


class Started(Struct, frozen=True, tag=True):
    """It captures, as this user; nothing is left of its privileges."""

    uid: int


class Problem(Struct, frozen=True, tag=True):
    """It cannot, or no further."""

    message: str
    advice: str = ""


class Status(CaptureStatus, frozen=True, tag=True):
    """How the capture stands."""


class Rows(Struct, frozen=True, tag=True):
    """Rows `first` to `first + len(packets)` of `total` that match, of which `examined` packets have been looked at."""

    serial: int
    first: int
    total: int
    examined: int
    packets: tuple[Packet, ...]
    status: Status
    error: str = ""


class Printed(Struct, frozen=True, tag=True):
    """Packets in their order."""

    packets: tuple[Packet, ...]


class Saved(Struct, frozen=True, tag=True):
    """Bytes to append to the file, or with `new_file` to begin the next one with."""

    data: bytes
    packets: int
    new_file: bool


class Details(Struct, frozen=True, tag=True):
    """A packet, its bytes and the type of its link layer; none of it when the packet is gone."""

    serial: int
    number: int
    packet: Packet | None
    data: bytes
    link: int


class StreamOf(Struct, frozen=True, tag=True):
    """What a conversation carried."""

    serial: int
    stream: Stream | None


class LadderOf(Struct, frozen=True, tag=True):
    """A conversation, segment by segment."""

    serial: int
    ladder: Ladder | None


class Conversations(Struct, frozen=True, tag=True):
    """Who talked with whom."""

    rows: tuple[Conversation, ...]


class Statistics(Struct, frozen=True, tag=True):
    """The capture as a whole."""

    overview: Overview


class Heard(Struct, frozen=True):
    """A packet to or from a name server: who sent it if it is a question from here, what addresses it gives if it is
    an answer."""

    packet: Packet
    asker: SocketOwner | None = None
    addresses: tuple[str, ...] = ()


class Told(Struct, frozen=True, tag=True):
    """What has changed since the last time, oldest first."""

    talks: tuple[Talk, ...]
    heard: tuple[Heard, ...]
    status: Status


class Ended(Struct, frozen=True, tag=True):
    """It has come to its end: the last counts, and why."""

    status: Status
    reason: str = ""


ToHelper = Look | Print | Select | Chosen | Save | Tell | Halt | Finish
FromHelper = (
    Started | Problem | Status | Rows | Printed | Saved | Details | StreamOf | LadderOf | Conversations | Statistics
    | Told | Ended
)  # fmt: skip


class Channel:
    """Messages over a connected stream socket, without ever waiting for the other side."""

    def __init__(self, connection: socket.socket, incoming: Any) -> None:
        self._socket = connection
        self._socket.setblocking(False)
        self._decoder = msgspec.msgpack.Decoder(incoming)
        self._encoder = msgspec.msgpack.Encoder()
        self._in = bytearray()
        self._out: deque[memoryview] = deque()
        self.waiting = 0
        self.closed = False

    def fileno(self) -> int:
        """The socket."""
        return self._socket.fileno()

    def send(self, message: Struct) -> None:
        """Queue a message and write what goes."""
        body = self._encoder.encode(message)
        record = struct.pack("=I", len(body)) + body
        self._out.append(memoryview(record))
        self.waiting += len(record)
        self.flush()

    def flush(self) -> None:
        """Write as much of the queue as goes without waiting."""
        while self._out and not self.closed:
            try:
                sent = self._socket.send(self._out[0])
            except BlockingIOError:
                return
            except OSError:
                self.closed = True
                return
            self.waiting -= sent
            if sent == len(self._out[0]):
                self._out.popleft()
            else:
                self._out[0] = self._out[0][sent:]

    def receive(self) -> list[Any]:
        """All messages that are there. Raises msgspec.DecodeError for what is none."""
        while not self.closed:
            try:
                content = self._socket.recv(1 << 20)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EINTR:
                    self.closed = True
                break
            if not content:
                self.closed = True
                break
            self._in += content
            if len(content) < 1 << 16:
                break
        messages = []
        at = 0
        while len(self._in) - at >= 4:
            size = struct.unpack_from("=I", self._in, at)[0]
            if size > _MOST:
                raise msgspec.DecodeError(f"a message of {size} bytes")
            if len(self._in) - at - 4 < size:
                break
            messages.append(self._decoder.decode(memoryview(self._in)[at + 4 : at + 4 + size]))
            at += 4 + size
        if at:
            del self._in[:at]
        return messages

    def close(self) -> None:
        """Close the socket."""
        self.closed = True
        self._socket.close()
