"""A trace as the rows of a tree, for the screen."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from pitop.model.dns.dnssec.verdict import Link, Security
from pitop.model.dns.trace import Cut, Purpose, Severity, Step, Trace
from pitop.model.tree import Guides
from pitop.render.dns.tones import OUTCOME_TONES, SECURITY_TONES
from pitop.render.field import Field, Tone
from pitop.render.units import Unit, say

__all__ = ["NODE_FIELDS", "Node", "trace_nodes"]


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
        show=lambda node: "" if node.query_time_ms is None else say(node.query_time_ms, Unit.MILLISECONDS),
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
    steps = [step for step in trace.steps if step.zone == cut.zone and step.purpose is Purpose.WALK]
    nodes = [_step(step) for step in steps]
    failed = tuple(f"{step.server} ({step.address})" for step in steps if not step.outcome.leads_on)
    for remark in trace.remarks:
        if remark.zone == cut.zone and not remark.words.startswith(failed):  # their own lines say so
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
