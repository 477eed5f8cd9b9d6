"""A widget that makes all its lines at once and paints those that changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.theme import Theme

from pitop.render.field import Tone
from pitop.tui.widgets.lines import Lines

__all__ = ["Painted"]


class Painted(Lines):
    """`composed` gives the lines for a width and height; `renew` paints again those that are different."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._lines: Sequence[Sequence[Segment]] = ()

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self.app.current_theme

    def composed(self, width: int, height: int) -> Sequence[Sequence[Segment]]:
        """All lines."""
        return ()

    def renew(self) -> None:
        """Make the lines anew; only those that changed are painted."""
        if not self.is_attached or not self.size.width:
            return
        before, self._lines = self._lines, self.composed(self.size.width, self.size.height)
        self.refresh_lines(y for y in range(self.size.height) if _line(before, y) != _line(self._lines, y))

    def on_resize(self) -> None:
        """Everything moves."""
        self._lines = self.composed(self.size.width, self.size.height)
        self.refresh()

    def themed(self) -> None:
        """Another theme: other colours."""
        if self.is_attached and self.size.width:
            self._lines = self.composed(self.size.width, self.size.height)

    def line(self, y: int) -> list[Segment]:
        """One line; what has no colours of its own has the theme's."""
        return _joined(Segment.apply_style(_line(self._lines, y), self.backdrop(y)))

    def backdrop(self, y: int) -> Style:
        """The theme's ground."""
        return self.looks.style(Tone.PLAIN)


def _line(lines: Sequence[Sequence[Segment]], y: int) -> Sequence[Segment]:
    return lines[y] if y < len(lines) else ()


def _joined(segments: Iterable[Segment]) -> list[Segment]:
    """As few segments as tell the same: blanks have no colour of their own, only a ground."""
    found: list[Segment] = []
    for segment in segments:
        if found and _alike(found[-1], segment):
            found[-1] = Segment(found[-1].text + segment.text, found[-1].style)
        else:
            found.append(segment)
    return found


def _alike(one: Segment, other: Segment) -> bool:
    if one.style == other.style:
        return True
    if one.style is None or other.style is None or not other.text.isspace():
        return False
    lines = (one.style.reverse, one.style.underline, other.style.reverse, other.style.underline)
    return one.style.bgcolor == other.style.bgcolor and not any(lines)
