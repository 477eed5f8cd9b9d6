"""What comes to a socket that a question was sent from, and whether it is the answer.

The socket is left unconnected so that answers from strangers are seen; IP_RECVERR (ip(7)) has the kernel report
ICMP errors on it all the same, so a closed port shows at once. The kernel stamps what arrives (SO_TIMESTAMPNS,
socket(7)), so a busy event loop does not lengthen the times that are shown.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, TypeVar

from pitop.model.dns.question import Server, address_of
from pitop.model.dns.wire import mismatch

__all__ = ["Ear", "Heard", "routable", "target", "udp_socket"]

M = TypeVar("M")

_IP_RECVERR = 11  # linux/in.h
_IPV6_RECVERR = 25  # linux/in6.h
_SO_TIMESTAMPNS = 64  # asm-generic/socket.h: SO_TIMESTAMPNS_NEW, 64-bit seconds on every machine since Linux 5.1
_STAMP = struct.Struct("@qq")  # struct timespec
_REMARKS = 8  # a flood of strangers' packets is told of, not kept


def target(server: Server) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    """The family and socket address of a server whose host is an address; `%eth0` names the interface."""
    host, _, interface = server.host.partition("%")
    if ":" in host:
        scope = socket.if_nametoindex(interface) if interface and not interface.isdigit() else int(interface or 0)
        return socket.AF_INET6, (host, server.port, 0, scope)
    return socket.AF_INET, (host, server.port)


def udp_socket(family: socket.AddressFamily) -> socket.socket:
    """A socket that does not block, hears of ICMP errors, and has what arrives stamped. Raises OSError."""
    sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    if family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    with suppress(OSError):  # an older kernel: this process's own clock will do
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    return sock


def routable(host: str) -> bool:
    """Whether this machine has a route to an address. Connecting a UDP socket asks the kernel and sends nothing."""
    try:
        family, address = target(Server(host))
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect(address)
    except OSError:
        return False
    return True


class Heard(NamedTuple, Generic[M]):
    """An answer: the message, its size, the milliseconds it took, and when its query was sent (perf_counter)."""

    message: M
    size: int
    took_ms: float
    sent: float


class Ear(Generic[M]):
    """Judges what comes to one socket. `read` makes a message of bytes and raises ValueError where it cannot."""

    def __init__(self, server: Server, read: Callable[[bytes], M]) -> None:
        self._address = address_of(server.host.partition("%")[0])
        self._port = server.port
        self._read = read
        self._sent: dict[int, tuple[bytes, float, float]] = {}
        self.remarks: list[str] = []

    def sends(self, wire: bytes) -> None:
        """A question goes out now."""
        self._sent[int.from_bytes(wire[:2], "big")] = (wire, time.perf_counter(), time.time())

    @property
    def newest(self) -> float:
        """When the last question went out."""
        return max(sent for _, sent, _ in self._sent.values())

    def judge(self, wire: bytes, stamps: Sequence[tuple[int, int, bytes]], sender: tuple[str, int]) -> Heard[M] | None:
        """The answer that `wire` is, None for anything else, of which there is a remark then. Raises ValueError."""
        now = time.perf_counter()
        if sender[1] != self._port or address_of(sender[0].partition("%")[0]) != self._address:
            self._remark(f"passed over an answer from {sender[0]}#{sender[1]}, which was not asked")
            return None
        known = self._sent.get(int.from_bytes(wire[:2], "big"))
        asked, sent, sent_clock = known or next(iter(self._sent.values()))
        found = mismatch(asked, wire)
        if known is None:
            self._remark(f"passed over {found.words if found is not None else 'an answer'}")
            return None
        message = self._read(wire)
        if found is not None:
            self._remark(f"passed over {found.words}")
            # Servers that cannot read a query at all answer with a bare header, which is an answer.
            if not (found.bare and wire[3] & 0x0F):
                return None
        return Heard(message, len(wire), _took_ms(stamps, sent, sent_clock, now), sent)

    def _remark(self, text: str) -> None:
        if len(self.remarks) < _REMARKS and text not in self.remarks:
            self.remarks.append(text)


def _took_ms(stamps: Sequence[tuple[int, int, bytes]], sent: float, sent_clock: float, now: float) -> float:
    took = now - sent
    if stamps:
        seconds, nanoseconds = _STAMP.unpack_from(stamps[0][2])
        stamped: float = seconds + nanoseconds / 1e9 - sent_clock
        took = stamped if 0 <= stamped <= took else took  # unless the clock was set meanwhile
    return took * 1000
