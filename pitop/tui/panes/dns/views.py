"""The DNS pane's views: from what is known to rows, guides and the lines above them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

import msgspec

from pitop.model.dns.answer import Answer, Record
from pitop.model.dns.compare import Comparison
from pitop.model.dns.dnssec.verdict import Security, Verdict
from pitop.model.dns.live import summarise
from pitop.model.dns.reasons import STATUS, explain
from pitop.model.dns.snapshot import DnsSnapshot, Lookup, Part, Watched
from pitop.model.dns.trace import Trace
from pitop.model.dns.why import Why
from pitop.model.traffic import TrafficSnapshot
from pitop.render.dns.dig import dig_lines
from pitop.render.dns.fields import RECORD_FIELDS
from pitop.render.dns.lines import (
    BEAT_FIELDS,
    GRADE_FIELDS,
    LIVE_FIELDS,
    STAGE_FIELDS,
    Grade,
    beat_rows,
    grades,
    plain_rows,
    stage_rows,
)
from pitop.render.dns.nodes import NODE_FIELDS, trace_nodes
from pitop.render.dns.tones import SECURITY_TONES
from pitop.render.field import Field, Tone, by_key
from pitop.render.glyphs import Glyphs, sparkline
from pitop.render.text import cells
from pitop.render.units import Unit, say
from pitop.tui.widgets.notice import Phrase

__all__ = [
    "BAR",
    "Content",
    "Countdown",
    "Room",
    "View",
    "content",
    "identity",
    "live_content",
    "views",
]

BAR = 12  # cells of a comparison's bar
_ENDED: Phrase = (" ended before its answer came: r asks again", Tone.WARN)
_COUNTED = 5000  # records whose TTL is remembered while it runs down


class View(NamedTuple):
    """One part: its title, what it is begun as (None: it is not begun), its fields, and what an empty one says."""

    title: str
    part: Part | None
    fields: Sequence[Field[Any]]
    empty: str = ""


def views(draw: Callable[[Grade], str]) -> tuple[View, ...]:
    """All parts in their order; `draw` draws the bar of a comparison's line."""
    bars = Field[Grade](
        "bar",
        "",
        BAR,
        Unit.TEXT,
        by_key(GRADE_FIELDS)["median_ms"].read,
        "To the median, and thin on to the 95th percentile, on one scale for all.",
        show=draw,
    )
    return (
        View("Lookup", Part.LOOKUP, RECORD_FIELDS),
        View("Trace", Part.TRACE, NODE_FIELDS),
        View("Compare", Part.COMPARE, (*GRADE_FIELDS[:2], bars, *GRADE_FIELDS[2:])),
        View("Why", Part.WHY, STAGE_FIELDS),
        View("Watch", Part.WATCH, BEAT_FIELDS),
        View("Live", None, LIVE_FIELDS, "Nothing was asked yet, on any interface, to port 53."),
    )


class Content(NamedTuple):
    """What a view shows: its rows, their guides where they are a tree, and the lines above."""

    rows: Sequence[Any] = ()
    prefixes: Sequence[str] | None = None
    lines: Sequence[Sequence[Phrase]] = ()


def identity(row: Any) -> Hashable:
    """Who a row is, whatever its TTL says by now."""
    if isinstance(row, Record):
        return (row.section, row.name, row.type, row.data)
    found: Hashable = row.key
    return found


class Countdown:
    """Records with what is left of their TTL; the same object while that stays the same."""

    def __init__(self) -> None:
        self._counted: dict[Record, tuple[int, Record]] = {}

    def left(self, record: Record, seconds: float) -> Record:
        """`record` as it stands `seconds` after it came."""
        gone = int(seconds)
        if gone <= 0 or not record.ttl:
            return record
        before = self._counted.get(record)
        if before is not None and before[0] == gone:
            return before[1]
        left = msgspec.structs.replace(record, ttl=max(0, record.ttl - gone))
        if len(self._counted) > _COUNTED:
            self._counted.clear()
        self._counted[record] = (gone, left)
        return left


class Room(NamedTuple):
    """How many cells and lines there are, and what is drawn with."""

    width: int
    height: int
    glyphs: Glyphs


def content(known: DnsSnapshot | None, part: Part, room: Room, countdown: Countdown, *, as_dig: bool) -> Content:
    """What a part that can be begun shows."""
    if known is None:
        return Content()
    problem = dict(known.problems).get(part)
    if problem:
        return Content(lines=[[(f" {problem}", Tone.BAD)]])
    if part not in dict(known.begun):
        return Content(lines=[[(" This machine asks ", Tone.FAINT), (", ".join(known.servers), Tone.PLAIN)]])
    match part:
        case Part.TRACE:
            return _trace_content(known.trace, room.glyphs, running=part in known.running)
        case Part.COMPARE:
            return _comparison_content(known.comparison)
        case Part.WHY:
            return _why_content(known.why, room.glyphs)
        case Part.WATCH:
            return _watch_content(known.watch, room.glyphs, max(10, room.width - 20))
    found = _lookup_content(known, countdown, room.width, as_dig=as_dig)
    return found._replace(lines=found.lines[: 3 if room.height < 22 else 8])


def _lookup_content(known: DnsSnapshot, countdown: Countdown, width: int, *, as_dig: bool) -> Content:
    """The answers' records, or their text as dig prints it."""
    alone = len(known.lookups) == 1
    lines = [line for lookup in known.lookups for line in _lookup_lines(lookup, width, alone)]
    if Part.LOOKUP not in known.running and any(not each.answer and not each.trouble for each in known.lookups):
        lines.append([_ENDED])
    if as_dig:
        text = [line for lookup in known.lookups if lookup.answer for line in dig_lines(lookup.answer)]
        return Content(plain_rows(text), None, lines)
    records = {
        identity(record): countdown.left(record, known.time - lookup.answer.time)
        for lookup in known.lookups
        if lookup.answer is not None
        for record in lookup.answer.records
    }
    return Content(list(records.values()), None, lines)


def _trace_content(trace: Trace | None, glyphs: Glyphs, *, running: bool) -> Content:
    """The zones from the root down, with servers, remarks and links of trust."""
    if trace is None:
        return Content(lines=[[(" walking down from the root", Tone.FAINT)]])
    rows, prefixes = trace_nodes(trace, glyphs, plain=glyphs.name == "ascii")
    first: list[Phrase] = [(f" {trace.question.name} {trace.question.type}  ", Tone.STRONG)]
    if trace.answer is not None:
        data = [each.data for each in trace.answer.records if each.section.value == "answer" and each.type != "RRSIG"]
        bogus = trace.verdict is not None and trace.verdict.security is Security.BOGUS
        tone = Tone.BAD if bogus else Tone.GOOD if data else Tone.WARN
        first.append((", ".join(data[:4]) or trace.answer.status, tone))
    first += [(f"  → {alias}", Tone.ACCENT) for alias in trace.aliases]
    queries = "1 query" if len(trace.steps) == 1 else f"{len(trace.steps)} queries"
    first.append((f"  {queries} so far" if trace.running else f"  {queries}, {trace.total_ms:.0f} ms", Tone.FAINT))
    lines = [first]
    if trace.running and not running:
        lines.append([_ENDED])
    if trace.trouble is not None:
        lines.append([(f" {trace.trouble}", Tone.BAD)])
    if trace.verdict is not None:
        security = trace.verdict.security
        lines.append([(f" {security.value}: ", SECURITY_TONES[security]), (trace.verdict.why, Tone.PLAIN)])
    return Content(rows, prefixes, lines)


def _comparison_content(comparison: Comparison | None) -> Content:
    """The servers side by side."""
    if comparison is None:
        return Content()
    names = "1 name" if comparison.names == 1 else f"{comparison.names} names"
    done = f" {comparison.asked} of {comparison.total} questions, {names}, type {comparison.type}"
    line: list[Phrase] = [(done, Tone.PLAIN), (f"  {comparison.seconds:.1f} s", Tone.FAINT)]
    if comparison.differences:
        count = len(comparison.differences)
        line.append((f"  {count} names are" if count > 1 else "  1 name is", Tone.WARN))
        line.append((" answered differently", Tone.WARN))
    return Content(grades(comparison), None, [line])


def _why_content(why: Why | None, glyphs: Glyphs) -> Content:
    """The sources of names, one after the other."""
    if why is None:
        return Content()
    line: list[Phrase] = [(f" {why.name}  ", Tone.STRONG)]
    if why.c_library is not None:
        line.append((", ".join(why.c_library) or "not found", Tone.GOOD if why.c_library else Tone.BAD))
    if why.disagreements:
        line.append((f"  {len(why.disagreements)} to note", Tone.WARN))
    return Content(stage_rows(why, plain=glyphs.name == "ascii"), None, [line])


def _watch_content(watch: Watched | None, glyphs: Glyphs, width: int) -> Content:
    """The newest askings first, and a line of their times."""
    if watch is None:
        return Content()
    times = [beat.ms for beat in watch.beats]
    top = max((ms for ms in times if ms is not None), default=0.0)
    changes = sum(beat.changed for beat in watch.beats)
    lost = sum(beat.ms is None for beat in watch.beats)
    line: list[Phrase] = [
        (f" {watch.question.name} {watch.question.type}", Tone.STRONG),
        (f"  every {watch.every:g} s" if watch.running else "  stopped", Tone.FAINT),
        (f"  {changes} changes", Tone.WARN if changes else Tone.FAINT),
        (f"  {lost} lost", Tone.BAD if lost else Tone.FAINT),
    ]
    graph: list[Phrase] = [
        (" " + sparkline(times, min(width, len(times)), top, glyphs), Tone.GOOD),
        (f"  {say(top, Unit.MILLISECONDS)} ms", Tone.FAINT),
    ]
    return Content(beat_rows(watch.beats), None, [line, graph])


def live_content(captured: TrafficSnapshot | None, width: int) -> Content:
    """What other programs ask, the newest first, and figures of all of them in one line of `width` cells."""
    if captured is not None and captured.problem:
        return Content(lines=[[(f" {captured.problem} {captured.advice}", Tone.BAD)]])
    if captured is None or not captured.running:
        return Content(lines=[[(" beginning to listen", Tone.FAINT)]])
    queries = captured.queries
    figures = summarise(queries)
    first: list[Phrase] = [
        (f" {figures.queries} {'query' if figures.queries == 1 else 'queries'}", Tone.PLAIN),
        (f"  {figures.unanswered} unanswered", Tone.BAD if figures.unanswered else Tone.FAINT),
        (f"  {figures.failed} failed", Tone.BAD if figures.failed else Tone.FAINT),
    ]
    if figures.median_ms is not None:
        first.append((f"  median {say(figures.median_ms, Unit.MILLISECONDS)} ms", Tone.FAINT))
    used = sum(cells(text) for text, _ in first)
    for place, (name, count) in enumerate(figures.top):
        words = f", {name} {count}" if place else f"  most: {name} {count}"
        used += cells(words)
        if used > width:  # a second line that comes and goes would move the table
            break
        first.append((words, Tone.FAINT))
    return Content(queries, None, [first])


def _lookup_lines(lookup: Lookup, width: int, alone: bool) -> list[list[Phrase]]:
    """How one question came out, and its verdict: in full where it is alone or bad."""
    question = (f" {lookup.question.name} {lookup.question.type}", Tone.STRONG)
    if lookup.trouble is not None:
        return [[question, (f"  {lookup.trouble.message}. {lookup.trouble.advice}", Tone.BAD)]]
    if lookup.answer is None:
        return [[question, ("  no answer yet", Tone.FAINT)]]
    if lookup.answer.unicode is not None:
        question = (f" {lookup.answer.unicode} {lookup.question.type}", Tone.STRONG)
    first: list[Phrase] = [question, *_answer_phrases(lookup.answer, lookup.verdict)]
    if sum(cells(text) for text, _ in first) > width:
        del first[-1]  # flags are for those who look closely, and dig's layout has them
    lines = [first]
    words = explain(lookup.answer)
    remarks = [*([words] if words != STATUS["NOERROR"] else []), *lookup.answer.remarks]
    if remarks:
        lines.append([("   " + "; ".join(remarks), Tone.WARN)])
    verdict = lookup.verdict
    if verdict is not None and (alone or verdict.security is Security.BOGUS):
        lines.append([("   ", Tone.FAINT), *_chain(verdict), (f"  {verdict.why}", Tone.FAINT)])
    return lines


def _chain(verdict: Verdict) -> list[Phrase]:
    """The zones from the anchor down, each in the colour of its worst link."""
    zones: dict[str, Security] = {}
    for link in verdict.links:
        zones[link.zone] = max(zones.get(link.zone, Security.SECURE), link.security, key=lambda each: each.rank)
    phrases: list[Phrase] = []
    for zone, security in zones.items():
        phrases += [(" > ", Tone.FAINT)] if phrases else []
        phrases.append((zone, SECURITY_TONES[security]))
    return phrases


def _answer_phrases(answer: Answer, verdict: Verdict | None) -> list[Phrase]:
    timing = answer.timing
    phases = "".join(
        f" {name} {ms:.1f}" for name, ms in (("connect", timing.connect_ms), ("TLS", timing.tls_ms)) if ms is not None
    )
    phrases: list[Phrase] = [
        (f"  {answer.status}", Tone.GOOD if answer.status == "NOERROR" else Tone.BAD),
        *([(f"  {verdict.security.value}", SECURITY_TONES[verdict.security])] if verdict is not None else []),
        (f"  {timing.query_ms:.1f} ms", Tone.PLAIN),
        (f"{phases}  {answer.size_bytes} bytes  {answer.transport.value} {answer.server.label}", Tone.FAINT),
        (f"  {' '.join(answer.flags)}", Tone.FAINT),
    ]
    return phrases
