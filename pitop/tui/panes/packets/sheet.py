"""A sheet of lines to read and scroll, with a line that one stands on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from pitop.render.field import Tone
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines
from pitop.tui.widgets.notice import Phrase
from pitop.tui.widgets.sideways import sideways

__all__ = ["Sheet"]

_WHEEL = 3


class Sheet(Lines, can_focus=True):
    """Lines of phrases; `standing` shows the line that is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "to(0)", "To the top", show=False),
        Binding("end", "to(-1)", "To the end", show=False),
        Binding("left", "side(-8)", "Scroll left", show=False),
        Binding("right", "side(8)", "Scroll right", show=False),
    ]

    DEFAULT_CSS = """
    Sheet { height: 1fr; width: 1fr; }
    """

    class Moved(Message):
        """Another line is chosen."""

        def __init__(self, sheet: Sheet, place: int) -> None:
            self.sheet = sheet
            self.place = place
            super().__init__()

    def __init__(self, *, standing: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._text: Sequence[Sequence[Phrase]] = ()
        self._top = 0
        self._side = 0
        self._standing = standing
        self.place = 0

    def say(self, lines: Sequence[Sequence[Phrase]], *, keep: bool = False) -> None:
        """Show these lines, from the top unless the place is to be kept."""
        self._text = lines
        if keep:
            self.place = min(self.place, max(0, len(lines) - 1))
            self._top = max(0, min(self._top, len(lines) - self.size.height))
        else:
            self.place = self._top = self._side = 0
        self.refresh()

    def reveal(self, place: int) -> None:
        """Scroll so that a line is seen."""
        if not self._top <= place < self._top + self.size.height:
            self._top = max(0, min(place - 1, len(self._text) - self.size.height))
            self.refresh()

    def action_move(self, by: int) -> None:
        """Choose a line, or scroll where none is."""
        if not self._standing:
            self._scroll(by)
            return
        self._choose(self.place + by)

    def action_page(self, by: int) -> None:
        """A screenful."""
        step = by * max(1, self.size.height - 1)
        if self._standing:
            self._choose(self.place + step)
        else:
            self._scroll(step)

    def action_to(self, place: int) -> None:
        """To the top, or the end."""
        last = max(0, len(self._text) - 1)
        if self._standing:
            self._choose(last if place < 0 else 0)
        else:
            self._scroll(last if place < 0 else -last)

    def action_side(self, by: int) -> None:
        """Scroll sideways."""
        self._side = max(0, self._side + by)
        self.refresh()

    def _choose(self, place: int) -> None:
        place = max(0, min(place, len(self._text) - 1))
        if place != self.place:
            self.place = place
            self.reveal(place)
            self.refresh()
            self.post_message(self.Moved(self, place))

    def _scroll(self, by: int) -> None:
        self._top = max(0, min(self._top + by, len(self._text) - self.size.height))
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll."""
        event.stop()
        self._scroll(_WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll."""
        event.stop()
        self._scroll(-_WHEEL)

    def on_click(self, event: events.Click) -> None:
        """Choose the line."""
        if self._standing:
            self._choose(self._top + event.y)

    def backdrop(self, y: int) -> Style:
        """The chosen line's bar goes over the whole width."""
        chosen = self._standing and self._top + y == self.place and bool(self._text)
        return self.looks.style(Tone.PLAIN, Backdrop.SELECTED if chosen else Backdrop.PLAIN)

    def line(self, y: int) -> list[Segment]:
        """The phrases of a line."""
        place = self._top + y
        if place >= len(self._text):
            return []
        chosen = self._standing and place == self.place
        backdrop = Backdrop.SELECTED if chosen else Backdrop.PLAIN
        segments = [Segment(" ", self.looks.style(Tone.PLAIN, backdrop))]
        segments += [Segment(text, self.looks.style(tone, backdrop)) for text, tone in self._text[place]]
        return sideways(segments, self._side, self.size.width)
