"""Lines of text that say how things stand: a pane's summary, its failure, what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from pitop.render.field import Tone
from pitop.render.text import cells, visible
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines

__all__ = ["Notice", "Phrase"]

Phrase = tuple[str, Tone]
"""A piece of a line, and how it looks."""


class Notice(Lines):
    """One or more lines made of phrases; no lines, no room taken."""

    DEFAULT_CSS = """
    Notice { height: auto; width: 1fr; }
    """

    def __init__(self, *, id: str | None = None, bar: bool = False) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._text: list[Sequence[Phrase]] = []
        self._bar = bar

    def say(self, *lines: Sequence[Phrase]) -> None:
        """Show these lines in place of those before."""
        if list(lines) == self._text:
            return
        before, self._text = self._text, list(lines)
        if len(before) != len(self._text):
            self.styles.height = len(self._text)
            self.styles.display = "block" if self._text else "none"
        for y, line in enumerate(self._text):
            if y >= len(before) or before[y] != line:
                self.refresh_line(y)

    def backdrop(self, y: int) -> Style:
        """A bar, or nothing."""
        return self.looks.style(Tone.FAINT, Backdrop.HEAD if self._bar else Backdrop.PLAIN)

    def line(self, y: int) -> list[Segment]:
        """The phrases of a line."""
        if y >= len(self._text):
            return []
        backdrop = Backdrop.HEAD if self._bar else Backdrop.PLAIN
        segments = [Segment(visible(text), self.looks.style(tone, backdrop)) for text, tone in self._text[y]]
        if sum(each.cell_length for each in segments) <= self.size.width:
            return segments
        mark = self.glyphs.ellipsis
        kept = Segment.adjust_line_length(segments, max(0, self.size.width - cells(mark)))
        return [*kept, Segment(mark, self.looks.style(Tone.FAINT, backdrop))]
