"""One process's address space, live: in words, drawn from low to high, its faults, and every mapping in a list."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from pitop.model.memory.faults import Delays, fault_cost
from pitop.model.memory.layout import Gap, Stretch, folded
from pitop.model.memory.mappings import Kind, Mapping
from pitop.model.memory.space import AddressSpace
from pitop.model.processes import Process
from pitop.render.field import Tone
from pitop.render.memory.bars import PARTS, strip
from pitop.render.memory.charts import top_of
from pitop.render.memory.words import cost_words, holding_words, mapping_words
from pitop.render.units import UNKNOWN, Unit, amount, bytes_text
from pitop.tui.keys import give_keys, key
from pitop.tui.panes.memory.charts import chart_lines
from pitop.tui.panes.memory.mappings import MappingList
from pitop.tui.panes.memory.painted import Painted
from pitop.tui.panes.memory.palette import colour, swatch
from pitop.tui.widgets.notice import Notice, Phrase

__all__ = ["SpaceView"]

_MOST_PLACES = 60  # of the strip; more would be a cell each


class SpaceStrip(Painted):
    """The address space in one line, and what its colours and glyphs mean."""

    DEFAULT_CSS = """
    SpaceStrip { height: 3; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: Sequence[Stretch | Gap] = ()
        self._kinds: Sequence[Kind] = ()

    def show(self, space: AddressSpace) -> None:
        """Draw this address space."""
        self._places = space.places
        self._kinds = list(dict.fromkeys([each.kind for each in space.mappings]))
        self.renew()

    def composed(self, width: int, height: int) -> Sequence[Sequence[Segment]]:
        """The strip, the kinds, the parts."""
        ascii_only = self.glyphs.name == "ascii"
        places = folded(self._places, min(_MOST_PLACES, max(4, width // 3)))
        line = [Segment(" ")]
        for run in strip(places, max(1, width - 2), ascii_only, letters=swatch(self.theme, "text") is None):
            area = None if run.key == "gap" else swatch(self.theme, run.key)
            line.append(Segment(run.text, area or colour(self.theme, run.key)))
        kinds = [Segment(" ")]
        for kind in self._kinds:
            area = swatch(self.theme, kind.value)
            kinds += [Segment("  " if area is not None else "", area), Segment(f" {kind.value}  ", self._faint)]
        parts = [Segment(" ")]
        for name, words, block, plain in PARTS:
            glyph = plain if ascii_only else block
            parts += [Segment(glyph, colour(self.theme, name)), Segment(f" {words}   ", self._faint)]
        return [line, kinds, parts][:height]

    @property
    def _faint(self) -> Style:
        return self.looks.style(Tone.FAINT)


class FaultCharts(Painted):
    """A process's minor and major faults, apart."""

    DEFAULT_CSS = """
    FaultCharts { height: 5; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._series: tuple[Sequence[float], Sequence[float]] = ((), ())
        self._row: Process | None = None

    def show(self, row: Process | None, minor: Sequence[float], major: Sequence[float]) -> None:
        """Draw these series; `row` has the newest figures."""
        self._series = (minor, major)
        self._row = row
        self.renew()

    def composed(self, width: int, height: int) -> Sequence[Sequence[Segment]]:
        """The two charts side by side."""
        if height < 2:
            return ()
        row = self._row
        half = (width - 3) // 2
        lines: list[list[Segment]] = [[Segment(" ")] for _ in range(height)]
        for word, series, rate in (
            ("minor", self._series[0], None if row is None else row.minor_faults_per_second),
            ("major", self._series[1], None if row is None else row.major_faults_per_second),
        ):
            top = top_of(series[-half * 2 :], Unit.PER_SECOND)
            now = UNKNOWN if rate is None else amount(round(rate, 1))
            block = chart_lines(self, f"{word} faults/s", now, [series], [word], top, Unit.PER_SECOND, half, height)
            for line, part in zip(lines, block, strict=True):
                line += [*part, Segment(" ")]
        return lines


class SpaceView(Vertical):
    """Everything about one process's memory. Escape leaves it."""

    DEFAULT_CSS = """
    SpaceView { height: 1fr; width: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        key("space.leave", "a,enter", "leave", "Table", "Back to the table of processes", footer=True, display="Esc"),
        key("space.marks", "m", "mark", "Mark", "Mark what grows and shrinks from now on", footer=True),
        key("space.wide", "w", "wide", "All columns", "The columns of pmap -X, or the usual ones", footer=True),
    ]

    class Left(Message):
        """Back to the table."""

    class Marked(Message):
        """Count changes from now on."""

    def __init__(self, name: str, pid: int) -> None:
        super().__init__()
        self._title = f"{name} ({pid})"
        self._newest: AddressSpace | None = None
        self._first_delays: Delays | None = None
        self._delays: Delays | None = None
        self._why = ""
        self._words = Notice()
        self._strip = SpaceStrip()
        self._faults = FaultCharts()
        self._list = MappingList()
        self._foot = Notice(bar=True)

    def compose(self) -> ComposeResult:
        """Words, strip, charts, list, what the selected mapping is."""
        yield self._words
        yield self._strip
        yield self._faults
        yield self._list
        yield self._foot

    def on_mount(self) -> None:
        """Take the keys."""
        self.focus_list()
        self._tell()

    def focus_list(self) -> None:
        """Give the keys to the list of mappings."""
        give_keys(self._list)

    def on_resize(self) -> None:
        """Give the charts and legends the lines that the screen can spare."""
        height = self.size.height
        self._faults.styles.height = 5 if height >= 26 else 3 if height >= 16 else 0
        self._faults.display = height >= 16
        self._strip.styles.height = 3 if height >= 16 else 1
        self._foot.display = height >= 12
        self._tell()

    def show(self, space: AddressSpace) -> None:
        """Show the address space as it is now."""
        if space.key == (0, 0) or (self._newest is not None and self._newest.key != space.key):
            return
        if space is not self._newest:
            self._newest = space
            self._strip.show(space)
            self._list.show(space.mappings, space.changes)
        self._tell()

    def fail(self, words: str) -> None:
        """Say why there is nothing to see."""
        if self._newest is None:
            lines = wrap(f"{self._title}: {words}", max(20, self.size.width - 2))
            self._words.say(*([(f" {line}", Tone.BAD)] for line in lines[:3]))

    def faults(
        self, row: Process | None, minor: Sequence[float], major: Sequence[float], delays: Delays | None, why: str
    ) -> None:
        """Show how the process faults, and what that costs; `why` says why the cost is not known."""
        self._faults.show(row, minor, major)
        if self._first_delays is None and delays is not None and delays.disk_seconds is not None:
            self._first_delays = delays
        self._delays = delays
        self._why = why
        self._tell()

    def _tell(self) -> None:
        space = self._newest
        if space is None:
            if not self._words.size.height:
                self._words.say([(f" {self._title}", Tone.STRONG), ("  is being read …", Tone.FAINT)])
            return
        words = holding_words(space.size_bytes, None, space.rollup)
        first: list[Phrase] = [(f" {self._title} ", Tone.STRONG), (words, Tone.PLAIN)]
        if space.ended:
            first.append(("  it has ended; this is what was seen last", Tone.WARN))
        second: list[Phrase] = [
            (f" {space.minor_faults:,} minor and {space.major_faults:,} major faults since it started", Tone.FAINT)
        ]
        grown = self._grown()
        if grown:
            second.append((f"  {grown}", Tone.ACCENT))
        cost = cost_words(fault_cost(self._delays), "since it started") if space.major_faults else None
        recent = fault_cost(self._delays, self._first_delays)
        if recent is not None and recent.faults:
            cost = cost_words(recent, "while you looked")
        if cost is None and self._why:
            cost = f"the cost of a major fault: {self._why}"
        rest: list[list[Phrase]] = []
        if cost is not None and self.size.height >= 16:
            rest = [[(f" {line}", Tone.FAINT)] for line in wrap(cost, max(20, self.size.width - 2))[:2]]
        self._words.say(first, *([second] if self.size.height >= 12 else []), *rest)

    def _grown(self) -> str:
        """What changed since the view opened or was marked, in all."""
        space = self._newest
        if space is None:
            return ""
        said = [
            f"{'+' if change > 0 else '-'}{bytes_text(abs(change))} {word}"
            for change, word in ((space.grown_bytes, "asked"), (space.grown_rss_bytes, "held"))
            if change
        ]
        if space.gone:
            said.append("1 mapping gone" if space.gone == 1 else f"{space.gone:,} mappings gone")
        return "since you looked: " + ", ".join(said) if said else ""

    def on_mapping_list_moved(self, event: MappingList.Moved) -> None:
        """Say what the selected mapping is."""
        place = event.place
        if isinstance(place, Mapping):
            self._foot.say([(f" {mapping_words(place)}", Tone.PLAIN)])
        elif place is not None:
            self._foot.say([(f" {bytes_text(place.size_bytes)} of addresses that nothing is mapped to", Tone.FAINT)])

    def action_leave(self) -> None:
        """Back to the table."""
        self.post_message(self.Left())

    def action_mark(self) -> None:
        """Forget what changed so far."""
        self._first_delays = self._delays
        self.post_message(self.Marked())

    def action_wide(self) -> None:
        """All columns, or the usual ones."""
        self._list.wide = not self._list.wide
        self._list.renew()
