"""Queries over HTTPS (RFC 8484), in HTTP/2."""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from typing import TYPE_CHECKING

from pitop.kernel.dns.errors import trouble_of
from pitop.kernel.dns.stream import Stream, connected, context_of
from pitop.model.dns.answer import Fault, NoAnswer, Timing, Trouble
from pitop.model.dns.message import Reply, build, read
from pitop.model.dns.question import Query, Server, Transport

if TYPE_CHECKING:
    from h2.connection import H2Connection

__all__ = ["over_https"]

_TYPE = "application/dns-message"


async def over_https(query: Query) -> Reply:
    """Ask with a POST to the server's path; `timeout` holds for the whole. Raises NoAnswer."""
    import_module("h2.connection")  # 70 ms, which are not the server's
    context_of(query, ("h2",))
    started = time.perf_counter()
    try:
        async with asyncio.timeout(query.options.timeout):
            message = build(query.question, query.options, identity=0)  # RFC 8484 4.1: cacheable
            wire = message.to_wire()
            async with connected(query, ("h2",)) as stream:
                sent = time.perf_counter()
                body = await _post(stream, query.server, wire)
                came = time.perf_counter()
            found = read(body)
            remarks = () if message.is_response(found) else ("the answer is to another question",)
            timing = Timing((came - sent) * 1000, (came - started) * 1000, stream.connect_ms, stream.tls_ms)
            return Reply(query, found, Transport.HTTPS, time.time(), timing, len(body), len(wire), remarks=remarks)
    except (OSError, ValueError) as error:
        raise NoAnswer(trouble_of(error, query.server, seconds=time.perf_counter() - started)) from None


async def _post(stream: Stream, server: Server, wire: bytes) -> bytes:
    """The body that comes back for `wire`. Raises NoAnswer for what HTTP says against it."""
    from h2.config import H2Configuration
    from h2.connection import H2Connection
    from h2.exceptions import ProtocolError

    agreed = stream.writer.get_extra_info("ssl_object").selected_alpn_protocol()
    if agreed != "h2":
        raise _bad(server, "the server does not speak HTTP/2")
    connection = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
    connection.initiate_connection()
    host = server.name or server.host
    authority = f"[{host}]" if ":" in host else host
    headers = [
        (":method", "POST"),
        (":scheme", "https"),
        (":authority", authority if server.port == 443 else f"{authority}:{server.port}"),
        (":path", server.path),
        ("accept", _TYPE),
        ("content-type", _TYPE),
        ("content-length", str(len(wire))),
    ]
    try:
        connection.send_headers(1, headers)
        connection.send_data(1, wire, end_stream=True)
        stream.writer.write(connection.data_to_send())
        await stream.writer.drain()
        return await _response(stream, server, connection)
    except ProtocolError as error:
        raise _bad(server, f"HTTP/2 went wrong: {error}") from None


async def _response(stream: Stream, server: Server, connection: H2Connection) -> bytes:
    from h2 import events

    body = bytearray()
    while True:
        data = await stream.reader.read(65536)
        if not data:
            raise NoAnswer(Trouble(Fault.CLOSED, f"{server} closed the connection without an answer"))
        for event in connection.receive_data(data):
            match event:
                case events.ResponseReceived(headers=headers):
                    _check(server, {str(name): str(value) for name, value in headers or ()})
                case events.DataReceived(data=piece, flow_controlled_length=length):
                    body += piece or b""
                    if len(body) > 65535:
                        raise _bad(server, "the body is longer than a message can be")
                    connection.acknowledge_received_data(length or 0, 1)
                case events.StreamEnded():
                    return bytes(body)
                case events.StreamReset() | events.ConnectionTerminated():
                    raise NoAnswer(Trouble(Fault.CLOSED, f"{server} ended the exchange without an answer"))
        stream.writer.write(connection.data_to_send())


def _check(server: Server, headers: dict[str, str]) -> None:
    status = headers.get(":status", "?")
    if status != "200":
        raise _bad(server, f"HTTP status {status}", "Is the path right? It is /dns-query with most servers.")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _TYPE:
        raise _bad(server, f"the body is {kind or 'of no type'}, not {_TYPE}")


def _bad(server: Server, why: str, advice: str = "") -> NoAnswer:
    return NoAnswer(Trouble(Fault.HTTP, f"{server} answered over HTTP, but not with DNS: {why}", advice))
