"""The DNS pane: one line of words, and six views of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from textwrap import wrap
from typing import Any, ClassVar, NamedTuple

import msgspec
from textual.app import ComposeResult
from textual.binding import BindingType

from pitop.collect.topics import DNS
from pitop.model.dns.answer import Answer, Record
from pitop.model.dns.reasons import STATUS, explain
from pitop.model.dns.snapshot import Begin, DnsSnapshot, Lookup, Part, Stop
from pitop.model.snapshot import Failure, Snapshot
from pitop.render.dns.dig import dig_lines
from pitop.render.dns.fields import RECORD_FIELDS
from pitop.render.dns.lines import (
    BEAT_FIELDS,
    GRADE_FIELDS,
    LIVE_FIELDS,
    NODE_FIELDS,
    PLAIN_FIELDS,
    STAGE_FIELDS,
    Grade,
    beat_rows,
    grades,
    plain_rows,
    stage_rows,
    trace_nodes,
)
from pitop.render.dns.tones import SECURITY_TONES
from pitop.render.field import Field, Tone
from pitop.render.glyphs import bar, sparkline
from pitop.render.text import cells
from pitop.render.units import Unit, say
from pitop.tui.feed import Feed
from pitop.tui.keys import key
from pitop.tui.pane import Pane
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.parts import Parts
from pitop.tui.widgets.prompt import Answer as Reaction
from pitop.tui.widgets.prompt import Prompt
from pitop.tui.widgets.table import Table
from pitop.tui.words import WordSuggester

__all__ = ["DnsPane"]

_HISTORY = 100  # lines that are remembered
_EVERY = 2.0  # seconds between askings of a watch
_DETAIL = 5  # lines for what a row says in full
_BAR = 16  # cells of a comparison's bar


class _View(NamedTuple):
    """One part: its title, what it is begun as (None: it is not begun), its fields, and what an empty one says."""

    title: str
    part: Part | None
    fields: Sequence[Field[Any]]
    empty: str


class DnsPane(Pane):
    """Ask, trace, prove, compare, explain, watch."""

    stem = "dns"
    heading = "DNS"
    words = (
        "Names and who answers for them. Type a name, with types, @servers and dig's words where you like. The same "
        "line is looked up, traced from the root with every proof, put to all servers side by side, explained as this "
        "machine resolves it, and watched."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        key("dns.ask", "a,enter,slash", "ask", "Ask", "Type a name: www.example.org AAAA @192.0.2.1", footer=True),
        key("dns.next", "tab,right_square_bracket", "beside(1)", "Next view", footer=True, display="⇥"),
        key("dns.previous", "shift+tab,left_square_bracket", "beside(-1)", "View before"),
        key("dns.lookup", "l", "view(0)", "Look up", "The answer, record by record"),
        key("dns.trace", "t", "view(1)", "Trace", "From the root down, with every server on the way"),
        key("dns.compare", "c", "view(2)", "Compare", "This machine's servers and every @server side by side"),
        key("dns.why", "y", "view(3)", "Why", "How this machine resolves the name, source by source"),
        key("dns.watch", "w", "view(4)", "Watch", "Ask again and again, and see what changes"),
        key("dns.live", "v", "view(5)", "Live", "Queries that cross this machine's interfaces"),
        key("dns.again", "r", "again", "Again", "Ask once more", footer=True),
        key("dns.stop", "x", "stop", "Stop", "End what is under way; what it found stays", footer=True),
        key("dns.follow", "f", "follow", "Follow", "Ask for the name that the selected record leads to", footer=True),
        key("dns.prove", "d", "prove", "Proof", "Validate with DNSSEC, or leave it", footer=True),
        key("dns.layout", "g", "layout", "As dig", "The answer as dig prints it, or as a table"),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self.feed = Feed(self, DNS)
        self.feeds = [self.feed]
        bars = Field[Grade](
            "bar", "", _BAR, Unit.TEXT, self._median, "The median, on one scale for all.", show=self._bar
        )
        self._views = (
            _View("Lookup", Part.LOOKUP, RECORD_FIELDS, ""),
            _View("Trace", Part.TRACE, NODE_FIELDS, ""),
            _View("Compare", Part.COMPARE, (*GRADE_FIELDS[:2], bars, *GRADE_FIELDS[2:]), ""),
            _View("Why", Part.WHY, STAGE_FIELDS, ""),
            _View("Watch", Part.WATCH, BEAT_FIELDS, ""),
            _View(
                "Live",
                None,
                LIVE_FIELDS,
                "Packets are not captured here yet: what other programs ask is not seen.",
            ),
        )
        self._place = 0
        self._text = ""
        self._asked: dict[Part, str] = {}
        self._history: list[str] = []
        self._proving = True
        self._as_dig = False
        self._shown: DnsSnapshot | None = None
        self._counted: dict[Record, tuple[int, Record]] = {}
        self._parts = Parts([view.title for view in self._views])
        self.table: Table[Any] = Table(RECORD_FIELDS, _identity, tree="name", shed=_SHED, id="table")

    def compose(self) -> ComposeResult:
        """The parts, how things stand, the table."""
        yield self._parts
        yield Notice(id="summary")
        yield self.table
        yield Notice(id="detail", bar=True)

    def on_mount(self) -> None:
        """Say how to begin."""
        self._present()

    # --- what has come

    @property
    def view(self) -> _View:
        """The part that is shown."""
        return self._views[self._place]

    def arrived(self, newest: Snapshot | Failure) -> None:
        """Answers have come, or a second has passed."""
        if isinstance(newest, Failure):
            self._say([(f" {newest.topic}: {newest.message} ({newest.where}) {newest.advice}", Tone.BAD)])
            return
        if isinstance(newest, DnsSnapshot):
            self._shown = _kept(self._shown, newest)
            self._present()

    def wake(self, source: Any) -> None:
        """What was cancelled when the pane was left can be asked again."""
        self._asked.clear()
        super().wake(source)

    def _present(self) -> None:
        busy = frozenset(
            place
            for place, view in enumerate(self._views)
            if self._shown is not None and view.part in self._shown.running
        )
        self._parts.show(self._place, busy)
        rows, prefixes, lines = self._content()
        self.table.empty_words = self.view.empty if self._place == 5 or self._text else _INVITATION
        self.table.show(rows, prefixes)
        self._say(*lines)
        self._tell_whole()

    def _tell_whole(self) -> None:
        """Under the table, what the selected row says in full, where its line is too short for that."""
        row, field = self.table.selected, self.table.fields[-1]
        text = "" if row is None else field.text(row)
        width = max(20, self.size.width - 2)
        room = self.size.width - sum(each.width + 1 for each in self.table.fields) - 1
        lines = wrap(text, width)[:_DETAIL] if cells(text) > room and self.size.height >= 12 else []
        self.query_one("#detail", Notice).say(*([(f" {line}", Tone.PLAIN)] for line in lines))

    def on_table_moved(self) -> None:
        """Another row is selected."""
        self._tell_whole()

    def _say(self, *lines: Sequence[Phrase]) -> None:
        if self.is_mounted:
            self.query_one("#summary", Notice).say(*lines)

    def _content(self) -> tuple[Sequence[Any], Sequence[str] | None, list[list[Phrase]]]:
        """The part's rows, their guides where they are a tree, and the lines above."""
        known, part = self._shown, self.view.part
        if known is None or part is None:
            return (), None, []
        problem = dict(known.problems).get(part)
        if problem:
            return (), None, [[(f" {problem}", Tone.BAD)]]
        if part not in dict(known.begun):
            servers = ", ".join(known.servers)
            return (), None, [[(" This machine asks ", Tone.FAINT), (servers, Tone.PLAIN)]]
        return _CONTENT[part](self, known)

    # --- the parts

    def _lookup(self, known: DnsSnapshot) -> tuple[Sequence[Any], None, list[list[Phrase]]]:
        lines = [line for lookup in known.lookups for line in _lookup_lines(lookup)]
        room = 3 if self.app.size.height < 30 else 8
        if self._as_dig:
            text = [line for lookup in known.lookups if lookup.answer for line in dig_lines(lookup.answer)]
            return plain_rows(text), None, lines[:room]
        records = {
            _identity(record): self._counted_down(record, known.time - lookup.answer.time)
            for lookup in known.lookups
            if lookup.answer is not None
            for record in lookup.answer.records
        }
        return list(records.values()), None, lines[:room]

    def _counted_down(self, record: Record, seconds: float) -> Record:
        """The record with what is left of its TTL; the same object while that stays the same."""
        gone = int(seconds)
        if gone <= 0 or not record.ttl:
            return record
        before = self._counted.get(record)
        if before is not None and before[0] == gone:
            return before[1]
        left = msgspec.structs.replace(record, ttl=max(0, record.ttl - gone))
        if len(self._counted) > 5000:
            self._counted.clear()
        self._counted[record] = (gone, left)
        return left

    def _trace(self, known: DnsSnapshot) -> tuple[Sequence[Any], Sequence[str] | None, list[list[Phrase]]]:
        trace = known.trace
        if trace is None:
            return (), None, [[(" walking down from the root…", Tone.FAINT)]]
        rows, prefixes = trace_nodes(trace, self.table.glyphs, plain=self.table.glyphs.name == "ascii")
        first: list[Phrase] = [(f" {trace.question.name} {trace.question.type}  ", Tone.STRONG)]
        if trace.answer is not None:
            data = [
                each.data for each in trace.answer.records if each.section.value == "answer" and each.type != "RRSIG"
            ]
            first.append((", ".join(data[:4]) or trace.answer.status, Tone.GOOD if data else Tone.WARN))
        first += [(f"  → {alias}", Tone.ACCENT) for alias in trace.aliases]
        first.append((f"  {len(trace.steps)} queries, {trace.total_ms:.0f} ms", Tone.FAINT))
        lines = [first]
        if trace.trouble is not None:
            lines.append([(f" {trace.trouble}", Tone.BAD)])
        if trace.verdict is not None:
            security = trace.verdict.security
            lines.append([(f" {security.value}: ", SECURITY_TONES[security]), (trace.verdict.why, Tone.PLAIN)])
        return rows, prefixes, lines

    def _compare(self, known: DnsSnapshot) -> tuple[Sequence[Any], None, list[list[Phrase]]]:
        comparison = known.comparison
        if comparison is None:
            return (), None, []
        done = f" {comparison.asked} of {comparison.total} questions, {comparison.names} names, type {comparison.type}"
        line: list[Phrase] = [(done, Tone.PLAIN), (f"  {comparison.seconds:.1f} s", Tone.FAINT)]
        if comparison.differences:
            line.append((f"  {len(comparison.differences)} answers differ", Tone.WARN))
        return grades(comparison), None, [line]

    def _why(self, known: DnsSnapshot) -> tuple[Sequence[Any], None, list[list[Phrase]]]:
        why = known.why
        if why is None:
            return (), None, []
        line: list[Phrase] = [(f" {why.name}  ", Tone.STRONG)]
        if why.library is not None:
            line.append((", ".join(why.library) or "not found", Tone.GOOD if why.library else Tone.BAD))
        if why.disagreements:
            line.append((f"  {len(why.disagreements)} to note", Tone.WARN))
        return stage_rows(why, plain=self.table.glyphs.name == "ascii"), None, [line]

    def _watch(self, known: DnsSnapshot) -> tuple[Sequence[Any], None, list[list[Phrase]]]:
        watch = known.watch
        if watch is None:
            return (), None, []
        times = [beat.ms for beat in watch.beats]
        top = max((ms for ms in times if ms is not None), default=0.0)
        width = max(10, self.app.size.width - 46)
        changes = sum(beat.changed for beat in watch.beats)
        lost = sum(beat.ms is None for beat in watch.beats)
        line: list[Phrase] = [
            (f" {watch.question.name} {watch.question.type}", Tone.STRONG),
            (f"  every {watch.every:g} s" if watch.running else "  stopped", Tone.FAINT),
            (f"  {changes} changes", Tone.WARN if changes else Tone.FAINT),
            (f"  {lost} lost", Tone.BAD if lost else Tone.FAINT),
        ]
        graph: list[Phrase] = [
            (" " + sparkline(times, min(width, len(times)), top, self.table.glyphs), Tone.GOOD),
            (f"  {say(top, Unit.MILLISECONDS)} ms", Tone.FAINT),
        ]
        return beat_rows(watch.beats), None, [line, graph]

    def _median(self, grade: Grade) -> float | None:
        return None if grade.spread is None else grade.spread.median_ms

    def _bar(self, grade: Grade) -> str:
        median = self._median(grade)
        return "" if median is None or grade.most_ms <= 0 else bar(median / grade.most_ms, _BAR, self.table.glyphs)

    # --- what the keys do

    def action_ask(self) -> None:
        """Type what is to be asked."""
        for prompt in self.query(Prompt):
            prompt.remove()

        def changed(text: str) -> Reaction:
            return Reaction("NAME [TYPE…] [@SERVER] [+tcp +dnssec …]   ↑ earlier lines   ⇥ completes")

        def done(text: str | None) -> None:
            prompt.remove()
            self.table.focus()
            if text is not None and text.strip():
                self._ask(text.strip())

        servers = self._shown.servers if self._shown is not None else ()
        suggester = WordSuggester(self._history, servers)
        prompt = Prompt("Ask", self._text, changed, done, history=self._history, suggester=suggester)
        self.mount(prompt)

    def _ask(self, text: str) -> None:
        self._text = text
        if text in self._history:
            self._history.remove(text)
        self._history = [*self._history[1 - _HISTORY :], text]
        if self.view.part is None:
            self.action_view(0)
        self._begin(anew=True)

    def _begin(self, *, anew: bool = False) -> None:
        """Have the part that is shown do the line, unless it has done it."""
        part = self.view.part
        if part is not None and self._text and (anew or self._asked.get(part) != self._text):
            self._asked[part] = self._text
            self.feed.ask(Begin(part, self._text, self._proving, _EVERY))

    def action_view(self, place: int) -> None:
        """Show another part of the same line."""
        self._place = place
        self._set_fields()
        self._begin()
        self._present()

    def _set_fields(self) -> None:
        self.table.set_fields(PLAIN_FIELDS if self._as_dig and self._place == 0 else self.view.fields)
        self.table.action_first()

    def action_beside(self, by: int) -> None:
        """The part beside this one."""
        self.action_view((self._place + by) % len(self._views))

    def on_parts_chosen(self, event: Parts.Chosen) -> None:
        """A part was clicked."""
        self.action_view(event.place)

    def action_again(self) -> None:
        """Ask once more."""
        self._begin(anew=True)

    def action_stop(self) -> None:
        """End what the part is doing."""
        if self.view.part is not None:
            self.feed.ask(Stop(self.view.part))

    def action_prove(self) -> None:
        """Validate, or leave it."""
        self._proving = not self._proving
        self.app.notify("Answers are validated" if self._proving else "Answers are not validated", timeout=2)
        self._begin(anew=True)

    def action_layout(self) -> None:
        """dig's layout, or the table."""
        self._as_dig = not self._as_dig
        self._set_fields()
        self._present()

    def action_follow(self) -> None:
        """Ask for where the selected record leads."""
        row = self.table.selected
        if isinstance(row, Record) and row.type in _LEADING:
            target = row.data.split()[-1]
            kept = [word for word in self._text.split() if word[:1] in "@+"]
            self._ask(" ".join([target, *kept]))

    def on_table_activated(self) -> None:
        """Enter asks."""
        self.action_ask()


def _identity(row: Any) -> Hashable:
    if isinstance(row, Record):
        return (row.section, row.name, row.type, row.data)
    found: Hashable = row.key
    return found


def _kept(before: DnsSnapshot | None, newest: DnsSnapshot) -> DnsSnapshot:
    """The newest, with what an earlier collector found where this one was not asked yet."""
    if before is None:
        return newest
    begun = dict(before.begun) | dict(newest.begun)
    problems = {part: words for part, words in before.problems if part not in dict(newest.begun)}
    return msgspec.structs.replace(
        newest,
        begun=tuple(begun.items()),
        problems=tuple((problems | dict(newest.problems)).items()),
        lookups=newest.lookups or before.lookups,
        trace=newest.trace or before.trace,
        comparison=newest.comparison or before.comparison,
        why=newest.why or before.why,
        watch=newest.watch or before.watch,
    )


def _lookup_lines(lookup: Lookup) -> list[list[Phrase]]:
    """How one question came out, and its verdict."""
    question = (f" {lookup.question.name} {lookup.question.type}", Tone.STRONG)
    if lookup.trouble is not None:
        return [[question, (f"  {lookup.trouble.message}. {lookup.trouble.advice}", Tone.BAD)]]
    if lookup.answer is None:
        return [[question, ("  asking…", Tone.FAINT)]]
    lines = [[question, *_answer_phrases(lookup.answer)]]
    words = explain(lookup.answer)
    remarks = "; ".join(lookup.answer.remarks)
    if words != STATUS["NOERROR"] or remarks:
        lines.append([("   " + "; ".join(filter(None, (words, remarks))), Tone.WARN)])
    if lookup.verdict is not None:
        security = lookup.verdict.security
        lines.append([(f"   {security.value}: ", SECURITY_TONES[security]), (lookup.verdict.why, Tone.FAINT)])
    return lines


def _answer_phrases(answer: Answer) -> list[Phrase]:
    timing = answer.timing
    phases = "".join(
        f" {name} {ms:.1f}" for name, ms in (("connect", timing.connect_ms), ("TLS", timing.tls_ms)) if ms is not None
    )
    phrases: list[Phrase] = [
        (f"  {answer.status}", Tone.GOOD if answer.status == "NOERROR" else Tone.BAD),
        (f"  {timing.query_ms:.1f} ms", Tone.PLAIN),
        (f"{phases}  {answer.size_bytes} bytes  {answer.transport.value} {answer.server.label}", Tone.FAINT),
        (f"  {' '.join(answer.flags)}", Tone.FAINT),
    ]
    return phrases


_LEADING = frozenset({"CNAME", "DNAME", "NS", "MX", "SRV", "PTR", "SVCB", "HTTPS"})
_SHED = ("class", "section", "jitter_ms", "bar", "address", "p95_ms")
_INVITATION = "Press a and type a name: www.example.org AAAA @192.0.2.1 +dnssec"

_Content = Callable[[DnsPane, DnsSnapshot], tuple[Sequence[Any], Sequence[str] | None, list[list[Phrase]]]]
_CONTENT: dict[Part, _Content] = {
    Part.LOOKUP: DnsPane._lookup,
    Part.TRACE: DnsPane._trace,
    Part.COMPARE: DnsPane._compare,
    Part.WHY: DnsPane._why,
    Part.WATCH: DnsPane._watch,
}
