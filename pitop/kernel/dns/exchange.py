"""One query, asked and answered, over whatever transport it names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import dns.edns
import dns.flags
import dns.rcode
import msgspec

from pitop.kernel.dns.https import over_https
from pitop.kernel.dns.quic import over_quic
from pitop.kernel.dns.stream import over_stream
from pitop.kernel.dns.transfer import transfer
from pitop.kernel.dns.udp import over_udp
from pitop.model.dns.answer import Fault, NoAnswer, Trouble
from pitop.model.dns.message import Reply
from pitop.model.dns.question import Query, Transport, address_of

__all__ = ["exchange"]

_OVER: dict[Transport, Callable[[Query], Awaitable[Reply]]] = {
    Transport.UDP: over_udp,
    Transport.TCP: over_stream,
    Transport.TLS: over_stream,
    Transport.HTTPS: over_https,
    Transport.QUIC: over_quic,
}


async def exchange(query: Query) -> Reply:
    """Ask `query` and return what came back; its server's host is an address.

    A truncated UDP answer is asked for again over TCP unless `fallback` is off. Zone transfers go over TCP or TLS.
    Raises NoAnswer with the reason, QuestionError for what cannot be asked. Cancelling it closes its sockets.
    """
    if address_of(query.server.host) is None:
        raise NoAnswer(Trouble(Fault.NAME, f"{query.server.host} is a name, not an address"))
    if query.question.type in ("AXFR", "IXFR"):
        return await transfer(query)
    started = time.perf_counter()
    try:
        reply = await _OVER[query.server.transport](query)
    except asyncio.IncompleteReadError as error:
        said = f"after {len(error.partial)} bytes" if error.partial else "without an answer"
        raise NoAnswer(
            Trouble(Fault.CLOSED, f"{query.server} closed the connection {said}", seconds=time.perf_counter() - started)
        ) from None
    own = _own_cookie(query, reply)
    if own is not None:
        again = msgspec.structs.replace(query, options=msgspec.structs.replace(query.options, cookie=own))
        second = await _OVER[query.server.transport](again)
        remark = "the server wanted its own cookie, asked again with it"
        return replace(second, query=query, tries=second.tries + reply.tries, remarks=(remark, *second.remarks))
    if query.server.transport is Transport.UDP and reply.message.flags & dns.flags.TC and query.options.fallback:
        return await _over_tcp(query, reply)
    return reply


def _own_cookie(query: Query, reply: Reply) -> str | None:
    """The cookie to come back with, where the server answers BADCOOKIE with one (RFC 7873 5.3)."""
    if reply.message.rcode() != dns.rcode.BADCOOKIE or query.options.cookie != "":
        return None
    found = next((each for each in reply.message.options if isinstance(each, dns.edns.CookieOption)), None)
    return (found.client + found.server).hex() if found is not None and found.server else None


async def _over_tcp(query: Query, short: Reply) -> Reply:
    """The whole answer in place of a truncated one; both times count."""
    remark = f"truncated at {short.size_bytes} bytes over UDP, asked again over TCP"
    remarks = (*short.remarks, remark)
    try:
        reply = await over_stream(query, Transport.TCP)
    except NoAnswer as error:
        trouble = error.trouble
        raise NoAnswer(
            msgspec.structs.replace(
                trouble,
                message=f"the answer over UDP was truncated, and over TCP {trouble.message}",
                remarks=(*remarks, *trouble.remarks),
            )
        ) from None
    timing = msgspec.structs.replace(reply.timing, total_ms=short.timing.total_ms + reply.timing.total_ms)
    return Reply(
        query,
        reply.message,
        Transport.TCP,
        reply.time,
        timing,
        reply.size_bytes,
        reply.sent_bytes,
        tries=short.tries + 1,
        fallback=True,
        remarks=(*remarks, *reply.remarks),
    )
