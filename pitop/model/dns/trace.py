"""What a walk down the delegations found. No dnspython here."""

from __future__ import annotations

import enum

from msgspec import Struct

from pitop.model.dns.answer import Answer, Record
from pitop.model.dns.dnssec.verdict import Verdict
from pitop.model.dns.question import Question

__all__ = ["Cut", "Outcome", "Purpose", "Remark", "Severity", "Step", "Trace"]


class Outcome(enum.Enum):
    """What one server said, or did not say."""

    REFERRAL = "referral"
    ANSWER = "answer"
    ALIAS = "alias"
    NO_DATA = "no data"
    NO_NAME = "NXDOMAIN"
    LAME = "lame"
    REFUSED = "refused"
    FAILED = "failed"
    SILENT = "no answer"
    UNREACHABLE = "unreachable"

    @property
    def leads_on(self) -> bool:
        """Whether the walk can go on, or end well, with this."""
        return self in (Outcome.REFERRAL, Outcome.ANSWER, Outcome.ALIAS, Outcome.NO_DATA, Outcome.NO_NAME)


class Purpose(enum.Enum):
    """Why a server was asked."""

    WALK = "walk"  # on the way to the answer
    ADDRESS = "address"  # for the address of a name server that came without glue
    CHECK = "check"  # to compare what the zone's servers say of it
    PROOF = "proof"  # for DS and DNSKEY records


class Step(Struct, frozen=True):
    """One server, asked one question. `depth` counts nested walks; `query_time_ms` is None without an answer.

    `taken` marks the step whose answer the walk went on with. `records` are the referral's NS, DS and glue, or the
    answer.
    """

    number: int
    purpose: Purpose
    depth: int
    zone: str
    server: str
    address: str
    question: Question
    outcome: Outcome
    words: str
    query_time_ms: float | None
    size_bytes: int | None
    records: tuple[Record, ...] = ()
    taken: bool = False


class Severity(enum.Enum):
    """How much a remark matters."""

    NOTE = "note"
    WARN = "warn"
    BAD = "bad"


class Remark(Struct, frozen=True):
    """Something odd in a zone, in a sentence."""

    zone: str
    severity: Severity
    words: str


class Cut(Struct, frozen=True):
    """A zone on the way, and what its parent and its own servers say of it.

    `parent_servers` come with the referral, `child_servers` from the zone itself, None while nobody there answered.
    `glue` pairs names with addresses; `serials` pairs server addresses with SOA serials. `signed` tells whether the
    parent sent a DS.
    """

    zone: str
    parent: str | None
    parent_servers: tuple[str, ...]
    child_servers: tuple[str, ...] | None = None
    glue: tuple[tuple[str, str], ...] = ()
    serials: tuple[tuple[str, int], ...] = ()
    signed: bool | None = None


class Trace(Struct, frozen=True, kw_only=True):
    """A walk from the root to an answer, as far as it has come. `time` is when it began, in unix seconds."""

    question: Question
    time: float
    running: bool
    steps: tuple[Step, ...] = ()
    cuts: tuple[Cut, ...] = ()
    remarks: tuple[Remark, ...] = ()
    answer: Answer | None = None
    aliases: tuple[str, ...] = ()
    trouble: str | None = None
    verdict: Verdict | None = None
    total_ms: float = 0.0
