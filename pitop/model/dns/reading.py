"""A walk's messages as the records and answers that are shown; dnspython helps with what is rare, and only then."""

from __future__ import annotations

from contextlib import suppress

from pitop.model.dns.answer import Answer, Edns, Record, Section, Timing
from pitop.model.dns.codes import RCODES
from pitop.model.dns.names import unicode_form
from pitop.model.dns.question import Question, Server, Transport
from pitop.model.dns.wire import Message, text_of

__all__ = ["read_answer", "records_of"]

_OPERATIONS = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE"}
_FLAGS = (("qr", 15), ("aa", 10), ("tc", 9), ("rd", 8), ("ra", 7), ("ad", 5), ("cd", 4))


def records_of(message: Message) -> tuple[Record, ...]:
    """All records, section by section, without OPT. Raises ValueError for broken ones."""
    records = []
    for section, found in (
        (Section.ANSWER, message.answer),
        (Section.AUTHORITY, message.authority),
        (Section.ADDITIONAL, message.additional),
    ):
        for rr in found:
            data = text_of(message, rr)
            if data is None:
                from pitop.model.dns.message import read, read_records

                return tuple(read_records(read(message.wire)))
            records.append(Record(section, rr.name, rr.ttl, rr.rclass, rr.type, data))
    return tuple(records)


def read_answer(
    message: Message,
    question: Question,
    server: Server,
    *,
    transport: Transport,
    time: float,
    timing: Timing,
    sent_bytes: int,
) -> Answer:
    """A message as an answer. Raises ValueError for broken records."""
    return Answer(
        question=question,
        server=server,
        transport=transport,
        time=time,
        id=message.id,
        opcode=_OPERATIONS.get(message.flags >> 11 & 0x0F, "UNKNOWN"),
        status=RCODES.get(message.rcode, str(message.rcode)),
        flags=tuple(word for word, bit in _FLAGS if message.flags >> bit & 1),
        records=records_of(message),
        edns=_edns(message),
        timing=timing,
        size_bytes=len(message.wire),
        sent_bytes=sent_bytes,
        fallback=transport is Transport.TCP and server.transport is Transport.UDP,
        unicode=unicode_form(question.name),
    )


def _edns(message: Message) -> Edns | None:
    if message.edns is None or message.payload is None:
        return None
    ttl, start, end = message.edns
    if start < end:
        from pitop.model.dns.message import edns_of, read

        with suppress(ValueError):  # options that make no sense tell nothing
            return edns_of(read(message.wire))
    return Edns(ttl >> 16 & 0xFF, ("do",) if ttl & 0x8000 else (), message.payload)
