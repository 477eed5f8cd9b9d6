"""Messages: queries built, answers read. The wire format itself is dnspython's."""

from __future__ import annotations

import binascii
import os
import re
from dataclasses import dataclass, field

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from pitop.model.dns.answer import Answer, Edns, ExtendedError, Record, Section, Timing
from pitop.model.dns.names import unicode_form
from pitop.model.dns.question import Options, Query, Question, QuestionError, Transport
from pitop.model.dns.reasons import extended_words

__all__ = ["Reply", "answer_of", "build", "edns_of", "read", "read_records"]


@dataclass(frozen=True, slots=True)
class Reply:
    """A message that answers a query, and how it came. `messages` holds more than one after a zone transfer."""

    query: Query
    message: dns.message.Message
    transport: Transport
    time: float
    timing: Timing
    size_bytes: int
    sent_bytes: int
    tries: int = 1
    fallback: bool = False
    more: tuple[dns.message.Message, ...] = ()
    remarks: tuple[str, ...] = field(default=())


def build(question: Question, options: Options, identity: int | None = None) -> dns.message.QueryMessage:
    """The message that asks `question`; `identity` is its id, random without. Raises QuestionError."""
    flags = 0
    for wanted, flag in (
        (options.recursion, dns.flags.RD),
        (options.authentic, dns.flags.AD),
        (options.checking_disabled, dns.flags.CD),
        (options.authoritative, dns.flags.AA),
    ):
        flags |= flag if wanted else 0
    try:
        message = dns.message.make_query(
            question.name, question.type, question.rclass, use_edns=False, flags=flags, id=identity
        )
        if options.payload_bytes is not None:
            message.use_edns(
                0,
                dns.flags.DO if options.dnssec else 0,
                options.payload_bytes,
                options=_edns_options(options),
                pad=options.padding_bytes,
            )
    except (dns.exception.DNSException, ValueError) as error:
        raise QuestionError(f"{question} cannot be asked: {error}") from None
    if question.type == "IXFR":
        start = dns.rrset.from_text(question.name, 0, question.rclass, "SOA", f". . {options.serial or 0} 0 0 0 0")
        message.authority.append(start)
    return message


def _edns_options(options: Options) -> list[dns.edns.Option]:
    made: list[dns.edns.Option] = []
    if options.nsid:
        made.append(dns.edns.NSIDOption(b""))
    if options.subnet is not None:
        made.append(_subnet(options.subnet))
    if options.cookie is not None:
        try:
            cookie = binascii.unhexlify(options.cookie) if options.cookie else os.urandom(8)
            made.append(dns.edns.CookieOption(cookie[:8], cookie[8:]))
        except ValueError:
            raise QuestionError(
                f"“{options.cookie}” is not a cookie: 16 hexadecimal digits of ours, then 16 to 64 of the server's"
            ) from None
    return made


def _subnet(text: str) -> dns.edns.Option:
    address, slash, length = text.partition("/")
    try:
        if address == "0" and not slash:
            return dns.edns.ECSOption("0.0.0.0", 0)
        return dns.edns.ECSOption(address, int(length) if slash else None)
    except (dns.exception.DNSException, ValueError):
        raise QuestionError(f"“{text}” is not a client subnet; write 192.0.2.0/24, 2001:db8::/56 or 0") from None


def read(wire: bytes, *, transfer: bool = False) -> dns.message.Message:
    """A message from its wire form. What follows it is passed over. Raises ValueError with the reason in words."""
    try:
        return dns.message.from_wire(wire, keyring=False, ignore_trailing=True, xfr=transfer, one_rr_per_rrset=transfer)
    except dns.exception.DNSException as error:
        raise ValueError(_garbage(error)) from None
    except Exception as error:  # a parser of hostile bytes: whatever it raises, the bytes were no message
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _garbage(error: dns.exception.DNSException) -> str:
    name = type(error).__name__
    known = {
        "ShortHeader": "shorter than a header",
        "BadPointer": "a compression pointer that leads nowhere or in a loop",
        "BadLabelType": "a label of an unknown kind",
        "NameTooLong": "a name of more than 255 bytes",
        "BadEDNS": "a wrong OPT record",
        "BadTSIG": "a wrong TSIG record",
    }
    return known.get(name) or (str(error).rstrip(".").lower() or name)


def answer_of(reply: Reply) -> Answer:
    """A reply as the frozen answer that panes and commands show."""
    message = reply.message
    records: list[Record] = []
    for each in (message, *reply.more):
        records.extend(read_records(each))
    return Answer(
        question=reply.query.question,
        server=reply.query.server,
        transport=reply.transport,
        time=reply.time,
        id=message.id,
        opcode=dns.opcode.to_text(message.opcode()),
        status=_status(message),
        flags=tuple(dns.flags.to_text(message.flags).lower().split()),
        records=tuple(records),
        edns=edns_of(message) if message.edns >= 0 else None,
        timing=reply.timing,
        size_bytes=reply.size_bytes,
        sent_bytes=reply.sent_bytes,
        tries=reply.tries,
        fallback=reply.fallback,
        messages=1 + len(reply.more),
        unicode=unicode_form(reply.query.question.name),
        remarks=reply.remarks,
    )


def _status(message: dns.message.Message) -> str:
    text = dns.rcode.to_text(message.rcode())
    return {"BADSIG": "BADVERS"}.get(text, text)


def read_records(message: dns.message.Message) -> list[Record]:
    """All records of a message, section by section, without OPT."""
    records: list[Record] = []
    for section, rrsets in (
        (Section.ANSWER, message.answer),
        (Section.AUTHORITY, message.authority),
        (Section.ADDITIONAL, message.additional),
    ):
        for rrset in rrsets:
            name = rrset.name.to_text()
            rclass = dns.rdataclass.to_text(rrset.rdclass)
            kind = dns.rdatatype.to_text(rrset.rdtype)
            records.extend(Record(section, name, rrset.ttl, rclass, kind, _data(rdata, kind)) for rdata in rrset)
    return records


_UNQUOTED = re.compile(r'\b(mandatory|port|ipv4hint|ipv6hint|ech)="([^"]*)"')
_WHOLE_METRES = re.compile(r"(?<=m )([1-9]\d*)\.00m")
_DIGEST_AT = {"DS": 3, "CDS": 3, "DLV": 3, "SSHFP": 2, "TLSA": 3, "SMIMEA": 3, "ZONEMD": 3}  # words before it


def _data(rdata: dns.rdata.Rdata, kind: str) -> str:
    """Record data as dig writes it: digests and keys in pieces of 56 characters, hexadecimal in capitals."""
    text = str(rdata.to_text(chunksize=56))
    if kind in ("SVCB", "HTTPS"):
        return _UNQUOTED.sub(r"\1=\2", text)
    if kind in _DIGEST_AT:
        words = text.split(" ")
        return " ".join([*words[: _DIGEST_AT[kind]], *(word.upper() for word in words[_DIGEST_AT[kind] :])])
    if text.startswith("\\# "):
        return text[:3] + text[3:].upper()  # RFC 3597 5
    if kind == "LOC":
        return _WHOLE_METRES.sub(r"\1m", text)
    if kind == "NSEC3":
        words = text.split(" ")
        return " ".join([*words[:3], words[3].upper(), words[4].upper(), *words[5:]])
    if kind == "NSEC3PARAM":
        return text.upper()
    return text


def edns_of(message: dns.message.Message) -> Edns:
    """What an OPT record says; the message has one."""
    nsid = subnet = cookie = None
    padding: int | None = None
    errors: list[ExtendedError] = []
    others: list[tuple[int, str]] = []
    for option in message.options:
        if isinstance(option, dns.edns.NSIDOption):
            nsid = option.nsid.decode("utf-8", "backslashreplace")
        elif isinstance(option, dns.edns.ECSOption):
            subnet = f"{option.address}/{option.srclen}/{option.scopelen}"
        elif isinstance(option, dns.edns.CookieOption):
            cookie = (option.client + option.server).hex()
        elif isinstance(option, dns.edns.EDEOption):
            errors.append(ExtendedError(int(option.code), extended_words(int(option.code)), option.text or ""))
        elif int(option.otype) == int(dns.edns.OptionType.PADDING):
            padding = len(option.to_wire() or b"")
        else:
            others.append((int(option.otype), (option.to_wire() or b"").hex()))
    flags = ("do",) if message.ednsflags & dns.flags.DO else ()
    return Edns(message.edns, flags, int(message.payload), nsid, subnet, cookie, padding, tuple(errors), tuple(others))
