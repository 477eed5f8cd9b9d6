"""Queries over TCP (RFC 7766) and TLS (RFC 7858), with connection, handshake and answer timed apart."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache

from pitop.kernel.dns.ear import target
from pitop.kernel.dns.errors import trouble_of
from pitop.model.dns.answer import Fault, NoAnswer, Timing, Trouble
from pitop.model.dns.message import Reply, build, read
from pitop.model.dns.question import Query, Transport

__all__ = ["Stream", "connected", "context_of", "over_stream"]


@dataclass(frozen=True, slots=True)
class Stream:
    """A connection: what to read and write, and the milliseconds that its phases took."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    connect_ms: float
    tls_ms: float | None

    async def message(self) -> bytes:
        """The next message, without its length. Raises asyncio.IncompleteReadError when the other side closes."""
        size = int.from_bytes(await self.reader.readexactly(2), "big")
        return await self.reader.readexactly(size)

    async def send(self, wire: bytes) -> None:
        """Send one message with its length before it."""
        self.writer.write(len(wire).to_bytes(2, "big") + wire)
        await self.writer.drain()


@lru_cache(8)
def _context(verify: bool, authorities: str | None, protocols: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authorities)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    return context


def context_of(query: Query, protocols: tuple[str, ...]) -> ssl.SSLContext | None:
    """What TLS needs for the query, None where it does not use it. Made once: reading all authorities takes 30 ms.

    Raises NoAnswer when the file of authorities cannot be read.
    """
    if not protocols:
        return None
    options = query.options
    try:
        return _context(options.verify, options.authorities, protocols)
    except OSError as error:
        reason = f"{options.authorities}: {error.strerror or error}"
        raise NoAnswer(Trouble(Fault.TLS, reason, "Give a file of PEM certificates.")) from None


@asynccontextmanager
async def connected(query: Query, tls: tuple[str, ...] = ()) -> AsyncIterator[Stream]:
    """A connection to the query's server; with `tls`, encrypted and offering those protocols (ALPN).

    Raises OSError and ssl.SSLError. Leaving it, or being cancelled, closes the socket at once.
    """
    server, options = query.server, query.options
    context = context_of(query, tls)
    family, address = target(server)
    sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    writer: asyncio.StreamWriter | None = None
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = time.perf_counter()
        await asyncio.get_running_loop().sock_connect(sock, address)
        connected_at = time.perf_counter()
        if context is None:
            reader, writer = await asyncio.open_connection(sock=sock)
            tls_ms = None
        else:
            name = options.certificate_name or server.name or server.host
            reader, writer = await asyncio.open_connection(
                sock=sock, ssl=context, server_hostname=name.partition("%")[0]
            )
            tls_ms = (time.perf_counter() - connected_at) * 1000
        yield Stream(reader, writer, (connected_at - started) * 1000, tls_ms)
    finally:
        if writer is not None:
            writer.transport.abort()
        sock.close()


async def over_stream(query: Query, transport: Transport | None = None) -> Reply:
    """Ask over TCP or TLS, once; `timeout` holds for the whole. Raises NoAnswer."""
    transport = transport or query.server.transport
    context_of(query, ("dot",) if transport is Transport.TLS else ())
    started = time.perf_counter()
    try:
        async with asyncio.timeout(query.options.timeout):
            return await _ask(query, transport, started)
    except asyncio.IncompleteReadError as error:
        raise NoAnswer(_cut(error, query, time.perf_counter() - started)) from None
    except (OSError, ValueError) as error:
        raise NoAnswer(trouble_of(error, query.server, seconds=time.perf_counter() - started)) from None


def _cut(error: asyncio.IncompleteReadError, query: Query, seconds: float) -> Trouble:
    said = f"{len(error.partial)} bytes into the answer" if error.partial else "without an answer"
    return Trouble(Fault.CLOSED, f"{query.server} closed the connection {said}", seconds=seconds)


async def _ask(query: Query, transport: Transport, started: float) -> Reply:
    message = build(query.question, query.options)
    wire = message.to_wire()
    remarks: list[str] = []
    async with connected(query, ("dot",) if transport is Transport.TLS else ()) as stream:
        sent = time.perf_counter()
        await stream.send(wire)
        while True:
            answer = await stream.message()
            came = time.perf_counter()
            found = read(answer)
            if found.id == message.id and (message.is_response(found) or (not found.question and found.rcode())):
                break
            if len(remarks) >= 8:
                raise ValueError(f"{len(remarks)} messages, none to this question")
            remarks.append(f"passed over a message that does not answer (id {found.id})")
        return Reply(
            query,
            found,
            transport,
            time.time(),
            Timing((came - sent) * 1000, (came - started) * 1000, stream.connect_ms, stream.tls_ms),
            len(answer),
            len(wire),
            remarks=tuple(remarks),
        )
