"""The pane itself: what is typed, which view is shown, and what the keys do."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType

from pitop.collect.source import Source
from pitop.collect.topics import DNS, TRAFFIC
from pitop.model.dns.about import target_of
from pitop.model.dns.answer import Record
from pitop.model.dns.snapshot import Begin, DnsSnapshot, Part, Stop
from pitop.model.filter import Filter, FilterError, compile_filter
from pitop.model.leads import Subject, Visit
from pitop.model.scope import Scope, emptiness
from pitop.model.snapshot import Failure, Snapshot
from pitop.model.traffic import TrafficSnapshot
from pitop.render.dns.fields import RECORD_FIELDS
from pitop.render.dns.lines import (
    PLAIN_FIELDS,
    Grade,
)
from pitop.render.field import Tone, operands
from pitop.render.glyphs import reach
from pitop.render.text import cells
from pitop.tui.feed import Feed
from pitop.tui.history import Mark, Spot
from pitop.tui.keys import key
from pitop.tui.panes.dns.scoping import asked_names, followed, narrowed, subject_of
from pitop.tui.panes.dns.views import BAR, Content, Countdown, Room, View, content, identity, live_content, views
from pitop.tui.panes.dns.words import WordSuggester
from pitop.tui.searchpane import SearchPane, search_key
from pitop.tui.settings import PaneSettings
from pitop.tui.widgets.columns import laid_out
from pitop.tui.widgets.names import Names
from pitop.tui.widgets.notice import Notice, Phrase
from pitop.tui.widgets.prompt import Answer as Reaction
from pitop.tui.widgets.table import Table

__all__ = ["DnsPane"]

_HISTORY = 100  # lines that are remembered
_EVERY = 2.0  # seconds between askings of a watch
_DETAIL = 5  # lines for what a row says in full


class DnsPane(SearchPane):
    """Ask, trace, prove, compare, explain, watch."""

    stem = "dns"
    heading = "DNS"
    words = (
        "Names and who answers for them. Type a name, with types, @servers and dig's words where you like. The same "
        "line is looked up, traced from the root with every proof, put to all servers side by side, explained as this "
        "machine resolves it, and watched. Live shows what every other program asks, from the wire."
    )

    DEFAULT_CSS = """
    DnsPane > Notice { height: 0; display: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            "dns.ask", "a,enter", "ask", "Ask", "Type a name: www.example.org AAAA @192.0.2.1", footer=True, display="a"
        ),
        key("dns.next", "tab", "beside(1)", "Next view", footer=True, display="⇥"),
        key("dns.previous", "shift+tab", "beside(-1)", "View before"),
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
        search_key(footer=False),
        key("table.filter", "backslash,f4", "filter", "Filter", "Show rows that match an expression", display="\\"),
        key("table.scope", "s", "scope(False)", "Scope", "Follow this one through every pane", footer=True),
        key("table.back", "escape", "back", "Step back", "Take back the filter, then the scope"),
        key("dns.layout", "g", "layout", "As dig", "The answer as dig prints it, or as a table"),
    ]

    def __init__(self, settings: PaneSettings | None = None) -> None:
        super().__init__(settings)
        self.feed = Feed(self, DNS)
        self.feeds = [self.feed]
        self._wire = Feed(self, TRAFFIC)  # listened to only while its view is shown
        self._captured: TrafficSnapshot | None = None
        self._views = views(self._bar)
        self._place = 0
        self._text = ""
        self._asked: dict[Part, str] = {}
        self._history: list[str] = []
        self._proving = True
        self._as_dig = False
        self._shown: DnsSnapshot | None = None
        self._source: Source | None = None
        self._filters: dict[int, Filter[Any]] = {}  # by the place of the view
        self._standing: Mark | None = None  # where to stand once the answer is there
        self._countdown = Countdown()
        self._parts = Names([view.title for view in self._views])
        self.table: Table[Any] = Table(RECORD_FIELDS, identity, tree="name", shed=_SHED, id="table")

    def compose(self) -> ComposeResult:
        """The parts, how things stand, the table."""
        yield self._parts
        yield Notice(id="summary", most=3)
        yield self.table
        yield Notice(id="detail", bar=True)

    def on_mount(self) -> None:
        """Say how to begin."""
        self._present()

    # --- what has come

    @property
    def view(self) -> View:
        """The part that is shown."""
        return self._views[self._place]

    def arrived(self, newest: Snapshot | Failure) -> None:
        """Answers have come, or a second has passed."""
        if isinstance(newest, Failure):
            self._say([(f" {newest.topic}: {newest.message} ({newest.where}) {newest.advice}", Tone.BAD)])
            return
        if isinstance(newest, TrafficSnapshot):
            self._captured = newest
            self._present()
        elif isinstance(newest, DnsSnapshot):
            self._shown = newest.over(self._shown)
            self._present()

    def wake(self, source: Source) -> None:
        """What was cancelled when the pane was left can be asked again."""
        self._asked.clear()
        super().wake(source)
        self._source = source
        self._listen()

    def rest(self) -> None:
        """Nothing is collected, nor captured, for a pane that is not seen."""
        super().rest()
        self._wire.close()

    def _listen(self) -> None:
        """Capture while the live view is shown, and only then."""
        if self.view.part is not None:
            self._wire.close()
        elif self._source is not None:
            self._wire.open(self._source)

    def _present(self) -> None:
        busy = frozenset(
            place
            for place, view in enumerate(self._views)
            if self._shown is not None and view.part in self._shown.running
        )
        self._parts.choose(self._place, busy)
        whole = self._content()
        left = narrowed(whole, self.scope, self._asked_names())
        rows, prefixes, lines = left.content
        if self.scope is not None and 0 < len(rows) < len(whole.rows):
            lines = [*lines, [(f" {len(rows)} of {len(whole.rows)} belong to {self.scope.label}", Tone.WARN)]]
        if left.unscoped:
            lines = [*lines, [(" the scope means nothing here: all are shown", Tone.WARN)]]
        chosen = self._filters.get(self._place)
        if chosen is not None:
            kept = [place for place, row in enumerate(rows) if chosen(row)]
            rows = [rows[place] for place in kept]
            prefixes = None if prefixes is None else [prefixes[place] for place in kept]
            lines = [*lines, [(f" filter: {chosen.text}  {len(rows)} rows", Tone.WARN)]]
        self.table.empty_words = self.view.empty if self._place == 5 or self._text else _INVITATION
        if self.scope is not None and left.empty:
            self.table.empty_words = emptiness(self.scope, self.clock)
        self.table.show(rows, prefixes)
        self._stand()
        self._say(*lines)
        self._tell_whole()

    def _tell_whole(self) -> None:
        """Under the table, what the selected row says in full, where its line is too short for that."""
        row, width = self.table.selected, self.size.width
        columns = laid_out(self.table.fields, width - 1, {}, _SHED)
        text = "" if row is None or not columns else columns[-1].field.text(row)
        cut = bool(columns) and cells(text) > columns[-1].width
        lines = wrap(text, max(20, width - 2))[:_DETAIL] if cut and self.size.height >= 12 else []
        self.query_one("#detail", Notice).say(*([(f" {line}", Tone.PLAIN)] for line in lines))

    def redrawn(self) -> None:
        """Guides, signs and bars are drawn with other glyphs."""
        self._present()

    def on_table_moved(self) -> None:
        """Another row is selected."""
        self._tell_whole()

    def _say(self, *lines: Sequence[Phrase]) -> None:
        if self.is_mounted:
            self.query_one("#summary", Notice).say(*lines)

    def _content(self) -> Content:
        if self.view.part is None:
            return live_content(self._captured, self.size.width)
        room = Room(self.size.width, self.size.height, self.table.glyphs)
        return content(self._shown, self.view.part, room, self._countdown, as_dig=self._as_dig)

    def _bar(self, grade: Grade) -> str:
        """A comparison's bar: to the median, and thin on to the 95th percentile."""
        if grade.spread is None or grade.most_ms <= 0:
            return ""
        parts = grade.spread.median_ms / grade.most_ms, grade.spread.p95_ms / grade.most_ms
        return reach(*parts, BAR, self.table.glyphs)

    # --- what the keys do

    def action_ask(self) -> None:
        """Type what is to be asked."""

        def changed(text: str) -> Reaction:
            return Reaction("NAME [TYPE…] [@SERVER] [+tcp +dnssec …]   ↑ earlier lines   ⇥ completes")

        def done(text: str | None) -> None:
            if text is not None and text.strip():
                self._ask(text.strip())

        servers = self._shown.servers if self._shown is not None else ()
        suggester = WordSuggester(self._history, servers)
        self.ask_line("Ask", self._text, changed, done, history=self._history, suggester=suggester)

    def action_filter(self) -> None:
        """Type an expression; it takes effect as far as it is right."""
        self.leave_line()
        before = self._filters.get(self._place)

        def changed(text: str) -> Reaction:
            try:
                made = self._compiled(text)
            except FilterError as error:
                return Reaction(error.message, error.position, error=True)
            self._set_filter(made if text.strip() else None)
            return Reaction("ttl<60 · type=A or type=AAAA · data~^192 · lame" if not text.strip() else "")

        def done(text: str | None) -> None:
            if text is None:
                self._set_filter(before)

        self.ask_line("Filter", "" if before is None else before.text, changed, done)

    def _compiled(self, text: str) -> Filter[Any]:
        fields = self.table.fields
        known = operands(fields)
        return compile_filter(text, known, [known[field.key] for field in fields])

    def _set_filter(self, made: Filter[Any] | None) -> None:
        if made is None:
            self._filters.pop(self._place, None)
        else:
            self._filters[self._place] = made
        self._present()

    def action_back(self) -> None:
        """Take back the filter, then the scope."""
        if self._place in self._filters:
            self._set_filter(None)
        elif self.scope is not None:
            self.post_message(self.Follow(None))

    # --- the scope; from here to elsewhere, and back

    def _asked_names(self) -> frozenset[str]:
        return asked_names(self._shown, self.view.part)

    def watch_scope(self, scope: Scope | None) -> None:
        """Narrow to what belongs."""
        if self.is_mounted:
            self._present()

    def scope_here(self, below: bool) -> Scope | None:
        """The selected row's name, or the address that it gives."""
        return followed(self.table.pin(), self._asked_names())

    def subject(self) -> Subject | None:
        """The selected row."""
        return subject_of(self.table.pin(), self._asked_names())

    def visit(self, visit: Visit) -> None:
        """Look a name up, or show what others ask."""
        place = next((n for n, each in enumerate(self._views) if each.title.lower() == visit.view), self._place)
        self._filters.pop(place, None)
        if visit.ask:
            self._place = place
            self._listen()
            self._set_fields()
            self._ask(visit.ask)
            self._present()
        else:
            self.action_view(place)

    def spot(self) -> Spot:
        """The view, its filter, and what was asked."""
        chosen = self._filters.get(self._place)
        text = "" if chosen is None else chosen.text
        return Spot(self.view.title, text, self._standing or self.table.mark, (self._text, self._as_dig))

    def restore(self, spot: Spot) -> None:
        """The view as it was; what another line asked is asked again."""
        text, as_dig = spot.own if isinstance(spot.own, tuple) else ("", False)
        place = next((n for n, each in enumerate(self._views) if each.title == spot.view), 0)
        if (text, as_dig, place) != (self._text, self._as_dig, self._place):
            self._text, self._as_dig = text, as_dig
            self.action_view(place)
        self._set_filter(self._compiled(spot.filter) if spot.filter else None)
        self._standing = spot.mark
        self._stand()

    def _stand(self) -> None:
        """Stand again where one stood, once the answer is there."""
        running = self._shown is not None and self.view.part in self._shown.running
        if self._standing is not None and self.table.rows and not running:
            mark, self._standing = self._standing, None
            self.table.come_back(mark)

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
        self._listen()
        self._set_fields()
        self._begin()
        self._present()

    def _set_fields(self) -> None:
        self.table.set_fields(PLAIN_FIELDS if self._as_dig and self._place == 0 else self.view.fields)
        self.table.action_first()

    def action_beside(self, by: int) -> None:
        """The part beside this one."""
        self.action_view((self._place + by) % len(self._views))

    def on_names_chosen(self, event: Names.Chosen) -> None:
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
        self._filters.pop(0, None)  # it speaks of the other fields
        self._set_fields()
        self._present()

    def action_follow(self) -> None:
        """Ask for where the selected record leads."""
        row = self.table.selected
        target = target_of(row) if isinstance(row, Record) else None
        if target is None:
            self.app.notify("This row leads to no other name.", timeout=2)
            return
        kept = [word for word in self._text.split() if word[:1] in "@+"]
        self._ask(" ".join([target, *kept]))

    def on_table_activated(self) -> None:
        """Enter asks."""
        self.action_ask()


_SHED = ("class", "section", "jitter_ms", "p95_ms", "bar", "address", "tries", "server")
_INVITATION = "Press a and type a name: www.example.org AAAA @192.0.2.1 +dnssec"
