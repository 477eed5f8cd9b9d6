"""Zone transfers: AXFR (RFC 5936) and IXFR (RFC 1995), over TCP or TLS."""

from __future__ import annotations

import asyncio
import time

import dns.message
import dns.rdatatype

from pitop.kernel.dns.errors import trouble_of
from pitop.kernel.dns.stream import connected
from pitop.model.dns.answer import Fault, NoAnswer, Timing, Trouble
from pitop.model.dns.message import Reply, build, read
from pitop.model.dns.question import Query, Transport

__all__ = ["transfer"]

_LARGEST = 64 * 1024 * 1024  # bytes of a zone; more is for a name server to take, not for a screen


class _End:
    """Sees where a transfer ends: at the SOA record that it began with (RFC 5936 2.2, RFC 1995 4)."""

    def __init__(self, incremental: bool) -> None:
        self._incremental = incremental
        self._records = 0
        self._serial: int | None = None
        self._seen = 0  # times that the newest SOA was read
        self._needed = 2

    def reached(self, message: dns.message.Message) -> bool:
        """Whether `message` completes the transfer. Raises ValueError for one that does not begin with SOA."""
        for rrset in message.answer:
            for rdata in rrset:
                self._take(rrset.rdtype, getattr(rdata, "serial", None))
        if self._incremental and self._records == 1:
            return True  # a lone SOA: nothing is newer
        return self._seen >= self._needed

    def _take(self, kind: dns.rdatatype.RdataType, serial: int | None) -> None:
        self._records += 1
        is_start = kind == dns.rdatatype.SOA
        if self._records == 1:
            if not is_start:
                raise ValueError("the transfer does not begin with SOA")
            self._serial = serial
        elif self._records == 2 and is_start and self._incremental and serial != self._serial:
            self._needed = 3  # differences: the newest SOA also begins the last additions
        if is_start and serial == self._serial:
            self._seen += 1


async def transfer(query: Query) -> Reply:
    """The whole zone, or what changed in it since `serial`; `timeout` holds for each message. Raises NoAnswer."""
    started = time.perf_counter()
    tls = query.server.transport is Transport.TLS
    try:
        if query.server.transport not in (Transport.UDP, Transport.TCP, Transport.TLS):
            raise NoAnswer(Trouble(Fault.UNSUPPORTED, "a zone transfer goes over TCP or TLS only"))
        message = build(query.question, query.options)
        wire = message.to_wire()
        end = _End(query.question.type == "IXFR")
        messages: list[dns.message.Message] = []
        size = 0
        async with asyncio.timeout(query.options.timeout) as limit, connected(query, ("dot",) if tls else ()) as stream:
            sent = time.perf_counter()
            await stream.send(wire)
            while True:
                answer = await stream.message()
                limit.reschedule(asyncio.get_running_loop().time() + query.options.timeout)
                size += len(answer)
                found = read(answer, transfer=True)
                if found.id != message.id:
                    raise ValueError(f"a message with the wrong id {found.id}")
                messages.append(found)
                if found.rcode() or end.reached(found):
                    break
                if not found.answer:
                    raise ValueError("a message without records before the end of the transfer")
                if size > _LARGEST:
                    raise ValueError(f"the zone is larger than {_LARGEST >> 20} MiB")
            came = time.perf_counter()
    except asyncio.IncompleteReadError:
        text = f"{query.server} closed the connection before the transfer was complete"
        raise NoAnswer(Trouble(Fault.TRANSFER, text, seconds=time.perf_counter() - started)) from None
    except (OSError, ValueError) as error:
        raise NoAnswer(trouble_of(error, query.server, seconds=time.perf_counter() - started)) from None
    return Reply(
        query,
        messages[0],
        Transport.TLS if tls else Transport.TCP,
        time.time(),
        Timing((came - sent) * 1000, (came - started) * 1000, stream.connect_ms, stream.tls_ms),
        size,
        len(wire),
        more=tuple(messages[1:]),
    )
