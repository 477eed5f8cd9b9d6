"""What came back: records, times, and what is to be said of them. No dnspython here."""

from __future__ import annotations

import enum

from msgspec import Struct

from pitop.model.dns.question import Question, Server, Transport

__all__ = ["Answer", "Edns", "ExtendedError", "Fault", "NoAnswer", "Record", "Section", "Timing", "Trouble"]


class Section(enum.Enum):
    """The parts of a message that hold records (RFC 1035 4.1)."""

    ANSWER = "answer"
    AUTHORITY = "authority"
    ADDITIONAL = "additional"


class Record(Struct, frozen=True, gc=False):
    """One resource record in its text form; `ttl` in seconds."""

    section: Section
    name: str
    ttl: int
    rclass: str
    type: str
    data: str


class Timing(Struct, frozen=True):
    """Where the time went, in milliseconds; None is a phase that this transport does not have.

    `query_ms` runs from sending the question that was answered to its answer; `total_ms` from the first attempt.
    """

    query_ms: float
    total_ms: float
    connect_ms: float | None = None
    tls_ms: float | None = None


class ExtendedError(Struct, frozen=True):
    """An extended error (RFC 8914): its code, the code in words, and what the server added."""

    code: int
    words: str
    text: str = ""


class Edns(Struct, frozen=True):
    """What the answer's OPT record says (RFC 6891). `cookie` is hexadecimal, `others` are (code, hexadecimal)."""

    version: int
    flags: tuple[str, ...]
    payload_bytes: int
    nsid: str | None = None
    subnet: str | None = None
    cookie: str | None = None
    padding_bytes: int | None = None
    errors: tuple[ExtendedError, ...] = ()
    others: tuple[tuple[int, str], ...] = ()


class Answer(Struct, frozen=True, kw_only=True):
    """A whole answer. `time` is in unix seconds; `transport` is the one that brought it, after any fallback.

    `fallback` is whether TCP had to help, `tries` how many times it was asked, `size_bytes` what was received.
    `unicode` is how the question's name reads where it has `xn--` labels. `remarks` are sentences on what was odd on
    the way.
    """

    question: Question
    server: Server
    transport: Transport
    time: float
    id: int
    opcode: str
    status: str
    flags: tuple[str, ...]
    records: tuple[Record, ...]
    edns: Edns | None
    timing: Timing
    size_bytes: int
    sent_bytes: int
    tries: int = 1
    fallback: bool = False
    messages: int = 1
    unicode: str | None = None
    remarks: tuple[str, ...] = ()

    def section(self, section: Section) -> tuple[Record, ...]:
        """The records of one section."""
        return tuple(record for record in self.records if record.section is section)


class Fault(enum.Enum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    REFUSED = "connection refused"
    UNREACHABLE = "unreachable"
    CLOSED = "connection closed"
    GARBAGE = "unreadable"
    TLS = "tls"
    HTTP = "http"
    TRANSFER = "transfer"
    NAME = "server name"
    UNSUPPORTED = "unsupported"


class Trouble(Struct, frozen=True):
    """Why there is no answer, in a sentence, with what would help and what was seen on the way."""

    fault: Fault
    message: str
    advice: str = ""
    remarks: tuple[str, ...] = ()
    tries: int = 1
    seconds: float = 0.0


class NoAnswer(Exception):
    """A query that was not answered: `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.trouble = trouble
