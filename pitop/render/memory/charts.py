"""Graphs of several lines with a scale: bars that grow upwards, the newest at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pitop.model.memory.activity import Activity
from pitop.render.glyphs import Glyphs
from pitop.render.units import UNKNOWN, Unit, say

__all__ = ["CHARTS", "Chart", "Curve", "columns", "drawn", "now_text", "top_of"]

Series = Sequence[float | None]


class Curve(NamedTuple):
    """One quantity of a chart: its word, and the name of the figure in Activity."""

    word: str
    key: str

    def of(self, now: Activity) -> float | None:
        """The quantity at one moment."""
        value: float | None = getattr(now, self.key)
        return value


class Chart(NamedTuple):
    """Up to two quantities on one scale, the first at the bottom; `words` explain it."""

    title: str
    unit: Unit
    curves: tuple[Curve, ...]
    words: str


CHARTS = (
    Chart(
        "minor faults/s",
        Unit.PER_SECOND,
        (Curve("", "minor_faults_per_second"),),
        "A page was touched for the first time, or copied on a write: no disk was needed.",
    ),
    Chart(
        "major faults/s",
        Unit.PER_SECOND,
        (Curve("", "major_faults_per_second"),),
        "A page had to come from disk or swap: the program stood still for as long.",
    ),
    Chart(
        "PSI %",
        Unit.PERCENT,
        (Curve("full", "pressure_full_percent"), Curve("some", "pressure_some_percent")),
        "Pressure: the share of time in which some, or all, that could run waited for memory.",
    ),
    Chart(
        "disk/s",
        Unit.BYTES_PER_SECOND,
        (Curve("in", "read_bytes_per_second"), Curve("out", "written_bytes_per_second")),
        "Pages read from block devices, and written to them.",
    ),
    Chart(
        "swap/s",
        Unit.BYTES_PER_SECOND,
        (Curve("in", "swap_in_bytes_per_second"), Curve("out", "swap_out_bytes_per_second")),
        "Pages moved back from swap, and out to it.",
    ),
    Chart(
        "reclaim/s",
        Unit.BYTES_PER_SECOND,
        (Curve("direct", "direct_reclaimed_bytes_per_second"), Curve("kswapd", "kswapd_reclaimed_bytes_per_second")),
        "Memory freed: by kswapd in the background, or directly by a program that had to wait for it.",
    ),
    Chart(
        "stalls/s",
        Unit.PER_SECOND,
        (Curve("", "stalls_per_second"),),
        "Allocations that had to free memory themselves before they got any.",
    ),
)
"""The machine's charts, the most telling first."""

_STACKED = {"disk/s", "swap/s", "reclaim/s"}


def columns(chart: Chart, past: Sequence[Activity]) -> list[list[float | None]]:
    """A chart's series, from the bottom up: the second as the height of both where they add up."""
    series = [[curve.of(now) for now in past] for curve in chart.curves]
    if chart.title in _STACKED and len(series) == 2:
        series[1] = [None if b is None else (a or 0.0) + b for a, b in zip(*series, strict=True)]
    return series


def now_text(chart: Chart, now: Activity | None) -> str:
    """The newest values: `12`, or `in 1.2M out 0`."""
    if now is None:
        return UNKNOWN
    told = ((curve.word, curve.of(now)) for curve in chart.curves)
    return " ".join(f"{word} {say(value, chart.unit) if value != 0 else '0'}".strip() for word, value in told)


def top_of(values: Sequence[float | None], unit: Unit) -> float:
    """The scale's upper end: the next round number above every value (1, 2, 5 and their tens; powers of 2 of bytes)."""
    highest = max((value for value in values if value is not None), default=0.0)
    if unit is Unit.PERCENT:
        return next((top for top in (1.0, 5.0, 10.0, 25.0, 50.0) if highest <= top), 100.0)
    if unit is Unit.BYTES_PER_SECOND:
        top = 65536.0
        while top < highest:
            top *= 2
        return top
    top = 10.0
    while top < highest:
        for step in (2.0, 2.5, 2.0):
            if top >= highest:
                break
            top *= step
    return top


def drawn(series: Sequence[Series], width: int, height: int, top: float, glyphs: Glyphs) -> list[list[tuple[str, int]]]:
    """The lines of a graph from the top down, each as runs of text and the series that they show (-1: none).

    Of two series the first is in front. Values that are not known leave a blank column.
    """
    heights = [_levels(each, width, height, top, glyphs) for each in series]
    lines = []
    for row in range(height - 1, -1, -1):
        line: list[tuple[str, int]] = []
        for x in range(width):
            text, front = " ", -1
            for number, levels in enumerate(heights):
                cell = _cell(levels, x, row, glyphs)
                if cell != " ":
                    text, front = cell, number
                    break
            if line and line[-1][1] == front:
                line[-1] = (line[-1][0] + text, front)
            else:
                line.append((text, front))
        lines.append(line)
    return lines


# Dots of a braille cell from the bottom up: left column 7 3 2 1, right column 8 6 5 4 (U+2800).
_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)


def _levels(values: Series, width: int, height: int, top: float, glyphs: Glyphs) -> list[int]:
    """How many steps high each column stands; two columns a cell in braille."""
    count = width * 2 if glyphs.name == "braille" else width
    steps = height * _steps(glyphs)
    newest = list(values[-count:])
    padded: list[float | None] = [*[None] * (count - len(newest)), *newest]
    return [0 if not value or top <= 0 else max(1, min(steps, round(value / top * steps))) for value in padded]


def _steps(glyphs: Glyphs) -> int:
    return 4 if glyphs.name == "braille" else len(glyphs.spark) - 1


def _cell(levels: Sequence[int], x: int, row: int, glyphs: Glyphs) -> str:
    steps = _steps(glyphs)
    if glyphs.name != "braille":
        return glyphs.spark[max(0, min(steps, levels[x] - row * steps))]
    left, right = (max(0, min(steps, levels[2 * x + side] - row * steps)) for side in (0, 1))
    return chr(0x2800 + _LEFT[left] + _RIGHT[right]) if left or right else " "
