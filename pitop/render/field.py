"""A field: one thing known of a row, defined once for the screen, the text table, the filter and the JSON."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pitop.model.filter import Kind, Operand
from pitop.render.text import visible
from pitop.render.units import Unit, Value, say

__all__ = ["Field", "Tone", "by_key", "operands", "record"]

R = TypeVar("R")


class Tone(enum.Enum):
    """What a cell wants to say by its looks; the theme, or bold and reverse without colour, answers it."""

    PLAIN = "plain"
    FAINT = "faint"  # zero, idle, not of interest now
    STRONG = "strong"
    ACCENT = "accent"  # names, the thing the row is about
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class Field(Generic[R]):
    """How to read one value of a row, and all that its users need to know about it.

    `key` is the JSON name and carries the unit (`rss_bytes`); `names` are what a filter may call it besides
    (`rss`). `width` is in cells; 0 takes the room that is left. `read` gives None for what is not known. `show`
    and `tone` override how the value looks. `words` explains the field to a person in one or two sentences.
    `falling` means that the first sort is from the largest down.
    """

    key: str
    title: str
    width: int
    unit: Unit
    read: Callable[[R], Value]
    words: str
    names: tuple[str, ...] = ()
    falling: bool = False
    show: Callable[[R], str] | None = None
    tone: Callable[[R], Tone] | None = None
    right: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "right", self.unit not in (Unit.TEXT, Unit.ADDRESS, Unit.FLAG))

    def text(self, row: R) -> str:
        """The cell's text, unpadded, safe for a terminal."""
        if self.show is not None:
            return visible(self.show(row))
        value = self.read(row)
        return visible(value) if isinstance(value, str) else say(value, self.unit)

    def order(self, row: R) -> tuple[bool, str | float]:
        """The sort key, ascending: unknown values come before every known one."""
        value = self.read(row)
        if value is None:
            return (False, "" if self.unit in (Unit.TEXT, Unit.ADDRESS) else 0.0)
        return (True, value)


def by_key(fields: Sequence[Field[R]]) -> dict[str, Field[R]]:
    """The fields by their key."""
    return {each.key: each for each in fields}


_KINDS = {
    Unit.TEXT: Kind.TEXT,
    Unit.ADDRESS: Kind.ADDRESS,
    Unit.FLAG: Kind.FLAG,
    Unit.BYTES: Kind.BYTES,
    Unit.BYTES_PER_SECOND: Kind.BYTES,
    Unit.SECONDS: Kind.SECONDS,
    Unit.MILLISECONDS: Kind.MILLISECONDS,
}


def operands(fields: Sequence[Field[R]]) -> dict[str, Operand[R]]:
    """What the filter language may compare: every field by its key and its short names."""
    found: dict[str, Operand[R]] = {}
    for each in fields:
        operand = Operand(each.key, _KINDS.get(each.unit, Kind.NUMBER), each.read)
        for name in (each.key, *each.names):
            found.setdefault(name, operand)
    return found


def record(fields: Sequence[Field[R]], row: R) -> dict[str, Value]:
    """A row as the JSON object of its fields."""
    return {each.key: each.read(row) for each in fields}
