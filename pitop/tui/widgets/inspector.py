"""One process in full, live: over the table, or beside it where there is room."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message

from pitop.collect.source import Source
from pitop.collect.topics import INSPECTION
from pitop.model.inspection import Inspect, InspectionSnapshot
from pitop.model.processes import ProcessKey
from pitop.model.rates import known_sum
from pitop.model.snapshot import Failure
from pitop.render.ending import ending_words
from pitop.render.field import Tone
from pitop.render.glyphs import sparkline
from pitop.render.inspection import Part, parts
from pitop.render.processes import state_words
from pitop.render.text import cells, fit, sentences, visible
from pitop.render.units import UNKNOWN, amount, bytes_text, percent
from pitop.tui.feed import Arrived, Feed
from pitop.tui.keys import key
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.card import NetworkCard
from pitop.tui.widgets.lines import Lines

__all__ = ["Inspector"]

_KEPT = 600  # samples of a chart
_LABEL = 12  # cells of a chart's name
_VALUE = 9  # cells of its newest value
_MOST_TERM = 46  # cells of a line's label
_BESIDE = 150  # cells of the pane from which both have room


class _Chart(NamedTuple):
    """One line of history: its name, its values since the inspector was opened, and how a value is written."""

    name: str
    values: deque[float | None]
    unit: str  # "percent", "bytes", "amount"
    tone: Tone  # neighbours look different: full cells would run into each other

    def text(self, value: float | None) -> str:
        if value is None:
            return UNKNOWN
        if self.unit == "percent":
            return f"{percent(value)}%"
        return bytes_text(value) if self.unit == "bytes" else amount(value)


class Inspector(Lines, can_focus=True):
    """Follows one process until it is closed; after the process's end it shows the last of it.

    `part` is the title of the part that is shown first.
    """

    DEFAULT_CSS = """
    Inspector { dock: right; width: 100%; height: 100%; background: $background; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key("inspector.next", "right,tab", "turn(1)", "Next part", footer=True, display="Tab"),
        key("inspector.previous", "left,shift+tab", "turn(-1)", "Part before"),
        key("inspector.environment", "e", "show('Environment')", "Environment"),
        key("inspector.files", "l", "show('Files')", "Open files"),
        key("inspector.network", "c", "show('Network')", "Network", "What it carries, with whom, and what it asks"),
        key("inspector.secrets", "v", "reveal", "Secrets", "Show values that look like secrets, or hide them again"),
        key("inspector.up", "up", "scroll(-1)", "Up"),
        key("inspector.down", "down", "scroll(1)", "Down"),
        key("inspector.page-up", "pageup", "page(-1)", "Page up"),
        key("inspector.page-down", "pagedown,space", "page(1)", "Page down"),
        key("inspector.top", "home", "scroll(-1000000)", "Top"),
        key("inspector.end", "end", "scroll(1000000)", "End"),
        key("inspector.close", "escape,enter", "close", "Close", footer=True, display="Esc"),
    ]

    class Closed(Message):
        """The inspector wants to go."""

    def __init__(self, source: Source, target: ProcessKey, name: str, part: str = "Overview") -> None:
        super().__init__(id="inspector")
        self.target = target
        self._called = name
        self._source = source
        self._feed = Feed(self, INSPECTION)
        self._network = NetworkCard(self, target)
        self._shown: InspectionSnapshot | None = None
        self._failure: Failure | None = None
        self._part = part
        self._parts: Sequence[Part] = ()
        self._inspected: Sequence[Part] = ()
        self._starts: list[tuple[int, int, str]] = []  # where the parts' names stand
        self._wrapped: list[list[tuple[str, Tone]]] = []
        self._top = 0
        self._reveal = False
        self.covering = True  # whether nothing is seen of the table
        self._charts = (
            _Chart("CPU", deque(maxlen=_KEPT), "percent", Tone.GOOD),
            _Chart("resident", deque(maxlen=_KEPT), "bytes", Tone.ACCENT),
            _Chart("faults/s", deque(maxlen=_KEPT), "amount", Tone.WARN),
            _Chart("disk B/s", deque(maxlen=_KEPT), "bytes", Tone.GOOD),
        )

    @property
    def over(self) -> bool:
        """Whether the process has ended."""
        return self._shown is not None and self._shown.ended_time is not None

    # --- what comes

    def on_mount(self) -> None:
        """Begin to look."""
        self._place()
        self._feed.open(self._source)
        self._ask()
        if self._part == "Network":
            self._network.open(self._source)
        self.focus()

    def on_unmount(self) -> None:
        """Look no more."""
        self._feed.close()
        self._network.close()

    def _ask(self) -> None:
        self._feed.ask(Inspect(self.target, self._reveal))

    def on_arrived(self, event: Arrived) -> None:
        """Take the newest, unless the view is paused."""
        if not getattr(self.app, "paused", False):
            self.catch_up()

    def catch_up(self) -> None:
        """Take in what has come, if anything."""
        newest = self._feed.take()
        if isinstance(newest, InspectionSnapshot):
            if newest.key != self.target:
                return  # of the process that was looked at before
            self._failure = None
            self._remember(newest)
            self._shown = newest
            self._inspected = parts(newest)
            self._arrange()
        elif isinstance(newest, Failure) and self._shown is None:
            self._failure = newest
        if self._network.catch_up():
            self._arrange()
        self.refresh()

    def _arrange(self) -> None:
        """The parts in their order: what it carries comes right after the overview."""
        self._parts = [*self._inspected[:1], self._network.part, *self._inspected[1:]]
        self._wrap()

    def _remember(self, newest: InspectionSnapshot) -> None:
        if newest.ended_time is not None:
            return
        rates = newest.rates
        faults = [rates.minor_faults_per_second, rates.major_faults_per_second]
        disk = [rates.read_bytes_per_second, rates.written_bytes_per_second]
        values = (rates.cpu_percent, float(newest.accounts.rss_bytes), known_sum(faults), known_sum(disk))
        for chart, value in zip(self._charts, values, strict=True):
            chart.values.append(value)

    # --- what is seen

    def on_resize(self) -> None:
        """Wrap anew, and give the table room or take it."""
        self._place()
        self._wrap()
        self.refresh()

    def _place(self) -> None:
        parent = self.parent
        wide = getattr(getattr(parent, "size", None), "width", 0) >= _BESIDE
        if wide is self.covering:
            self.covering = not wide
            self.styles.width = "55%" if wide else "100%"
            self.screen.refresh_bindings()

    def _head(self) -> int:
        """Lines above the scrolled text: title, parts, and charts where there is room."""
        return 2 + (len(self._charts) if self._charted() else 0)

    def _charted(self) -> bool:
        return self._part == "Overview" and self.size.height >= 16

    def _wrap(self) -> None:
        part = next((each for each in self._parts if each.title == self._part), None)
        self._wrapped = [] if part is None else _wrapped(part, max(20, self.size.width - 2))
        self._top = max(0, min(self._top, len(self._wrapped) - self._room()))

    def _room(self) -> int:
        return max(1, self.size.height - self._head())

    def backdrop(self, y: int) -> Style:
        """The title's bar goes over the whole width."""
        return self.looks.style(Tone.FAINT, Backdrop.HEAD if y == 0 else Backdrop.PLAIN)

    def line(self, y: int) -> list[Segment]:
        """Title, parts, charts, text."""
        if y == 0:
            return self._title()
        if y == 1:
            return self._turned()
        if self._charted() and y < self._head():
            return self._chart(self._charts[y - 2])
        looks = self.looks
        if self._shown is None:
            if y != self._head() or self._failure is None:
                return []
            return [
                Segment(" " + visible(sentences(self._failure.message, self._failure.advice)), looks.style(Tone.BAD))
            ]
        place = self._top + y - self._head()
        if place >= len(self._wrapped):
            return []
        return [
            Segment(" ", looks.style(Tone.PLAIN)),
            *(Segment(t, looks.style(tone)) for t, tone in self._wrapped[place]),
        ]

    def _title(self) -> list[Segment]:
        looks, shown = self.looks, self._shown
        name = shown.name if shown is not None else self._called
        found = [Segment(f" {visible(name)} ({self.target[0]}) ", looks.style(Tone.ACCENT, Backdrop.HEAD, strong=True))]
        if shown is None:
            return found
        if shown.ended_time is not None:
            words, tone = f" has ended: {ending_words(shown.ending)}", Tone.BAD
        else:
            words, tone = f" {shown.state}  {state_words(shown.state)}", Tone.PLAIN
        return [
            *found,
            Segment(fit(words, max(0, self.size.width - len(found[0].text))), looks.style(tone, Backdrop.HEAD)),
        ]

    def _turned(self) -> list[Segment]:
        """The names of the parts; where they do not all fit, those from the chosen one's neighbours on."""
        looks = self.looks
        titles = [each.title for each in self._parts]
        place = titles.index(self._part) if self._part in titles else 0
        begin = 0
        while begin < place and sum(len(title) + 2 for title in titles[begin:]) >= self.size.width:
            begin += 1
        found, at = [Segment(" ", looks.style(Tone.PLAIN))], 1
        self._starts = []
        for title in titles[begin:]:
            chosen = title == self._part
            found.append(Segment(f"{title}  ", looks.style(Tone.ACCENT if chosen else Tone.FAINT, strong=chosen)))
            self._starts.append((at, at + len(title), title))
            at += len(title) + 2
        return found

    def _chart(self, chart: _Chart) -> list[Segment]:
        looks = self.looks
        newest = chart.values[-1] if chart.values else None
        known = [value for value in chart.values if value is not None]
        width = max(0, self.size.width - _LABEL - _VALUE - 14)
        top = max(known, default=0.0)
        if chart.unit == "percent":
            top = max(100.0, top)
        drawn = sparkline(list(chart.values), width, top or 1.0, self.glyphs)
        return [
            Segment(f" {chart.name:<{_LABEL - 1}}", looks.style(Tone.FAINT)),
            Segment(f"{chart.text(newest):>{_VALUE - 1}} ", looks.style(Tone.STRONG)),
            Segment(drawn, looks.style(chart.tone)),
            Segment(f"  most {chart.text(max(known) if known else None)}", looks.style(Tone.FAINT)),
        ]

    # --- what the keys do

    def action_turn(self, by: int) -> None:
        """To another part."""
        titles = [each.title for each in self._parts]
        if self._part in titles:
            self.action_show(titles[(titles.index(self._part) + by) % len(titles)])

    def action_show(self, part: str) -> None:
        """To that part."""
        self._part, self._top = part, 0
        if part == "Network":
            self._network.open(self._source)
        self._wrap()
        self.refresh()

    def action_scroll(self, by: int) -> None:
        """Scroll by lines."""
        self._top = max(0, min(self._top + by, len(self._wrapped) - self._room()))
        self.refresh()

    def action_page(self, by: int) -> None:
        """Scroll by a screenful."""
        self.action_scroll(by * max(1, self._room() - 1))

    def action_reveal(self) -> None:
        """Show secrets, or hide them again."""
        self._reveal = not self._reveal
        self._part = "Environment"
        self._ask()
        self._wrap()
        self.refresh()

    def action_close(self) -> None:
        """Go."""
        self.post_message(self.Closed())

    def on_click(self, event: events.Click) -> None:
        """A click on a part's name shows it."""
        if event.y != 1:
            return
        for start, end, title in self._starts:
            if start <= event.x < end:
                self.action_show(title)
                return

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down by three."""
        event.stop()
        self.action_scroll(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up by three."""
        event.stop()
        self.action_scroll(-3)


def _wrapped(part: Part, width: int) -> list[list[tuple[str, Tone]]]:
    """The part's lines in `width` cells; tables are cut, texts go on under their beginning."""
    if part.table:
        return [
            [(fit(each.text, width).rstrip() if cells(each.text) > width else each.text, each.tone)]
            for each in part.entries
        ]
    found: list[list[tuple[str, Tone]]] = []
    term = min(
        _MOST_TERM, max(width // 2, width - 32), max((cells(each.label) for each in part.entries), default=0) + 2
    )
    for each in part.entries:
        label = fit(each.label, term - 1) + " "
        for place, piece in enumerate(_pieces(each.text, width - term)):
            found.append([(label if place == 0 else " " * term, Tone.FAINT), (piece, each.tone)])
    return found


def _pieces(text: str, width: int) -> list[str]:
    """`text` in pieces of at most `width` cells, broken at spaces where there are any."""
    found: list[str] = []
    while cells(text) > width:
        cut = len(fit(text, width, ellipsis="").rstrip()) or 1
        space = text.rfind(" ", 0, cut + 1)
        if space > width // 3:
            cut = space
        found.append(text[:cut])
        text = text[cut:].lstrip(" ")
    return [*found, text]
