"""Queries over UDP, with an eye on what else comes back."""

from __future__ import annotations

import asyncio
import socket
import time

import dns.message

from pitop.kernel.dns.ear import Ear, Heard, target, udp_socket
from pitop.kernel.dns.errors import silence, trouble_of
from pitop.model.dns.answer import NoAnswer, Timing
from pitop.model.dns.message import Reply, build, read
from pitop.model.dns.question import Query, Transport

__all__ = ["over_udp"]


async def _answer(sock: socket.socket, ear: Ear[dns.message.Message]) -> Heard[dns.message.Message]:
    """The first message that answers. Raises OSError for what ICMP reported, ValueError for what cannot be read."""
    while True:
        wire, stamps, _, sender = await _received(sock)
        found = ear.judge(wire, stamps, sender)
        if found is not None:
            return found
        await asyncio.sleep(0)  # a flood must not keep the deadline from being seen


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
        with udp_socket(family) as sock:
            ear = Ear(query.server, read)
            remarks = ear.remarks
            for attempt in range(1, max(1, options.tries) + 1):
                wire = build(query.question, options).to_wire()
                ear.sends(wire)
                await loop.sock_sendto(sock, wire, address)
                try:
                    async with asyncio.timeout(options.timeout):
                        found = await _answer(sock, ear)
                except TimeoutError:
                    continue
                timing = Timing(found.took_ms, (found.sent - started) * 1000 + found.took_ms)
                return Reply(
                    query,
                    found.message,
                    Transport.UDP,
                    time.time(),
                    timing,
                    found.size,
                    len(wire),
                    tries=attempt,
                    remarks=(*remarks, *_late(ear, found.sent)),
                )
    except (OSError, ValueError) as error:
        raise NoAnswer(trouble_of(error, query.server, attempt, remarks, time.perf_counter() - started)) from None
    raise NoAnswer(silence(query.server, attempt, remarks, time.perf_counter() - started))


def _late(ear: Ear[dns.message.Message], sent: float) -> tuple[str, ...]:
    return () if sent >= ear.newest else ("the answer is to an earlier try: it came late",)
