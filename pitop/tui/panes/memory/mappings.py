"""The list of mappings: each with its size drawn, and in it what became of its pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from pitop.model.memory.growth import Change
from pitop.model.memory.layout import Gap, length, parts
from pitop.model.memory.mappings import Mapping
from pitop.render.field import Tone, by_key
from pitop.render.memory.bars import from_the_end, parts_bar
from pitop.render.memory.fields import MAPPING_FIELDS
from pitop.render.text import cells, fit
from pitop.render.units import bytes_text
from pitop.tui.looks import Backdrop
from pitop.tui.panes.memory.painted import Painted
from pitop.tui.panes.memory.palette import colour
from pitop.tui.widgets.sideways import sideways

__all__ = ["MappingList"]

_FIELDS = by_key(MAPPING_FIELDS)
_GAP = 1 << 20  # bytes from which a gap has a line of its own
_SIDE = 8  # cells that one key press scrolls sideways
_WHEEL = 3
_NARROW = ("permissions",)
_MIDDLE = ("permissions", "pss_bytes", "swap_bytes")
_USUAL = ("permissions", "pss_bytes", "shared_bytes", "dirty_bytes", "swap_bytes")
_WIDE = (
    "permissions", "offset", "device", "inode", "pss_bytes", "pss_dirty_bytes", "shared_bytes", "dirty_bytes",
    "referenced_bytes", "anonymous_bytes", "ksm_bytes", "lazy_free_bytes", "shmem_huge_bytes", "file_huge_bytes",
    "shared_hugetlb_bytes", "private_hugetlb_bytes", "swap_bytes", "swap_pss_bytes", "locked_bytes", "thp_eligible",
)  # fmt: skip


class MappingList(Painted, can_focus=True):
    """Every mapping by address, gaps folded into a line; a selection that stays on its mapping."""

    DEFAULT_CSS = """
    MappingList { height: 1fr; width: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "to(0)", "First", show=False),
        Binding("end", "to(-1)", "Last", show=False),
        Binding("left", "side(-1)", "Scroll left", show=False),
        Binding("right", "side(1)", "Scroll right", show=False),
    ]

    class Moved(Message):
        """Another mapping or gap is selected."""

        def __init__(self, place: Mapping | Gap | None) -> None:
            self.place = place
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self._places: list[Mapping | Gap] = []
        self._changes: dict[int, Change] = {}
        self._longest = 0.0
        self._selected = 0
        self._top = 0
        self._side = 0
        self._addresses = True  # whether there is room for them
        self.wide = False

    def show(self, mappings: Sequence[Mapping], changed: Sequence[Change]) -> None:
        """Show these, with what changed marked."""
        start = self._places[self._selected].start if self._selected < len(self._places) else None
        first = not self._places
        self._places = _with_gaps(mappings)
        self._changes = {each.start: each for each in changed}
        self._longest = max((length(each.size_bytes) for each in mappings), default=0.0)
        if start is not None:
            place = next((i for i, each in enumerate(self._places) if each.start >= start), len(self._places) - 1)
            self._top += place - self._selected
            self._selected = max(0, place)
        self._bound()
        self.renew()
        if first and self._places:
            self.post_message(self.Moved(self._places[self._selected]))

    # --- moving

    @property
    def _room(self) -> int:
        return max(1, self.size.height - 1)

    def _bound(self) -> None:
        self._selected = max(0, min(self._selected, len(self._places) - 1))
        self._top = max(0, min(self._top, self._selected, len(self._places) - self._room))
        if self._selected >= self._top + self._room:
            self._top = self._selected - self._room + 1

    def _go(self, place: int) -> None:
        self._selected = place
        self._bound()
        self.renew()
        if self._places:
            self.post_message(self.Moved(self._places[self._selected]))

    def action_move(self, by: int) -> None:
        """Select another."""
        self._go(self._selected + by)

    def action_page(self, by: int) -> None:
        """A screenful on."""
        self._top = max(0, self._top + by * (self._room - 1))
        self._go(self._selected + by * (self._room - 1))

    def action_to(self, place: int) -> None:
        """To the first or the last."""
        self._go(place if place >= 0 else len(self._places) - 1)

    def action_side(self, by: int) -> None:
        """Scroll sideways."""
        self._side = max(0, self._side + by * _SIDE)
        self.renew()

    def on_click(self, event: events.Click) -> None:
        """Select what was clicked."""
        if event.y and self._top + event.y - 1 < len(self._places):
            self._go(self._top + event.y - 1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll on."""
        event.stop()
        self._go(self._selected + _WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll back."""
        event.stop()
        self._go(self._selected - _WHEEL)

    # --- drawing

    def on_resize(self) -> None:
        """Keep the selection on the screen."""
        self._bound()
        super().on_resize()

    def backdrop(self, y: int) -> Style:
        """The title's bar and the selection's."""
        return self.looks.style(Tone.PLAIN, self._backdrop(y))

    def _backdrop(self, y: int) -> Backdrop:
        if y == 0:
            return Backdrop.HEAD
        return Backdrop.SELECTED if self._top + y - 1 == self._selected and self._places else Backdrop.PLAIN

    def composed(self, width: int, height: int) -> Sequence[Sequence[Segment]]:
        """The title line and the mappings that are on the screen."""
        columns: Sequence[str] = _WIDE if self.wide else _USUAL if width >= 112 else _MIDDLE if width >= 92 else _NARROW
        bar = 28 if width >= 140 else 20 if width >= 112 else 12
        self._addresses = width >= 60 or self.wide
        if not self._addresses:
            columns, bar = (), 8
        lines = [self._title(columns, bar)]
        shown = self._places[self._top : self._top + height - 1]
        lines += [self._row(each, columns, bar, self._backdrop(y)) for y, each in enumerate(shown, 1)]
        return [sideways(line, self._side, width) for line in lines]

    def _title(self, columns: Sequence[str], bar: int) -> list[Segment]:
        titles = [
            fit(" Address", 14) if self._addresses else " ",
            fit("Size", 5, right=True),
            fit("Rss", 6, right=True),
            " " + fit("", bar),
        ]
        titles += [" " + fit("Kind", 9)]
        titles += [" " + fit(_FIELDS[name].title, _width(name), right=_FIELDS[name].right) for name in columns]
        titles += [fit("Change", 8, right=True)] if self._changes else []
        titles += [" Mapping"]
        return [Segment("".join(titles), self.looks.style(Tone.FAINT, Backdrop.HEAD))]

    def _row(self, place: Mapping | Gap, columns: Sequence[str], bar: int, backdrop: Backdrop) -> list[Segment]:
        faint = self.looks.style(Tone.FAINT, backdrop)
        plain = self.looks.style(Tone.PLAIN, backdrop)
        if isinstance(place, Gap):
            text = f" {'':{13 if self._addresses else 0}}{bytes_text(place.size_bytes):>5} {'':5} "
            name = "nothing mapped" if place.end < 1 << 63 else "nothing mapped, and the kernel's half"
            return [Segment(text, faint), Segment(fit(self._fold(bar), bar) + f" gap: {name}", faint)]
        behind = Style(bgcolor=plain.bgcolor, reverse=plain.reverse or None)
        kind = colour(self.theme, place.kind.value) + behind
        resident = _FIELDS["rss_bytes"].text(place)
        line = [
            Segment(f" {place.start:<12x} " if self._addresses else " ", faint),
            Segment(f"{bytes_text(place.size_bytes):>5}{resident:>6} ", plain),
        ]
        drawn = parts_bar(parts(place), place.size_bytes, bar, self._longest, self.glyphs.name == "ascii")
        line += [Segment(run.text, colour(self.theme, run.key) + behind) for run in drawn]
        line.append(Segment(" " * (bar - sum(cells(run.text) for run in drawn)) + " ", plain))
        line.append(Segment(fit(place.kind.value, 9), kind))
        for name in columns:
            field = _FIELDS[name]
            style = plain if field.read(place) else faint
            line.append(Segment(" " + fit(field.text(place), _width(name), right=field.right), style))
        if self._changes:
            line.append(self._change(place, backdrop))
        path = _FIELDS["path"].text(place)
        if not self._side:  # its end tells more than its beginning; sideways there is room for all of it
            path = from_the_end(path, self.size.width - sum(segment.cell_length for segment in line) - 1)
        line.append(Segment(" " + path, kind))
        return line

    def _fold(self, bar: int) -> str:
        return "~ ~ ~" if self.glyphs.name == "ascii" else "╌ ╌ ╌"

    def _change(self, mapping: Mapping, backdrop: Backdrop) -> Segment:
        change = self._changes.get(mapping.start)
        if change is None:
            return Segment(" " * 8, self.looks.style(Tone.FAINT, backdrop))
        glyphs = self.glyphs
        if change.new:
            return Segment(fit("new", 8, right=True), self.looks.style(Tone.GOOD, backdrop))
        grown = change.size_bytes or change.rss_bytes or 0
        text = f"{glyphs.rising if grown > 0 else glyphs.falling}{bytes_text(abs(grown))}"
        tone = Tone.WARN if grown > 0 else Tone.GOOD
        return Segment(fit(text, 8, right=True), self.looks.style(tone, backdrop))


def _width(name: str) -> int:
    field = _FIELDS[name]
    return max(5, len(field.title)) if name.endswith("_bytes") else max(field.width, len(field.title))


def _with_gaps(mappings: Sequence[Mapping]) -> list[Mapping | Gap]:
    places: list[Mapping | Gap] = []
    end = None
    for each in mappings:
        if end is not None and each.start - end >= _GAP:
            places.append(Gap(end, each.start))
        places.append(each)
        end = each.end
    return places
