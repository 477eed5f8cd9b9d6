"""A trace and a chain of trust as indented lines, one zone below the other."""

from __future__ import annotations

from collections.abc import Iterator

from pitop.model.dns.answer import Section
from pitop.model.dns.dnssec.verdict import Link, Security, Verdict
from pitop.model.dns.trace import Cut, Outcome, Purpose, Severity, Step, Trace
from pitop.render.dns.dig import record_line
from pitop.render.text import visible
from pitop.render.units import UNKNOWN, Unit, say

__all__ = ["trace_lines", "verdict_lines"]

_MARKS = {Security.SECURE: "✓", Security.INSECURE: "○", Security.INDETERMINATE: "?", Security.BOGUS: "✗"}


def trace_lines(trace: Trace) -> Iterator[str]:
    """The whole trace: zone by zone with its servers, remarks and links of trust, then the answer."""
    shown: set[Link] = set()
    for depth, cut in enumerate(trace.cuts):
        yield from _zone(trace, cut, depth, shown)
    for alias in trace.aliases:
        yield f"{'  ' * len(trace.cuts)}→ {visible(alias)}"
    if trace.trouble is not None:
        yield f";; {visible(trace.trouble)}"
    yield ""
    if trace.answer is not None:
        yield f";; ANSWER: {trace.answer.status}"
        kinds = (Section.ANSWER,) if trace.answer.section(Section.ANSWER) else (Section.AUTHORITY,)
        for record in trace.answer.records:
            if record.section in kinds and (trace.verdict is None or record.type != "RRSIG"):
                yield record_line(record)
    if trace.verdict is not None:
        yield ""
        yield from verdict_lines(trace.verdict, [link for link in trace.verdict.links if link not in shown])
    asked = len(trace.steps)
    yield ""
    yield f";; {asked} {'query' if asked == 1 else 'queries'} in {trace.total_ms:.0f} msec"


def _zone(trace: Trace, cut: Cut, depth: int, shown: set[Link]) -> Iterator[str]:
    pad = "  " * depth
    signed = {True: ", signed", False: ", not signed", None: ""}[cut.signed]
    known = ", ".join(visible(server) for server in cut.parent_servers[:4])
    more = f" and {len(cut.parent_servers) - 4} more" if len(cut.parent_servers) > 4 else ""
    yield f"{pad}{visible(cut.zone)}  {known}{more}{signed}"
    steps = [step for step in trace.steps if step.zone == cut.zone and step.purpose is Purpose.WALK]
    for step in steps:
        yield f"{pad}  {_step(step)}"
    told = tuple(f"{step.server} ({step.address})" for step in steps if not step.outcome.leads_on)
    for remark in trace.remarks:
        if remark.zone == cut.zone and not remark.words.startswith(told):  # their own lines say so
            mark = "!" if remark.severity is Severity.BAD else "·"
            yield f"{pad}  {mark} {visible(remark.words)}"
    if trace.verdict is not None:
        for link in trace.verdict.links:
            if link.zone == cut.zone:
                shown.add(link)
                yield f"{pad}  {_link(link)}"


def _step(step: Step) -> str:
    took = UNKNOWN if step.query_time_ms is None else f"{say(step.query_time_ms, Unit.MILLISECONDS)} ms"
    server = visible(step.server)
    who = server if server == step.address else f"{server} {visible(step.address)}"
    arrow = "→" if step.taken and step.outcome is Outcome.REFERRAL else "=" if step.taken else "-"
    return f"{arrow} {who}  {took}  {visible(step.words)}"


def _link(link: Link) -> str:
    what = "" if link.words.startswith(link.what) else f"{link.what}: "
    return f"{_MARKS[link.security]} {what}{visible(link.words)}"


def verdict_lines(verdict: Verdict, links: list[Link] | None = None) -> Iterator[str]:
    """The verdict, then its links (all of them, or those that are given)."""
    yield f";; DNSSEC: {verdict.security.value}: {visible(verdict.why)}"
    for link in verdict.links if links is None else links:
        yield f";;   {visible(link.zone)} {_link(link)}"
