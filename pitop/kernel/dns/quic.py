"""Queries over QUIC (RFC 9250), where aioquic is installed."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import time

from pitop.kernel.dns.errors import trouble_of
from pitop.model.dns.answer import Fault, NoAnswer, Timing, Trouble
from pitop.model.dns.message import Reply, build
from pitop.model.dns.question import Query, Transport

__all__ = ["over_quic"]


async def over_quic(query: Query) -> Reply:
    """Ask over QUIC; connection and query are timed as one. Raises NoAnswer."""
    if importlib.util.find_spec("aioquic") is None:
        raise NoAnswer(
            Trouble(Fault.UNSUPPORTED, "QUIC needs the Python package aioquic", "Install it: pip install aioquic")
        )
    from dns.asyncquery import quic

    logging.getLogger("quic").setLevel(logging.CRITICAL)  # what it has to say comes as an exception too
    started = time.perf_counter()
    message = build(query.question, query.options, identity=0)
    server, options = query.server, query.options
    try:
        async with asyncio.timeout(options.timeout):
            found = await quic(
                message,
                server.host,
                port=server.port,
                verify=(options.authorities or True) if options.verify else False,
                server_hostname=options.certificate_name or server.name or server.host,
            )
    except (OSError, ValueError) as error:
        raise NoAnswer(trouble_of(error, server, seconds=time.perf_counter() - started)) from None
    except Exception as error:  # aioquic and dnspython raise classes that they do not make public
        text = f"QUIC with {server} failed: {error}" if str(error) else f"{server} ended QUIC without an answer"
        advice = "Its certificate may not be valid: --no-verify takes any."
        raise NoAnswer(Trouble(Fault.CLOSED, text, advice, seconds=time.perf_counter() - started)) from None
    spent = (time.perf_counter() - started) * 1000
    return Reply(
        query,
        found,
        Transport.QUIC,
        time.time(),
        Timing(spent, spent),
        len(found.wire or b""),
        len(message.to_wire()),
    )
