"""Queries over UDP, with an eye on what else comes back.

The socket is left unconnected so that answers from strangers are seen; IP_RECVERR (ip(7)) has the kernel report
ICMP errors on it all the same, so a closed port shows at once. The kernel stamps what arrives (SO_TIMESTAMPNS,
socket(7)), so a busy event loop does not lengthen the times that are shown.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress

import dns.message

from pitop.kernel.dns.errors import trouble_of
from pitop.model.dns.answer import Fault, NoAnswer, Timing, Trouble
from pitop.model.dns.message import Reply, build, read
from pitop.model.dns.question import Query, Server, Transport, address_of

__all__ = ["over_udp", "routable", "target"]

_IP_RECVERR = 11  # linux/in.h
_IPV6_RECVERR = 25  # linux/in6.h
_SO_TIMESTAMPNS = 64  # asm-generic/socket.h: SO_TIMESTAMPNS_NEW, 64-bit seconds on every machine since Linux 5.1
_STAMP = struct.Struct("@qq")  # struct timespec
_REMARKS = 8  # a flood of strangers' packets is told of, not kept


def target(server: Server) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    """The family and socket address of a server whose host is an address; `%eth0` names the interface."""
    host, _, interface = server.host.partition("%")
    address = address_of(host)
    if address is not None and address.version == 6:
        scope = socket.if_nametoindex(interface) if interface and not interface.isdigit() else int(interface or 0)
        return socket.AF_INET6, (host, server.port, 0, scope)
    return socket.AF_INET, (host, server.port)


class _Ear:
    """Listens on one socket for the answer to any of the messages that were sent from it."""

    def __init__(self, sock: socket.socket, host: str, port: int) -> None:
        self.sock = sock
        self.host = host
        self.port = port
        self.sent: dict[int, tuple[dns.message.QueryMessage, float, float]] = {}
        self.remarks: list[str] = []

    def remark(self, text: str) -> None:
        if len(self.remarks) < _REMARKS and text not in self.remarks:
            self.remarks.append(text)

    async def answer(self) -> tuple[dns.message.Message, int, float, float]:
        """The first message that answers: it, its size, the milliseconds it took, when its query was sent.

        Raises OSError for what ICMP reported, ValueError for an answer that cannot be read.
        """
        while True:
            wire, stamps, _, sender = await _received(self.sock)
            now = time.perf_counter()
            found = self._judge(wire, sender)
            if found is not None:
                message, sent, sent_clock = found
                took = now - sent
                if stamps:
                    seconds, nanoseconds = _STAMP.unpack_from(stamps[0][2])
                    stamped = seconds + nanoseconds / 1e9 - sent_clock
                    took = stamped if 0 <= stamped <= took else took  # unless the clock was set meanwhile
                return message, len(wire), took * 1000, sent
            await asyncio.sleep(0)  # a flood must not keep the deadline from being seen

    def _judge(self, wire: bytes, sender: tuple[str, int]) -> tuple[dns.message.Message, float, float] | None:
        address = address_of(sender[0].partition("%")[0])
        if address != address_of(self.host) or sender[1] != self.port:
            self.remark(f"passed over an answer from {sender[0]}#{sender[1]}, which was not asked")
            return None
        known = self.sent.get(int.from_bytes(wire[:2], "big")) if len(wire) >= 2 else None
        if known is None:
            if len(wire) < 12:
                self.remark(f"passed over {len(wire)} bytes that are no message")
            else:
                self.remark(f"passed over an answer with the wrong id {int.from_bytes(wire[:2], 'big')}")
            return None
        query, sent, sent_clock = known
        message = read(wire)
        if not query.is_response(message):
            self.remark(
                "passed over an answer to another question"
                if message.question
                else "passed over a message that does not repeat the question"
            )
            # Servers that cannot read a query at all answer with a bare header, which is an answer.
            return (message, sent, sent_clock) if not message.question and message.rcode() else None
        return message, sent, sent_clock


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


async def _received(sock: socket.socket) -> tuple[bytes, list[tuple[int, int, bytes]], int, tuple[str, int]]:
    """As recvmsg(2), waiting until there is something."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return sock.recvmsg(65535, 64)
        except BlockingIOError:
            readable: asyncio.Future[None] = loop.create_future()
            loop.add_reader(sock, _wake, readable)
            try:
                await readable
            finally:
                loop.remove_reader(sock)


async def over_udp(query: Query) -> Reply:
    """Ask over UDP, `tries` times, waiting `timeout` seconds after each. Raises NoAnswer."""
    options = query.options
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    attempt = 0
    remarks: list[str] = []
    try:
        family, address = target(query.server)
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
            if family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
            with suppress(OSError):  # an older kernel: the event loop's own clock will do
                sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            ear = _Ear(sock, query.server.host.partition("%")[0], query.server.port)
            remarks = ear.remarks
            for attempt in range(1, max(1, options.tries) + 1):
                message = build(query.question, options)
                wire = message.to_wire()
                ear.sent[message.id] = (message, time.perf_counter(), time.time())
                await loop.sock_sendto(sock, wire, address)
                try:
                    async with asyncio.timeout(options.timeout):
                        found, size, took_ms, sent = await ear.answer()
                except TimeoutError:
                    continue
                timing = Timing(took_ms, (sent - started) * 1000 + took_ms)
                return Reply(
                    query,
                    found,
                    Transport.UDP,
                    time.time(),
                    timing,
                    size,
                    len(wire),
                    tries=attempt,
                    remarks=(*remarks, *_late(ear, sent)),
                )
    except (OSError, ValueError) as error:
        raise NoAnswer(trouble_of(error, query.server, attempt, remarks, time.perf_counter() - started)) from None
    seconds = time.perf_counter() - started
    asked = f"asked {attempt} times" if attempt > 1 else "asked once"
    message_text = f"no answer from {query.server} within {seconds:.1f} s ({asked})"
    if remarks:
        message_text += f"; {remarks[0]}"
    advice = "Is the address right, does a firewall drop it? Try --tcp, or another @server."
    raise NoAnswer(Trouble(Fault.TIMEOUT, message_text, advice, tuple(remarks), attempt, seconds))


def _late(ear: _Ear, sent: float) -> tuple[str, ...]:
    newest = max(when for _, when, _ in ear.sent.values())
    return () if sent >= newest else ("the answer is to an earlier try: it came late",)


def routable(host: str) -> bool:
    """Whether this machine has a route to an address. Connecting a UDP socket asks the kernel and sends nothing."""
    try:
        family, address = target(Server(host))
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect(address)
    except OSError:
        return False
    return True
