"""A graph several lines high: newest at the right, a loss drawn as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment

from pitop.render.field import Tone
from pitop.render.glyphs import Glyphs
from pitop.render.text import fit
from pitop.tui.widgets.lines import Lines

__all__ = ["Trend"]

_SCALE = 8  # cells at the left for the scale
# Dots of a braille cell from the bottom up: left column 7 3 2 1, right column 8 6 5 4 (U+2800)
_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)


class Trend(Lines):
    """A series of values from 0 up. A lost one (None where `losses` is true) fills its column in the tone for bad."""

    DEFAULT_CSS = """
    Trend { height: 4; width: 1fr; }
    """

    def __init__(
        self,
        say: Callable[[float], str],
        tone: Tone = Tone.GOOD,
        *,
        losses: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self._say = say
        self._tone = tone
        self._losses = losses
        self._values: Sequence[float | None] = ()
        self._title = ""

    def show(self, title: str, values: Sequence[float | None]) -> None:
        """Draw these values; the newest is the last."""
        if title != self._title or list(values) != list(self._values):
            self._title, self._values = title, list(values)
            self.refresh()

    def line(self, y: int) -> list[Segment]:
        """The scale, and a slice of the columns."""
        looks, glyphs = self.looks, self.glyphs  # and the size: looking for them takes longer than drawing a cell
        columns, height = self.size
        known = [value for value in self._values if value is not None]
        top = max(known, default=0.0)
        label = self._say(top) if y == 0 and known else fit(self._title, _SCALE - 1) if y == height - 1 else ""
        segments = [Segment(fit(label, _SCALE - 1, right=y == 0) + " ", looks.style(Tone.FAINT))]
        room = max(0, columns - _SCALE)
        wide = 2 if glyphs.name == "braille" else 1
        values = list(self._values[-room * wide :])
        pad = room * wide - len(values)
        for at in range(0, room * wide, wide):
            pair = [values[at + step - pad] if 0 <= at + step - pad < len(values) else _NOTHING for step in range(wide)]
            text, tone = self._cell(pair, height - 1 - y, height, top, glyphs)
            style = looks.style(tone)
            if segments[-1].style == style:
                segments[-1] = Segment(segments[-1].text + text, style)
            else:
                segments.append(Segment(text, style))
        return segments

    def _cell(
        self, pair: Sequence[float | None], below: int, height: int, top: float, glyphs: Glyphs
    ) -> tuple[str, Tone]:
        """What stands for one or two values in the line that has so many `below` it."""
        if self._losses and any(value is None for value in pair):
            return ("x" if glyphs.name == "ascii" else "╳"), Tone.BAD
        steps = 4 if len(pair) == 2 else len(glyphs.spark) - 1
        above = below * steps
        levels = []
        for value in pair:
            share = 0.0 if value is None or value < 0 or top <= 0 else value / top
            level = round(share * steps * height)
            if value is not None and value > 0:
                level = max(1, level)
            levels.append(max(0, min(steps, level - above)))
        if len(pair) == 2:
            dots = _LEFT[levels[0]] + _RIGHT[levels[1]]
            return (chr(0x2800 + dots) if dots else " "), self._tone
        return glyphs.spark[levels[0]], self._tone


_NOTHING = -1.0  # before the first value
