"""The line of a pane's parts, one of them shown; a click chooses."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message

from pitop.render.field import Tone
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines

__all__ = ["Parts"]


class Parts(Lines):
    """`Lookup  Trace  …`, with a mark beside those that are at work."""

    DEFAULT_CSS = """
    Parts { height: 1; width: 1fr; }
    """

    class Chosen(Message):
        """A part was clicked."""

        def __init__(self, place: int) -> None:
            self.place = place
            super().__init__()

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__()
        self._titles = titles
        self._chosen = 0
        self._busy: frozenset[int] = frozenset()

    def show(self, chosen: int, busy: frozenset[int] = frozenset()) -> None:
        """Mark the part that is shown, and those that are at work."""
        if (chosen, busy) != (self._chosen, self._busy):
            self._chosen, self._busy = chosen, busy
            self.refresh()

    def backdrop(self, y: int) -> Style:
        """Nothing behind it."""
        return self.looks.style(Tone.FAINT)

    def _names(self) -> list[str]:
        sign = self.glyphs.tag
        return [f" {title}{sign if place in self._busy else ' '}" for place, title in enumerate(self._titles)]

    def line(self, y: int) -> list[Segment]:
        """The parts side by side."""
        looks = self.looks
        return [
            Segment(name, looks.style(Tone.STRONG, Backdrop.SELECTED) if place == self._chosen else self.backdrop(y))
            for place, name in enumerate(self._names())
        ]

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        start = 0
        for place, name in enumerate(self._names()):
            if start <= event.x < start + len(name):
                self.post_message(self.Chosen(place))
            start += len(name)
