"""Lines of text that say how things stand: a pane's summary, its failure, what is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from pitop.render.field import Tone
from pitop.render.text import cells, visible
from pitop.tui.looks import Backdrop
from pitop.tui.widgets.lines import Lines

__all__ = ["Notice", "Phrase", "wrapped"]

Phrase = tuple[str, Tone]
"""A piece of a line, and how it looks."""

_WORDS = re.compile(r"\s*\S+|\s+")
_HANGING = "   "  # before what goes on from the line above


def wrapped(line: Sequence[Phrase], width: int, most: int) -> list[list[Phrase]]:
    """A line broken between words into lines of `width` cells, `most` of them: the last one may stay too long.

    What is on a line of its own already, or has no room to hang, is not broken.
    """
    if most < 2 or width < 20 or sum(cells(visible(text)) for text, _ in line) <= width:
        return [list(line)]
    lines: list[list[Phrase]] = [[]]
    used = 0
    for text, tone in line:
        for word in _WORDS.findall(text) or [text]:
            shown = visible(word)
            if used > len(_HANGING) and used + cells(shown) > width and len(lines) < most:
                lines.append([(_HANGING, Tone.PLAIN)])
                used = len(_HANGING)
                shown = shown.lstrip()
            last = lines[-1]
            if last and last[-1][1] is tone:
                last[-1] = (last[-1][0] + shown, tone)
            else:
                last.append((shown, tone))
            used += cells(shown)
    return lines


class Notice(Lines):
    """One or more lines made of phrases; no lines, no room taken.

    `most` is how many lines one that is too long may be broken into.
    """

    DEFAULT_CSS = """
    Notice { height: auto; width: 1fr; }
    """

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own name
        bar: bool = False,
        most: int = 1,
    ) -> None:
        super().__init__(id=id)
        self._said: list[Sequence[Phrase]] = []
        self._text: list[Sequence[Phrase]] = []
        self._bar = bar
        self._most = most

    def say(self, *lines: Sequence[Phrase]) -> None:
        """Show these lines in place of those before."""
        if list(lines) != self._said:
            self._said = list(lines)
            self._lay_out()

    def on_resize(self) -> None:
        """Break the lines anew where they may be broken."""
        if self._most > 1:
            self._lay_out()

    def _lay_out(self) -> None:
        before = self._text
        if self._most > 1 and self.app.size.width:
            # The width of a notice that is not shown is not known; it goes across the screen.
            width = self.size.width or self.app.size.width
            self._text = [each for line in self._said for each in wrapped(line, width, self._most)]
        else:
            self._text = self._said
        if len(before) != len(self._text):
            self.styles.height = len(self._text)
            self.styles.display = "block" if self._text else "none"
        self.refresh_lines(y for y, line in enumerate(self._text) if y >= len(before) or before[y] != line)

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
