"""Answers as dig prints them, line for line, so that eyes and scripts feel at home."""

from __future__ import annotations

import time as clock
from collections.abc import Iterator

from msgspec import Struct

from pitop.model.dns.answer import Answer, Record, Section
from pitop.model.dns.question import Question, Transport
from pitop.render.text import visible

__all__ = ["WHOLE", "Layout", "dig_lines", "record_line", "short_lines"]


class Layout(Struct, frozen=True):
    """Which parts of an answer are printed: dig's `+[no]question`, `+[no]comments` and so on."""

    comments: bool = True
    question: bool = True
    answer: bool = True
    authority: bool = True
    additional: bool = True
    stats: bool = True
    ttl: bool = True
    ttl_units: bool = False
    rclass: bool = True
    crypto: bool = True


WHOLE = Layout()

_SECRET = {"DNSKEY": 3, "CDNSKEY": 3, "DS": 3, "CDS": 3, "RRSIG": 8}  # words before the key, digest or signature


def _filled(parts: list[tuple[str, int]], first: str) -> str:
    """`first` and the parts, each at its column or one space on: tabs as BIND's indent() sets them."""
    line = first
    at = len(first)
    for text, wanted in parts:
        to = max(wanted, at + 1)
        tabs = to // 8 - at // 8
        if tabs:
            line += "\t" * tabs
            at = to // 8 * 8
        line += " " * (to - at) + text
        at = to + len(text)
    return line


def _ttl(seconds: int, units: bool) -> str:
    if not units or not seconds:
        return str(seconds)
    parts = []
    for letter, size in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= size:
            parts.append(f"{seconds // size}{letter}")
            seconds %= size
    return "".join(parts)


def record_line(record: Record, layout: Layout = WHOLE) -> str:
    """One record on a line: name, TTL, class, type and data at dig's columns."""
    name = visible(record.name)
    data = visible(record.data)
    if not layout.crypto and record.type in _SECRET:
        words = data.split(" ")
        kept = words[: _SECRET[record.type]]
        data = " ".join([*kept, "[omitted]"])
    parts = []
    column = 24
    for text in (_ttl(record.ttl, layout.ttl_units) if layout.ttl else "", record.rclass if layout.rclass else ""):
        if text:
            parts.append((text, column))
            column += 8
    return _filled([*parts, (record.type, column), (data, column + 8)], name).rstrip()


def dig_lines(answer: Answer, layout: Layout = WHOLE) -> Iterator[str]:
    """The whole answer in dig's layout. Everything in it that a terminal would obey is escaped."""
    sections = {
        Section.ANSWER: layout.answer,
        Section.AUTHORITY: layout.authority,
        Section.ADDITIONAL: layout.additional,
    }
    if answer.question.type in ("AXFR", "IXFR") and answer.status == "NOERROR":
        yield from (record_line(record, layout) for record in answer.section(Section.ANSWER))
        yield from _stats(answer) if layout.stats else ()
        return
    gap = ("",) if layout.comments else ()
    if layout.comments:
        yield from _header(answer)
    if layout.question:
        if layout.comments:
            yield ";; QUESTION SECTION:"
        yield _question(answer.question)
        yield from gap
    for section, wanted in sections.items():
        records = answer.section(section)
        if not wanted or not records:
            continue
        if layout.comments:
            yield f";; {section.name} SECTION:"
        yield from (record_line(record, layout) for record in records)
        yield from gap
    yield from _stats(answer) if layout.stats else ()


def _question(question: Question) -> str:
    return _filled([(question.rclass, 32), (question.type, 40)], f";{visible(question.name)}")


def _header(answer: Answer) -> Iterator[str]:
    additional = len(answer.section(Section.ADDITIONAL)) + (answer.edns is not None)
    yield ";; Got answer:"
    yield f";; ->>HEADER<<- opcode: {answer.opcode}, status: {answer.status}, id: {answer.id}"
    yield (
        f";; flags: {' '.join(answer.flags)}; QUERY: 1, ANSWER: {len(answer.section(Section.ANSWER))}, "
        f"AUTHORITY: {len(answer.section(Section.AUTHORITY))}, ADDITIONAL: {additional}"
    )
    if "rd" in answer.flags and "ra" not in answer.flags:
        yield ";; WARNING: recursion requested but not available"
    yield ""
    edns = answer.edns
    if edns is None:
        return
    yield ";; OPT PSEUDOSECTION:"
    flags = "".join(f" {flag}" for flag in edns.flags)
    yield f"; EDNS: version: {edns.version}, flags:{flags}; udp: {edns.payload_bytes}"
    if edns.nsid is not None:
        pairs = " ".join(f"{byte:02x}" for byte in edns.nsid.encode("utf-8", "surrogateescape"))
        yield f'; NSID: {pairs} ("{visible(edns.nsid)}")'
    if edns.subnet is not None:
        yield f"; CLIENT-SUBNET: {visible(edns.subnet)}"
    if edns.cookie is not None:
        yield f"; COOKIE: {edns.cookie}" + (" (good)" if len(edns.cookie) > 16 else "")
    for error in edns.errors:
        yield f"; EDE: {error.code} ({error.words})" + (f": ({visible(error.text)})" if error.text else "")
    if edns.padding_bytes is not None:
        yield f"; PAD ({edns.padding_bytes} bytes)"
    for code, content in edns.others:
        yield f"; OPT={code}: {content}"


def _stats(answer: Answer) -> Iterator[str]:
    timing = answer.timing
    shown = {
        Transport.UDP: "UDP",
        Transport.TCP: "TCP",
        Transport.TLS: "TLS",
        Transport.HTTPS: "HTTPS",
        Transport.QUIC: "QUIC",
    }[answer.transport]
    yield f";; Query time: {round(timing.query_ms)} msec"
    if timing.connect_ms is not None:
        tls = "" if timing.tls_ms is None else f", TLS: {timing.tls_ms:.1f} ms"
        yield (
            f";; Times: connect: {timing.connect_ms:.1f} ms{tls}, query: {timing.query_ms:.1f} ms, "
            f"total: {timing.total_ms:.1f} ms"
        )
    name = visible(answer.server.name or answer.server.host)
    yield f";; SERVER: {visible(answer.server.host)}#{answer.server.port}({name}) ({shown})"
    yield f";; WHEN: {clock.strftime('%a %b %d %H:%M:%S %Z %Y', clock.localtime(answer.time))}"
    if answer.question.type in ("AXFR", "IXFR"):
        count = len(answer.section(Section.ANSWER))
        yield f";; XFR size: {count} records (messages {answer.messages}, bytes {answer.size_bytes})"
    else:
        yield f";; MSG SIZE  rcvd: {answer.size_bytes}"
    if answer.unicode is not None:
        yield f";; NAME: {visible(answer.unicode)}"
    for remark in answer.remarks:
        yield f";; Remark: {visible(remark)}"
    yield ""


def short_lines(answer: Answer) -> Iterator[str]:
    """Only the data of the answer section: dig's `+short`."""
    yield from (visible(record.data) for record in answer.section(Section.ANSWER))
