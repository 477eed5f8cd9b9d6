"""The columns of answers, of steps down the delegations, and of a chain of trust."""

from __future__ import annotations

from pitop.model.dns.answer import Record
from pitop.model.dns.dnssec.verdict import Link
from pitop.model.dns.trace import Remark, Step
from pitop.render.dns.tones import OUTCOME_TONES, SECURITY_TONES, SEVERITY_TONES
from pitop.render.field import Field, Tone
from pitop.render.units import Unit

__all__ = ["LINK_FIELDS", "RECORD_FIELDS", "REMARK_FIELDS", "STEP_FIELDS"]

RECORD_FIELDS: tuple[Field[Record], ...] = (
    Field(
        "section",
        "SECTION",
        10,
        Unit.TEXT,
        lambda record: record.section.value,
        "Which part of the answer holds the record. The answer is what was asked for; authority names who is "
        "responsible, additional is what saves another question.",
        ("sec",),
        tone=lambda record: Tone.PLAIN if record.section.value == "answer" else Tone.FAINT,
    ),
    Field(
        "name",
        "NAME",
        28,
        Unit.TEXT,
        lambda record: record.name,
        "Whom the record is about.",
        tone=lambda _: Tone.ACCENT,
    ),
    Field(
        "ttl",
        "TTL",
        7,
        Unit.NUMBER,
        lambda record: record.ttl,
        "How many seconds the record may be kept. A number that shrinks from one question to the next comes from a "
        "cache.",
        falling=True,
    ),
    Field(
        "class",
        "CLASS",
        5,
        Unit.TEXT,
        lambda record: record.rclass,
        "IN for the Internet; CH for questions to the server itself.",
    ),
    Field(
        "type",
        "TYPE",
        10,
        Unit.TEXT,
        lambda record: record.type,
        "What the record tells: A and AAAA addresses, MX who takes mail, NS who answers for the zone, CNAME another "
        "name for the same thing.",
        tone=lambda _: Tone.STRONG,
    ),
    Field("data", "DATA", 0, Unit.TEXT, lambda record: record.data, "What is told, in the form of a zone file."),
)

STEP_FIELDS: tuple[Field[Step], ...] = (
    Field(
        "zone",
        "ZONE",
        20,
        Unit.TEXT,
        lambda step: step.zone,
        "The zone whose servers were asked.",
        tone=lambda _: Tone.ACCENT,
    ),
    Field("server", "SERVER", 24, Unit.TEXT, lambda step: step.server, "The name server, as the zone above calls it."),
    Field("address", "ADDRESS", 18, Unit.ADDRESS, lambda step: step.address, "The address that was asked."),
    Field(
        "query_time_ms",
        "MS",
        8,
        Unit.MILLISECONDS,
        lambda step: step.query_time_ms,
        "Milliseconds from the question to its answer; unknown when none came.",
        ("time", "ms"),
        falling=True,
    ),
    Field(
        "outcome",
        "OUTCOME",
        12,
        Unit.TEXT,
        lambda step: step.outcome.value,
        "What the server said: a referral to the zone below, an answer, or why neither. A lame server was named but "
        "does not know the zone.",
        tone=lambda step: OUTCOME_TONES[step.outcome],
    ),
    Field(
        "purpose",
        "FOR",
        8,
        Unit.TEXT,
        lambda step: step.purpose.value,
        "Why it was asked: the walk itself, a name server's address, comparing the zone's servers, or proof.",
    ),
    Field(
        "question",
        "QUESTION",
        26,
        Unit.TEXT,
        lambda step: f"{step.question.name} {step.question.type}",
        "What was asked.",
    ),
    Field("taken", "TAKEN", 5, Unit.FLAG, lambda step: step.taken, "Whether the walk went on with this answer."),
    Field("words", "WHAT IT SAID", 0, Unit.TEXT, lambda step: step.words, "The outcome in words."),
)

LINK_FIELDS: tuple[Field[Link], ...] = (
    Field(
        "zone",
        "ZONE",
        24,
        Unit.TEXT,
        lambda link: link.zone,
        "Where in the tree the link is.",
        tone=lambda _: Tone.ACCENT,
    ),
    Field(
        "what",
        "WHAT",
        8,
        Unit.TEXT,
        lambda link: link.what,
        "What was checked: a DS in the zone above, the zone's DNSKEY, a signed set, a proof of absence.",
    ),
    Field(
        "security",
        "SECURITY",
        13,
        Unit.TEXT,
        lambda link: link.security.value,
        "Secure: signed all the way from the anchor. Insecure: proved to be unsigned. Bogus: signed, but wrongly.",
        tone=lambda link: SECURITY_TONES[link.security],
    ),
    Field("words", "WHY", 0, Unit.TEXT, lambda link: link.words, "What was found."),
)

REMARK_FIELDS: tuple[Field[Remark], ...] = (
    Field(
        "zone",
        "ZONE",
        24,
        Unit.TEXT,
        lambda remark: remark.zone,
        "The zone that it is about.",
        tone=lambda _: Tone.ACCENT,
    ),
    Field(
        "severity",
        "HOW BAD",
        8,
        Unit.TEXT,
        lambda remark: remark.severity.value,
        "A note, a warning, or broken.",
        tone=lambda remark: SEVERITY_TONES[remark.severity],
    ),
    Field("words", "WHAT", 0, Unit.TEXT, lambda remark: remark.words, "What is odd."),
)
