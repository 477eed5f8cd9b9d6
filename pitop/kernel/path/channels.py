"""Sockets that send echo requests and take in what comes back, with the kernel's time of arrival.

A ping socket (SOCK_DGRAM with IPPROTO_ICMP, icmp(7)) where the group range allows, a raw one otherwise.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from collections.abc import Iterable
from typing import NamedTuple

from pitop.model.path.icmp import ECHO_REPLY

__all__ = [
    "Answer",
    "EchoChannel",
    "NotPermitted",
    "ancillary",
    "endpoint",
    "queued_errors",
    "receive_stamps",
    "refusal_words",
]

# asm-generic/socket.h, linux/in.h, linux/in6.h, linux/icmp.h; Python names only some of them
_SO_TIMESTAMPNS = 35
_IP_TTL, _IP_RECVERR, _IP_RECVTTL, _IP_MTU_DISCOVER = 2, 11, 12, 10
_IPV6_RECVERR, _IPV6_RECVHOPLIMIT, _IPV6_HOPLIMIT, _IPV6_MTU_DISCOVER = 25, 51, 52, 23
_SOL_RAW, _SOL_ICMPV6, _FILTER = 255, 58, 1
_TIMESPEC = struct.Struct("@ll")
_INT = struct.Struct("@i")
_EXTENDED = struct.Struct("=IBBBBII")  # struct sock_extended_err, linux/errqueue.h
_ORIGIN_LOCAL = 1
_MOST = 66000


class NotPermitted(PermissionError):
    """Neither a ping socket nor a raw one may be opened."""

    advice = "Allow ping sockets (as root: sysctl -w net.ipv4.ping_group_range='0 2147483647'), or run this as root."


class Answer(NamedTuple):
    """Something that came in: an echo reply, or an ICMP error about a packet that was sent.

    `arrival_ns` is the kernel's time of arrival (unix time), None without one. For errors, `kind`, `code` and `info`
    tell what (kind -1: this machine refused by itself, `code` is then its errno), and `content` begins with the
    transport header or payload of the packet that it is about.
    """

    address: str | None
    content: bytes
    ttl: int | None
    arrival_ns: int | None
    kind: int
    code: int
    info: int
    error: bool


class EchoChannel:
    """One socket to one address. `identifier` marks its echoes; a ping socket's is its port.

    Raises NotPermitted, and OSError where the address cannot be reached at all (connect(2)).
    """

    def __init__(
        self, address: str, identifier: int = 0, ttl: int | None = None, dont_fragment: bool | None = None
    ) -> None:
        self.version = 6 if ":" in address else 4
        self.raw = False
        self._socket = self._open()
        try:
            self._set_up(ttl, dont_fragment)
            self._socket.connect(endpoint(address, 0))
        except OSError:
            self._socket.close()
            raise
        self.identifier = identifier & 0xFFFF if self.raw else self._socket.getsockname()[1]

    def _open(self) -> socket.socket:
        family, protocol = (
            (socket.AF_INET, socket.IPPROTO_ICMP) if self.version == 4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
        )
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        try:
            return socket.socket(family, socket.SOCK_DGRAM | flags, protocol)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT):
                raise
        try:
            made = socket.socket(family, socket.SOCK_RAW | flags, protocol)
        except PermissionError as error:
            raise NotPermitted(error.errno, "not permitted to send echo requests") from None
        self.raw = True
        if self.version == 4:
            made.setsockopt(_SOL_RAW, _FILTER, struct.pack("=I", ~(1 << ECHO_REPLY[4]) & 0xFFFFFFFF))
        else:
            words = [0xFFFFFFFF] * 8
            words[ECHO_REPLY[6] // 32] &= ~(1 << ECHO_REPLY[6] % 32)
            made.setsockopt(_SOL_ICMPV6, _FILTER, struct.pack("=8I", *words))
        return made

    def _set_up(self, ttl: int | None, dont_fragment: bool | None) -> None:
        own = self._socket
        receive_stamps(own)
        if self.version == 4:
            own.setsockopt(socket.IPPROTO_IP, _IP_RECVTTL, 1)
            own.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            if ttl is not None:
                own.setsockopt(socket.IPPROTO_IP, _IP_TTL, ttl)
            if dont_fragment is not None:
                own.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, 2 if dont_fragment else 0)
        else:
            own.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVHOPLIMIT, 1)
            own.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            if ttl is not None:
                own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)
            if dont_fragment is not None:
                own.setsockopt(socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER, 2 if dont_fragment else 0)

    def fileno(self) -> int:
        """Readable when an answer is there."""
        return self._socket.fileno()

    @property
    def source(self) -> str:
        """The address that echoes are sent from."""
        return str(self._socket.getsockname()[0])

    def set_ttl(self, ttl: int) -> None:
        """Send with this time to live from now on."""
        if self.version == 4:
            self._socket.setsockopt(socket.IPPROTO_IP, _IP_TTL, ttl)
        else:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)

    def send(self, packet: bytes) -> tuple[int, int]:
        """Send; the unix time and the monotonic time of it, in ns. Raises OSError where the kernel refuses."""
        own = self._socket
        wall, mono = time.time_ns(), time.monotonic_ns()
        try:
            own.send(packet)
        except (ConnectionRefusedError, OSError) as error:
            if isinstance(error, BlockingIOError) or error.errno in (errno.EMSGSIZE, errno.EPERM, errno.ENOBUFS):
                raise
            # An error that came in for an earlier packet is told to whoever sends next, once.
            wall, mono = time.time_ns(), time.monotonic_ns()
            own.send(packet)
        return wall, mono

    def receive(self, errors: bool = True) -> list[Answer]:
        """Everything that has come in, without waiting; without `errors` one reply at most, and no look for errors."""
        found = queued_errors(self._socket) if errors else []
        while True:
            try:
                data, told, _, sender = self._socket.recvmsg(_MOST, 256)
            except BlockingIOError:
                return found
            except OSError:
                found.extend(queued_errors(self._socket))  # the error itself is in the queue
                continue
            ttl, arrival = ancillary(told)
            if self.raw and self.version == 4:
                data = data[(data[0] & 0x0F) * 4 :]
            own = len(data) >= 8 and data[0] == ECHO_REPLY[self.version]
            if own and (not self.raw or int.from_bytes(data[4:6]) == self.identifier):
                found.append(Answer(sender[0].partition("%")[0], data, ttl, arrival, data[0], data[1], 0, False))
            if not errors:
                return found

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()


def endpoint(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """The socket address of a numeric address, an IPv6 one with its zone (`fe80::1%eth0`) where it has one."""
    bare, _, zone = address.partition("%")
    if ":" not in bare:
        return bare, port
    return bare, port, 0, socket.if_nametoindex(zone) if zone else 0


def receive_stamps(own: socket.socket) -> None:
    """Have the kernel tell when each packet came in."""
    own.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)


def ancillary(told: Iterable[tuple[int, int, bytes]]) -> tuple[int | None, int | None]:
    """The time to live and the time of arrival (unix time in ns) among control messages."""
    ttl = arrival = None
    for level, kind, data in told:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, rest = _TIMESPEC.unpack_from(data)
            arrival = seconds * 1_000_000_000 + rest
        elif (level, kind) in ((socket.IPPROTO_IP, _IP_TTL), (socket.IPPROTO_IPV6, _IPV6_HOPLIMIT)):
            (ttl,) = _INT.unpack_from(data)
    return ttl, arrival


def queued_errors(own: socket.socket) -> list[Answer]:
    """What is in the socket's error queue (ip(7), IP_RECVERR), emptied."""
    found: list[Answer] = []
    while True:
        try:
            data, told, _, _ = own.recvmsg(2048, 1024, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
        except OSError:
            return found
        ttl, arrival = ancillary(told)
        for level, kind, content in told:
            if (level, kind) in ((socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)):
                number, origin, what, code, _, info, _ = _EXTENDED.unpack_from(content)
                if origin == _ORIGIN_LOCAL:
                    found.append(Answer(None, data, None, arrival, -1, number, info, True))
                    continue
                found.append(Answer(_offender(content[16:]), data, ttl, arrival, what, code, info, True))


def _offender(data: bytes) -> str | None:
    (family,) = struct.unpack_from("=H", data)
    if family == socket.AF_INET:
        return socket.inet_ntop(family, data[4:8])
    if family == socket.AF_INET6:
        return socket.inet_ntop(family, data[8:24])
    return None


def refusal_words(number: int, mtu: int = 0) -> str:
    """What this machine says when it refuses to send, in ping's words."""
    if number == errno.EMSGSIZE:
        return f"local error: message too long, mtu={mtu}" if mtu else "local error: message too long"
    return os.strerror(number)
