"""Probes that are to die on the way: one sender a flow, whose packets all look the same to a router's hash.

Routers that share traffic out over several ways choose by addresses, protocol, ports, and for ICMP by identifier or
checksum. Within a flow none of them changes, so that all probes of it go one way; another flow may go another.
What came back is read from the error queue (ip(7), IP_RECVERR), which needs no rights.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from typing import NamedTuple, Protocol

from pitop.kernel.path.channels import (
    Answer,
    EchoChannel,
    ancillary,
    endpoint,
    queued_errors,
    receive_stamps,
)
from pitop.model.path.icmp import echo, even_payload

__all__ = ["EchoFlow", "Flow", "Heard", "TcpFlow", "UdpFlow", "open_flow"]

_IP_TTL, _IP_RECVERR, _IPV6_RECVERR = 2, 11, 25
_EPHEMERAL = 33434  # where traceroute's UDP probes go: nobody listens there
_MARK = b"pi"


class Heard(NamedTuple):
    """An answer to a probe: `number` is the probe's, None where the quoted packet was cut too short to tell.

    `end` says that the target itself answered.
    """

    number: int | None
    answer: Answer
    end: bool


class Flow(Protocol):
    """A sender of probes that all take one way. `window` is how many may be under way at once."""

    window: int

    def descriptors(self) -> tuple[int, ...]:
        """What to poll for reading and errors, now."""
        ...

    def send(self, number: int, ttl: int) -> tuple[int, int]:
        """Send probe `number`; the unix and the monotonic time of it in ns. Raises OSError."""
        ...

    def receive(self) -> list[Heard]:
        """Everything that came in."""
        ...

    def forget(self, number: int) -> None:
        """The probe is no longer waited for."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


def open_flow(method: str, address: str, port: int | None, size: int) -> Flow:
    """A flow of `udp`, `icmp` or `tcp` probes with `size` bytes of payload. Raises NotPermitted (icmp), OSError."""
    match method:
        case "icmp":
            return EchoFlow(address, size)
        case "tcp":
            return TcpFlow(address, 80 if port is None else port)
        case _:
            return UdpFlow(address, _EPHEMERAL if port is None else port, size)


class EchoFlow:
    """ICMP echo requests with one identifier and one checksum."""

    window = 16
    _identifiers = os.getpid()

    def __init__(self, address: str, size: int) -> None:
        EchoFlow._identifiers += 1
        self._channel = EchoChannel(address, EchoFlow._identifiers)
        self._payload = (b"\0\0" + _MARK).ljust(max(size, 4), b"\0")

    def descriptors(self) -> tuple[int, ...]:
        return (self._channel.fileno(),)

    def send(self, number: int, ttl: int) -> tuple[int, int]:
        self._channel.set_ttl(ttl)
        sequence = number & 0xFFFF
        payload = even_payload(sequence, self._payload)
        return self._channel.send(echo(self._channel.version, self._channel.identifier, sequence, payload))

    def receive(self) -> list[Heard]:
        found = []
        for answer in self._channel.receive():
            if answer.kind == -1 or len(answer.content) < 8:
                continue
            if self._channel.raw and int.from_bytes(answer.content[4:6]) != self._channel.identifier:
                continue
            found.append(Heard(int.from_bytes(answer.content[6:8]), answer, not answer.error))
        return found

    def forget(self, number: int) -> None:
        pass

    def close(self) -> None:
        self._channel.close()


def _prepared(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    receive_stamps(made)
    if family == socket.AF_INET:
        made.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        made.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
    else:
        made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        made.setsockopt(socket.IPPROTO_IPV6, 51, 1)  # IPV6_RECVHOPLIMIT
    return made


def _set_ttl(own: socket.socket, ttl: int) -> None:
    if own.family == socket.AF_INET:
        own.setsockopt(socket.IPPROTO_IP, _IP_TTL, ttl)
    else:
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class UdpFlow:
    """UDP datagrams from one port to another; the probe's number is in the payload, of which routers quote some.

    Where they quote only the header, an answer is told apart only while no other probe is under way.
    """

    def __init__(self, address: str, port: int, size: int) -> None:
        self.window = 16
        self._socket = _prepared(_family(address), socket.SOCK_DGRAM)
        self._rest = b"\0" * max(0, size - 4)
        try:
            self._socket.connect(endpoint(address, port))
        except OSError:
            self._socket.close()
            raise

    def descriptors(self) -> tuple[int, ...]:
        return (self._socket.fileno(),)

    def send(self, number: int, ttl: int) -> tuple[int, int]:
        _set_ttl(self._socket, ttl)
        packet = _MARK + (number & 0xFFFF).to_bytes(2) + self._rest
        for attempt in (1, 2, 3):
            wall, mono = time.time_ns(), time.monotonic_ns()
            try:
                self._socket.send(packet)
            except OSError as error:
                # The error of an earlier probe is told to whoever sends next; it is in the queue as well.
                if attempt == 3 or error.errno in (errno.EMSGSIZE, errno.EPERM, errno.EAGAIN):
                    raise
                continue
            break
        return wall, mono

    def receive(self) -> list[Heard]:
        found = [self._heard(answer) for answer in queued_errors(self._socket) if answer.kind != -1]
        while True:
            try:
                data, told, _, sender = self._socket.recvmsg(2048, 256)
            except BlockingIOError:
                return found
            except OSError:
                found += [self._heard(answer) for answer in queued_errors(self._socket) if answer.kind != -1]
                continue
            ttl, arrival = ancillary(told)
            # Somebody does listen there, and answered.
            found.append(Heard(None, Answer(sender[0].partition("%")[0], data, ttl, arrival, 0, 0, 0, False), True))

    @staticmethod
    def _heard(answer: Answer) -> Heard:
        content = answer.content
        number = int.from_bytes(content[2:4]) if content[:2] == _MARK and len(content) >= 4 else None
        closed = (answer.kind, answer.code) in ((3, 3), (1, 4))
        return Heard(number, answer, closed)

    def forget(self, number: int) -> None:
        pass

    def close(self) -> None:
        self._socket.close()


class TcpFlow:
    """Connection attempts from one port to another, one at a time since two would be the same connection."""

    window = 1

    def __init__(self, address: str, port: int) -> None:
        self._to = endpoint(address, port)
        self._family = _family(address)
        self._address = address.partition("%")[0]
        self._attempt: socket.socket | None = None
        self._number = 0
        with socket.socket(self._family, socket.SOCK_DGRAM) as sample:
            sample.connect(self._to)  # sends nothing; tells the source address, and whether there is a way
            self._source: tuple[str, int] = sample.getsockname()[:2]

    def descriptors(self) -> tuple[int, ...]:
        return () if self._attempt is None else (self._attempt.fileno(),)

    def send(self, number: int, ttl: int) -> tuple[int, int]:
        self.forget(self._number)
        made = _prepared(self._family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            _set_ttl(made, ttl)
            made.bind(self._source)
            wall, mono = time.time_ns(), time.monotonic_ns()
            refused = made.connect_ex(self._to)
            if refused not in (0, errno.EINPROGRESS, errno.ECONNREFUSED, errno.EHOSTUNREACH):
                raise OSError(refused, os.strerror(refused))
        except OSError:
            made.close()
            raise
        self._source = (self._source[0], made.getsockname()[1])
        self._attempt, self._number = made, number
        return wall, mono

    def receive(self) -> list[Heard]:
        own = self._attempt
        if own is None:
            return []
        heard = [Heard(self._number, answer, False) for answer in queued_errors(own) if answer.kind != -1]
        if not heard:
            try:
                own.getpeername()
                connected = True
            except OSError:
                connected = False
            refused = own.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if connected or refused == errno.ECONNREFUSED:
                # SYN and ACK, or a reset: the target either way
                answer = Answer(self._address, b"", None, None, 0, 0 if connected else refused, 0, False)
                heard = [Heard(self._number, answer, True)]
            elif refused:
                heard = [Heard(self._number, Answer(None, b"", None, None, -1, refused, 0, True), False)]
        if heard:
            self.forget(self._number)
        return heard

    def forget(self, number: int) -> None:
        if self._attempt is not None and number == self._number:
            self._attempt.close()
            self._attempt = None

    def close(self) -> None:
        self.forget(self._number)
