"""Charts with their scales, side by side: what the machine's memory does, and how a process faults."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from pitop.model.memory.activity import Activity
from pitop.model.memory.snapshot import MemorySnapshot
from pitop.render.field import Tone
from pitop.render.memory.charts import CHARTS, Chart, columns, drawn, now_text, top_of
from pitop.render.text import cells, fit
from pitop.render.units import Unit, say
from pitop.tui.panes.memory.painted import Painted
from pitop.tui.panes.memory.palette import colour

__all__ = ["Charts", "chart_lines"]

_LEAST = 29  # cells that a chart takes at least
_SCALE = 6  # cells for the numbers beside it


class Charts(Painted):
    """As many charts side by side as there is room for; `turn` goes on to the next ones."""

    DEFAULT_CSS = """
    Charts { height: 5; width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__(id="charts")
        self._past: deque[Activity] = deque(maxlen=600)
        self._newest: float | None = None
        self._interval: float | None = None
        self._first = 0

    def add(self, snapshot: MemorySnapshot) -> None:
        """Take in a sample; one that was seen before is not taken twice."""
        if snapshot.time == self._newest:
            return
        if self._newest is not None:
            self._interval = snapshot.time - self._newest
        self._newest = snapshot.time
        self._past.append(snapshot.activity)
        self.renew()

    def turn(self) -> None:
        """On to the charts that are not seen."""
        count = self._count(self.size.width)
        self._first = 0 if self._first + count >= len(CHARTS) else self._first + count
        self.renew()

    @staticmethod
    def _count(width: int) -> int:
        return max(1, min(len(CHARTS), width // _LEAST))

    def composed(self, width: int, height: int) -> Sequence[Sequence[Segment]]:
        """Titles, then the graphs."""
        if height < 2:
            return ()
        count = self._count(width)
        shown = CHARTS[self._first : self._first + count]
        each = (width - 1) // max(1, len(shown))
        lines: list[list[Segment]] = [[Segment(" ")] for _ in range(height)]
        for number, chart in enumerate(shown):
            block = self._chart(chart, each - 1 if number < len(shown) - 1 else width - 2 - each * number, height)
            for line, part in zip(lines, block, strict=True):
                line += part
                line.append(Segment(" "))
        return lines

    def _chart(self, chart: Chart, width: int, height: int) -> list[list[Segment]]:
        past = list(self._past)
        series = columns(chart, past)
        return chart_lines(
            self,
            chart.title,
            now_text(chart, past[-1] if past else None),
            series,
            ["first", "second"] if len(series) > 1 else ["major" if "major" in chart.title else "minor"],
            top_of([value for curve in series for value in curve[-width * 2 :]], chart.unit),
            chart.unit,
            width,
            height,
        )


def chart_lines(
    widget: Painted,
    title: str,
    now: str,
    series: Sequence[Sequence[float | None]],
    keys: Sequence[str],
    top: float,
    unit: Unit,
    width: int,
    height: int,
) -> list[list[Segment]]:
    """A chart in `height` lines of `width` cells: title with the newest values, then the graph beside its scale."""
    looks = widget.looks
    room = max(0, width - cells(title) - 1)
    head = [Segment(title + " ", looks.style(Tone.FAINT)), Segment(fit(now, room), looks.style(Tone.STRONG))]
    graph = drawn(series, max(1, width - _SCALE), height - 1, top, widget.glyphs)
    lines = [head]
    for number, row in enumerate(graph):
        label = say(top, unit) if number == 0 else "0" if number == height - 2 else ""
        line = [Segment(fit(label, _SCALE - 1, right=True) + " ", looks.style(Tone.FAINT))]
        for text, which in row:
            line.append(Segment(text, Style() if which < 0 else colour(widget.theme, keys[which])))
        lines.append(line)
    return lines
