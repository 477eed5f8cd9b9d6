"""Rows that have moved up or down together, which the terminal can move by itself.

A list that grows at one end, or is scrolled by a line, is the same rows in other places. The terminal moves them when
it is told to insert or delete lines between margins (DECSTBM, IL, DL; in VT102 and all that descend from it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from operator import ne
from typing import NamedTuple, TypeAlias

from pitop.tui.terminal.cells import UNKNOWN

__all__ = ["Shift", "found"]

_GAIN = 40  # cells that need not be written any more: about twice the bytes that moving takes

Line: TypeAlias = tuple[str, str]
"""What stands in a row, and the pens that drew it."""


class Shift(NamedTuple):
    """The rows from `top` to before `bottom` move down by `by`, or up where that is negative."""

    top: int
    bottom: int
    by: int

    @property
    def sequence(self) -> str:
        """What has the terminal do it, the pen being plain. Where the cursor is then, is not agreed upon."""
        order = "L" if self.by > 0 else "M"
        return f"\x1b[{self.top + 1};{self.bottom}r\x1b[{self.top + 1}H\x1b[{abs(self.by)}{order}\x1b[r"

    def moved(self, rows: Sequence[str], blank: str) -> list[str]:
        """What becomes of `rows`; `blank` comes in where they leave."""
        inside = rows[self.top : self.bottom]
        empty = [blank] * abs(self.by)
        inside = [*empty, *inside[: -self.by]] if self.by > 0 else [*inside[-self.by :], *empty]
        return [*rows[: self.top], *inside, *rows[self.bottom :]]


def found(shown: Sequence[Line], wanted: Sequence[Line], dirty: Iterable[int], blank: Line) -> Shift | None:
    """How rows of `shown` are to move, so that much less has to be written to show `wanted`; None where that is not so.

    The two differ in none but the rows of `dirty`. Nothing moves over a row of which something is not known.
    """
    places = sorted(dirty)
    first, last = places[0], places[-1]
    origin: dict[Line, int | None] = {}
    for y in range(first, last + 1):
        origin[shown[y]] = None if shown[y] in origin else y
    matches = [
        (y, y - old) for y in places if wanted[y] != blank and (old := origin.get(wanted[y])) is not None and old != y
    ]
    if not matches:
        return None
    by, often = Counter(distance for _, distance in matches).most_common(1)[0]
    if often < 2:
        return None
    new = [y for y, distance in matches if distance == by]
    shift = Shift(min(new[0], new[0] - by), max(new[-1], new[-1] - by) + 1, by)
    return shift if _gain(shift, shown, wanted, blank) > _GAIN else None


def _gain(shift: Shift, shown: Sequence[Line], wanted: Sequence[Line], blank: Line) -> int:
    """How many cells less have to be written when the terminal moves the rows first."""
    gain = 0
    for y in range(shift.top, shift.bottom):
        if UNKNOWN in shown[y][0] or UNKNOWN in wanted[y][0]:
            return 0
        comes = shown[y - shift.by] if shift.top <= y - shift.by < shift.bottom else blank
        gain += _differences(shown[y], wanted[y]) - _differences(comes, wanted[y])
    return gain


def _differences(old: Line, new: Line) -> int:
    return 0 if old == new else max(sum(map(ne, old[0], new[0])), sum(map(ne, old[1], new[1])))
