"""The line of panes, with the scope, the pause and the source at its end."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from pitop.render.field import Tone
from pitop.render.text import cells, fit, visible
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines

__all__ = ["Tabs"]

_LEAST_NOTE = 16  # cells that a note keeps however narrow the screen is


class Tabs(Lines):
    """`1 Processes  2 Memory …`; a click chooses."""

    DEFAULT_CSS = """
    Tabs { height: 1; width: 1fr; }
    """

    class Chosen(Message):
        """A pane was clicked."""

        def __init__(self, place: int) -> None:
            self.place = place
            super().__init__()

    def __init__(self, titles: Sequence[str], spare: int = 0) -> None:
        """The last `spare` ones are the first to go where there is no room."""
        super().__init__()
        self._titles = titles
        self._spare = spare
        self._chosen = 0
        self._notes: Sequence[tuple[str, Tone]] = ()
        self._starts: list[tuple[int, int]] = []

    def choose(self, place: int) -> None:
        """Mark another pane."""
        self._chosen = place
        self.refresh()

    def note(self, notes: Sequence[tuple[str, Tone]]) -> None:
        """What stands at the right: scope, pause, source."""
        if notes != self._notes:
            self._notes = notes
            self.refresh()

    def backdrop(self, y: int) -> Style:
        """A bar over the whole width."""
        return self.looks.style(Tone.FAINT, Backdrop.HEAD)

    def line(self, y: int) -> list[Segment]:
        """The tabs, short where they do not fit."""
        looks = self.looks
        texts = [visible(text) for text, _ in self._notes]
        over = sum(cells(text) + 1 for text in texts) + sum(map(len, self._short())) - self.size.width
        if texts and over > 0:  # the first of them, the scope, is the one that can be long
            wide = cells(texts[0])
            texts[0] = fit(texts[0], min(wide, max(_LEAST_NOTE, wide - over)))
        notes = [
            Segment(f" {text}", looks.style(tone, Backdrop.HEAD))
            for text, (_, tone) in zip(texts, self._notes, strict=True)
        ]
        room = self.size.width - sum(segment.cell_length for segment in notes)
        names = self._names(room)
        line, used = [], 0
        self._starts = []
        for place, name in enumerate(names):
            self._starts.append((used, used + len(name)))
            used += len(name)
            if place == self._chosen:
                line.append(Segment(name, looks.style(Tone.STRONG, Backdrop.SELECTED)))
            else:
                line.append(Segment(name, looks.style(Tone.FAINT, Backdrop.HEAD)))
        gap = self.size.width - used - sum(segment.cell_length for segment in notes)
        if gap >= 0:
            space = Segment(" " if gap >= len(notes) else "", self.backdrop(y))  # after each of them, too
            line.append(Segment(" " * (gap - len(space.text) * len(notes)), self.backdrop(y)))
            for note in notes:
                line += [note, space]
        return line

    def _full(self) -> list[str]:
        return [f" {number} {title} " for number, title in enumerate(self._titles, 1)]

    def _short(self) -> list[str]:
        """Digits only, besides the pane that is seen."""
        return [name if place == self._chosen else f" {place + 1} " for place, name in enumerate(self._full())]

    def _names(self, room: int) -> list[str]:
        """The longest that fit: all titles; the spare ones as digits; without those that are not seen; digits only."""
        full, short = self._full(), self._short()
        first = len(full) - self._spare
        shorter = [*full[:first], *short[first:]]
        hidden = [*full[:first], *(name if first + n == self._chosen else "" for n, name in enumerate(full[first:]))]
        for names in (full, shorter, hidden):
            if sum(map(len, names)) <= room:
                return names
        return short

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        for place, (start, end) in enumerate(self._starts):
            if start <= event.x < end:
                self.post_message(self.Chosen(place))
