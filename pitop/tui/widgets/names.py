"""The line of a pane's sections: their names, how many rows each has, which are at work; a click chooses."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.message import Message

from pitop.render.field import Tone
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines

__all__ = ["Names"]


class Names(Lines):
    """`Interfaces 4  Addresses 5 …`, with a mark beside those that are at work."""

    DEFAULT_CSS = """
    Names { height: 1; width: 1fr; }
    """

    class Chosen(Message):
        """A name was clicked."""

        def __init__(self, place: int) -> None:
            self.place = place
            super().__init__()

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__()
        self._titles = titles
        self._counts: Sequence[int | None] = [None] * len(titles)
        self._chosen = 0
        self._busy: frozenset[int] = frozenset()
        self._starts: list[tuple[int, int]] = []

    def choose(self, place: int, busy: frozenset[int] = frozenset()) -> None:
        """Mark the one that is shown, and those that are at work."""
        if (place, busy) != (self._chosen, self._busy):
            self._chosen, self._busy = place, busy
            self.refresh()

    def count(self, counts: Sequence[int | None]) -> None:
        """Say how many rows each section has, None for nothing to say."""
        if list(counts) != list(self._counts):
            self._counts = list(counts)
            self.refresh()

    def line(self, y: int) -> list[Segment]:
        """The names; those that do not fit lose their ends."""
        looks = self.looks
        texts = [
            title if count is None else f"{title} {count}"
            for title, count in zip(self._titles, self._counts, strict=True)
        ]
        if sum(len(text) + 2 for text in texts) > self.size.width:
            texts = [text if place == self._chosen else text[:4] for place, text in enumerate(texts)]
        texts = [text + self.glyphs.tag if place in self._busy else text for place, text in enumerate(texts)]
        segments, used = [], 0
        self._starts = []
        for place, text in enumerate(texts):
            self._starts.append((used, used + len(text) + 2))
            used += len(text) + 2
            chosen = place == self._chosen
            style = looks.style(Tone.STRONG, Backdrop.HEAD) if chosen else looks.style(Tone.FAINT)
            segments.append(Segment(f" {text} ", style))
        return segments

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        for place, (start, end) in enumerate(self._starts):
            if start <= event.x < end:
                self.post_message(self.Chosen(place))
