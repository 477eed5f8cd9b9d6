"""Which columns a table has room for, and how wide each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from pitop.render.field import Field

__all__ = ["Column", "laid_out"]

R = TypeVar("R")

_FREE_LEAST = 24  # cells that the free column should have before others are shed for it


class Column(NamedTuple, Generic[R]):
    """A field in its place. A free column ends the line and takes what room there is."""

    field: Field[R]
    width: int
    free: bool


def laid_out(fields: Sequence[Field[R]], room: int, widths: Mapping[str, int], shed: Sequence[str]) -> list[Column[R]]:
    """The columns in `room` cells, one cell between them.

    Where they leave the free column too little, those of `shed` go, the first named first; a field that is not named
    there stays, and the line is scrolled sideways instead.
    """
    shown = list(fields)
    leaving = [key for key in shed if any(each.key == key for each in shown)]
    while leaving and _needed(shown, widths) > room:
        key = leaving.pop(0)
        shown = [each for each in shown if each.key != key]
    columns = []
    used = 0
    for index, each in enumerate(shown):
        width = widths.get(each.key, each.width)
        free = width == 0 and index == len(shown) - 1
        if width == 0:
            width = max(_FREE_LEAST, room - used) if free else _FREE_LEAST
        columns.append(Column(each, width, free))
        used += width + 1
    return columns


def _needed(fields: Sequence[Field[R]], widths: Mapping[str, int]) -> int:
    return sum((widths.get(each.key, each.width) or _FREE_LEAST) + 1 for each in fields)
