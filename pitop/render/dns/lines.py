"""Traces, comparisons and explanations as rows of a table, for the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from pitop.model.dns.compare import Comparison, ServerFigures, Spread
from pitop.model.dns.dnssec.verdict import Link, Security
from pitop.model.dns.trace import Cut, Purpose, Severity, Step, Trace
from pitop.model.dns.watch import Beat
from pitop.model.dns.why import Found, Why
from pitop.model.tree import Guides
from pitop.render.dns.tones import OUTCOME_TONES, SECURITY_TONES
from pitop.render.field import Field, Tone
from pitop.render.units import Unit, percent

__all__ = [
    "BEAT_FIELDS",
    "GRADE_FIELDS",
    "LIVE_FIELDS",
    "NODE_FIELDS",
    "PLAIN_FIELDS",
    "STAGE_FIELDS",
    "BeatRow",
    "Grade",
    "Node",
    "PlainRow",
    "StageRow",
    "beat_rows",
    "grades",
    "plain_rows",
    "stage_rows",
    "trace_nodes",
]


class Node(Struct, frozen=True):
    """One line of a trace's tree: a zone, a server that was asked there, a remark, or a link of trust."""

    key: tuple[str, ...]
    name: str
    tone: Tone
    words: str
    words_tone: Tone = Tone.PLAIN
    address: str | None = None
    query_time_ms: float | None = None
    outcome: str | None = None


NODE_FIELDS: tuple[Field[Node], ...] = (
    Field(
        "name",
        "ZONE, SERVER",
        34,
        Unit.TEXT,
        lambda node: node.name,
        "The zones from the root down, and under each the servers that were asked there.",
        tone=lambda node: node.tone,
    ),
    Field(
        "address",
        "ADDRESS",
        15,
        Unit.ADDRESS,
        lambda node: node.address,
        "The address that was asked.",
        show=lambda node: node.address or "",
        tone=lambda node: Tone.FAINT,
    ),
    Field(
        "query_time_ms",
        "MS",
        7,
        Unit.MILLISECONDS,
        lambda node: node.query_time_ms,
        "Milliseconds from the question to its answer.",
        show=lambda node: "" if node.query_time_ms is None else f"{node.query_time_ms:.1f}",
    ),
    Field(
        "words",
        "WHAT IT SAID",
        0,
        Unit.TEXT,
        lambda node: node.words,
        "The answer in words. A referral leads to the zone below; a lame server was named but does not know the zone.",
        tone=lambda node: node.words_tone,
    ),
)


class _Placed(NamedTuple):
    node: Node
    prefix: str


def trace_nodes(trace: Trace, guides: Guides, *, plain: bool = False) -> tuple[list[Node], list[str]]:
    """The trace as a tree: its nodes, and the guides before each. `plain` keeps to ASCII."""
    placed: list[_Placed] = []
    indent = ""
    for place, cut in enumerate(trace.cuts):
        final = place == len(trace.cuts) - 1
        placed.append(_Placed(_zone(trace, cut), indent + (guides.last if place else "")))
        indent += guides.blank if place else ""
        children = _children(trace, cut, plain)
        for child_place, child in enumerate(children):
            guide = guides.last if final and child_place == len(children) - 1 else guides.branch
            placed.append(_Placed(child, indent + guide))
    return [each.node for each in placed], [each.prefix for each in placed]


def _zone(trace: Trace, cut: Cut) -> Node:
    links = [link for link in (trace.verdict.links if trace.verdict else ()) if link.zone == cut.zone]
    tone = Tone.ACCENT
    security = None
    if links:
        security = max((link.security for link in links), key=lambda each: each.rank)
        tone = SECURITY_TONES[security]
    parts = []
    if security is not None:
        parts.append(security.value)
    elif cut.signed is not None:
        parts.append("signed" if cut.signed else "not signed")
    names = ", ".join(cut.parent_servers[:3]) + (
        f" +{len(cut.parent_servers) - 3}" if len(cut.parent_servers) > 3 else ""
    )
    parts.append(names)
    serials = sorted({serial for _, serial in cut.serials})
    if serials:
        parts.append("serial " + ", ".join(map(str, serials)))
    return Node(("zone", cut.zone), cut.zone, tone, " · ".join(parts), tone if security else Tone.FAINT)


def _children(trace: Trace, cut: Cut, plain: bool) -> list[Node]:
    nodes = [_step(step) for step in trace.steps if step.zone == cut.zone and step.purpose is Purpose.WALK]
    for remark in trace.remarks:
        if remark.zone == cut.zone:
            tone = Tone.BAD if remark.severity is Severity.BAD else Tone.WARN
            nodes.append(Node(("remark", cut.zone, remark.words), "!", tone, remark.words, tone))
    if trace.verdict is not None:
        nodes += [_link(link, plain) for link in trace.verdict.links if link.zone == cut.zone]
    return nodes


def _step(step: Step) -> Node:
    tone = Tone.PLAIN if step.taken or not step.outcome.leads_on else Tone.FAINT
    words_tone = OUTCOME_TONES[step.outcome]
    if not step.taken and step.outcome.leads_on:
        words_tone = Tone.FAINT
    return Node(
        ("step", str(step.number)),
        step.server,
        tone,
        step.words,
        words_tone,
        step.address,
        step.query_time_ms,
        step.outcome.value,
    )


_MARKS = {Security.SECURE: "✓", Security.INSECURE: "○", Security.INDETERMINATE: "?", Security.BOGUS: "✗"}


_PLAIN_MARKS = {
    Security.SECURE: "+",
    Security.INSECURE: "o",
    Security.INDETERMINATE: "?",
    Security.BOGUS: "x",
}


def _link(link: Link, plain: bool) -> Node:
    tone = SECURITY_TONES[link.security]
    mark = (_PLAIN_MARKS if plain else _MARKS)[link.security]
    return Node(("link", link.zone, link.what, link.words), f"{mark} {link.what}", tone, link.words, tone)


class Grade(Struct, frozen=True):
    """One line of a comparison: a server's first or repeated questions, or a name that is answered differently."""

    key: tuple[str, ...]
    server: str
    asked: str
    spread: Spread | None
    most_ms: float
    loss_percent: float | None
    words: str
    tone: Tone = Tone.PLAIN


GRADE_FIELDS: tuple[Field[Grade], ...] = (
    Field(
        "server", "SERVER", 22, Unit.ADDRESS, lambda grade: grade.server, "Who was asked.", tone=lambda _: Tone.ACCENT
    ),
    Field(
        "asked",
        "ASKED",
        5,
        Unit.TEXT,
        lambda grade: grade.asked,
        "The first time, when the server may have to ask others; or again, when it should remember.",
        tone=lambda _: Tone.FAINT,
    ),
    Field(
        "median_ms",
        "MEDIAN",
        7,
        Unit.MILLISECONDS,
        lambda grade: None if grade.spread is None else grade.spread.median_ms,
        "Milliseconds that half of the answers stay under.",
        ("median",),
    ),
    Field(
        "p95_ms",
        "P95",
        7,
        Unit.MILLISECONDS,
        lambda grade: None if grade.spread is None else grade.spread.p95_ms,
        "Milliseconds that 95 in 100 answers stay under: what one notices.",
        ("p95",),
    ),
    Field(
        "jitter_ms",
        "JITTER",
        7,
        Unit.MILLISECONDS,
        lambda grade: None if grade.spread is None else grade.spread.jitter_ms,
        "How much one time differs from the next, on average.",
        ("jitter",),
    ),
    Field(
        "loss_percent",
        "LOSS%",
        5,
        Unit.PERCENT,
        lambda grade: grade.loss_percent,
        "Questions without an answer.",
        ("loss",),
        show=lambda grade: "" if grade.loss_percent is None else percent(grade.loss_percent),
        tone=lambda grade: Tone.BAD if grade.loss_percent else Tone.FAINT,
    ),
    Field(
        "words",
        "",
        0,
        Unit.TEXT,
        lambda grade: grade.words,
        "Response codes, what a cache tells of itself, answers that differ.",
        tone=lambda grade: grade.tone,
    ),
)


def grades(comparison: Comparison) -> list[Grade]:
    """The comparison's lines: two for each server, then what differs."""
    spreads = [each for server in comparison.servers for each in (server.first, server.repeated) if each is not None]
    most = max((each.p95_ms for each in spreads), default=0.0)
    rows = []
    for server in comparison.servers:
        rows.append(
            Grade(
                (server.server, "first"),
                server.server,
                "first",
                server.first,
                most,
                server.loss_percent,
                _codes(server),
            )
        )
        cache = server.cache
        words = "" if cache is None else f"its cache: {cache.hits} hits, {cache.misses} misses since it started"
        rows.append(Grade((server.server, "again"), "", "again", server.repeated, most, None, words, Tone.FAINT))
    for difference in comparison.differences:
        for said, who in difference.answers:
            words = f"{difference.name} is {said}"
            rows.append(Grade((difference.name, said), ", ".join(who), "", None, most, None, words, Tone.WARN))
    return rows


def _codes(server: ServerFigures) -> str:
    return f"{server.answered} of {server.asked}: " + ", ".join(
        f"{count} {status}" for status, count in server.statuses
    )


class StageRow(Struct, frozen=True):
    """One line of an explanation."""

    key: tuple[int, int]
    mark: str
    what: str
    words: str
    tone: Tone


STAGE_FIELDS: tuple[Field[StageRow], ...] = (
    Field("mark", "", 1, Unit.TEXT, lambda row: row.mark, "How it came out.", tone=lambda row: row.tone),
    Field(
        "what",
        "SOURCE",
        38,
        Unit.TEXT,
        lambda row: row.what,
        "Where a name is looked for, in the order that nsswitch.conf gives.",
        tone=lambda row: Tone.ACCENT,
    ),
    Field(
        "words", "WHAT IT SAYS", 0, Unit.TEXT, lambda row: row.words, "What was found there.", tone=lambda row: row.tone
    ),
)

_FOUND = {
    Found.YES: ("✓", Tone.GOOD),
    Found.NO: ("-", Tone.PLAIN),
    Found.SKIPPED: ("·", Tone.FAINT),
    Found.UNKNOWN: ("?", Tone.WARN),
    Found.TOLD: (" ", Tone.PLAIN),
}


def stage_rows(why: Why, *, plain: bool = False) -> list[StageRow]:
    """The explanation's lines: each stage, its grounds below it, and what disagrees. `plain` keeps to ASCII."""
    rows = []
    for place, stage in enumerate(why.stages):
        mark, tone = _FOUND[stage.found]
        mark = mark if not plain or mark.isascii() else "+" if stage.found is Found.YES else " "
        rows.append(StageRow((place, 0), mark, stage.what, stage.words, tone))
        rows += [StageRow((place, number), "", "", line, Tone.FAINT) for number, line in enumerate(stage.lines, 1)]
    for number, words in enumerate(why.disagreements):
        rows.append(StageRow((len(why.stages), number), "!", "disagreement", words, Tone.WARN))
    return rows


class BeatRow(Struct, frozen=True):
    """One asking of a watch, with the longest time that any took."""

    key: int
    beat: Beat
    most_ms: float


BEAT_FIELDS: tuple[Field[BeatRow], ...] = (
    Field("time", "TIME", 8, Unit.MOMENT, lambda row: row.beat.time, "When it was asked.", tone=lambda _: Tone.FAINT),
    Field("query_time_ms", "MS", 7, Unit.MILLISECONDS, lambda row: row.beat.ms, "Milliseconds to the answer."),
    Field(
        "status",
        "STATUS",
        10,
        Unit.TEXT,
        lambda row: row.beat.status,
        "The response code, or why there was no answer.",
        tone=lambda row: Tone.BAD if row.beat.ms is None else Tone.PLAIN,
    ),
    Field(
        "data",
        "ANSWER",
        0,
        Unit.TEXT,
        lambda row: (
            " ".join(row.beat.data)
            + (f"  (was {' '.join(row.beat.before or ('nothing',))})" if row.beat.changed else "")
        ),
        "What was answered; what it was before, where that changed.",
        tone=lambda row: Tone.WARN if row.beat.changed else Tone.PLAIN,
    ),
)


def beat_rows(beats: Sequence[Beat]) -> list[BeatRow]:
    """A watch's lines, the newest first."""
    most = max((beat.ms for beat in beats if beat.ms is not None), default=0.0)
    return [BeatRow(round(beat.time * 1000), beat, most) for beat in reversed(beats)]


class PlainRow(Struct, frozen=True):
    """A line of text."""

    key: int
    text: str


PLAIN_FIELDS: tuple[Field[PlainRow], ...] = (
    Field(
        "text",
        "AS DIG PRINTS IT",
        0,
        Unit.TEXT,
        lambda row: row.text,
        "The whole answer in dig's layout.",
        tone=lambda row: Tone.FAINT if row.text.startswith(";") else Tone.PLAIN,
    ),
)


LIVE_FIELDS: tuple[Field[PlainRow], ...] = (
    Field("text", "QUERIES ON THE WIRE", 0, Unit.TEXT, lambda row: row.text, "What other programs ask."),
)


def plain_rows(lines: Sequence[str]) -> list[PlainRow]:
    """Lines of text as rows; tabs are widened, as a terminal would."""
    return [PlainRow(number, line.expandtabs(8)) for number, line in enumerate(lines)]
